"""What the tests of pages need: their code blocks, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.paths import ROOT

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", *DOCS, *sorted((ROOT / "eval").glob("*.md"))]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^|\n\n)((?:    [^\n]*\n)+)")


def blocks(page: Path, language: str) -> list[str]:
    """Fenced blocks of a language."""
    return [text for name, text in _FENCE.findall(page.read_text(encoding="utf-8")) if name == language]


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each `sentrep` command in the blocks of a page; lines that end in a backslash are joined.
    Commands within a sentence count if they have options."""
    text = page.read_text(encoding="utf-8")
    found = [block for _, block in _FENCE.findall(text)] + _INDENTED.findall(_FENCE.sub("", text))
    found += [code for code in re.findall(r"`([^`\n]+)`", text) if " --" in code]
    for block in found:
        for line in block.replace("\\\n", " ").splitlines():
            command = re.split(r" [>|] ", line.strip().removeprefix("$ "))[0]
            if re.match(r"sentrep [a-z]", command) and "…" not in command:
                yield shlex.split(command, comments=True)
