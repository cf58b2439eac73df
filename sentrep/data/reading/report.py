"""The result of reading: counts, every kind of problem with its first places, and the layout that was
assumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sentrep.utils.errors import as_keywords, as_options, opt

EXAMPLES = 5
"""Places kept of each kind of problem."""

SHOWN = 3
"""Places that a line of the summary shows."""


class Kind(StrEnum):
    """Kinds of problem. The value is what users read, and the key in `ReadReport.problems`."""

    WRONG_JSON = "wrong JSON line"
    NOT_AN_OBJECT = "not a JSON object"
    NO_TEXT_FIELD = "no text field"
    NOT_A_STRING = "text is not a string"
    EMPTY_TEXT = "empty text"
    NO_LETTER = "text without a letter or digit"
    SAME_ID = "id occurs twice"
    NO_TEXT_COLUMN = "no text column"
    SAME_COLUMN = "two columns of one name"
    FEW_CELLS = "row with too few cells"
    MANY_CELLS = "row with too many cells"
    STRAY_QUOTE = "stray quotation mark"
    ENCODING = "undecodable bytes"
    SURROGATE = "half a surrogate pair"
    NUL = "NUL characters"
    NOT_TEXT = "not text"
    COMPRESSION = "damaged compressed file"
    DAMAGED = "damaged file"
    TOO_LARGE = "value too large"
    EMPTY_FILE = "empty file"
    UNREADABLE_FILE = "unreadable file"
    UNREADABLE_FOLDER = "unreadable folder"
    LINK = "link not followed"
    NOT_A_FILE = "neither file nor folder"
    NO_TEXT_IN_FOLDER = "folder without text"
    OWN_OUTPUT = "folder that sentrep wrote, not read"
    IGNORED = "file of unknown type"


UNREAD = (Kind.COMPRESSION, Kind.DAMAGED, Kind.NOT_TEXT, Kind.TOO_LARGE, Kind.UNREADABLE_FILE)
"""Kinds of problem by which a whole file may be lost."""


@dataclass
class ReadReport:
    """Counts of what was read, and of what was wrong, skipped or assumed. Readers add to it as they go.

    >>> report = ReadReport()
    >>> report.problem(Kind.WRONG_JSON, "a.jsonl:2", "Expecting value", characters=7)
    >>> report.problems["wrong JSON line"], report.lost, report.clean
    (1, 7, False)
    >>> report.lines()
    ['wrong JSON line: 1 (a.jsonl:2: Expecting value)']
    """

    files: int = 0
    documents: int = 0
    characters: int = 0
    """Characters of text that were given on."""
    problems: Counter[str] = field(default_factory=Counter)
    """How often each kind of problem occurred."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """For each kind the first few, as "file:line: what"."""
    lost: int = 0
    """Characters (bytes where they could not be decoded) in what was skipped because of a problem."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Characters that are no prose and were left out on purpose, by kind: code, comments, navigation."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Files of unknown type that folders hold, by the ends of their names."""
    assumed: dict[str, list[str]] = field(default_factory=dict)
    """For each layout that was assumed the first files or records ("file:line")."""
    assumed_counts: Counter[str] = field(default_factory=Counter)
    """How many files and records each assumed layout was applied to."""
    unread: set[str] = field(default_factory=set)
    """Files, some with a line or row behind them, that have a problem of `UNREAD`."""

    def problem(self, kind: str, where: str, what: str, times: int = 1, characters: int = 0) -> None:
        """Count a problem of a kind. `where` is a file, with a line where there is one; `characters` of text
        are lost by it."""
        self.problems[str(kind)] += times
        self.lost += characters
        _keep(self.examples, str(kind), f"{where}: {what}")
        if kind in UNREAD:
            self.unread.add(where)

    def leave_out(self, kind: str, characters: int) -> None:
        """Count characters that are left out on purpose."""
        if characters:
            self.left_out[kind] += characters

    def ignore(self, where: str, extension: str) -> None:
        """Count a file of a folder that is not read because its type is unknown."""
        self.ignored[extension] += 1
        self.problem(Kind.IGNORED, where, "not read")

    def assume(self, layout: str, where: str) -> None:
        """Record that a file or record was taken to have a layout."""
        self.assumed_counts[layout] += 1
        _keep(self.assumed, layout, where)

    @property
    def clean(self) -> bool:
        """Whether there was no problem. What was left out or assumed is no problem."""
        return not self.problems

    def lines(self, command_line: bool = False) -> list[str]:
        """The report for a person: `messages`, then what was assumed and left out; empty where there is
        nothing to say. With `command_line` settings are written as options."""
        named = as_options if command_line else as_keywords
        return [*self.messages(), *map(named, self._notes())]

    def messages(self) -> list[str]:
        """One line for each kind of problem: what, how often, the first places."""
        return [
            _ignored_line(self.ignored) if kind == Kind.IGNORED and self.ignored else self._line(kind, count)
            for kind, count in self.problems.items()
        ]

    def summary(self) -> str:
        """One line of counts, then `lines`, indented."""
        head = f"{self.documents:,} documents, {self.characters:,} characters from {self.files:,} files"
        return "\n".join([head, *(f"  {line}" for line in self.lines())])

    def merge(self, other: ReadReport) -> None:
        """Add what another report counted."""
        self.files += other.files
        self.documents += other.documents
        self.characters += other.characters
        self.lost += other.lost
        for mine, theirs in (
            (self.problems, other.problems),
            (self.left_out, other.left_out),
            (self.ignored, other.ignored),
            (self.assumed_counts, other.assumed_counts),
        ):
            mine.update(theirs)
        for kept, added in ((self.examples, other.examples), (self.assumed, other.assumed)):
            for kind, examples in added.items():
                for example in examples:
                    _keep(kept, kind, example)

    def renamed(self, file: str, name: str) -> ReadReport:
        """The report with the name of a file replaced in all places, for a copy that was read instead of the
        original."""
        places = {
            "examples": {kind: _renamed(found, file, name) for kind, found in self.examples.items()},
            "assumed": {layout: _renamed(found, file, name) for layout, found in self.assumed.items()},
        }
        return replace(self, **places)  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, for JSON."""
        return {
            "files": self.files,
            "documents": self.documents,
            "characters": self.characters,
            "problems": dict(self.problems),
            "examples": self.examples,
            "lost": self.lost,
            "left_out": dict(self.left_out),
            "ignored": dict(self.ignored),
            "assumed": self.assumed,
            "assumed_counts": dict(self.assumed_counts),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ReadReport:
        """The report that `to_dict` wrote.

        >>> ReadReport.from_dict(ReadReport(files=2).to_dict()) == ReadReport(files=2)
        True
        """
        read: dict[str, Any] = {name: data[name] for name in _PLAIN if name in data}
        read |= {name: Counter(data[name]) for name in _COUNTERS if name in data}
        return cls(**read)

    def _line(self, kind: str, count: int) -> str:
        shown = self.examples.get(kind, [])[:SHOWN]
        more = ["…"] if count > len(shown) else []
        return f"{kind}: {count:,} ({'; '.join([*shown, *more])})"

    def _notes(self) -> list[str]:
        notes = []
        if self.assumed_counts:
            taken = ", ".join(
                f"{layout} ({count:,}: {_places(self.assumed[layout], count)})"
                for layout, count in self.assumed_counts.items()
            )
            notes.append(f"layout assumed: {taken}; {opt('split')} says how lines are read")
        if self.left_out:
            notes.append(f"left out, in characters: {_counts(self.left_out)}")
        return notes


_COUNTERS = ("problems", "left_out", "ignored", "assumed_counts")
_PLAIN = ("files", "documents", "characters", "examples", "lost", "assumed")


def _keep(examples: dict[str, list[str]], kind: str, example: str) -> None:
    kept = examples.setdefault(kind, [])
    if len(kept) < EXAMPLES:
        kept.append(example)


def _renamed(places: Iterable[str], file: str, name: str) -> list[str]:
    return [name + place.removeprefix(file) if place.startswith(file) else place for place in places]


def _ignored_line(ignored: Counter[str]) -> str:
    files = ", ".join(f"{count:,} {extension}" for extension, count in ignored.most_common(8))
    more = f" and {len(ignored) - 8:,} other types" if len(ignored) > 8 else ""
    return f"ignored files of unknown type: {files}{more}"


def _places(places: Iterable[str], count: int) -> str:
    shown = list(places)[:2]
    return ", ".join([*shown, "…"] if count > len(shown) else shown)


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count:,} of {kind}" for kind, count in counter.most_common())
