"""A fast form is made again when its encoder has changed, however that was done, and only then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from torch import nn

from sentrep.encoders.batching import encode, encode_tokens
from sentrep.encoders.fast import memory
from sentrep.encoders.fast.encoder import FastEncoder
from sentrep.encoders.fast.memory import fast_evaluation, fast_form, fast_form_for_ids
from sentrep.encoders.fast.state import state_of
from sentrep.training.validation import Validation
from tests import toy, toy_run
from tests.encoders.fast.models import TEXTS, WIDTH, made, tokenizer

SOME = TEXTS[1:6]


def layer(encoder: Any) -> Any:
    return encoder[0].auto_model.encoder.layer[1]


def swap_rows(encoder: Any) -> None:
    weight = layer(encoder).intermediate.dense.weight.data
    weight[[0, 7]] = weight[[7, 0]]


def swap_within_a_row(encoder: Any) -> None:
    with torch.no_grad():
        weight = layer(encoder).output.dense.weight
        weight[:, [0, 7]] = weight[:, [7, 0]]


def write_an_embedding(encoder: Any) -> None:
    encoder[0].auto_model.embeddings.word_embeddings.weight.data[5, 2] += 0.5


def write_positions(encoder: Any) -> None:
    encoder[0].auto_model.embeddings.position_embeddings.weight.data[2, 3] += 0.5


def replace_a_module(encoder: Any) -> None:
    encoder[2] = Dense(WIDTH, 6)


def other_activation(encoder: Any) -> None:
    encoder[2].activation_function = nn.ReLU()


def other_pooling(encoder: Any) -> None:
    encoder[1].pooling_mode = ("cls",)


def add_a_token(encoder: Any) -> None:
    encoder[0].tokenizer.backend_tokenizer.add_tokens(["foxs"])
    rows = encoder[0].auto_model.resize_token_embeddings(15)
    rows.weight.data[14] = 1.0


def load_a_state(encoder: Any) -> None:
    encoder.load_state_dict({name: 0.9 * each for name, each in encoder.state_dict().items()})


def cut(encoder: Any) -> None:
    encoder.truncate_dim = 4


CHANGES: list[Callable[[Any], None]] = [
    swap_rows, swap_within_a_row, write_an_embedding, write_positions, replace_a_module, other_activation,
    other_pooling, add_a_token, load_a_state, cut,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_seen(change: Callable[[Any], None], tmp_path: Path) -> None:
    encoder = made(tmp_path, "bert", behind=(Dense(WIDTH, 8), Normalize()))
    before = encode(encoder, SOME)
    assert fast_form(encoder) is not None
    change(encoder)
    expected = encoder.encode(SOME)
    after = encode(encoder, SOME)
    assert np.abs(after - expected).max() < 1e-5
    assert after.shape != before.shape or np.abs(after - before).max() > 1e-4


def test_without_a_change_the_form_is_the_same_one(tmp_path: Path) -> None:
    encoder = made(tmp_path, "bert", behind=(Dense(WIDTH, 8), Normalize()))
    form = fast_form(encoder)
    encoder.encode(SOME)
    encoder.train().eval()
    assert fast_form(encoder) is form
    assert state_of(encoder) == state_of(encoder)


def test_a_table_is_read_where_it_is() -> None:
    table = StaticEmbedding(tokenizer(), embedding_weights=torch.randn(14, 8))
    encoder = SentenceTransformer(modules=[table], device="cpu")
    form = fast_form(encoder)
    assert form is not None
    table.embedding.weight.data[5] = 7.0
    assert fast_form(encoder) is form
    assert (form.encode(["a"]) == 7.0).all()


def test_a_model_without_fast_form_is_examined_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = made(tmp_path, "bert", hidden_act="silu", num_hidden_layers=1)
    examined, describe = [], memory.describe
    monkeypatch.setattr(memory, "describe", lambda *given: (examined.append(1), describe(*given))[1])
    assert [fast_form(encoder) for _ in range(3)] == [None] * 3
    assert len(examined) == 1


def test_an_encoder_is_not_kept_by_its_fast_form(tmp_path: Path) -> None:
    import gc
    import weakref

    encoder = made(tmp_path, "bert", num_hidden_layers=1)
    fast_form(encoder)
    gone = weakref.ref(encoder)
    del encoder
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("bf16", [False, True])
def test_token_ids_are_read_by_the_fast_form_in_evaluation_alone(bf16: bool) -> None:
    encoder = toy_run.make("quick-thought", {}, "transformer").eval().encoder()
    ids, offsets = torch.arange(5, 90), torch.tensor([0, 0, 40, 43, 85])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        own = encode_tokens(encoder, ids, offsets).float()
        with fast_evaluation():
            form = fast_form_for_ids(encoder)
            fast = encode_tokens(encoder, ids, offsets)
    assert form is not None
    assert form.precision == ("bf16" if bf16 else "fp32")
    assert torch.nn.functional.cosine_similarity(fast[1:], own[1:]).min() > (0.999 if bf16 else 1 - 1e-5)
    assert not fast[0].any()
    assert not fast.is_inference()
    with fast_evaluation():
        assert fast_form_for_ids(encoder) is None  # gradients are wanted
        with torch.no_grad():
            assert fast_form_for_ids(encoder.train()) is None


def test_validation_measures_by_the_fast_form(monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    method = toy_run.make("quick-thought", {}, "transformer")
    validation = Validation(toy.batches(seed=1, count=60), 0, 1)
    read, vectors_of_ids = [], FastEncoder.vectors_of_ids

    def counted(self: FastEncoder, *given: Any) -> torch.Tensor:
        read.append(self)
        return vectors_of_ids(self, *given)

    monkeypatch.setattr(FastEncoder, "vectors_of_ids", counted)
    fast, _ = validation.measure(method, nullcontext)
    assert len(read) > 1
    assert len({id(each) for each in read}) == 1
    monkeypatch.setattr("sentrep.training.validation.fast_evaluation", nullcontext)
    own, _ = validation.measure(method, nullcontext)
    assert fast == pytest.approx(own, rel=1e-3, abs=1e-4)
