"""BM25 over postings that can grow.

A segment holds the postings of some passages: for each term the rows that contain it and how often. Inverse
document frequencies and the mean length are computed at query time over all segments and without the removed
rows, so that an index that has grown ranks exactly as one that was built at once.

    score(q, d) = Σ_t∈q idf(t) · tf / (tf + k1 · (1 − b + b · |d| / mean |d|))
    idf(t) = ln(1 + (N − df + 0.5) / (df + 0.5))

Reference: Robertson & Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009, section 3;
the variant of Lucene, as in Kamphuis et al., "Which BM25 do you mean?", ECIR 2020.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.arrays import mapped
from sentrep.utils.errors import InputError
from sentrep.utils.files import to_disk
from sentrep.utils.strings import Strings

Analyze = Callable[[str], list[str]]
"""Text to index terms."""

K1, B = 1.5, 0.75
TERMS, STARTS, ROWS, COUNTS, LENGTHS = (
    "terms",
    "postings.starts.npy",
    "postings.rows.npy",
    "postings.counts.npy",
    "lengths.npy",
)
FILES = (f"{TERMS}.utf8", f"{TERMS}.offsets.npy", STARTS, ROWS, COUNTS, LENGTHS)
"""Files of a segment."""


class Posting(NamedTuple):
    """Where a term occurs in a segment."""

    rows: NDArray[np.int32]
    """(occurrence,) rows of the segment, ascending."""
    counts: NDArray[np.int32]
    """(occurrence,) how often."""


class LexicalSegment:
    """The postings of some passages, memory-mapped.

    Args:
        folder: where `write` put the files.
        count: passages in the segment.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self.lengths = mapped(folder / LENGTHS, (count,), "int32")
        starts = np.load(folder / STARTS, mmap_mode="r", allow_pickle=False)
        self._terms = Strings(folder, TERMS, len(starts) - 1)
        self._starts = mapped(folder / STARTS, (len(self._terms) + 1,), "int64")
        occurrences = int(self._starts[-1])
        self._rows = mapped(folder / ROWS, (occurrences,), "int32")
        self._counts = mapped(folder / COUNTS, (occurrences,), "int32")

    def __len__(self) -> int:
        return len(self.lengths)

    def posting(self, term: str) -> Posting | None:
        """Where `term` occurs, or None if it does not."""
        number = self._numbers.get(term)
        if number is None:
            return None
        start, stop = self._starts[number], self._starts[number + 1]
        return Posting(np.asarray(self._rows[start:stop]), np.asarray(self._counts[start:stop]))

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {term: number for number, term in enumerate(self._terms)}

    @staticmethod
    def write(folder: Path, texts: Iterable[str], analyze: Analyze) -> int:
        """Write the postings of `texts` into `folder`; returns how many texts there were."""
        postings: dict[str, tuple[array[int], array[int]]] = {}
        lengths = array("i")
        for row, text in enumerate(texts):
            counts = Counter(analyze(text))
            lengths.append(counts.total())
            for term, count in counts.items():
                rows, times = postings.setdefault(term, (array("i"), array("i")))
                rows.append(row)
                times.append(count)
        terms = sorted(postings)
        Strings.write(folder, TERMS, terms)
        starts = np.cumsum([0, *(len(postings[term][0]) for term in terms)], dtype=np.int64)
        _save(folder / STARTS, starts)
        for name, part in ((ROWS, 0), (COUNTS, 1)):
            _save(folder / name, _joined([postings[term][part] for term in terms]))
        _save(folder / LENGTHS, np.frombuffer(lengths, np.int32) if lengths else np.zeros(0, np.int32))
        return len(lengths)


class BM25:
    """BM25 scores over segments.

    Args:
        segments: in the order of their rows.
        removed: (row,) true for rows that count as absent; None if there are none.
        k1: saturation of term frequencies.
        b: strength of length normalisation, between 0 and 1.

    Raises:
        InputError: `k1` is negative or `b` is not between 0 and 1.
    """

    def __init__(
        self,
        segments: Sequence[LexicalSegment],
        removed: NDArray[np.bool_] | None = None,
        k1: float = K1,
        b: float = B,
    ) -> None:
        if k1 < 0 or not 0 <= b <= 1:
            raise InputError(
                f"BM25 with k1 {k1} and b {b}: k1 must be 0 or more, b between 0 and 1",
                setting="k1" if k1 < 0 else "b",
            )
        self._segments, self._k1 = list(segments), k1
        self._first = np.cumsum([0, *(len(segment) for segment in segments)])
        lengths = np.concatenate([np.zeros(0, np.int32), *(segment.lengths for segment in segments)])
        self._kept = np.ones(len(lengths), bool) if removed is None else ~removed
        self._count = int(self._kept.sum())
        mean = lengths[self._kept].mean() if self._count else 1.0
        self._norms = (k1 * (1 - b + b * lengths / max(float(mean), 1e-9))).astype(np.float32)

    def scores(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """Scores of all rows for the terms of a query.

        Args:
            terms: of the query, analysed as the passages were; a repeated term counts as often.

        Returns:
            (row,); 0 for rows that are removed or share no term with the query.
        """
        total = np.zeros(len(self._kept), np.float32)
        for term, times in Counter(terms).items():
            rows, counts = self._occurrences(term)
            kept = self._kept[rows]
            rows, counts = rows[kept], counts[kept].astype(np.float32)
            if len(rows):
                idf = np.log(1 + (self._count - len(rows) + 0.5) / (len(rows) + 0.5))
                total[rows] += np.float32(times * idf) * counts / (counts + self._norms[rows])
        return total

    def _occurrences(self, term: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        rows, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
        for first, segment in zip(self._first, self._segments, strict=False):
            posting = segment.posting(term)
            if posting is not None:
                rows.append(posting.rows + first)
                counts.append(posting.counts)
        return np.concatenate(rows), np.concatenate(counts)


def _joined(parts: Sequence[array[int]]) -> NDArray[np.int32]:
    if not parts:
        return np.zeros(0, np.int32)
    return np.concatenate([np.frombuffer(part, np.int32) for part in parts])


def _save(path: Path, values: NDArray[np.generic]) -> None:
    with path.open("wb") as file:
        np.save(file, values, allow_pickle=False)
        to_disk(file)
