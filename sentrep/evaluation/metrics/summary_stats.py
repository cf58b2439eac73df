"""Statistics of summaries without a reference: copied, novel and repeated words. Words are not stemmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from sentrep.evaluation.metrics.ranking import Floats

Words = Sequence[str]


def prefix_copy(summary: Words, article: Words) -> float:
    """Share of a summary's words that are, from the start on, the article's own beginning; 0 for an empty
    one.

    >>> prefix_copy("oil prices fell".split(), "oil prices rose on monday".split())
    0.6666666666666666
    """
    same = 0
    for mine, theirs in zip(summary, article, strict=False):
        if mine != theirs:
            break
        same += 1
    return same / max(len(summary), 1)


def novelty(summary: Words, article: Words) -> float:
    """Share of a summary's distinct words that are not in its article; 0 for an empty summary."""
    mine = set(summary)
    return len(mine.difference(article)) / max(len(mine), 1)


def repetition(summary: Words) -> float:
    """Share of a summary's words that occur earlier in it; 0 for an empty summary."""
    return (len(summary) - len(set(summary))) / max(len(summary), 1)


def distinct(summaries: Sequence[Words], n: int) -> Floats:
    """Distinct-n (Li et al. 2016): different n-grams over all n-grams, of all summaries together. (summary,),
    whose mean it is.

    Items are what each summary contributes to this ratio, to first order: an n-gram that occurs c times in
    all counts 1/c each time. So no order of the summaries counts, and intervals and paired tests over the
    items are those of the ratio, for the counts as they were found. Zeros where there are no n-grams."""
    grams = [list(zip(*(words[start:] for start in range(n)), strict=False)) for words in summaries]
    counts = Counter(gram for each in grams for gram in each)
    if not counts:
        return np.zeros(len(summaries))
    different = np.array([sum(1 / counts[gram] for gram in each) for each in grams])
    written = np.array([len(each) for each in grams], dtype=np.float64)
    value = len(counts) / counts.total()
    items: Floats = value + (different - value * written) / written.mean()
    return items
