"""Texts as sequences of units, for counting: words, or characters of scripts without spaces.

A unit is a word in lower case, with hyphens and apostrophes inside it, or one character of a script that is
written without spaces. Punctuation is a break: no sequence runs across it. Unit numbers are kept in a file,
so that memory does not grow with the corpus, only with its vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.data.normalization import JOINERS, marks, normalize
from sentrep.data.words import CJK, UNSPACED
from sentrep.utils.arrays import GrowingArray, mapped

BREAK = 0
"""The number of a break."""

_MARKS = marks()
_LETTER = rf"[^\W_{UNSPACED}]"
_RUN = rf"{_LETTER}(?:{_LETTER}|[{_MARKS}{JOINERS}])*"
_UNIT = re.compile(rf"[{UNSPACED}][{_MARKS}]*|{_RUN}(?:[-'’&]{_RUN})*|[^\s]")
_IS_WORD = re.compile(rf"{_LETTER}|[{UNSPACED}]")
_BETWEEN = re.compile(rf"(?<=[{UNSPACED}{_MARKS}]) (?=[{UNSPACED}])")
_CJK = re.compile(rf"[{CJK}]")

Integers = NDArray[np.int32]


@dataclass(frozen=True)
class UnitSequence:
    """A corpus as unit numbers.

    Attributes:
        ids: (position,) number of the unit, `BREAK` between sequences. The first and last are breaks.
        starts: (document + 1,) where each document begins in `ids`.
        vocabulary: the unit of each number; the first stands for breaks.
    """

    ids: Integers
    starts: NDArray[np.int64]
    vocabulary: Sequence[str]

    @property
    def characters(self) -> bool:
        """Whether most units are characters of Chinese or Japanese."""
        counts = np.bincount(self.ids, minlength=len(self.vocabulary))
        cjk = np.array([bool(_CJK.match(unit)) for unit in self.vocabulary])
        return bool(2 * counts[cjk].sum() > counts[1:].sum())

    def text(self, units: Iterable[int]) -> str:
        """A sequence of units as it is written."""
        return written([self.vocabulary[unit] for unit in units])


def units_of(text: str) -> list[str]:
    """The units of a text in lower case; an empty string for each break.

    >>> units_of("Newton's laws, 北京 x-rays")
    ["newton's", 'laws', '', '北', '京', 'x-rays']
    """
    found = _UNIT.findall(normalize(text).lower())
    return [unit if _IS_WORD.match(unit) else "" for unit in found]


def written(units: Sequence[str]) -> str:
    """Units as a text, without spaces between characters of scripts that have none.

    >>> written(["natural", "selection"]), written(["北", "京"])
    ('natural selection', '北京')
    """
    return _BETWEEN.sub("", " ".join(units))


def read_units(texts: Iterable[str], folder: Path) -> UnitSequence:
    """Write the units of texts, one document each, to files in `folder`, and open them.

    >>> import tempfile
    >>> found = read_units(["a b, a", "b"], Path(tempfile.mkdtemp()))
    >>> found.ids.tolist(), found.starts.tolist(), list(found.vocabulary)
    ([0, 1, 2, 0, 1, 0, 2, 0], [1, 6, 8], ['', 'a', 'b'])
    """
    numbers = {"": BREAK}
    with (
        GrowingArray(folder / "units.npy", "int32") as ids,
        GrowingArray(folder / "starts.npy") as starts,
    ):
        ids.append([BREAK])
        starts.append([1])
        for text in texts:
            found = [numbers.setdefault(unit, len(numbers)) for unit in units_of(text)]
            ids.append([*found, BREAK])
            starts.append([len(ids)])
        count, documents = len(ids), len(starts)
    return UnitSequence(
        mapped(folder / "units.npy", (count,), "int32"),
        mapped(folder / "starts.npy", (documents,), "int64"),
        list(numbers),
    )
