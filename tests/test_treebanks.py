"""The recorded runs on a treebank: what is read, and what each row is given."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

TREES = ["(ROOT (S (NP (DT The) (NN cat)) (VP (VBD did) (RB n't) (VB sit)) (. .)))", "(ROOT (INTJ (UH Oh) (. .)))"]


@pytest.fixture
def treebanks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "scripts")
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


def test_only_rows_that_say_so_are_given_trees(treebanks: ModuleType, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[str, ...]] = []
    monkeypatch.setattr(treebanks, "sentrep", lambda *words: said.append(words))
    monkeypatch.setattr(sys, "argv", ["treebanks", "--data", str(data), "--out", str(data / "out"), "--seeds", "0", "1"])
    treebanks.main()
    trained = {Path(words[-1]).name: words for words in said if words[0] == "train"}
    assert set(trained) == {f"{row}-{seed}" for row in treebanks.ROWS for seed in (0, 1)}
    without = {"urnng", "right", "lm", "pcfg", "pcfg-marks", "compound-pcfg"}
    for name, words in trained.items():
        row = name.rpartition("-")[0]
        assert ("--trees" in words) == (row not in without), name
        assert Path(words[words.index("--corpus") + 1]).name == ("plain.txt" if row in ("pcfg", "compound-pcfg") else "words.txt")
    measured = {(words[1], words[words.index("--split") + 1]) for words in said if words[0] == "eval"}
    assert {(str(data / "out" / name), split) for name in trained for split in ("dev", "test")} < measured
