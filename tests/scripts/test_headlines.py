"""The recorded runs of seq2seq2seq: no article that is read has its title among people's sentences, and each
row is one command."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sentrep import api
from sentrep.data.config import CorpusConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
from sentrep.training.config import TrainingConfig
from tests.paths import SCRIPTS


def packed(file: Path, records: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(
        gzip.compress("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode())
    )


@pytest.fixture
def headlines(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("headlines")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    pairs = [
        {"id": str(number), "article": f"article {number}", "summary": f"title {number}"}
        for number in range(8)
    ]
    packed(tmp_path / "summ-reuters-headline" / "train.jsonl.gz", pairs)
    bodies = [
        "\n\n".join(["first", "second", f"story {number} " + "word " * 20, "short"]) for number in range(7)
    ]
    packed(
        tmp_path / "corpus-reuters" / "train.jsonl.gz",
        [{"id": f"reuters-{number}", "text": text} for number, text in enumerate(bodies)],
    )
    stories = [{"title": f"news {number}", "text": f"first {number}\n\nsecond"} for number in range(2)]
    packed(tmp_path / "corpus-bbc" / "all.jsonl.gz", stories)
    packed(tmp_path / "summ-zh-csl-title" / "dev.jsonl.gz", pairs)
    return tmp_path


def read(file: Path, field: str) -> list[str]:
    return [json.loads(line)[field] for line in file.read_text().splitlines()]


def test_titles_are_of_other_articles(headlines: ModuleType, data: Path, tmp_path: Path) -> None:
    for material, digit in (("reuters", "{}"), ("csl", "{}"), ("gigaword", "#")):
        place = tmp_path / material
        headlines.write(place, list(headlines.MATERIALS[material].read(data)))
        told = [f"article {digit.format(number)}" for number in (1, 3, 5, 7)]
        read_on = [f"story {digit.format(number)} " + "word " * 20 for number in (1, 3, 5)]
        texts = read(place / "articles.jsonl", "text")
        assert [text for text in texts if text.startswith("article")] == told
        assert [text.split() for text in texts if text.startswith("story")] == [
            text.split() for text in read_on if material != "csl"
        ]
        assert (place / "titles.txt").read_text().splitlines()[:4] == [
            f"title {digit.format(number)}" for number in (0, 2, 4, 6)
        ]
        assert read(place / "pairs.jsonl", "article")[:4] == [
            f"article {digit.format(number)}" for number in (0, 2, 4, 6)
        ]
    assert read(tmp_path / "gigaword" / "articles.jsonl", "text")[7:] == ["first #"]
    assert (tmp_path / "gigaword" / "titles.txt").read_text().splitlines()[4:] == ["news #"]


@pytest.mark.slow
@pytest.mark.parametrize("material", ["reuters", "csl"])
def test_every_row_starts_from_its_seeds_pre_training(
    headlines: ModuleType, data: Path, tmp_path: Path, material: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, ...]] = []
    measured: set[str] = set()
    monkeypatch.setattr(headlines, "sentrep", lambda *words: said.append(words))
    monkeypatch.setattr(headlines, "deletion", lambda run: f"deletion of {run.name}")
    monkeypatch.setattr(headlines, "measure", lambda model, *_: measured.add(model))
    rows = ["all", "pairs-100"]
    arguments = [
        "--data",
        str(data),
        "--out",
        str(tmp_path / "out"),
        "--material",
        material,
        "--seeds",
        "0",
        "1",
        "--rows",
        *rows,
    ]
    monkeypatch.setattr(sys, "argv", ["headlines", *arguments])
    headlines.main()
    trained = [words for words in said if words[0] == "train"]
    place = tmp_path / "out" / material
    assert [Path(words[words.index("--out") + 1]).name for words in trained] == [
        f"{row}-{seed}" for seed in (0, 1) for row in ("teach", "all", "hidden", "pairs-100")
    ]
    for words in trained:
        seed, row = words[words.index("--seed") + 1], Path(words[words.index("--out") + 1]).name
        if not row.startswith(("teach", "hidden")):
            start = "hidden" if "--pairs" in words else "teach"
            assert words[words.index("--start") + 1] == str(place / f"{start}-{seed}")
        assert ("--pairs" in words) == row.startswith("pairs-100")
    assert {str(place / f"{row}-{seed}") for row in rows for seed in (0, 1)} < measured
    assert {f"deletion of teach-{seed}" for seed in (0, 1)} < measured


def test_deletion_keeps_words_of_the_article_in_their_order(headlines: ModuleType, tmp_path: Path) -> None:
    articles, titles, run = tmp_path / "articles.txt", tmp_path / "titles.txt", tmp_path / "run"
    texts = [f"on day {number} the bank said shares of firm {number} rose in trading" for number in range(40)]
    articles.write_text("\n".join(texts) + "\n")
    titles.write_text("\n".join(f"firm {number} shares rose" for number in range(40)) + "\n")
    settings = Seq2Seq2SeqConfig(
        summaries=str(titles),
        max_summary_tokens=5,
        max_article_tokens=20,
        generator_width=8,
        generator_token_width=8,
        pretrain_share=1.0,
    )
    api.train(
        "seq2seq2seq",
        corpus=CorpusConfig((str(articles),), split="lines"),
        out=run,
        encoder=EncoderConfig("bag", width=16),
        tokenizer="word",
        settings=settings,
        training=TrainingConfig(steps=4, batch_size=8, validation=0.0, keep_out=0.0, tracker="none"),
        cache=tmp_path / "cache",
    )
    written = headlines.deletion(run).implementation.summarize(texts)
    for text, headline in zip(texts, written, strict=True):
        left = iter(text.split())
        assert all(word in left for word in headline.split()), headline
        assert len(headline.split()) == 4  # four fifths of the five tokens that there may be
        assert {"shares", "rose"} < set(headline.split())  # as headlines have them, and not "said"
