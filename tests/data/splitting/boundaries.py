"""The table of sentence boundaries, and the agreement of a splitter with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("boundaries.txt")
JOINTS = {"none": "", "lines": "\n"}


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the table."""

    language: str
    kind: str
    kept: bool
    """Whether the splitter was not run on it before its rules were finished."""
    sentences: tuple[str, ...]
    joint: str

    @property
    def text(self) -> str:
        return self.joint.join(self.sentences)


def read_table() -> list[Paragraph]:
    lines = TABLE.read_text(encoding="utf-8").split("\n")
    blocks = "\n".join(line for line in lines if not line.startswith("#")).strip().split("\n\n")
    return [_paragraph(block.split("\n")) for block in blocks]


def _paragraph(block: list[str]) -> Paragraph:
    language, kind, part, *joint = block[0].split()
    return Paragraph(language, kind, part == "kept", tuple(block[1:]), JOINTS[joint[1]] if joint else " ")


def boundaries(sentences: Iterable[str]) -> set[int]:
    """Where sentences end within a paragraph, counted in characters other than white space."""
    found, at = set(), 0
    for sentence in sentences:
        at += len("".join(sentence.split()))
        found.add(at)
    return found - {0, at}


def f1(paragraphs: Iterable[Paragraph], split: Callable[[Paragraph], Iterable[str]]) -> float:
    """F1 of the boundaries over all paragraphs, in percent."""
    right = found = wanted = 0
    for paragraph in paragraphs:
        ours, theirs = boundaries(split(paragraph)), boundaries(paragraph.sentences)
        right += len(ours & theirs)
        found += len(ours)
        wanted += len(theirs)
    return 200 * right / (found + wanted)
