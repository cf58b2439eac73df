"""The recorded runs on a treebank: what is read, and what each row is given."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from sentrep.data.trees.brackets import read_trees
from tests.inference.test_tree_parser import train
from tests.paths import SCRIPTS

TREES = [
    "(ROOT (S (NP (DT The) (NN cat)) (VP (VBD did) (RB n't) (VB sit)) (. .)))",
    "(ROOT (INTJ (UH Oh) (. .)))",
]


@pytest.fixture
def treebanks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("treebanks")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "trees-ptb-sample").mkdir()
    (tmp_path / "trees-ptb-sample" / "train.trees").write_text("\n".join(TREES) + "\n")
    return tmp_path


def test_words_stand_as_the_treebank_cuts_them(treebanks: ModuleType, data: Path) -> None:
    words, plain = data / "words.txt", data / "plain.txt"
    treebanks.write_texts(data / "trees-ptb-sample" / "train.trees", words, plain)
    assert words.read_text().splitlines() == ["The cat did n't sit .", "Oh ."]
    assert plain.read_text().splitlines() == ["The cat did n't sit"]  # one word has no tree


@pytest.mark.slow
def test_only_rows_that_say_so_are_given_trees(
    treebanks: ModuleType, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, ...]] = []
    asked: list[str] = []
    agreed: dict[str, int] = {}
    monkeypatch.setattr(treebanks, "sentrep", lambda *words: said.append(words))
    monkeypatch.setattr(treebanks, "measure", lambda model, *_: asked.append(Path(model).name))
    monkeypatch.setattr(treebanks, "together", lambda row, runs, *_: agreed.update({row: len(runs)}))
    monkeypatch.setattr(treebanks, "vote", lambda runs, name, *_: Path(f"{len(runs)} of {name}"))
    voted: list[list[str]] = []
    monkeypatch.setattr(treebanks, "ensembled", lambda runs, *_: voted.append([run.name for run in runs]))
    told = [
        "--data",
        str(data),
        "--out",
        str(data / "out"),
        "--seeds",
        "0",
        "1",
        "--vote",
        "pcfg-0",
        "urnng-0",
        "--vote",
        "urnng-1",
    ]
    monkeypatch.setattr(sys, "argv", ["treebanks", *told])
    treebanks.main()
    assert voted == [["pcfg-0", "urnng-0"], ["urnng-1"]]
    trained = {Path(words[-1]).name: words for words in said}
    assert set(trained) == {f"{row}-{seed}" for row in treebanks.ROWS for seed in (0, 1)}
    without = {"urnng", "right", "lm", "pcfg", "pcfg-marks", "compound-pcfg", "compound-marks"}
    for name, words in trained.items():
        row = name.rpartition("-")[0]
        assert ("--trees" in words) == (row not in without), name
        assert Path(words[words.index("--corpus") + 1]).name == (
            "plain.txt" if row in ("pcfg", "compound-pcfg") else "words.txt"
        )
    assert "3 of voted-1" in trained["voted-1"]  # two seeds of pcfg-marks, and urnng-1
    assert set(asked) == {*trained, *treebanks.BASELINES}
    assert agreed == dict.fromkeys(treebanks.ROWS.keys() - {"lm", "right"}, 2)


@pytest.mark.slow
def test_what_seeds_agree_on_is_measured(
    treebanks: ModuleType, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = [train(tmp_path_factory.mktemp("seeds") / str(seed), seed=seed) for seed in range(2)]
    for split in treebanks.SPLITS:
        (data / "trees-ptb-sample" / f"{split}.trees").write_text("\n".join(TREES) + "\n")
    treebanks.together("urnng", runs, data / "trees-ptb-sample", data)
    told = [json.loads(line) for line in (data / "urnng-agreement.jsonl").read_text().splitlines()]
    assert [(each["seeds"], each["split"]) for each in told] == [(2, "dev"), (2, "test")]
    assert all(0 <= each["self_f1"] <= 100 for each in told)
    assert f"vote of {runs[0].name}, {runs[1].name}" in (data / "test.jsonl").read_text()


@pytest.mark.slow
def test_runs_vote_on_the_sentences_that_are_learnt_from(
    treebanks: ModuleType, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    runs = [train(tmp_path_factory.mktemp("voters") / str(seed), seed=seed) for seed in range(2)]
    for split in treebanks.SPLITS:
        (data / "trees-ptb-sample" / f"{split}.trees").write_text("\n".join(TREES) + "\n")
    (data / "words.txt").write_text("The cat did n't sit .\nOh .\n")
    file = treebanks.vote(runs, "voted-0", data / "words.txt", data / "trees-ptb-sample", data)
    assert [" ".join(tree.words) for tree in read_trees(file)] == ["The cat did n't sit .", "Oh ."]
    assert f"vote of {runs[0].name}, {runs[1].name}" in (data / "dev.jsonl").read_text()


def test_a_treebank_without_parts_is_parted(treebanks: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "all.trees").write_text("".join(f"(ROOT (NP (N {number})))\n" for number in range(40)))
    place = treebanks.parted(tmp_path, tmp_path / "parts")
    found = {name: (place / f"{name}.trees").read_text().splitlines() for name in ("train", "dev", "test")}
    assert {name: len(lines) for name, lines in found.items()} == {"train": 34, "dev": 2, "test": 4}
    assert len({line for lines in found.values() for line in lines}) == 40
