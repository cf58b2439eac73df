"""Trees as spans of words: read from brackets, restricted to some of the words, checked, and printed with
brackets."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from sentrep.data.reading.lines import read_lines
from sentrep.utils.errors import InputError, at

Span = tuple[int, int]
"""First word, and the one after the last."""
Spans = frozenset[Span]

PUNCTUATION_TAGS = frozenset([",", ".", ":", "``", "''", "-LRB-", "-RRB-", "PU"])
"""Penn Treebank (English and Chinese) and its followers. Currency signs, $ and #, count as words."""

_TRACE = "-NONE-"
_NO_CONSTITUENT = frozenset(["", "ROOT", "TOP"])
_BRACKETS = frozenset(["-LRB-", "-RRB-", "-LSB-", "-RSB-", "-LCB-", "-RCB-"])
_SIGNS_FOR_WORDS = frozenset("%&@#")

_PART = re.compile(r"\(\s*([^\s()]*)|(\))|([^\s()]+)")
_LABEL = re.compile(r".[^-=]*")


class Constituent(NamedTuple):
    """A bracket around words."""

    label: str
    """Without function tags and numbers: NP of NP-SBJ-1."""
    start: int
    stop: int


class Bracketed(NamedTuple):
    """A sentence with its tree, of any number of branches."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    constituents: tuple[Constituent, ...]
    """All constituents, children before parents; of a unary chain every bracket."""

    @property
    def spans(self) -> Spans:
        """The spans that are not trivial; a span that several brackets share is there once."""
        return nontrivial(((start, stop) for _, start, stop in self.constituents), len(self.words))

    def only(self, kept: Sequence[bool]) -> Bracketed:
        """The tree of some of the words: brackets shrink, and those that become empty are gone. `kept`:
        (word,)."""
        at = _places(kept)
        words, tags = (tuple(itertools.compress(each, kept)) for each in (self.words, self.tags))
        moved = (Constituent(label, at[start], at[stop]) for label, start, stop in self.constituents)
        return Bracketed(words, tags, tuple(each for each in moved if each.start < each.stop))


def nontrivial(spans: Iterable[Span], count: int) -> Spans:
    """Returns spans without trivial ones: single words and the whole sentence, of `count` words.

    >>> sorted(nontrivial([(0, 4), (0, 2), (0, 2), (3, 4)], 4))
    [(0, 2)]
    """
    return frozenset((start, stop) for start, stop in spans if 1 < stop - start < count)


def reduced(spans: Iterable[Span], kept: Sequence[bool]) -> Spans:
    """Returns spans after `Bracketed.only`, without trivial ones. `kept`: (word,)."""
    at = _places(kept)
    return nontrivial(((at[start], at[stop]) for start, stop in spans), at[-1])


def check(spans: Collection[Span], count: int) -> None:
    """Raises `ValueError` for spans that are no tree of `count` words: beyond its ends, empty, or crossing
    each other."""
    around: list[int] = []
    for start, stop in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not 0 <= start < stop <= count:
            raise ValueError(
                f"span ({start}, {stop}) in a sentence of {count} words; expected 0 <= start < "
                f"stop <= {count}"
            )
        while around and around[-1] <= start:
            around.pop()
        if around and around[-1] < stop:
            raise ValueError(
                f"span ({start}, {stop}) crosses one that ends at {around[-1]}; the spans of a "
                "tree lie inside each other"
            )
        around.append(stop)


def right_binarised(spans: Iterable[Span], count: int) -> Spans:
    """Returns the binary tree that keeps all spans of a tree of `count` words; nodes of more than two
    parts branch to the right.

    >>> sorted(right_binarised([(0, 2)], 5))
    [(0, 2), (0, 5), (2, 5), (3, 5)]
    """
    nodes = {(0, count), *spans}
    stops: dict[int, list[int]] = {}
    for start, stop in nodes:
        stops.setdefault(start, []).append(stop)
    binary = set[Span]()
    for start, stop in nodes:
        child = start
        while stop - child > 1:
            binary.add((child, stop))
            # The longest node that starts here is the next child, but for the node itself and what is around
            # it.
            child = max(
                (end for end in stops.get(child, []) if end < stop or child > start), default=child + 1
            )
    return frozenset(binary)


def is_punctuation(word: str) -> bool:
    """Whether a word is nothing but signs, for trees whose tags do not say it; %, &, @ and # are read aloud,
    and stay.

    >>> [is_punctuation(word) for word in ("--", "n't", "%", "-LRB-", "。")]
    [True, False, False, True, True]
    """
    signs = (unicodedata.category(sign)[0] == "P" or sign == "`" for sign in word)
    return word in _BRACKETS or (all(signs) and not _SIGNS_FOR_WORDS.issuperset(word))


def legible(words: Sequence[str], spans: Collection[Span]) -> str:
    """Returns a sentence with brackets around its spans.

    >>> legible("the cat sat down".split(), [(0, 2), (2, 4)])
    '(the cat) (sat down)'
    """
    opened, closed = ([span[side] for span in spans] for side in (0, 1))
    shown = [f"{'(' * opened.count(at)}{word}{')' * closed.count(at + 1)}" for at, word in enumerate(words)]
    return " ".join(shown)


def read_trees(file: Path) -> list[Bracketed]:
    """Reads one bracketed tree per line, also from .gz; traces and function tags are removed.

    Raises:
        InputError: a line is no tree, or the file has none; the message names file and line.
    """
    trees = []
    for number, line in read_lines(file):
        try:
            trees.append(tree_of(line))
        except ValueError as error:
            raise InputError(
                f"{at(file, number)}: {error}; expected one tree like (S (NP (PRP It)) (VP (VBZ works)))"
            ) from error
    if not trees:
        raise InputError(f"{at(file)}: is empty; expected one bracketed tree on each line")
    return trees


def tree_of(line: str) -> Bracketed:
    """The tree in a line. Raises `ValueError` with what is wrong.

    >>> tree_of("( (S (NP-SBJ (-NONE- *)) (VP (VB Sit) (PRT (RP down)))))").words
    ('Sit', 'down')
    >>> tree = tree_of("( (S (NP-SBJ (-NONE- *)) (VP (VB Sit) (PRT (RP down)))))")
    >>> [label for label, _, _ in tree.constituents]
    ['PRT', 'VP', 'S']
    """
    opened: list[_Open] = []
    words, tags, constituents = list[str](), list[str](), list[Constituent]()
    for label, closing, word in _PART.findall(line):
        if closing:
            if not opened:
                raise ValueError("one ) too many")
            bracket = opened.pop()
            if bracket.word:
                words.append(bracket.word)
                tags.append(bracket.label)
            elif bracket.start == len(words):
                raise ValueError(f"nothing in the bracket ({bracket.label})")
            elif bracket.label not in _NO_CONSTITUENT:
                constituents.append(Constituent(_LABEL.findall(bracket.label)[0], bracket.start, len(words)))
        elif word:
            if not opened or opened[-1].word or opened[-1].start < len(words):
                raise ValueError(f"{word!r} has no bracket of its own with its tag")
            opened[-1] = opened[-1]._replace(word=word)
        elif opened and opened[-1].word:
            raise ValueError(f"a bracket opens beside the word {opened[-1].word!r}")
        elif words and not opened:
            raise ValueError("a second tree begins")
        else:
            opened.append(_Open(label, len(words)))
    if opened or not words:
        raise ValueError(f"{len(opened)} brackets are not closed" if opened else "no brackets")
    return Bracketed(tuple(words), tuple(tags), tuple(constituents)).only([tag != _TRACE for tag in tags])


class _Open(NamedTuple):
    """A bracket that is not yet closed; if it contains a word, it is the tag of the word."""

    label: str
    start: int
    word: str = ""


def _places(kept: Sequence[bool]) -> list[int]:
    """Returns, for each position between words, the number of kept words before it; (word + 1,)."""
    return [0, *itertools.accumulate(map(int, kept))]
