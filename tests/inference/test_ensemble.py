"""Several parsers agree on a tree: against enumeration, and from runs to the command line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sentrep import api
from sentrep.cli.main import main
from sentrep.data.trees.drawing import bracketed
from sentrep.inference.ensemble import Ensemble, agreed
from tests.inference.test_tree_parser import SENTENCES, train

Spans = list[tuple[int, int]]


def binary(start: int, stop: int) -> list[Spans]:
    """All binary trees over some words, by their spans of two words or more."""
    if stop - start == 1:
        return [[]]
    halves = [
        (left, right)
        for split in range(start + 1, stop)
        for left in binary(start, split)
        for right in binary(split, stop)
    ]
    return [[(start, stop), *left, *right] for left, right in halves]


def test_no_tree_has_more_votes() -> None:
    draw, lengths = random.Random(0), [1, 2, 5, 6, 6, 4, 7]
    trees = [binary(0, length) for length in lengths]
    votes = [[draw.choice(each) for _ in range(3)] for each in trees]

    def shared(tree: Spans, others: list[Spans]) -> int:
        return sum(len(set(tree) & set(other)) for other in others)

    for found, those, every in zip(agreed(votes, lengths), votes, trees, strict=True):
        assert sorted(found) in [sorted(each) for each in every]
        assert shared(found, those) == max(shared(each, those) for each in every)


def test_the_end_of_a_sentence_that_nobody_reads_has_a_tree() -> None:
    ((*spans,),) = agreed([[[(0, 3), (1, 3)], [(0, 2)]]], [5])
    assert {(0, 5), (0, 3), (1, 3)} <= set(spans)
    assert len(spans) == 4


@pytest.mark.slow
def test_the_command_takes_several_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [train(tmp_path / str(seed), seed=seed) for seed in range(3)]
    (tmp_path / "my.txt").write_text("\n".join(SENTENCES) + "\n")
    capsys.readouterr()
    assert main(["parse", *map(str, runs), "--input", str(tmp_path / "my.txt")]) == 0
    ensemble = Ensemble.open(runs)
    assert capsys.readouterr().out.splitlines() == list(map(bracketed, api.parse(ensemble, SENTENCES)))
    alone = [api.parse(run, SENTENCES) for run in runs]
    assert alone[0] != alone[1]
    assert api.parse(Ensemble.open(runs[:1]), SENTENCES) == alone[0]
