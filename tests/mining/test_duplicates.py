"""Duplicates: groups against brute force, whatever the order; representatives; pairs found by vectors."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import sentrep
from sentrep.cli.main import main
from sentrep.mining.near_duplicates import group_duplicates
from sentrep.mining.shingles import SHINGLE, comparable, jaccard, shingles
from sentrep.search.ranges import EXACT, pairs_above
from sentrep.utils.errors import InputError, ReadWarning

WORDS = [
    "river",
    "stone",
    "bridge",
    "window",
    "garden",
    "winter",
    "letter",
    "silver",
    "market",
    "candle",
    "forest",
    "summer",
]


def near_copies(count: int, seed: int = 0) -> list[str]:
    """Texts of 12 words, each with some copies of which a word or a letter differs."""
    random = np.random.default_rng(seed)
    texts = []
    while len(texts) < count:
        words = [*random.choice(WORDS, 12), str(random.integers(1_000_000))]
        texts.append(" ".join(words))
        for _ in range(random.integers(0, 3)):
            changed = list(words)
            changed[random.integers(12)] = str(random.choice(WORDS))
            texts.append(" ".join(changed))
        if random.random() < 0.3:
            texts.append(" ".join(words) + "  ")
    return texts[:count]


def partition(groups: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(groups == number).tolist()) for number in set(groups.tolist())}


def brute_force(texts: list[str], threshold: float) -> set[frozenset[int]]:
    """Components of the pairs above the threshold, by sets of Python."""
    sets = [
        {comparable(text)[at : at + SHINGLE] for at in range(len(comparable(text)) - SHINGLE + 1)}
        for text in texts
    ]
    parent = list(range(len(texts)))

    def root(at: int) -> int:
        while parent[at] != at:
            at = parent[at]
        return at

    for one, other in combinations(range(len(texts)), 2):
        shared = len(sets[one] & sets[other])
        if shared >= threshold * (len(sets[one]) + len(sets[other]) - shared):
            parent[root(other)] = root(one)
    return partition(np.array([root(at) for at in range(len(texts))]))


def test_exact_groups_equal_brute_force_on_5000_texts() -> None:
    random = np.random.default_rng(0)
    texts = [f"text {random.integers(2000)}" for _ in range(5000)]
    found = group_duplicates(texts, threshold=None)
    numbers = {text: number for number, text in enumerate(sorted(set(texts)))}
    assert partition(found.group) == partition(np.array([numbers[text] for text in texts]))
    assert found.kept.sum() == len(numbers)
    assert (found.similarity == 1).all()


def test_near_groups_equal_brute_force() -> None:
    texts = near_copies(400)
    found = group_duplicates(texts, threshold=0.7)
    assert partition(found.group) == brute_force(texts, 0.7)
    assert 50 < found.kept.sum() < 400


def test_groups_do_not_depend_on_the_order() -> None:
    texts = near_copies(300, seed=1)
    order = np.random.default_rng(2).permutation(len(texts))
    first, second = group_duplicates(texts), group_duplicates([texts[at] for at in order])
    assert (first.group[order] == second.group).all()
    assert (first.similarity[order] == second.similarity).all()
    kept = {texts[at].strip() for at in np.flatnonzero(first.kept)}
    assert kept == {texts[order[at]].strip() for at in np.flatnonzero(second.kept)}


def test_jaccard_and_shingles_equal_sets() -> None:
    texts = ["abcdef", "bcdefg", "abc", "", "狗在叫着", "狗在叫了"]
    found = shingles(texts)
    assert found.sizes.tolist() == [3, 3, 1, 0, 3, 3]
    pairs = np.array([[0, 1], [0, 0], [4, 5], [2, 3]])
    assert jaccard(found, pairs[:, 0], pairs[:, 1]).tolist() == [0.5, 1, 0.5, 0]


def test_chinese_near_duplicates_are_found() -> None:
    texts = [
        "北京大学的学生今天在图书馆看书和写作业",
        "北京大学的学生今天在图书馆看书和写文章",
        "上海的天气很好",
    ]
    found = group_duplicates(texts, threshold=0.6)
    assert found.group[0] == found.group[1] != found.group[2]


@pytest.mark.parametrize(
    ("texts", "groups"),
    [([], 0), ([""], 1), (["", " ", "..."], 2), (["one"], 1), (["same"] * 10_000, 1), (["狗"] * 5, 1)],
)
def test_odd_inputs(texts: list[str], groups: int) -> None:
    found = group_duplicates(texts)
    assert found.kept.sum() == groups == len(found.sizes)


def test_ten_thousand_near_copies_are_one_group() -> None:
    base = " ".join(WORDS * 4)
    found = group_duplicates([f"{base} number {number}" for number in range(10_000)], threshold=0.8)
    assert len(found.sizes) == 1


def test_semantic_duplicates_are_near_in_vectors_only() -> None:
    vectors = np.array([[1, 0, 0], [0.99, 0.1, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    texts = ["a first text here", "something quite different", "third", "fourth"]
    found = group_duplicates(texts, vectors=vectors, cosine=0.95)
    assert partition(found.group) == {frozenset({0, 1}), frozenset({2}), frozenset({3})}
    assert found.kind.tolist() == [2, 0, 0, 0]
    assert found.similarity[0] == pytest.approx(0.99 / np.hypot(0.99, 0.1), abs=1e-5)


def test_pairs_above_equal_brute_force() -> None:
    points = np.random.default_rng(0).normal(size=(700, 8)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    found = {
        (int(a), int(b))
        for one, other, _ in pairs_above(points, 0.9)
        for a, b in zip(one, other, strict=True)
    }
    cosines = points @ points.T
    assert found == {(i, j) for i, j in zip(*np.nonzero(cosines >= 0.9), strict=True) if j < i}


@pytest.mark.slow
def test_pairs_of_more_vectors_than_are_compared_one_by_one_are_found() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(EXACT + 1000, 16)).astype(np.float32)
    chosen = random.choice(EXACT, 500, replace=False)
    points[EXACT : EXACT + 500] = points[chosen] + 0.02 * random.normal(size=(500, 16))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    blocks = pairs_above(points, 0.99)
    found = {pair for one, other, _ in blocks for pair in zip(one.tolist(), other.tolist(), strict=True)}
    planted = {(EXACT + number, int(at)) for number, at in enumerate(chosen)}
    close = {(one, other) for one, other in planted if points[one] @ points[other] >= 0.99}
    assert len(close & found) >= 0.99 * len(close)
    assert all(points[one] @ points[other] >= 0.99 - 1e-5 for one, other in list(found)[:1000])


def test_the_command_writes_groups_and_the_corpus_without_duplicates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, out, kept = tmp_path / "in.jsonl", tmp_path / "groups.csv", tmp_path / "kept.jsonl"
    texts = [*near_copies(60), "北京大学", "北京大学"]
    lines = [json.dumps({"id": f"d{n}", "title": f"T{n}", "text": text}) for n, text in enumerate(texts)]
    corpus.write_text("\n".join(lines), encoding="utf-8")
    assert main(["duplicates", str(corpus), "--out", str(out), "--drop", str(kept)]) == 0
    shown = capsys.readouterr().out
    assert all(len(line) <= 100 for line in shown.splitlines())
    left = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    found = group_duplicates(texts)
    assert [record["id"] for record in left] == [f"d{n}" for n in np.flatnonzero(found.kept)]
    rows = out.read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + int((found.sizes[found.group] > 1).sum())


@pytest.mark.slow
def test_training_leaves_duplicates_out(tmp_path: Path) -> None:
    documents = [[f"{text}.", f"One more sentence {n}."] for n, text in enumerate(near_copies(30, seed=3))]
    with pytest.warns(ReadWarning, match=r"\d+ of 35 documents"):
        trained = sentrep.train(
            "quick-thought", corpus=[*documents, *documents[:5]],
            out=tmp_path / "run", cache=tmp_path / "cache", deduplicate=True, steps=2, width=16,
            segment_length=2, batch_size=16,
        )  # fmt: skip
    assert len(trained.store.documents) - 1 <= 30


def test_the_verb_in_python() -> None:
    found = sentrep.duplicates(["One text here.", "One text here.", "Another thing."])
    assert found.dropped == ["2"]
    assert [[member.id for member in group.members] for group in found.groups] == [["1", "2"]]


def test_settings_out_of_range_name_the_setting() -> None:
    with pytest.raises(InputError) as error:
        sentrep.duplicates(["a b"], threshold=1.5)
    assert error.value.setting == "threshold"
