"""The fast path against the models' own forward, computed by sentence-transformers."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from torch import nn

from sentrep.data.truncation import Truncation
from sentrep.encoders.bag import Bag
from sentrep.encoders.batching import encode
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.encoders.fast import memory
from sentrep.encoders.fast.attention import relative_buckets
from sentrep.encoders.fast.description import UnsupportedError
from sentrep.encoders.fast.encoder import FastEncoder
from sentrep.encoders.fast.folder import open_fast
from sentrep.encoders.fast.linear import ACTIVATIONS, PackedLinear
from sentrep.encoders.fast.memory import describe, fast_form
from sentrep.encoders.serialization import content_hash, save
from sentrep.utils.errors import InputError
from tests import toy
from tests.encoders.fast.models import FAMILIES, TEXTS, WIDTH, heads, made, tokenizer

POOLINGS = ["mean", "cls", "max", "lasttoken", "weightedmean", "mean_sqrt_len_tokens", ("cls", "mean")]


def fast(encoder: SentenceTransformer, precision: str = "fp32") -> FastEncoder:
    return FastEncoder(describe(encoder), precision)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_gives_the_vectors_of_its_own_forward(family: str, tmp_path: Path) -> None:
    encoder = made(tmp_path, family, behind=heads(WIDTH))
    expected = encoder.encode(TEXTS)
    truncation = Truncation()
    for one in (fast(encoder), open_fast(tmp_path / "model", "fp32")):
        assert np.abs(one.encode(TEXTS, truncation=truncation) - expected).max() < 1e-5
        assert np.abs(one.encode(TEXTS, token_budget=30) - expected).max() < 1e-5
        assert np.abs(one.encode(TEXTS[::-1])[::-1] - expected).max() < 1e-5
        assert one.content_hash == content_hash(encoder)
    assert truncation.cut == 2 * 2
    bf16 = fast(encoder, "bf16")
    cosine = (bf16.encode(TEXTS) * expected).sum(1)
    assert cosine.min() > 0.999
    assert bf16.content_hash == content_hash(encoder)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_each_pooling_is_that_of_sentence_transformers(pooling: Any, tmp_path: Path) -> None:
    encoder = made(tmp_path, "bert", pooling=pooling)
    expected = encoder.encode(TEXTS[:12])
    assert np.abs(fast(encoder).encode(TEXTS[:12]) - expected).max() < 1e-5
    assert np.abs(open_fast(tmp_path / "model", "fp32").encode(TEXTS[:12]) - expected).max() < 1e-5


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_each_activation_is_that_of_transformers(activation: str, tmp_path: Path) -> None:
    encoder = made(tmp_path, "bert", hidden_act=activation, num_hidden_layers=1)
    assert np.abs(fast(encoder).encode(TEXTS[:12]) - encoder.encode(TEXTS[:12])).max() < 1e-5


def test_without_packing_the_products_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    weight, bias, rows, other = torch.randn(6, 4), torch.randn(6), torch.randn(5, 4), torch.randn(5, 6)
    packed = [PackedLinear(weight, bias, torch.float32, name) for name in ("", *ACTIVATIONS)]
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    plain = [PackedLinear(weight, bias, torch.float32, name) for name in ("", *ACTIVATIONS)]
    for one, two in zip(packed, plain, strict=True):
        assert (one.packed, two.packed) == (True, False)
        assert torch.allclose(one(rows), two(rows), atol=1e-5)
    assert torch.allclose(packed[0].plus(rows, other), plain[0].plus(rows, other), atol=1e-5)


def test_relative_positions_are_those_of_mpnet() -> None:
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    place = torch.arange(300)
    expected = MPNetEncoder.relative_position_bucket(place - place.unsqueeze(1))
    assert relative_buckets(300).equal(expected)


@pytest.mark.parametrize("kind", ["bag", "transformer"])
def test_encoders_of_this_package(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    options = {"layers": 2} if kind == "transformer" else {"layers": 1, "saturation": 0.5}
    encoder = build(EncoderConfig(kind, width=64, **options), toy.tokenizer(), toy.counts(), 12).eval()
    texts = ["common1 common2", "", "common3 " * 30, "common4"]
    save(encoder, tmp_path / "model")
    opened = open_fast(tmp_path / "model", "fp32")
    vectors = opened.encode(texts)
    stock = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    assert np.abs(vectors[[0, 2, 3]] - stock.encode(texts)[[0, 2, 3]]).max() < 1e-5
    assert np.abs(vectors - encode(encoder, texts)).max() < 1e-5
    assert opened.content_hash == content_hash(stock)
    assert not vectors[1].any()


TABLE = torch.randn(14, 8, generator=torch.Generator().manual_seed(0)) / 4


@settings(max_examples=30)
@given(st.lists(st.text() | st.sampled_from(TEXTS), max_size=5))
def test_a_bag_is_the_mean_of_its_rows_on_any_text(texts: list[str]) -> None:
    encoder = SentenceTransformer(
        modules=[StaticEmbedding(tokenizer(), embedding_weights=TABLE)], device="cpu"
    )
    vectors = fast(encoder).encode(texts)
    assert vectors.shape == (len(texts), 8)
    assert vectors.dtype == np.float32
    for text, vector in zip(texts, vectors, strict=True):
        ids = encoder[0].tokenizer.encode(text, add_special_tokens=False).ids
        mean = TABLE[ids].double().mean(0).numpy() if ids else np.zeros(8)
        assert np.abs(vector - mean).max() < 1e-5


def test_many_texts_keep_their_order() -> None:
    encoder = SentenceTransformer(
        modules=[StaticEmbedding(tokenizer(), embedding_weights=TABLE)], device="cpu"
    )
    texts = [" ".join("a" * (1 + number % 7) + "b" * (number % 3)) for number in range(9000)]
    together = fast(encoder).encode(texts, show_progress=True)
    assert np.abs(together[::500] - fast(encoder).encode(texts[::500])).max() < 1e-6


def test_changed_weights_are_seen(tmp_path: Path) -> None:
    encoder = made(tmp_path, "bert", behind=(Dense(WIDTH, 8), Normalize()))
    before = encode(encoder, TEXTS[:4])
    assert fast_form(encoder) is fast_form(encoder)
    encoder[0].auto_model.encoder.layer[1].output.dense.weight.data[3, 5] += 0.5
    assert not np.array_equal(encode(encoder, TEXTS[:4]), before)
    encoder[2].linear.weight = nn.Parameter(encoder[2].linear.weight * 1.5)
    assert np.abs(encode(encoder, TEXTS[:4]) - encoder.encode(TEXTS[:4])).max() < 1e-5
    encoder.max_seq_length = 4
    assert np.abs(encode(encoder, TEXTS[:4]) - encoder.encode(TEXTS[:4])).max() < 1e-5
    encoder.prompts, encoder.default_prompt_name = {"query": "fox "}, "query"
    assert np.abs(encode(encoder, TEXTS[:4]) - encoder.encode(TEXTS[:4])).max() < 1e-5


def test_the_hash_of_a_bag_sees_a_single_row(tmp_path: Path) -> None:
    encoder = SentenceTransformer(
        modules=[StaticEmbedding(tokenizer(), embedding_weights=TABLE)], device="cpu"
    )
    save(encoder, tmp_path / "model")
    before = content_hash(encoder)
    assert open_fast(tmp_path / "model").content_hash == before
    encoder[0].embedding.weight.data[5, 1] += 1e-6
    assert content_hash(encoder) != before


@pytest.mark.parametrize(
    ("file", "name", "value"),
    [
        ("config.json", "model_type", "electra"),
        ("config.json", "hidden_act", "quick_gelu"),
        ("config.json", "is_decoder", True),
        ("tokenizer_config.json", "tokenizer_class", "BertTokenizer"),
        ("tokenizer_config.json", "tokenizer_class", "XLMRobertaTokenizer"),
        ("tokenizer_config.json", "truncation_side", "left"),
        ("sentence_bert_config.json", "do_lower_case", True),
        ("config_sentence_transformers.json", "model_type", "SparseEncoder"),
    ],
)
def test_what_is_not_known_is_not_computed(file: str, name: str, value: Any, tmp_path: Path) -> None:
    made(tmp_path, "bert", num_hidden_layers=1)
    path = tmp_path / "model" / file
    content = json.loads(path.read_text()) | {name: value}
    if value == "BertTokenizer":
        content["do_lower_case"] = False
    path.write_text(json.dumps(content))
    with pytest.raises(UnsupportedError):
        open_fast(tmp_path / "model")


def test_other_tensors_and_modules_are_not_computed(tmp_path: Path) -> None:
    encoder = made(tmp_path, "bert", num_hidden_layers=1)
    encoder[0].auto_model.register_parameter("adapter", nn.Parameter(torch.ones(2)))
    with pytest.raises(UnsupportedError):
        describe_and_pack(encoder)
    gru = build(EncoderConfig("gru", width=8, token_width=8), toy.tokenizer(), toy.counts(), 12)
    with pytest.raises(UnsupportedError):
        describe(gru)


def describe_and_pack(encoder: SentenceTransformer) -> FastEncoder:
    return FastEncoder(describe(encoder), "fp32")


def test_falling_back_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_announced", set())
    encoder = made(tmp_path, "bert", num_hidden_layers=1, hidden_act="silu")
    with pytest.warns(UserWarning, match="silu"):
        first = encode(encoder, TEXTS[:4], precision="auto")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(encode(encoder, TEXTS[:4], precision="auto"), first)
        assert np.abs(encode(encoder, TEXTS[:4]) - encoder.encode(TEXTS[:4])).max() < 1e-5


def test_a_precision_that_does_not_exist() -> None:
    encoder = SentenceTransformer(modules=[Bag(tokenizer(), TABLE, torch.ones(14))], device="cpu")
    with pytest.raises(InputError) as error:
        encode(encoder, ["a"], precision="int4")
    assert error.value.setting == "precision"


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    made(tmp_path, "bert", num_hidden_layers=1)
    (tmp_path / "model" / "model.safetensors").write_bytes(b"\x00" * 40)
    with pytest.raises(InputError):
        open_fast(tmp_path / "model")
