"""What people wrote, out of files: which sentences count, what is kept aside, and what is said of a file that
will not do."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tokenizers.processors import TemplateProcessing

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.modules.padding import Texts
from sentrep.modules.reference_text import HELD_OUT_EVERY, ReferenceText, read_pairs
from tests import toy
from tests.errors import refuses

VOCAB, CPU = len(toy.WORDS), torch.device("cpu")
CHANCE = random.Random(0)
LINES = [
    " ".join(f"common{CHANCE.randrange(toy.COMMON)}" for _ in range(CHANCE.randrange(1, 8)))
    for _ in range(40)
]
"""Sentences of 1 to 7 tokens."""


def lists(texts: Texts) -> list[list[int]]:
    return [row[mask].tolist() for row, mask in zip(texts.ids, texts.mask, strict=True)]


def ids(text: str) -> list[int]:
    return [toy.WORDS.index(word) for word in text.split()]


def written(
    path: Path | str, field: str = "summary", at_most: int = 5, tokenizer: Tokenizer | None = None
) -> ReferenceText:
    return ReferenceText.read(
        str(path), field, "lines", tokenizer or Tokenizer(toy.tokenizer()), at_most, VOCAB, CPU
    )


def records(path: Path, *made: Mapping[str, object]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in made), encoding="utf-8")
    return path


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "titles.txt"
    path.write_text("\n".join(LINES) + "\n\n" + "common1 common2\n", encoding="utf-8")
    return path


SHORT = [ids(line) for line in LINES if len(line.split()) <= 5] + [ids("common1 common2")]


def test_sentences_that_are_short_enough_are_kept_in_order(text: Path) -> None:
    found = written(text)
    assert 20 < len(SHORT) < len(LINES)
    assert lists(found.texts) == [
        row for place, row in enumerate(SHORT) if place % HELD_OUT_EVERY != HELD_OUT_EVERY - 1
    ]
    assert found.texts.ids.shape[1] == 5


@pytest.mark.parametrize("field", ["summary", "title", "headline"])
def test_each_format_says_the_same(text: Path, tmp_path: Path, field: str) -> None:
    lines = [*LINES, "common1 common2"]
    wanted = lists(written(text).texts)
    given = records(tmp_path / "titles.jsonl", *({field: line, "text": "common7"} for line in lines))
    assert lists(written(given, field).texts) == wanted
    table = tmp_path / "titles.csv"
    table.write_text("\n".join([f"text,{field}", *(f"common7,{line}" for line in lines)]), encoding="utf-8")
    assert lists(written(table, field).texts) == wanted


def test_of_prose_the_short_sentences_count(tmp_path: Path) -> None:
    path = tmp_path / "prose.txt"
    long = "The common1 common2 common3 common4 common5 common6 common7."
    path.write_text(
        " ".join(f"The common{number} common1. {long}" for number in range(1, 25)) + "\n", encoding="utf-8"
    )
    found = ReferenceText.read(str(path), "text", "prose", Tokenizer(toy.tokenizer()), 5, VOCAB, CPU)
    assert all(len(row) <= 5 for row in lists(found.texts))
    assert len(found.texts.ids) >= 15
    with refuses(setting="summaries", place="prose.txt"):  # as a line it is one long sentence
        ReferenceText.read(str(path), "text", "lines", Tokenizer(toy.tokenizer()), 5, VOCAB, CPU)


def test_standard_input_is_a_file_too(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.read_bytes())))
    assert lists(written("-").texts) == lists(written(text).texts)


def test_a_fifth_is_kept_from_training(tmp_path: Path) -> None:
    path = (
        tmp_path / "each.txt"
    )  # one token a sentence, so what a language model has counted says which it saw
    path.write_text("\n".join(f"common{number}" for number in range(60)), encoding="utf-8")
    found = written(path)
    mine, others = (
        set((model.pairs % (VOCAB + 1)).tolist()) - {VOCAB}
        for model in (found.language_model, found.heldout_language_model)
    )
    assert mine == set(found.texts.ids.flatten().tolist())
    assert mine | others == set(range(5, 65))
    assert not mine & others
    assert len(others) == 60 // HELD_OUT_EVERY
    path.write_text("\n".join(f"common{number // 3}" for number in range(60)), encoding="utf-8")
    found = written(path)
    mine, others = (
        set((model.pairs % (VOCAB + 1)).tolist()) - {VOCAB}
        for model in (found.language_model, found.heldout_language_model)
    )
    assert not mine & others  # of a sentence that is there three times, all copies are on one side
    assert len(others) == 20 // HELD_OUT_EVERY


def test_draws_are_of_all_sentences_and_of_their_lengths(text: Path) -> None:
    found = written(text)
    torch.manual_seed(0)
    drawn = lists(found.sample(2000))
    assert len(drawn) == 2000
    assert {tuple(row) for row in drawn} == {tuple(row) for row in lists(found.texts)}
    told = found.texts.lengths.bincount(minlength=6) / len(found.texts.ids)
    assert torch.allclose(found.sample_lengths(4000).bincount(minlength=6) / 4000, told, atol=0.03)
    assert not torch.equal(found.sample_lengths(50), found.sample_lengths(50))


def test_tokens_are_counted(text: Path) -> None:
    found = written(text)
    wanted = [0] * VOCAB
    for row in lists(found.texts):
        for token in row:
            wanted[token] += 1
    assert found.token_counts(VOCAB).tolist() == wanted


def marked() -> Tokenizer:
    """Puts marks around what it reads, as pretrained ones do."""
    made = toy.tokenizer()
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return Tokenizer(made)


def test_marks_around_a_sentence_are_no_part_of_it(text: Path, tmp_path: Path) -> None:
    assert marked().encode("common1") == [2, *ids("common1"), 3]
    assert lists(written(text, tokenizer=marked()).texts) == lists(written(text).texts)
    path = records(tmp_path / "pairs.jsonl", {"article": "common3 common4", "summary": "common3"})
    articles, summaries = read_pairs(str(path), marked(), None, 9, 9, CPU)
    assert lists(articles) == [[2, *ids("common3 common4"), 3]]  # as articles are read in training
    assert lists(summaries) == [ids("common3")]


def test_a_file_with_too_few_says_what_to_do(tmp_path: Path, text: Path) -> None:
    few = tmp_path / "few.txt"
    lines = [f"common{number}" for number in range(9)] * 2 + [
        "common1 common2 common3 common4 common5 common6"
    ] * 3
    few.write_text("\n".join(lines), encoding="utf-8")
    with refuses(setting="summaries", place="few.txt") as raised:
        written(few)
    assert raised.value.setting == "summaries"
    assert (
        len(lists(written(few, at_most=6).texts)) == 21 - 2 - 3
    )  # without the fifth and the tenth, and their copies


def test_a_file_that_cannot_be_read_is_named_with_its_option(tmp_path: Path) -> None:
    with refuses(setting="summaries"):
        written(tmp_path / "nowhere.txt")
    with refuses(setting="summaries", place="titles"):  # and no network is asked for a data set
        written("titles")
    other = records(tmp_path / "other.jsonl", {"headline": "common1"})
    with refuses(setting="summaries"):
        written(other)
    table = tmp_path / "other.csv"
    table.write_text("headline\ncommon1\n", encoding="utf-8")
    with refuses(setting="summaries"):
        written(table)
    with refuses(setting="pairs", place="nowhere.jsonl"):
        read_pairs(str(tmp_path / "nowhere.jsonl"), Tokenizer(toy.tokenizer()), None, 9, 9, CPU)


PAIRS: list[Mapping[str, object]] = [
    {"article": "common1 common2 common3 common4", "summary": "common1 common4 common2"},
    {"article": "common5", "summary": ""},
    {"article": "", "summary": "common5"},
    {"article": "common6"},
    {"summary": "common6"},
    {"article": "common7 common8\ncommon9", "summary": "common9"},
    {"article": ["common10 common11", "common12"], "summary": "common12 common10"},
]


def pairs(
    path: Path, used: int | None = None, longest: int = 9, at_most: int = 9
) -> list[tuple[list[int], list[int]]]:
    articles, summaries = read_pairs(str(path), Tokenizer(toy.tokenizer()), used, longest, at_most, CPU)
    return list(zip(lists(articles), lists(summaries), strict=True))


def test_pairs_are_records_that_have_both(tmp_path: Path) -> None:
    path = records(tmp_path / "pairs.jsonl", *PAIRS)
    wanted = [
        (ids("common1 common2 common3 common4"), ids("common1 common4 common2")),
        (ids("common7 common8 common9"), ids("common9")),
        (ids("common10 common11 common12"), ids("common12 common10")),
    ]
    assert pairs(path) == pairs(path, used=3) == pairs(path, used=99) == wanted
    assert pairs(path, used=2) == wanted[:2]
    assert pairs(path, longest=2, at_most=1) == [(article[:2], summary[:1]) for article, summary in wanted]


def test_a_long_article_stays_one(tmp_path: Path) -> None:
    article = " ".join(["common1 common2"] * 400)  # beyond the 2,000 characters at which a sentence is cut
    path = records(tmp_path / "pairs.jsonl", {"article": article, "summary": "common1"})
    assert pairs(path, longest=1000) == [(ids(article), ids("common1"))]


def test_no_pair_at_all_is_an_error(tmp_path: Path) -> None:
    path = records(tmp_path / "pairs.jsonl", *PAIRS[1:5])
    with refuses(setting="pairs", place="pairs.jsonl"):
        pairs(path)
    with refuses(setting="pairs", place="pairs.jsonl"):
        pairs(records(path, *PAIRS), used=0)
