"""Sentences in the report: what is shown is the model's own, and what is guessed says how good the guess
is."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from sentrep.evaluation import Model
from sentrep.evaluation.report import sentences, words, write_report
from tests.evaluation.report.report_toy import Corner, WholeText, WordSum, data_of, topical, word_sum
from tests.evaluation.toy import Constant


def test_neighbours_and_similarities_are_the_models_own() -> None:
    texts = topical(90)
    shown = sentences.picture(word_sum(), texts)
    texts = list(dict.fromkeys(texts))
    raw = WordSum().encode(texts).astype(np.float64)
    cosines = raw @ raw.T / np.outer(np.linalg.norm(raw, axis=1), np.linalg.norm(raw, axis=1))
    assert shown["texts"] == texts
    assert shown["model"] == "bag"
    for number, (near, values) in enumerate(shown["neighbours"]):
        wanted = sorted(
            (other for other in range(len(texts)) if other != number),
            key=lambda other: -cosines[number, other],
        )
        assert values == pytest.approx(
            [1000 * cosines[number, other] for other in wanted[: len(near)]], abs=0.6
        )
        assert number not in near
    chosen = shown["heat"]["sentences"]
    assert len(set(chosen)) == len(chosen) <= sentences.HEAT
    assert np.array(shown["heat"]["cosines"]) == pytest.approx(
        1000 * cosines[np.ix_(chosen, chosen)], abs=0.6
    )


def test_the_map_keeps_topics_together() -> None:
    shown = sentences.picture(word_sum(), topical(90))
    places, topic = (
        np.array(shown["places"], dtype=float),
        np.array([number for number, _ in enumerate(shown["texts"])]) % 3,
    )
    distance = np.linalg.norm(places[:, None] - places, axis=2) + 1e9 * np.eye(len(places))
    assert (topic[distance.argmin(axis=1)] == topic).mean() > 0.9
    assert places.min() == 0
    assert places.max() == 1000
    assert len(shown["labels"]) == max(shown["region"]) + 1 <= sentences.REGIONS


def test_many_sentences_are_sampled_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "LIMIT", 50)
    texts = [f"{text} {number}" for number, text in enumerate(topical(1000))]
    shown = sentences.picture(word_sum(), iter(["", " ", *texts]))["texts"]
    assert len(shown) == 50
    assert [texts.index(text) for text in shown] == sorted(texts.index(text) for text in shown)
    assert 300 < np.mean([texts.index(text) for text in shown]) < 700


@pytest.mark.parametrize("broken", [1.0, float("nan")])
def test_a_collapsed_model_is_drawn_with_an_alarm(broken: float, tmp_path: Path) -> None:
    page = write_report(
        [], tmp_path / "report.html", model=Model("flat", "flat", Constant(broken)), sentences=topical(30)
    )
    shown = data_of(page)["sentences"]
    assert ("same way" in shown["alarm"]) == (broken == 1.0)
    assert ("not a number" in shown["alarm"]) == (broken != 1.0)
    assert np.isfinite(shown["places"]).all()


@pytest.mark.parametrize("count", [2, 3, 9, 12])
def test_few_sentences_are_enough(count: int) -> None:
    shown = sentences.picture(word_sum(), topical(count))
    assert len(shown["places"]) == len(shown["neighbours"]) == len(shown["heat"]["sentences"]) == count
    assert shown["typed"]["agreement"] is None


def test_what_is_typed_is_guessed_from_words_as_far_as_words_tell() -> None:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice([f"w{number}" for number in range(60)], 8)) for _ in range(400)]
    for implementation, least, most in ((WordSum(), 4.0, 5.0), (WholeText(), 0.0, 0.5)):
        guessed = words.typed(implementation, texts, _unit(implementation.encode(texts)))
        assert least <= guessed["agreement"] <= most
        assert guessed["tried"] == len(texts) // 10


def test_words_alone_do_not_make_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the regression is for."""
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice([f"w{number}" for number in range(60)], 8)) for _ in range(400)]
    vectors = _unit(Corner().encode(texts))
    assert words.typed(Corner(), texts, vectors)["agreement"] > 4
    monkeypatch.setattr(words, "RIDGE", 1e9)
    assert words.typed(Corner(), texts, vectors)["agreement"] < 1


def test_the_agreement_is_that_of_sentences_never_seen() -> None:
    """By a second way: what the page would find for each sentence left out, against the model's own
    nearest."""
    implementation, texts = WordSum(), list(dict.fromkeys(topical(300)))
    vectors = _unit(implementation.encode(texts))
    made = words.typed(implementation, texts, vectors, seed=3)
    out = set(np.random.default_rng(3).permutation(len(texts))[: made["tried"]].tolist())
    kept = [number for number in range(len(texts)) if number not in out]
    table = dict(zip(made["words"], _vectors(made["wordVectors"], made["width"]), strict=True))
    rows = _vectors(made["sentenceVectors"], made["width"])
    found = []
    for number in out:
        assert not {texts[number]} & {texts[other] for other in kept}
        guess = sum(table[word] for word in words.words(texts[number]) if word in table)
        near = sorted(kept, key=lambda other: -float(guess @ rows[other]) / np.linalg.norm(rows[other]))[:5]
        true = sorted(kept, key=lambda other: -float(vectors[number] @ vectors[other]))[:5]
        found.append(len(set(near) & set(true)))
    assert made["agreement"] == pytest.approx(np.mean(found), abs=0.15)


def _vectors(text: str, width: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=np.int8).reshape(-1, width).astype(np.float64)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
