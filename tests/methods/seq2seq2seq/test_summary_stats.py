"""How a batch of summaries is worded, against the plain lists of `sentrep.evaluation.metrics.summary_stats`
and against loops."""

from __future__ import annotations

import random

import pytest

from sentrep.evaluation.metrics.summary_stats import distinct, prefix_copy, repetition
from sentrep.methods.seq2seq2seq.summary_stats import summary_stats
from sentrep.modules.padding import Texts, pad_lists

Lists = list[list[int]]


def drawn(seed: int) -> tuple[Lists, Lists]:
    """Articles of few words, and summaries that begin as they do, some of them empty and some longer than any
    article."""
    chance = random.Random(seed)
    articles = [[chance.randrange(12) for _ in range(chance.randrange(1, 12))] for _ in range(40)]
    summaries = [
        article[: chance.randrange(8)] + [chance.randrange(16) for _ in range(chance.choice([0, 0, 3, 14]))]
        for article in articles
    ]
    return summaries, articles


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def words(texts: Lists) -> list[list[str]]:
    return [[str(token) for token in text] for text in texts]


@pytest.mark.parametrize("seed", range(4))
def test_it_counts_as_plain_lists_do(seed: int) -> None:
    summaries, articles = drawn(seed)
    assert min(map(len, summaries)) == 0
    found = {
        name: value.item() for name, value in summary_stats(pad_lists(summaries), pad_lists(articles)).items()
    }
    plain = list(zip(words(summaries), words(articles), strict=True))
    assert found == pytest.approx(
        {
            "prefix_copy": mean([prefix_copy(*each) for each in plain]),
            "novelty": mean(
                [
                    sum(token not in article for token in summary) / max(len(summary), 1)
                    for summary, article in zip(summaries, articles, strict=True)
                ]
            ),
            "repetition": mean([repetition(summary) for summary, _ in plain]),
            "distinct_2": float(distinct(words(summaries), 2).mean()),
            "length": mean([float(len(summary)) for summary in summaries]),
        },
        abs=1e-6,
    )
    assert 0 < found["prefix_copy"] < 1
    assert 0 < found["novelty"] < 1
    assert 0 < found["repetition"] < 1
    assert 0 < found["distinct_2"] < 1


def test_by_hand() -> None:
    found = summary_stats(pad_lists([[1, 2, 9, 9], [5]]), pad_lists([[1, 2, 3], [4, 5]]))
    assert {name: value.item() for name, value in found.items()} == {
        "prefix_copy": (2 / 4 + 0) / 2, "novelty": (2 / 4 + 0) / 2, "repetition": (1 / 4 + 0) / 2,
        "distinct_2": 1.0, "length": 2.5,
    }  # fmt: skip


def test_what_lies_beyond_the_end_does_not_count() -> None:
    summaries, articles = (pad_lists(texts) for texts in drawn(0))
    wanted = summary_stats(summaries, articles)
    dirty = (Texts(texts.ids.where(texts.mask, 3), texts.mask) for texts in (summaries, articles))
    assert summary_stats(*dirty) == wanted


def test_empty_summaries_neither_copy_nor_repeat() -> None:
    both: list[Lists] = [[[1, 2], [3]], [[], []]]
    for articles in both:
        found = summary_stats(pad_lists([[], []]), pad_lists(articles))
        assert {value.item() for value in found.values()} == {0.0}
    assert summary_stats(pad_lists([[7]]), pad_lists([[]]))["novelty"] == 1
