"""Baselines for summarization: the start of the article, its content words, its central words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sentrep.data.words import first_plain, first_written, joined, plain_words, written_words
from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.task import Model
from sentrep.utils.capabilities import Summarizes
from sentrep.utils.errors import InputError

_STOP = """
a an the this that these of in on at to for from by with as into and or but not is are was were be been has
have had will would
it its he his she her they their we who which said s 的 了 和 与 及 在 对 是 之 等 其 为
"""
STOP_WORDS = frozenset(_STOP.split())
"""Stop words for headlines: 45 English words and the corresponding Chinese characters."""

_NAMED = re.compile(r"(lead|content|textrank)-([1-9][0-9]{0,5})")
_EDGES = re.compile(r"^\W+|\W+$")


def extractive(name: str) -> Model | None:
    """The baseline 'lead-N', 'content-N' or 'textrank-N', where N is a number of words; None for any other
    name.

    >>> extractive("lead-3").implementation.summarize(["Oil prices rose on Monday."])
    ['Oil prices rose']
    """
    found = _NAMED.fullmatch(name)
    return _MADE[found[1]](int(found[2])) if found else None


def lead(count: int) -> Model:
    """The first `count` words of an article, as they are written; of Chinese and Japanese so many
    characters."""
    return Model(f"lead-{count}", f"lead {count}", Lead(count), f"lead-{count}")


def content(count: int, stop_words: frozenset[str] = STOP_WORDS) -> Model:
    """The first `count` words that are left when stop words and signs are deleted."""
    key = fingerprint(["content", str(count), *sorted(stop_words)])
    return Model(f"content-{count}", key, Content(count, stop_words), f"content-{count}")


def textrank(count: int, stop_words: frozenset[str] = STOP_WORDS) -> Model:
    """The `count` words that TextRank finds most central, in the article's order."""
    key = fingerprint(["textrank", str(count), *sorted(stop_words)])
    return Model(f"textrank-{count}", key, TextRank(count, stop_words), f"textrank-{count}")


def lead_like(model: Model) -> Model:
    """A baseline that shows what the choice of words of `model` contributes: the beginnings of the articles,
    each cut to the length of the summary that `model` writes.

    It runs the model again. As a row beside the model's own, `compare` tests the two with all others; the
    metrics "over lead" of the task give the same differences without it. Raises `InputError` for a model that
    does not summarize."""
    if not isinstance(model.implementation, Summarizes):
        raise InputError(
            f"{model.name} does not summarize; a lead can be cut to the length of summaries only",
            setting="model",
        )
    name = f"lead like {model.name}"
    return Model(
        name, fingerprint(["lead like", model.content_hash]), LeadLike(model.implementation), name, model.seed
    )


class Lead:
    """The start of the article, a strong baseline for news (Nenkova 2005)."""

    def __init__(self, count: int) -> None:
        self.count = count

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """One beginning a text."""
        return [first_written(text, self.count) for text in texts]


class LeadLike:
    """The start of the article, cut to the length of another model's summary."""

    def __init__(self, other: Summarizes) -> None:
        self.other = other

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """One beginning a text."""
        lengths = [len(plain_words(summary)) for summary in self.other.summarize(texts)]
        return [first_plain(text, length) for text, length in zip(texts, lengths, strict=True)]


class Content:
    """The start of the article without stop words and punctuation."""

    def __init__(self, count: int, stop_words: frozenset[str]) -> None:
        self.count, self.stop_words = count, stop_words

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """One row of words a text."""
        return [joined(content_words(text, self.stop_words)[: self.count]) for text in texts]


class TextRank:
    """Keywords by PageRank over a graph of words (Mihalcea and Tarau 2004, "TextRank: bringing order into
    texts", section 3).

    Words are joined that stand side by side, once stop words and signs are deleted. The paper keeps nouns and
    adjectives, which takes a tagger for each language; the rest is as there: no directions, no weights,
    damping .85, until no value changes by 1e-4."""

    def __init__(self, count: int, stop_words: frozenset[str]) -> None:
        self.count, self.stop_words = count, stop_words

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """One row of words a text; each word at its first place, of equally central ones the earlier."""
        return [joined(self._chosen(content_words(text, self.stop_words))) for text in texts]

    def _chosen(self, words: list[str]) -> list[str]:
        written = dict[str, str]()
        for word in words:
            written.setdefault(word.lower(), word)
        numbers = {word: number for number, word in enumerate(written)}
        scores = centrality([numbers[word.lower()] for word in words], len(numbers))
        # Rounded, so that words in the same position are equal in spite of the order of summing.
        best = np.sort(np.argsort(-scores.round(9), kind="stable")[: self.count])
        shown = list(written.values())
        return [shown[place] for place in best]


def content_words(text: str, stop_words: frozenset[str]) -> list[str]:
    """The written words of a text, without signs around them and without stop words.

    >>> content_words("The price of oil, it said, rose 3 %.", STOP_WORDS)
    ['price', 'oil', 'rose', '3']
    """
    words = (_EDGES.sub("", word) for word in written_words(text))
    return [word for word in words if word and word.lower() not in stop_words]


def centrality(text: Sequence[int], vocab: int) -> NDArray[np.float64]:
    """PageRank of words, (word,), in the graph that joins those that stand side by side. `text`: the words'
    numbers, in order."""
    joins = np.zeros((vocab, vocab))
    for first, second in itertools.pairwise(text):
        if first != second:
            joins[first, second] = joins[second, first] = 1.0
    share = joins / np.maximum(joins.sum(axis=0), 1.0)
    scores, moved = np.ones(vocab), 1.0
    while moved > 1e-4:
        after = 0.15 + 0.85 * share @ scores
        moved = float(np.abs(after - scores).max(initial=0.0))
        scores = after
    return scores


_MADE: dict[str, Callable[[int], Model]] = {"lead": lead, "content": content, "textrank": textrank}
