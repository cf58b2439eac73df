"""Contexts of a corpus that streams by, against each document by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sentrep import api
from sentrep.data.batch import SentenceBatch
from sentrep.encoders.config import EncoderConfig
from sentrep.inference.contexts import Contexts
from sentrep.methods.cpc.config import CPCConfig
from sentrep.training.config import TrainingConfig
from sentrep.training.job import Trained
from tests import toy
from tests.errors import refuses

REACH = 3


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contexts")
    toy.write_corpus(folder / "toy.jsonl", count=60)
    return folder


def train(place: Path, method: str) -> Trained:
    training = TrainingConfig(
        steps=3, batch_size=64, segment_length=REACH, tracker="none", device="cpu", validation=0.2
    )
    settings = CPCConfig(context_width=24, horizons=2) if method == "cpc" else None
    encoder = EncoderConfig("bag", width=32)
    return api.train(
        method,
        corpus=place / "toy.jsonl",
        out=place / method,
        encoder=encoder,
        settings=settings,
        training=training,
        cache=place,
    )


@pytest.fixture(scope="module")
def run(place: Path) -> Path:
    return train(place, "cpc").run.path


def test_each_sentence_with_those_before_it_in_its_document(place: Path, run: Path) -> None:
    embedded = api.embed_corpus(run, place / "toy.jsonl", place / "vectors", context=True)
    found = iter(embedded.array())
    method, tokenizer = api.open_method(run)
    for document in toy.documents(60):
        texts = [" ".join(sentence) + "." for sentence in document]
        for last in range(len(texts)):
            window = texts[max(0, last + 1 - REACH) : last + 1]
            ids, lengths, _ = tokenizer.encode_batch(window)
            offsets, one = torch.tensor([0, *np.cumsum(lengths)]), torch.zeros(len(window), dtype=torch.long)
            batch = SentenceBatch(torch.from_numpy(ids.astype(np.int64)), offsets, one, one)
            with torch.no_grad():
                wanted = method.contexts(method.embed(batch), batch)[-1]  # type: ignore[operator]
            assert np.allclose(next(found), wanted, atol=1e-5)
    assert next(found, None) is None
    assert embedded.width == 24


def test_interrupted_it_goes_on_with_the_same_vectors(
    place: Path, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = api.embed_corpus(run, place / "toy.jsonl", place / "whole", context=True, shard=50)
    encode, left = Contexts.__call__, 2

    def interrupted(self: Contexts, texts: list[str]) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return encode(self, texts)

    monkeypatch.setattr(Contexts, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt, match="100 sentences are kept"):
        api.embed_corpus(run, place / "toy.jsonl", place / "again", context=True, shard=50)
    monkeypatch.setattr(Contexts, "__call__", encode)
    again = api.embed_corpus(run, place / "toy.jsonl", place / "again", context=True, shard=50)
    assert np.array_equal(again.array(), whole.array())


def test_vectors_of_contexts_are_not_taken_for_those_of_sentences(place: Path, run: Path) -> None:
    api.embed_corpus(run, place / "toy.jsonl", place / "mixed", context=True)
    with refuses(setting="overwrite", place="mixed"):
        api.embed_corpus(run, place / "toy.jsonl", place / "mixed")


def test_what_has_no_context_says_so(place: Path, run: Path) -> None:
    other = train(place, "quick-thought").run.path
    with refuses(place="quick-thought"):
        api.embed_corpus(other, place / "toy.jsonl", place / "none", context=True)
    with refuses(setting="context"):
        api.embed_corpus(api.load(run), place / "toy.jsonl", place / "none", context=True)
