"""The language of a corpus, guessed from its stop words: which stemmer fits it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from sentrep.data.analysis import languages, stop_words, words

SAMPLE = 200
"""Texts that are looked at."""
FEWEST = 50
"""Words that a guess needs."""
SHARE = 0.15
"""Share of the words that must be stop words of the language; running text has .3 to .5."""


def guess_language(texts: Iterable[str]) -> str:
    """English name of the language whose stop words are the most frequent in `texts`.

    Args:
        texts: a few hundred are enough.

    Returns:
        A name that `Analysis` takes; empty where no language with a stemmer and a list of stop words fits, as
        in Chinese, or where there are fewer than 50 words.

    >>> guess_language(["The cat sat on the mat and looked at the birds that were in the garden."] * 5)
    'english'
    >>> guess_language(["一个女孩在梳头。"] * 50)
    ''
    """
    counts = Counter(word for text in islice(texts, SAMPLE) for word in words(text))
    total = counts.total()
    if total < FEWEST:
        return ""
    shares = {name: sum(counts[word] for word in stop_words(name)) / total for name in languages()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= SHARE else ""
