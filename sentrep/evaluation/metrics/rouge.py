"""ROUGE as the script ROUGE-1.5.5 counts it.

Texts are normalised (`sentrep.data.normalization`). Words are runs of letters, combining marks and digits
in lower case. Words longer than three letters are stemmed (Porter 1980, in NLTK's version), as with the
script's option -m. Scripts without spaces, such as Chinese and Thai, are compared character by character.
The script knows ASCII letters only and splits a word at any other letter; here all letters belong to the
word. ASCII texts score as in ROUGE-1.5.5.

Reference:
    Lin 2004, "ROUGE: a package for automatic evaluation of summaries".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from sentrep.data.words import plain_words

Words = Sequence[str]


class Overlap(NamedTuple):
    """What a summary shares with its references, both between 0 and 1."""

    recall: float
    """Share of what the references hold."""
    precision: float
    """Share of what the summary holds."""

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 where nothing is shared."""
        both = self.recall + self.precision
        return 2 * self.recall * self.precision / both if both else 0.0


def rouge_n(summary: Words, references: Sequence[Words], n: int) -> Overlap:
    """ROUGE-N: n-grams that are shared, each as often as it occurs in both.

    Several references are pooled: hits, and what could have been hit, are summed over them. This is the
    script's formula A, its default and equation (1) of the paper. (Versions before 1.4 took the best
    reference, jackknifed.)"""
    mine = _grams(summary, n)
    hits, wanted = 0, 0
    for reference in references:
        theirs = _grams(reference, n)
        hits += (mine & theirs).total()
        wanted += theirs.total()
    return _overlap(hits, wanted, len(references) * mine.total())


def rouge_l(summary: Words, references: Sequence[Words]) -> Overlap:
    """ROUGE-L of a summary of one sentence: its longest common subsequence with each reference, pooled like
    n-grams."""
    hits = sum(common_subsequence(summary, reference) for reference in references)
    return _overlap(hits, sum(map(len, references)), len(references) * len(summary))


def rouge_words(text: str) -> list[str]:
    """The stemmed words of a text.

    >>> rouge_words("The U.S. cities' dogs, running")
    ['the', 'u', 's', 'citi', 'dog', 'run']
    """
    return stems(plain_words(text))


def stems(words: Words) -> list[str]:
    """Words longer than three letters without their endings, the others as they are."""
    return [_stem(word) if len(word) > 3 else word for word in words]


def first_bytes(text: str, limit: int) -> str:
    """What fits into `limit` bytes of UTF-8: a word may be cut, as the script does with -b, a letter is not.

    >>> first_bytes("naïve", 3), first_bytes("naïve", 4)
    ('na', 'naï')
    """
    return text.encode("utf-8", "surrogatepass")[:limit].decode("utf-8", "ignore")


def common_subsequence(first: Words, second: Words) -> int:
    """Length of the longest common subsequence, a machine word of cells at a time (Hyyrö 2004).

    >>> common_subsequence("police killed the gunman".split(), "the gunman killed police".split())
    2
    """
    places: dict[str, int] = {}
    for at, word in enumerate(first):
        places[word] = places.get(word, 0) | 1 << at
    whole = (1 << len(first)) - 1
    # Bit i of the row is 0 where a longest subsequence grows with the first text's word i.
    row = whole
    for word in second:
        matched = row & places.get(word, 0)
        row = (row + matched) | (row - matched)
    return len(first) - (row & whole).bit_count()


def _overlap(hits: int, wanted: int, given: int) -> Overlap:
    return Overlap(hits / wanted if wanted else 0.0, hits / given if given else 0.0)


def _grams(words: Words, n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(n)), strict=False))


@lru_cache(2**16)
def _stem(word: str) -> str:
    return _porter()(word)


@cache
def _porter() -> Callable[[str], str]:
    from nltk.stem.porter import PorterStemmer

    stem: Callable[[str], str] = PorterStemmer().stem
    return stem
