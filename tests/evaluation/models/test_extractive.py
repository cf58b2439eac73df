"""Extractive baselines: what they write, by what names they are known, and the lead of another's length."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sentrep import api
from sentrep.evaluation import Model, evaluate
from sentrep.evaluation.models.extractive import (
    STOP_WORDS,
    centrality,
    content,
    extractive,
    lead,
    lead_like,
    textrank,
)
from sentrep.evaluation.models.lexical import named
from sentrep.evaluation.task import Summarizes
from sentrep.evaluation.tasks.summarization import Summarization, Summarized
from sentrep.inference.eval_adapter import measured
from tests.errors import refuses
from tests.evaluation.toy import letters, words_task

NEWS = (
    "Japan 's NEC corp. and UNK Computer said on Wednesday , "
    "they had agreed to join forces ( in supercomputer sales ) ."
)


def _of(model: Model, *texts: str) -> list[str]:
    assert isinstance(model.implementation, Summarizes)
    return model.implementation.summarize(texts)


def test_lead_is_the_beginning_as_it_is_written() -> None:
    assert _of(lead(4), NEWS, "Two  words", "", " \n") == ["Japan 's NEC corp.", "Two  words", "", ""]
    assert _of(lead(5), "双宫GN和RN在固色浴中") == ["双宫GN和RN"]


def test_content_has_no_stop_words_and_no_signs() -> None:
    assert _of(content(7), NEWS, ", .") == ["Japan NEC corp UNK Computer Wednesday agreed", ""]
    assert _of(content(6), "对α-淀粉酶的研究（一）") == ["α 淀粉酶研究"]
    assert _of(content(3, frozenset()), "the end, of it") == ["the end of"]
    assert "said" in STOP_WORDS
    assert sum(word.isascii() for word in STOP_WORDS) == 45


def test_textrank_keeps_the_centre_in_the_article_s_order() -> None:
    # "oil" stands beside five words, "prices" beside three, all others beside two or one.
    text = "Iran oil minister, oil prices, Kuwait oil demand, oil output prices"
    assert _of(textrank(2), text) == ["oil prices"]
    assert _of(textrank(50), text) == ["Iran oil minister prices Kuwait demand output"]
    assert _of(textrank(3), "", "alone", "alone alone") == ["", "alone", "alone"]
    assert _of(textrank(2), "y x y x") == ["y x"], "equally central: the earlier"


def test_centrality_solves_the_paper_s_equation() -> None:
    text = [0, 1, 2, 0, 3, 1, 1, 4, 0]
    neighbours: dict[int, set[int]] = {word: set() for word in text}
    for first, second in itertools.pairwise(text):
        if first != second:
            neighbours[first].add(second)
            neighbours[second].add(first)
    scores = centrality(text, 5)
    for word, around in neighbours.items():
        expected = 0.15 + 0.85 * sum(scores[other] / len(neighbours[other]) for other in around)
        assert scores[word] == pytest.approx(expected, abs=2e-4)
    assert scores.sum() == pytest.approx(5, abs=1e-3)
    assert np.argmax(scores) == 0


@pytest.mark.parametrize("name", ["lead-8", "lead-1", "content-9", "textrank-14"])
def test_names(name: str) -> None:
    for model in (extractive(name), named(name), measured(name)):
        assert model is not None
        assert (model.name, model.method, model.seed) == (name, name, None)


def test_what_is_no_name_is_none() -> None:
    for name in (
        "lead",
        "lead-0",
        "lead-",
        "lead-08",
        "lead--8",
        "Lead-8",
        "lead-8 ",
        "middle-8",
        "lead-1234567",
        "bm25",
    ):
        assert extractive(name) is None, name
    assert named("lead-0") is None
    assert [model and model.name for model in map(named, ("bm25", "random"))] == ["bm25", "random"]


def test_each_has_a_content_of_its_own() -> None:
    models = [
        *(make(count) for make in (lead, content, textrank) for count in (8, 9)),
        content(8, frozenset("a")),
    ]
    assert len({model.content_hash for model in models}) == len(models)


class Backwards:
    """The article's last words, one for each ten letters of it."""

    def summarize(self, texts: Sequence[str]) -> list[str]:
        return [", ".join(text.split()[::-1][: len(text) // 10]) for text in texts]


def test_the_lead_of_another_s_length() -> None:
    model = Model("backwards", "1", Backwards(), "backwards", 3)
    like = lead_like(model)
    assert _of(like, NEWS, "short", "U.S. trade, which grows") == [
        "Japan 's NEC corp. and UNK Computer said",
        "",
        "U.S",
    ]
    assert (like.name, like.seed) == ("lead like backwards", 3)
    assert like.content_hash != lead_like(Model("other", "2", Backwards())).content_hash
    with refuses(setting="model"):
        lead_like(letters())


def test_a_summarizer_is_skipped_where_one_searches_and_an_encoder_where_one_summarizes() -> None:
    task = Summarization("news", [Summarized(NEWS, ("nec joins forces",))])
    (left,) = evaluate(lead(3), [words_task()]).skipped
    assert left.reason == "needs a model that Embeds or Ranks, which lead-3 does not"
    (left,) = evaluate(letters(), [task]).skipped
    assert left.reason == "needs a model that Summarizes, which letters does not"


def test_a_name_is_enough_to_measure_by(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text(
        '{"article": "Oil prices rose on Monday.", "summary": "oil prices rose"}\n' * 3
    )
    done = api.evaluate("lead-3", [tmp_path], results=tmp_path / "results.jsonl")
    assert not done.failed + done.skipped
    assert {result.metric: result.value for result in done.results}["R-2"] == 100
    assert [result.model for result in api.evaluate("content-3", [tmp_path]).results] == ["content-3"] * len(
        done.results
    )
