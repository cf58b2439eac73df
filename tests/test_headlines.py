"""The recorded runs of seq2seq2seq: no article that is read has its title among people's sentences, and each row is one command."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


def packed(file: Path, records: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()))


@pytest.fixture
def headlines(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "scripts")
    return importlib.import_module("headlines")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    pairs = [{"id": str(number), "article": f"article {number}", "summary": f"title {number}"} for number in range(8)]
    packed(tmp_path / "summ-reuters-headline" / "train.jsonl.gz", pairs)
    packed(tmp_path / "summ-zh-csl-title" / "dev.jsonl.gz", pairs)
    return tmp_path


def read(file: Path, field: str) -> list[str]:
    return [json.loads(line)[field] for line in file.read_text().splitlines()]


def test_titles_are_of_other_articles(headlines: ModuleType, data: Path, tmp_path: Path) -> None:
    headlines.texts(data / headlines.ENGLISH_PAIRS, tmp_path / "out")
    assert read(tmp_path / "out" / "articles.jsonl", "text") == [f"article {number}" for number in (1, 3, 5, 7)]
    assert (tmp_path / "out" / "titles.txt").read_text().splitlines() == [f"title {number}" for number in (0, 2, 4, 6)]
    assert read(tmp_path / "out" / "pairs.jsonl", "article") == [f"article {number}" for number in (0, 2, 4, 6)]


@pytest.mark.parametrize("language", ["english", "chinese"])
def test_every_row_starts_from_its_seeds_pre_training(
    headlines: ModuleType, data: Path, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, ...]] = []
    monkeypatch.setattr(headlines, "sentrep", lambda *words: said.append(words))
    rows = ["both", "pairs-100"]
    arguments = ["--data", str(data), "--out", str(tmp_path / "out"), "--language", language, "--seeds", "0", "1", "--rows", *rows]
    monkeypatch.setattr(sys, "argv", ["headlines", *arguments])
    headlines.main()
    trained = [words for words in said if words[0] == "train"]
    place = tmp_path / "out" / language
    assert [Path(words[words.index("--out") + 1]).name for words in trained] == [
        f"{row}-{seed}" for seed in (0, 1) for row in ("teach", *rows)
    ]
    for words in trained:
        seed, row = words[words.index("--seed") + 1], Path(words[words.index("--out") + 1]).name
        if not row.startswith("teach"):
            assert words[words.index("--start") + 1] == str(place / f"teach-{seed}")
        assert ("--pairs" in words) == row.startswith("pairs-100")
    measured = {words[1] for words in said if words[0] == "eval"}
    assert {str(place / f"{row}-{seed}") for row in rows for seed in (0, 1)} < measured
