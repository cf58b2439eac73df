"""What is invisible or unknown says nothing: the small inputs of the shared cases, in trained tokenizers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build

TEXTS = [
    "The government announced economic news.",
    "Shares fell sharply in London.",
    "A cat slept on the mat.",
    "The minister resigned on Monday.",
    "می‌خواهم کتاب بخوانم",
    "किताब और कुतुब",
] * 20
KINDS = ("bpe", "unigram", "word", "spaces")


@pytest.fixture(scope="module", params=KINDS)
def models(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[SentenceTransformer]:
    """A bag in memory, and the same in plain sentence-transformers."""
    tokenizer = Tokenizer.train(TEXTS, TokenizerConfig(request.param, vocab=400))
    torch.manual_seed(0)
    counts = np.bincount(tokenizer.encode_batch(TEXTS).ids, minlength=tokenizer.vocab_size)
    bag = build(EncoderConfig("bag", width=64), tokenizer.inner, counts, 128)
    path = tmp_path_factory.mktemp(request.param) / "model"
    folder.save(bag, Path(path))
    return [folder.load(path), SentenceTransformer(str(path), device="cpu")]


def vectors(model: SentenceTransformer, texts: list[str]) -> np.ndarray:
    return encode(model, texts)


def plain(model: SentenceTransformer, texts: list[str]) -> np.ndarray:
    return np.asarray(model.encode(texts, show_progress_bar=False))


SAME = [
    ("The govern\u00adment announced eco\u00adnomic news.", "The government announced economic news."),
    (
        "\ufeffThe government\u200e announced\ufe0f econ\u2060omic news.",
        "The government announced economic news.",
    ),
    ("\u202aShares fell\u202c sharply in Lon\u200ddon.", "Shares fell sharply in London."),
    ("किताब\ufeff और", "किताब और"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_invisible_characters_change_no_vector(
    models: list[SentenceTransformer], one: str, other: str
) -> None:
    for read in (vectors, plain):
        first, second = read(models[read is plain], [one, other])
        assert first @ second == pytest.approx(1, abs=1e-5)


UNKNOWN = ["", "ᚠᚢᚦ", "ѩѭѯ ꙮꙮ", "🧿🧿", "☃ ᚠ", "\u200b\ufeff"]


@pytest.mark.parametrize("text", UNKNOWN)
def test_a_text_without_known_tokens_has_the_zero_vector(
    models: list[SentenceTransformer], text: str
) -> None:
    assert not vectors(models[0], [text]).any()
    assert not plain(models[1], [text]).any()


def test_unknown_emoji_do_not_outweigh_known_words(models: list[SentenceTransformer]) -> None:
    for read in (vectors, plain):
        bare, decorated = read(models[read is plain], ["Shares fell sharply", "Shares fell sharply 🧿🧿🧿🧿"])
        assert bare @ decorated == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("token", ["[PAD]", "[UNK]", "[CLS]"])
def test_the_name_of_a_special_token_is_text(token: str) -> None:
    for kind in KINDS:
        for lowercase in (True, False):
            made = Tokenizer.train(
                [f"see {token} here"] * 9, TokenizerConfig(kind, vocab=100, lowercase=lowercase)
            )
            special = made.special
            ids = made.encode(token)
            assert ids
            assert not special & set(ids), (kind, lowercase)
            assert made.encode_batch([token]).ids.tolist() == ids


def test_lone_surrogates_are_replaced(models: list[SentenceTransformer]) -> None:
    found = vectors(models[0], ["a cat", "half \ud83d cat", "\udcff"])
    assert np.isfinite(found).all()
