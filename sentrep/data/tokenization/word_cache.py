"""Token ids of many sentences by a cache of words: each word is tokenized once.

Most words of a text repeat. Where the pipeline of a tokenizer makes each word independent of its
neighbours, the ids of a sentence are those of its words, one after the other. So sentences become numbers of
words, and arrays of numbers become arrays of ids, without a Python object for each id.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain, count, islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

REMEMBERED = 1 << 17
"""Largest number of words whose ids are cached; at this number the cache is emptied."""

_SIGNS = r""".,;:!?"'()“”‘’…—–，。、；：！？「」『』（）《》-"""
ATOMS = re.compile(rf"[^\s{_SIGNS}]+|[{_SIGNS}]")
"""Parts that are encoded separately: the most frequent punctuation marks, which every pipeline here cuts
off, and the text between them and spaces. Brackets are not among the marks, because special tokens
begin with them."""

BERT_ATOMS = re.compile(rf"[^ \t\n\r{_SIGNS}]+|[{_SIGNS}]")
"""`ATOMS` for BERT's pipeline, which removes some control characters that are spaces to Python."""

SPACED_ATOMS = re.compile(r"[^ \t\n\r]+")
"""Parts of a pipeline that cuts at spaces alone."""

_CUTTERS = {"BertPreTokenizer": BERT_ATOMS, "WhitespaceSplit": SPACED_ATOMS, "Whitespace": SPACED_ATOMS}
_LOCAL = ("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents")
"""Normalizers that change a character without regard to what stands on the other side of a space or mark."""


class Ragged(NamedTuple):
    """Token ids of several sentences, one after the other."""

    ids: NDArray[np.uint32]
    """(token)"""
    lengths: NDArray[np.int64]
    """(sentence)"""

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Ragged:
        """The rows as arrays.

        >>> Ragged.of([[5, 6], [], [7]]).lengths.tolist()
        [2, 0, 1]
        """
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(np.fromiter(chain.from_iterable(rows), np.uint32, int(lengths.sum())), lengths)

    def framed(
        self, before: Sequence[int] = (), behind: Sequence[int] = (), most: int | None = None
    ) -> Ragged:
        """Each sentence cut to `most` tokens, with the same tokens put before and behind it.

        >>> Ragged.of([[5, 6], [], [7]]).framed([1], [2], most=1).ids.tolist()
        [1, 5, 2, 1, 2, 1, 7, 2]
        """
        kept = self.lengths if most is None else np.minimum(self.lengths, most)
        if not before and not behind and kept.sum() == len(self.ids):
            return self
        lengths = kept + len(before) + len(behind)
        ids, starts = np.empty(lengths.sum(), np.uint32), _starts(lengths)
        ids[_places(starts + len(before), kept)] = self.ids[_places(_starts(self.lengths), kept)]
        for place, token in enumerate(before):
            ids[starts + place] = token
        for place, token in enumerate(behind):
            ids[starts + len(before) + kept + place] = token
        return Ragged(ids, lengths)


class WordCache:
    """Words and their ids.

    Args:
        tokenize: ids of words, each taken by itself, without special tokens.
        atoms: finds the words of a sentence; what it does not match has no tokens.

    >>> cache = WordCache(lambda words: [list(map(ord, word)) for word in words], SPACED_ATOMS)
    >>> cache.encode(["ab c", "", "c"])[0].tolist()
    [97, 98, 99, 99]
    """

    def __init__(self, tokenize: Callable[[list[str]], Sequence[Sequence[int]]], atoms: re.Pattern[str]):
        self._tokenize, self._atoms = tokenize, atoms
        self.clear()

    @property
    def size(self) -> int:
        """Number of cached words."""
        return len(self._numbers)

    def clear(self) -> None:
        """Forget all words."""
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._pieces = Ragged(np.empty(0, np.uint32), np.empty(0, np.int64))
        self._starts = np.empty(0, np.int64)

    def encode(self, sentences: Sequence[str]) -> Ragged:
        """Token ids of sentences, without special tokens."""
        if self.size > REMEMBERED or len(self._pieces.ids) > 8 * REMEMBERED:
            self.clear()
        words, counts = self._numbered(sentences)
        sizes = self._pieces.lengths[words]
        ids = self._pieces.ids[_places(self._starts[words], sizes)]
        ends = np.concatenate(([0], sizes.cumsum()))
        return Ragged(ids, np.diff(ends[np.concatenate(([0], counts.cumsum()))]))

    def _numbered(self, sentences: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of all words, and how many words each sentence has."""
        split = list(map(self._atoms.findall, sentences))
        counts = np.fromiter(map(len, split), np.int64, len(split))
        known = self.size
        try:
            numbers = map(self._numbers.__getitem__, chain.from_iterable(split))
            words = np.fromiter(numbers, np.int64, int(counts.sum()))
            if self.size > known:
                self._add(list(islice(reversed(self._numbers), self.size - known))[::-1])
        except BaseException:  # an interruption (Ctrl-C), too, may come between a word's number and its ids
            self.clear()
            raise
        return words, counts

    def _add(self, words: list[str]) -> None:
        """Tokenize new words, given in the order of their numbers."""
        new = Ragged.of(self._tokenize(words))
        ids = np.concatenate((self._pieces.ids, new.ids))
        self._pieces = Ragged(ids, np.concatenate((self._pieces.lengths, new.lengths)))
        self._starts = _starts(self._pieces.lengths)


def independent_words(
    spec: dict[str, Any], pipelines: Sequence[tuple[Any, Any]] = (), spaced: Sequence[tuple[Any, Any]] = ()
) -> re.Pattern[str] | None:
    """What finds words that a tokenizer reads independently of each other; None if there is no such pattern.

    Args:
        spec: the tokenizer as JSON.
        pipelines: known pairs of normalizer and pre-tokenizer that cut at spaces and punctuation marks.
        spaced: known pairs that cut at spaces.
    """
    pipeline = (spec["normalizer"], spec["pre_tokenizer"])
    if pipeline in pipelines:
        atoms: re.Pattern[str] | None = ATOMS
    elif pipeline in spaced:
        atoms = SPACED_ATOMS
    else:
        atoms = _CUTTERS.get((pipeline[1] or {}).get("type", "")) if _is_local(pipeline[0]) else None
    if atoms is None or not all(_is_one_atom(token, atoms) for token in spec["added_tokens"]):
        return None
    return atoms


def _is_local(normalizer: dict[str, Any] | None) -> bool:
    if normalizer is not None and normalizer["type"] == "Sequence":
        return all(map(_is_local, normalizer["normalizers"]))
    return normalizer is None or normalizer["type"] in _LOCAL


def _is_one_atom(token: dict[str, Any], atoms: re.Pattern[str]) -> bool:
    """Whether an added token lies within one word, wherever it occurs, and takes no spaces beside it."""
    return atoms.fullmatch(token["content"]) is not None and not token["lstrip"] and not token["rstrip"]


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of several rows begins in their concatenation."""
    return lengths.cumsum() - lengths


def _places(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices of rows that begin at `starts`, one row after the other.

    >>> _places(np.array([10, 3]), np.array([2, 1])).tolist()
    [10, 11, 3]
    """
    return np.repeat(starts - _starts(lengths), lengths) + np.arange(lengths.sum())
