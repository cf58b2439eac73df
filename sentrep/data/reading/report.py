"""What a reader met: counts, and every kind of problem with its first examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 5
"""Examples kept of each kind of problem."""


@dataclass
class ReadReport:
    """Counts of what was read and of what was wrong with it. `read` adds to it as it goes."""

    files: int = 0
    documents: int = 0
    characters: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    """How often each kind of problem occurred."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """For each kind the first few, as "file:line: what"."""

    def problem(self, kind: str, where: str, what: str, times: int = 1) -> None:
        """Count a problem of a kind. `where` is a file, with a line where there is one."""
        self.problems[kind] += times
        kept = self.examples.setdefault(kind, [])
        if len(kept) < EXAMPLES:
            kept.append(f"{where}: {what}")

    def summary(self) -> str:
        """For a person: one line of counts, then each kind of problem with its examples."""
        head = f"{self.documents:,} documents, {self.characters:,} characters from {self.files:,} files"
        return "\n".join([head, *self.problem_lines()])

    def problem_lines(self) -> list[str]:
        """Each kind of problem, the frequent ones first, and below it its examples."""
        lines = []
        for kind, count in self.problems.most_common():
            lines.append(f"  {kind}: {count:,}")
            lines += [f"    {example}" for example in self.examples[kind]]
            if count > len(self.examples[kind]) == EXAMPLES:
                lines.append("    ...")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, for JSON."""
        return {
            "files": self.files,
            "documents": self.documents,
            "characters": self.characters,
            "problems": dict(self.problems.most_common()),
            "examples": self.examples,
        }
