"""The alarm: it goes off for every way of collapsing, and for no model that tells texts apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from sentrep.evaluation import Model, Retrieval, bm25, evaluate, random_vectors
from sentrep.evaluation.metrics.collapse import FEW, SAMPLE, collapse
from sentrep.evaluation.task import Embeds
from tests.evaluation.toy import Constant, Letters, OneDirection, words_task


class TwoSides:
    """Every text on one line, on either side of the origin."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        side = np.array([1.0 if text < "n" else -1.0 for text in texts])
        return (side[:, None] * OneDirection().encode(texts)).astype(np.float32)


class Nearly:
    """One vector, and a whiff of each text."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return Constant(np.ones(26)).encode(texts) + Letters().encode(texts) / 100


class SomeBroken(Letters):
    """A model whose numbers overflow on some texts."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = super().encode(texts)
        vectors[:: len(texts) - 1, 3] = np.inf
        return vectors


class WordAverages:
    """Averages of word vectors with much in common, as trained ones have, over texts of many words."""

    def __init__(self, shared: float) -> None:
        self.shared = shared

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        averages = [random_vectors(200).implementation.encode(list(text)).mean(axis=0) for text in texts]
        return (np.stack(averages) + self.shared).astype(np.float32)


COLLAPSED: dict[str, tuple[Embeds, str]] = {
    "constant": (Constant(1.0), r"all vectors point the same way \(mean cosine 1\.000\)"),
    "wide constant": (
        Constant(np.random.default_rng(0).standard_normal(1200)),
        "all vectors point the same way",
    ),
    "zero": (Constant(0.0), "all vectors are zero"),
    "nan": (Constant(float("nan")), "60 of 60 vectors hold something that is not a number"),
    "infinite": (Constant(float("inf")), "60 of 60 vectors hold something that is not a number"),
    "some broken": (SomeBroken(), "2 of 60 vectors hold something that is not a number"),
    "rank one": (OneDirection(), "all vectors point the same way"),
    "rank one, two sides": (TwoSides(), r"all vectors lie on one line \(effective rank 1\.0\)"),
    "nearly constant": (Nearly(), "all vectors point the same way"),
}


@pytest.mark.parametrize(("implementation", "message"), COLLAPSED.values(), ids=COLLAPSED.keys())
def test_every_collapse_trips_the_alarm_and_is_on_the_record(implementation: Embeds, message: str) -> None:
    task = words_task()
    done = evaluate(Model("collapsed", "c", implementation), [task])
    assert [alarm.task for alarm in done.alarms] == [task.name]
    assert not done.failed
    assert re.match(message, done.alarms[0].reason), done.alarms[0].reason
    assert {result.alarm for result in done.results} == {done.alarms[0].reason}


@pytest.mark.parametrize(
    "implementation",
    [
        random_vectors(512).implementation,
        random_vectors(8).implementation,
        Letters(),
        WordAverages(0.6),
        WordAverages(1.5),
    ],
    ids=["random", "narrow random", "letters", "word averages", "word averages with much in common"],
)
def test_what_tells_texts_apart_trips_nothing(implementation: Embeds) -> None:
    done = evaluate(Model("healthy", "h", implementation), [words_task()])
    assert not done.alarms
    assert {result.alarm for result in done.results} == {""}


def test_the_word_averages_above_have_much_in_common() -> None:
    texts = words_task().documents
    for shared, low, high in ((0.6, 0.7, 0.85), (1.5, 0.93, 0.97)):
        vectors = WordAverages(shared).encode(texts)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        assert low < (vectors @ vectors.T)[np.triu_indices(len(texts), 1)].mean() < high


def test_a_model_without_vectors_has_none_that_could_collapse() -> None:
    assert not evaluate(bm25(), [words_task()]).alarms


def test_few_texts_are_no_evidence_unless_broken() -> None:
    task = Retrieval("few", ["a"], ["a", "b"], [{0: 1.0}])
    assert not evaluate(Model("c", "c", Constant(1.0)), [task]).alarms
    assert evaluate(Model("c", "c", Constant(float("nan"))), [task]).alarms
    vectors = Constant(1.0).encode(["x"] * FEW)
    assert collapse(vectors)
    assert not collapse(vectors[1:])


def test_the_many_are_judged_by_a_sample() -> None:
    vectors = random_vectors(16).implementation.encode([str(number) for number in range(2 * SAMPLE)])
    vectors[SAMPLE:] = vectors[0]
    assert not collapse(vectors)
