"""Pair classification: equal to scikit-learn, chance for the collapsed, and a threshold that never saw what
it is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from sentrep.evaluation import Model, evaluate
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.evaluation.task import Embeds
from sentrep.evaluation.tasks.pair_classification import (
    LabelledPair,
    PairClassification,
    read_pair_classification,
    thresholds,
)
from tests.errors import refuses
from tests.evaluation.toy import COLLAPSED, Letters, letters
from tests.paths import SHARED_DATA

DATA = SHARED_DATA
HEADER = "label\tsentence1\tsentence2\n"


def _pairs(count: int, seed: int, letters: str = "abcdefgh") -> list[LabelledPair]:
    """Of three pairs one is alike but for a few letters, with label 1; others are so with label 0 too."""
    random = np.random.default_rng(seed)
    pairs = []
    for number in range(count):
        first = [letters[at] for at in random.integers(0, len(letters), 12)]
        second = list(first)
        for place in random.integers(
            0, 12, random.integers(1, 5) if number % 3 == 0 else random.integers(3, 12)
        ):
            second[place] = letters[random.integers(0, len(letters))]
        pairs.append(LabelledPair(int(number % 3 == 0), "".join(first), "".join(second)))
    return pairs


def _values(implementation: Embeds, task: PairClassification) -> dict[str, float]:
    done = evaluate(Model("m", "m", implementation), [task])
    assert not done.failed, done.failed
    return {result.metric: result.value for result in done.results}


class GivenCosines(Letters):
    """Vectors whose cosines are given: the first sentence of a pair is "n", the second "n'"."""

    def __init__(self, cosines: Sequence[float] | np.ndarray) -> None:
        self.cosines = cosines

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        angle = [np.arccos(self.cosines[int(text[:-1])]) if text.endswith("'") else 0.0 for text in texts]
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)


def _given_pairs(
    cosines: Sequence[float] | np.ndarray, labels: Sequence[int] | np.ndarray
) -> list[LabelledPair]:
    return [
        LabelledPair(int(label), str(number), f"{number}'")
        for number, label in enumerate(labels[: len(cosines)])
    ]


def test_equals_scikit_learn() -> None:
    random = np.random.default_rng(0)
    cosines, labels = random.permutation(120) / 130, random.integers(0, 2, 120)
    values = _values(
        GivenCosines(cosines),
        PairClassification("told", _given_pairs(cosines, labels), tuning=_given_pairs(cosines, labels)),
    )
    assert values["AP"] == pytest.approx(100 * metrics.average_precision_score(labels, cosines), abs=1e-6)
    # Where the threshold may be chosen on the same pairs, no threshold is better.
    possible = [cosines >= limit for limit in [*cosines, 2.0]]
    assert values["accuracy at threshold"] == pytest.approx(
        max(100 * metrics.accuracy_score(labels, found) for found in possible)
    )
    assert values["F1 at threshold"] == pytest.approx(
        max(100 * metrics.f1_score(labels, found) for found in possible)
    )


@pytest.mark.parametrize("seed", range(5))
def test_thresholds_are_the_best_there_are(seed: int) -> None:
    random = np.random.default_rng(seed)
    cosines, labels = random.integers(0, 6, 15) / 5, np.r_[1, random.integers(0, 2, 14)].astype(float)
    for_accuracy, for_f1 = thresholds(cosines, labels)
    possible = [-np.inf, *(np.arange(-1, 6) / 5 + 0.1)]
    accuracies = [metrics.accuracy_score(labels, cosines >= limit) for limit in possible]
    f1s = [metrics.f1_score(labels, cosines >= limit) for limit in possible]
    assert metrics.accuracy_score(labels, cosines >= for_accuracy) == max(accuracies)
    assert metrics.f1_score(labels, cosines >= for_f1) == max(f1s)


def test_a_threshold_lies_halfway_and_may_be_infinite() -> None:
    assert list(thresholds(np.array([0.9, 0.5, 0.1]), np.array([1.0, 0.0, 0.0]))) == pytest.approx([0.7, 0.7])
    assert thresholds(np.array([0.9, 0.5]), np.array([0.0, 0.0]))[0] == np.inf
    assert thresholds(np.array([0.9, 0.5]), np.array([1.0, 1.0])) == (-np.inf, -np.inf)


def test_the_threshold_is_not_chosen_on_what_is_measured() -> None:
    cosines, labels = [0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1]
    # On the other pairs everything below .9 means something else.
    elsewhere = [LabelledPair(0, "4", "4'"), LabelledPair(1, "5", "5'")]
    task = PairClassification("told", _given_pairs(cosines, labels), tuning=elsewhere)
    values = _values(GivenCosines([*cosines, 0.8, 1.0]), task)
    assert values == {"AP": 100, "accuracy at threshold": 50, "F1 at threshold": 0}


@pytest.mark.parametrize("implementation", COLLAPSED.values(), ids=COLLAPSED.keys())
def test_a_collapsed_model_has_chance(implementation: Embeds) -> None:
    values = _values(implementation, PairClassification("pairs", _pairs(600, 0), tuning=_pairs(300, 1)))
    harmonic = (1 / np.arange(1, 601)).sum()
    chance = (
        199 / 599 * (1 - harmonic / 600) + harmonic / 600
    )  # of a random order of 600, a third to be found: .3397
    assert values["AP"] == pytest.approx(100 * chance)
    assert values["AP"] == pytest.approx(100 / 3, abs=1)
    assert values["accuracy at threshold"] == pytest.approx(200 / 3)
    assert values["F1 at threshold"] == pytest.approx(50), "all called positive: 2 x 1/3 / (1 + 1/3)"


def test_the_worst_pairs_in_words() -> None:
    cosines, labels = [0.9, 0.8, 0.5, 0.2], [0, 1, 0, 1]
    (score,) = PairClassification("told", _given_pairs(cosines, labels)).run(
        Model("m", "m", GivenCosines(cosines))
    )
    first, second, third, last = score.examples
    assert (first.question, first.wanted, first.score) == ("0 / 0'", "another meaning", 100)
    assert first.got == "cosine 0.90, above 100 % of the pairs of the same meaning"
    assert (second.question, second.wanted, second.score) == ("3 / 3'", "the same meaning", 100)
    assert second.got == "cosine 0.20, below 100 % of the pairs of another meaning"
    assert [third.score, last.score] == [50, 50]


def _read(path: Path, name: str = "", split: str | None = None) -> list[PairClassification]:
    tasks = read_pair_classification(path, name=name, split=split)
    return [task for task in tasks if isinstance(task, PairClassification)]


def test_folders_splits_and_thresholds(tmp_path: Path) -> None:
    rows = HEADER + '1\ta "b\tc\r\n0\td\te\n\n0\tf\t \n'
    for part in ("train", "dev", "test"):
        (tmp_path / f"{part}.tsv").write_text(rows)
    (task,) = _read(tmp_path)
    assert (task.name, task.split, task.pairs) == (
        tmp_path.name,
        "test",
        [LabelledPair(1, 'a "b', "c"), LabelledPair(0, "d", "e")],
    )
    assert "best on dev (2 pairs)" in task.protocol
    assert "pairs with an empty sentence, of which there are 1, left out" in task.protocol
    assert "best on train" in _read(tmp_path, split="dev")[0].protocol
    assert "best on dev" in _read(tmp_path, split="train")[0].protocol
    (tmp_path / "dev.tsv").unlink()
    (task,) = _read(tmp_path, name="mine")
    assert (task.name, "best on train" in task.protocol) == ("mine", True)
    with refuses(MissingSplit, place=tmp_path):
        _read(tmp_path, split="dev")
    (tmp_path / "train.tsv").unlink()
    for path in (tmp_path, tmp_path / "test.tsv"):
        (task,) = _read(path)
        assert "no threshold" in task.protocol
        assert set(_values(Letters(), task)) == {"AP"}


def test_each_name_is_a_task_with_its_own_threshold(tmp_path: Path) -> None:
    for name, label in (("news", 0), ("web", 1)):
        (tmp_path / f"{name}.test.tsv").write_text(HEADER + "1\ta\tb\n0\tc\td\n")
        (tmp_path / f"{name}.dev.tsv").write_text(HEADER + f"1\ta\t{name}\n0\tc\td\n{label}\te\tf\n")
    (tmp_path / "other.tsv").write_text("genre\tid\nx\t1\n")
    news, web = _read(tmp_path)
    assert (news.name, web.name) == (f"{tmp_path.name}: news", f"{tmp_path.name}: web")
    assert (news.tuning[0].second, web.tuning[0].second) == ("news", "web")
    assert news.data != web.data, "the pairs that give the threshold count too"


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        pytest.param("1\ta\tb\n2\ta\tb\n", "test.tsv:3", id="unknown label"),
        pytest.param("1\ta\tb\n0\ta\n", "test.tsv:3", id="too few columns"),
        pytest.param("1\ta\tb\n1\tc\td\n", "test.tsv", id="one label only"),
        pytest.param("", "test.tsv", id="no pairs"),
    ],
)
def test_bad_files_are_refused(lines: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text(HEADER + lines)
    with refuses(place=place):
        _read(tmp_path)


def test_what_is_no_table_of_pairs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text("label\ttext\n0\ta\n")
    for path in (tmp_path, tmp_path / "test.tsv"):
        with refuses(place="test.tsv:1"):
            _read(path)
    with refuses(place="none"):
        _read(tmp_path / "none")
    (tmp_path / "test.tsv").write_bytes(HEADER.encode() + b"1\t\xff\tb\n")
    with refuses(place="test.tsv"):
        _read(tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="shared data are not here")
@pytest.mark.parametrize(
    ("name", "pairs", "tuning"),
    [("quora-pairs", 10000, 9999), ("zh-lcqmc", 12500, 8802), ("zh-pawsx", 2000, 2000), ("mrpc", 1725, 4076)],
)
def test_real_pairs_are_read(name: str, pairs: int, tuning: int) -> None:
    (task,) = _read(DATA / name)
    assert (task.split, len(task.pairs), len(task.tuning)) == ("test", pairs, tuning)


def test_letters_tell_pairs_apart() -> None:
    task = PairClassification("pairs", _pairs(300, 0), tuning=_pairs(300, 1))
    done = evaluate(letters(), [task])
    for result, chance in zip(done.results, (34, 67, 50), strict=True):
        assert chance < result.low < result.value < result.high, result.metric
