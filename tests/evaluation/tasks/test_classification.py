"""Classification: protocols as SentEval has them, metrics as scikit-learn has them, layouts read or
refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

from sentrep.evaluation import Model, evaluate
from sentrep.evaluation.datasets.classification import read_classification
from sentrep.evaluation.datasets.labelled_parts import Instance
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.evaluation.models.classifier import STRENGTHS, Floats, Integers
from sentrep.evaluation.result import EXAMPLES
from sentrep.evaluation.task import Embeds
from sentrep.evaluation.tasks.classification import Classification
from sentrep.evaluation.tasks.classification_folds import Fold, crossed, nested
from tests.errors import refuses
from tests.evaluation.toy import Constant, Letters, letters
from tests.paths import SHARED_DATA

SHARED = SHARED_DATA


class Stray:
    """A model of rank one whose lengths tell nothing of the text."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        lengths = [
            1 + int.from_bytes(hashlib.sha256(text.encode()).digest()[:2], "big") / 2**15 for text in texts
        ]
        return (np.array(lengths)[:, None] * np.random.default_rng(0).standard_normal(48)).astype(np.float32)


def _instances(count: int, seed: int, labels: str = "xy", pairs: bool = False) -> list[Instance]:
    """Words of random letters; the label is told by which of the first letters is there most often, but not
    always."""
    random = np.random.default_rng(seed)
    texts = ["".join(chr(97 + letter) for letter in random.integers(0, 9, 12)) for _ in range(2 * count)]
    made = []
    for first, second in zip(texts[::2], texts[1::2], strict=True):
        amounts = [
            abs(first.count(letter) - second.count(letter)) if pairs else first.count(letter)
            for letter in "abcd"
        ]
        label = labels[int(np.argmax((np.array(amounts) + random.random(4))[: len(labels)]))]
        made.append(Instance(label, first, second if pairs else ""))
    return made


def _skewed(count: int, pairs: bool = False) -> list[Instance]:
    """Seven of ten have label 0, and no letter tells which."""
    made = _instances(count, 5, pairs=pairs)
    return [each._replace(label=str(int(number % 10 > 6))) for number, each in enumerate(made)]


def _naive(features: Floats, labels: Integers, fold: Fold, end: int) -> Integers:
    """Answers for a fold's tested rows, one scikit-learn model at a time."""
    scale = np.sqrt(((features[:end] - features[:end].mean(axis=0)) ** 2).sum(axis=1).mean())
    scaled = (features / scale).astype(np.float64)

    def answers(trained: Integers, asked: Integers, strength: float) -> Integers:
        inverse = (2 if len(np.unique(labels)) == 2 else 1) / (strength * len(trained))
        model = LogisticRegression(C=inverse, solver="newton-cg", tol=1e-7, max_iter=1000).fit(
            scaled[trained], labels[trained]
        )
        predicted: Integers = model.predict(scaled[asked])
        return predicted

    right = [
        sum((answers(trained, own, each) == labels[own]).sum() for trained, own in fold.choosing)
        for each in STRENGTHS
    ]
    return answers(fold.trained, fold.tested, STRENGTHS[int(np.argmax(right))])


def test_nested_cross_validation_equals_naive_loops_over_scikit_learn() -> None:
    instances = _instances(90, 0, labels="xyz")
    features = Letters().encode([instance.first for instance in instances])
    labels = np.array(["xyz".index(instance.label) for instance in instances])
    wanted = np.empty(len(labels))
    for fold in nested(labels, 3):
        wanted[fold.tested] = _naive(features, labels, fold, len(labels)) == labels[fold.tested]
    (result,) = evaluate(
        letters(), [Classification("words", {"all": instances}, split="all", folds=3)]
    ).results
    assert (result.metric, result.count, result.split) == ("accuracy", 90, "all")
    assert result.value == pytest.approx(100 * wanted.mean(), abs=1e-6)
    assert 45 < result.value < 100


def test_accuracy_and_f1_of_pairs_equal_scikit_learn() -> None:
    parts = {
        part: _instances(count, count, "01", pairs=True)
        for part, count in (("train", 150), ("dev", 80), ("test", 100))
    }
    instances = [each for part in parts.values() for each in part]
    first, second = (Letters().encode([instance[side] for instance in instances]) for side in (1, 2))
    features = np.concatenate([abs(first - second), first * second], axis=1)
    labels = np.array([int(instance.label) for instance in instances])
    trained, checked, tested = np.arange(150), np.arange(150, 230), np.arange(230, 330)
    found = _naive(features, labels, Fold(trained, tested, [(trained, checked)]), 150)
    values = {
        result.metric: result.value
        for result in evaluate(letters(), [Classification("pairs", parts)]).results
    }
    assert values == pytest.approx(
        {
            "accuracy": 100 * accuracy_score(labels[tested], found),
            "F1": 100 * f1_score(labels[tested], found),
        },
        abs=1e-6,
    )
    assert 60 < values["accuracy"] < 100


def test_without_dev_the_strength_is_chosen_inside_train() -> None:
    parts = {"train": _instances(120, 1), "test": _instances(60, 2)}
    task = Classification("words", parts, folds=4)
    instances = parts["train"] + parts["test"]
    labels = np.array(["xy".index(instance.label) for instance in instances])
    fold = Fold(np.arange(120), np.arange(120, 180), crossed(labels, np.arange(120), 4))
    found = _naive(Letters().encode([instance.first for instance in instances]), labels, fold, 120)
    (result,) = evaluate(letters(), [task]).results
    assert result.value == pytest.approx(100 * (found == labels[120:]).mean(), abs=1e-6)
    assert "by 4-fold cross-validation (stratified, seed 1111) inside train" in task.protocol


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize(
    "implementation", [Constant(1.0), Constant(float("nan")), Stray()], ids=["constant", "nan", "rank one"]
)
def test_a_collapsed_model_has_the_majority(implementation: Embeds, pairs: bool) -> None:
    instances = _skewed(400, pairs)
    three = {"train": instances[:200], "dev": instances[200:300], "test": instances[300:]}
    tasks = [Classification("cross", {"all": instances}, split="all"), Classification("split", three)]
    done = evaluate(Model("collapsed", "c", implementation), tasks)
    assert {result.task for result in done.results} == {"cross", "split"}
    for result in done.results:
        wanted = 70 if result.metric == "accuracy" else 0
        assert result.value == pytest.approx(wanted, abs=2 if isinstance(implementation, Stray) else 0)


@pytest.mark.parametrize(
    "implementation", [Constant(1.0), Constant(float("nan")), Stray()], ids=["constant", "nan", "rank one"]
)
def test_where_labels_are_balanced_a_collapsed_model_is_at_chance(implementation: Embeds) -> None:
    instances = [each._replace(label="wxyz"[number % 4]) for number, each in enumerate(_instances(400, 6))]
    (result,) = evaluate(
        Model("collapsed", "c", implementation), [Classification("four", {"all": instances}, split="all")]
    ).results
    assert result.value == pytest.approx(25, abs=6 if isinstance(implementation, Stray) else 1)


def test_the_worst_are_the_surest_mistakes() -> None:
    parts = {"train": _instances(200, 1), "test": _instances(100, 2)}
    (score,) = Classification("words", parts, folds=3).run(letters())
    assert 0 < len(score.examples) <= EXAMPLES
    sureness = [example.score for example in score.examples]
    assert sureness == sorted(sureness, reverse=True)
    assert 50 <= sureness[-1] <= sureness[0] <= 100
    wrong = {
        instance.first: instance.label
        for instance, item in zip(parts["test"], score.items, strict=True)
        if item == 0
    }
    for example in score.examples:
        assert wrong[example.question] == example.wanted
        assert example.got.split(",")[0] in {"x", "y"} - {example.wanted}


def test_f1_of_a_chosen_label_and_the_sentences_themselves_as_features() -> None:
    parts = {"train": _instances(200, 1, "xyz", pairs=True), "test": _instances(90, 2, "xyz", pairs=True)}
    plain, with_f1 = (
        Classification("pairs", parts, folds=3, with_sentences=each, positive="y") for each in (False, True)
    )
    values = [[result.value for result in evaluate(letters(), [task]).results] for task in (plain, with_f1)]
    assert all(0 < f1 < 100 for _, f1 in values)
    assert values[0] != values[1]
    assert plain.fingerprint != with_f1.fingerprint
    assert "F1 x 100 of label y" in plain.protocol


def _write(file: Path, header: str, rows: Sequence[Sequence[str]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        "\n".join(["\t".join(header.split()), *("\t".join(row) for row in rows)]) + "\n", encoding="utf-8"
    )


def _parts(folder: Path, *parts: str) -> Path:
    for number, part in enumerate(parts):
        _write(
            folder / f"{part}.tsv",
            "label text",
            [[each.label, each.first] for each in _instances(20, number)],
        )
    return folder


def test_what_is_trained_on_what(tmp_path: Path) -> None:
    full = _parts(tmp_path / "full", "train", "dev", "test")
    (task,) = read_classification(full)
    assert (task.name, task.split, task.sizes) == ("full", "test", {"train": 20, "dev": 20, "test": 20})
    assert "the strength chosen by accuracy on dev" in task.protocol
    (task,) = read_classification(full, split="dev", name="other")
    assert (task.name, task.split, task.sizes) == ("other", "dev", {"train": 20, "dev": 20})
    assert "trained on train, tested on dev, the strength chosen by 10-fold cross-validation" in task.protocol
    assert [each.split for each in read_classification(_parts(tmp_path / "two", "train", "dev"))] == ["dev"]
    snli = _parts(tmp_path / "snli", "dev", "test")
    (task,) = read_classification(snli, train="dev")
    assert (task.split, task.sizes) == ("test", {"dev": 20, "test": 20})
    with refuses(MissingSplit, place="snli"):
        read_classification(snli)
    with refuses(place="full"):
        read_classification(full, split="train")
    whole = _parts(tmp_path / "whole", "all")
    (task,) = read_classification(whole, folds=5)
    assert (task.name, task.split, task.sizes) == ("whole", "all", {"all": 20})
    assert "nested 5-fold cross-validation" in task.protocol
    assert read_classification(whole / "all.tsv")[0].name == "whole"
    for split in ("dev", "test"):
        with refuses(MissingSplit, place="whole"):
            read_classification(whole, split=split)


def test_variants_stand_beside_the_files(tmp_path: Path) -> None:
    _parts(tmp_path, "train", "test", "train.fine", "test.fine")
    coarse, fine = read_classification(tmp_path)[0], read_classification(tmp_path, variant="fine")[0]
    assert coarse.instances[:20] == _instances(20, 0)
    assert fine.instances[:20] == _instances(20, 2)


def test_probing_files_say_the_split_of_each_line(tmp_path: Path) -> None:
    rows = [
        [split, each.label, each.first]
        for number, split in enumerate(("tr", "va", "te"))
        for each in _instances(20, number)
    ]
    for name in ("depth", "tense"):
        _write(tmp_path / "probing" / f"{name}.tsv", "split label text", rows)
    tasks = read_classification(tmp_path / "probing")
    assert [task.name for task in tasks] == ["probing: depth", "probing: tense"]
    assert tasks[0].sizes == {"train": 20, "dev": 20, "test": 20}
    (one,) = read_classification(tmp_path / "probing" / "tense.tsv", split="dev")
    assert (one.name, one.sizes) == ("tense", {"train": 20, "dev": 20})
    rows[4][0] = "valid"
    _write(tmp_path / "depth.tsv", "split label text", rows)
    with refuses(place="depth.tsv:6"):
        read_classification(tmp_path / "depth.tsv")


def test_trees_give_sentences_grades_and_phrases(tmp_path: Path) -> None:
    (tmp_path / "train.trees").write_text(
        "(3 (2 -LRB-) (4 (2 very) (4 good)))\n(0 (1 bad) (2 and\\/or))\n(2 (2 so) (2 so))\n\n"
    )
    (tmp_path / "dev.trees").write_text("(4 good)\n(2 plain)\n")
    (tmp_path / "test.trees").write_text("(1 (2 not) (3 fine))\n")
    (task,) = read_classification(tmp_path)
    assert task.sizes == {"train": 3, "dev": 2, "test": 1}
    assert task.instances[:2] == [Instance("3", "( very good"), Instance("0", "bad and/or")]
    (task,) = read_classification(tmp_path, classes=2)
    assert [each.label for each in task.instances] == ["1", "0", "1", "0"]
    (task,) = read_classification(tmp_path, classes=2, phrases=True)
    assert [tuple(each[:2]) for each in task.instances[: task.sizes["train"]]] == [
        ("1", "very good"), ("1", "( very good"), ("0", "bad"), ("0", "bad and/or"),
    ], "good is a sentence of dev"  # fmt: skip
    with refuses(setting="classes"):
        read_classification(tmp_path, classes=3)
    for wrong in ("(3 (2 a) (7 b))", "(3 (2 a) (2 b)", "(3 (2 a)) (2 b)", "no tree", "(2 )"):
        (tmp_path / "dev.trees").write_text(f"(2 a)\n{wrong}\n")
        with refuses(place="dev.trees:2"):
            read_classification(tmp_path)


@pytest.mark.parametrize(
    ("header", "rows", "place"),
    [
        pytest.param("score text", [["1", "a"]], "train.tsv:1", id="no label"),
        pytest.param("label text", [["1", "a"], ["1"]], "train.tsv:3", id="too few columns"),
        pytest.param("label text", [["1", "a"], ["", "b"]], "train.tsv:3", id="empty label"),
        pytest.param("label text", [], "", id="no rows"),
        pytest.param("label text", [["x", "a"], ["x", "b"]], "", id="one label only"),
        pytest.param(
            "label sentence1 sentence2",
            [["x", "a", "b"], ["y", "b", "c"]],
            "",
            id="sentences and pairs",
        ),
    ],
)
def test_bad_folders_are_refused(tmp_path: Path, header: str, rows: list[list[str]], place: str) -> None:
    _parts(tmp_path, "train", "test")
    _write(tmp_path / "train.tsv", header, rows)
    with refuses(place=tmp_path / place):
        read_classification(tmp_path)


def test_other_refusals(tmp_path: Path) -> None:
    with refuses(place="absent"):
        read_classification(tmp_path / "absent")
    with refuses(place=tmp_path):
        read_classification(tmp_path, variant="fine")
    _parts(tmp_path, "train", "test")
    with refuses(place=tmp_path):
        read_classification(tmp_path, positive="z")
    with refuses(place=tmp_path):
        read_classification(tmp_path, folds=1)
    _write(tmp_path / "few" / "all.tsv", "label text", [["x", "a"], ["y", "b"]])
    with refuses(place="few"):
        read_classification(tmp_path / "few")


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data beside the working copy")
def test_the_benchmarks_are_read_whole() -> None:
    sizes = {
        name: read_classification(SHARED / name)[0].sizes
        for name in ("mr", "subj", "sst2", "trec", "mrpc", "sick-e")
    }
    assert sizes == {
        "mr": {"all": 10662}, "subj": {"all": 10000}, "sst2": {"train": 6920, "dev": 872, "test": 1821},
        "trec": {"train": 5452, "test": 500}, "mrpc": {"train": 4076, "test": 1725},
        "sick-e": {"train": 4500, "dev": 500, "test": 4927},
    }  # fmt: skip
    fine, coarse = (read_classification(SHARED / "trec", variant=variant)[0] for variant in ("fine", ""))
    assert (len(coarse.names), len(fine.names)) == (6, 50)
    assert read_classification(SHARED / "mrpc")[0].positive == "1"
    assert read_classification(SHARED / "snli", train="dev")[0].sizes == {"dev": 9842, "test": 9824}
    assert read_classification(SHARED / "trees-sst")[0].sizes == {"train": 8544, "dev": 1101, "test": 2210}
    two = read_classification(SHARED / "trees-sst", classes=2)[0]
    assert two.sizes == sizes["sst2"]
    assert len(read_classification(SHARED / "probing")) == 7
