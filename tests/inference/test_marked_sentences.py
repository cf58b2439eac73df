"""Sentences of a pretrained tokenizer, which puts special tokens around each: they are part of what a decoder
learns, so generation has to go through them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers.processors import TemplateProcessing

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.inference.code_file import Block
from sentrep.inference.compression import Compressor
from sentrep.inference.generator import SentenceGenerator, generate
from sentrep.inference.runs import RunRecord, TrainedMethod
from sentrep.methods.autoencoder.config import AutoencoderConfig
from sentrep.methods.autoencoder.method import Autoencoder
from sentrep.modules.decoding_config import DecodingConfig
from tests import toy
from tests.errors import refuses

CLS, SEP = toy.WORDS.index("[CLS]"), toy.WORDS.index("[SEP]")
SENTENCES = ["common1 common2", "common3", "common4 common5 common6", "common2 common7 common1"]


@pytest.fixture(scope="module")
def writer() -> SentenceGenerator:
    """An auto-encoder that knows four sentences by heart."""
    inner = toy.tokenizer()
    inner.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)]
    )
    torch.manual_seed(0)
    method = Autoencoder(
        AutoencoderConfig(samples=0, decoder_width=32, decoder_token_width=16, delete=0.0, input_dropout=0.0),
        lambda: build(EncoderConfig("gru", width=32, token_width=16), inner, toy.counts(), 20),
    )
    record = RunRecord(Path("run"), "autoencoder", method.config, 20, 8, 4096, 0, "autoencoder")
    trained = TrainedMethod(method, Tokenizer(inner), record)
    batch, optimizer = trained.batch(SENTENCES), torch.optim.Adam(method.parameters(), 2e-2)
    for _ in range(200):
        optimizer.zero_grad()
        method(batch, "train").loss.backward()
        optimizer.step()
    return SentenceGenerator(replace(trained, method=method.eval()))


def test_tokens_that_are_never_generated(writer: SentenceGenerator) -> None:
    tokenizer = writer.trained.tokenizer
    assert tokenizer.special - tokenizer.ungenerated == {CLS, SEP}
    plain = Tokenizer(toy.tokenizer())
    assert plain.ungenerated == plain.special


@pytest.mark.parametrize("strategy", ["greedy", "beam"])
def test_a_known_sentence_comes_back(writer: SentenceGenerator, strategy: str) -> None:
    found = generate(writer, SENTENCES, decoding=DecodingConfig(strategy))  # type: ignore[arg-type]
    assert [each[0].text for each in found] == SENTENCES
    assert all(each[0].log_prob > -1 for each in found)


def test_lengths_do_not_count_the_tokens_around_a_sentence(writer: SentenceGenerator) -> None:
    longer = generate(writer, SENTENCES, decoding=DecodingConfig("greedy", min_length=5, max_length=5))
    assert [len(each[0].tokens) for each in longer] == [7] * 4
    shorter = generate(writer, SENTENCES[2:3], decoding=DecodingConfig("greedy", max_length=3))
    assert shorter[0][0].text == SENTENCES[2]


def test_lossy_codes_come_back_as_sentences(
    writer: SentenceGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, vectors = writer.trained.method, writer.vectors(SENTENCES)
    assert isinstance(method, Autoencoder)
    monkeypatch.setattr(  # a code is the number of a sentence
        method,
        "packed_generator",
        lambda packed: method.generator("itself", vectors[packed[:, 0].long()]),
        raising=False,
    )
    assert Compressor(writer.trained).generated(Block(3, 0, bytes([2, 0, 3]))) == [
        SENTENCES[place] for place in (2, 0, 3)
    ]


@pytest.mark.parametrize("empty", ["", "  "])
def test_the_tokens_around_a_sentence_do_not_make_it_one(writer: Writer, empty: str) -> None:
    with refuses(setting="sentences"):
        generate(writer, [SENTENCES[0], empty])
