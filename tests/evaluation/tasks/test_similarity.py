"""Similarity: tables read as they are, correlations by the convention that the metric names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sentrep.evaluation import Model, Pair, Similarity, evaluate, read_similarity
from sentrep.evaluation.task import Embeds
from sentrep.evaluation.tasks.similarity import is_similarity
from tests.errors import refuses
from tests.evaluation.toy import COLLAPSED, Letters, letters

HEADER = "score\tsentence1\tsentence2\n"


def _pairs(count: int, seed: int) -> list[Pair]:
    random = np.random.default_rng(seed)
    texts = ["".join("abcd"[letter] for letter in random.integers(0, 4, 6)) for _ in range(2 * count)]
    return [Pair(float(random.integers(0, 6)), texts[2 * n], texts[2 * n + 1]) for n in range(count)]


def test_equals_scipy_under_each_convention() -> None:
    subsets = {"one": _pairs(40, 0), "two": _pairs(20, 1)}
    values = {r.metric: r.value for r in evaluate(letters(), [Similarity("sts", subsets)]).results}

    def expected(pairs: list[Pair]) -> float:
        first, second = (Letters().encode([pair[side] for pair in pairs]).astype(float) for side in (1, 2))  # type: ignore[misc]
        cosines = (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
        return float(100 * stats.spearmanr(np.round(cosines, 6), [pair.score for pair in pairs]).statistic)

    one, two = expected(subsets["one"]), expected(subsets["two"])
    assert values == pytest.approx(
        {
            "Spearman (all)": expected(subsets["one"] + subsets["two"]),
            "Spearman (mean)": (one + two) / 2,
            "Spearman (weighted mean)": (40 * one + 20 * two) / 60,
            "Spearman one": one,
            "Spearman two": two,
        },
        abs=1e-6,
    )


@pytest.mark.parametrize("implementation", COLLAPSED.values(), ids=COLLAPSED.keys())
def test_a_collapsed_model_has_no_correlation(implementation: Embeds) -> None:
    (result,) = evaluate(
        Model("collapsed", "c", implementation), [Similarity("sts", {"": _pairs(30, 0)})]
    ).results
    assert (result.metric, result.value, result.low, result.high) == ("Spearman", 0, 0, 0)


def test_a_perfect_model_has_100() -> None:
    pairs = [Pair(5, "aaaa", "aaaa"), Pair(3, "aaab", "aabb"), Pair(1, "aaab", "abbb"), Pair(0, "aa", "bb")]
    assert evaluate(letters(), [Similarity("sts", {"": pairs})]).results[0].value == pytest.approx(100)


def test_files_and_folders(tmp_path: Path) -> None:
    rows = HEADER + '1\ta "quoted\tb\r\n2.5\tc\td\n\n'
    for name in ("News.test", "Web.test", "News.train"):
        (tmp_path / f"{name}.tsv").write_text(rows)
    (tmp_path / "other.tsv").write_text("genre\tid\nx\t1\n")
    (tmp_path / "README.md").write_text("about")
    (task,) = read_similarity(tmp_path)
    assert (task.split, list(task.subsets), task.name) == ("test", ["News", "Web"], tmp_path.name)
    assert task.subsets["News"] == [Pair(1.0, 'a "quoted', "b"), Pair(2.5, "c", "d")]
    assert list(read_similarity(tmp_path, split="train")[0].subsets) == ["News"]
    with refuses(place=tmp_path):
        read_similarity(tmp_path, split="dev")
    (one,) = read_similarity(tmp_path / "News.train.tsv")
    assert (one.name, one.split) == ("News.train", "train")


def test_a_folder_without_splits_is_taken_whole(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.tsv").write_text(HEADER + "1\tx\ty\n2\tx\tz\n")
    (whole,) = read_similarity(tmp_path)
    assert (whole.split, list(whole.subsets)) == ("all", ["a", "b"])


def test_columns_may_be_more_and_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text("genre\tsentence2\tscore\tsentence1\nnews\tb\t1\ta\nnews\td\t2\tc\n")
    assert is_similarity(tmp_path)
    assert read_similarity(tmp_path)[0].subsets[""] == [Pair(1.0, "a", "b"), Pair(2.0, "c", "d")]


def test_equal_scores_are_refused(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text(HEADER + "1\ta\tb\n1\tc\td\n")
    with refuses(place="test.tsv"):
        read_similarity(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\ta", "2 columns; expected score"),
        ("1\ta\tb\tc", "4 columns"),
        ("high\ta\tb", "'high' is not a number"),
        ("nan\ta\tb", "not a finite number"),
        ("1\t \tb", "nothing in column 'sentence1'"),
    ],
)
def test_bad_lines_are_refused_with_file_and_line(line: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "test.tsv"
    file.write_text(f"{HEADER}1\ta\tb\n{line}\n")
    with refuses(place="test.tsv:3"):
        read_similarity(file)


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text(HEADER + "1\ta\tb\n")
    with refuses(place="test.tsv"):
        read_similarity(tmp_path)
    (tmp_path / "test.tsv").write_bytes(HEADER.encode() + b"1\t\xff\tb\n")
    with refuses(place="test.tsv"):
        read_similarity(tmp_path)
    (tmp_path / "test.tsv").write_text("label\ttext\n")
    with refuses(place="test.tsv:1"):
        read_similarity(tmp_path)
    (tmp_path / "test.tsv").rename(tmp_path / "labels.tsv")
    with refuses(place=tmp_path):
        read_similarity(tmp_path)
