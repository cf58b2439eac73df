"""Encodings of positions: hand-worked values, properties, and what they have in common."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor
from transformers.models.jina_embeddings_v3.modeling_jina_embeddings_v3 import apply_rotary_pos_emb

import sentrep
from sentrep.encoders import serialization as folder
from sentrep.encoders.alibi import HIDDEN, slopes
from sentrep.encoders.batching import encode, encode_tokens
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.encoders.fast import memory
from sentrep.utils.errors import InputError
from tests import toy
from tests.encoders.test_batching import LONGEST, SENTENCES, made, ragged, text

KINDS = ("learned", "sinusoidal", "relative", "rotary", "alibi", "none")
FAST = ("learned", "sinusoidal", "relative", "none")
"""Kinds that the fast path computes."""


def transformer(kind: str, **options: Any) -> SentenceTransformer:
    """A small transformer whose weights are large enough for the order to matter."""
    encoder = made("transformer", positions=kind, **options)
    torch.manual_seed(2)
    for name, weight in encoder.named_parameters():
        if weight.ndim == 2 and weight.requires_grad and "norm" not in name.lower():
            torch.nn.init.normal_(weight, std=0.15)
    return encoder


def model(encoder: SentenceTransformer) -> Any:
    first: Any = encoder[0]
    return first.auto_model


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing_and_every_weight_is_trained(kind: str) -> None:
    encoder = transformer(kind)
    together = encode_tokens(encoder, *ragged(SENTENCES))
    alone = torch.cat([encode_tokens(encoder, *ragged([sentence])) for sentence in SENTENCES])
    assert torch.allclose(together, alone, atol=1e-5)
    (together * torch.randn_like(together)).sum().backward()
    for name, weight in encoder.named_parameters():
        assert (weight.grad is not None) == weight.requires_grad, name


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_encoder_has_the_same_vectors(kind: str, tmp_path: Path) -> None:
    encoder, texts = transformer(kind), [text(sentence) for sentence in SENTENCES if sentence]
    folder.save(encoder, tmp_path / "model")
    assert folder.is_stock(encoder) == (kind != "alibi")
    reopened = folder.load(tmp_path / "model")
    if kind != "alibi":
        assert isinstance(SentenceTransformer(str(tmp_path / "model"), device="cpu"), SentenceTransformer)
    expected = encode(encoder, texts)
    assert np.allclose(encode(reopened, texts), expected, atol=1e-5)
    assert np.allclose(reopened.encode(texts, show_progress_bar=False), expected, atol=1e-5)
    assert folder.content_hash(reopened) == folder.content_hash(folder.stock(encoder))


@pytest.mark.parametrize("kind", KINDS)
def test_order_matters_except_without_positions(kind: str) -> None:
    encoder = transformer(kind)
    one, two = encode_tokens(encoder, *ragged([[7, 8, 9, 10], [10, 8, 7, 9]])).detach()
    assert torch.allclose(one, two, atol=1e-5) == (kind == "none")


@pytest.mark.parametrize("kind", KINDS)
def test_all_but_learned_positions_read_beyond_the_length_of_training(kind: str) -> None:
    encoder = transformer(kind)
    encoder.max_seq_length = 3 * LONGEST
    long = [text(list(range(7, 7 + 3 * LONGEST)))]
    if kind == "learned":
        with pytest.raises((RuntimeError, IndexError)):
            encoder.encode(long, show_progress_bar=False)
        return
    assert np.isfinite(encoder.encode(long, show_progress_bar=False)).all()
    cut = encode(encoder, [text(list(range(7, 7 + LONGEST)))])
    assert np.abs(encode(encoder, long) - cut).max() > 1e-4


@pytest.mark.parametrize("kind", ["sinusoidal", "relative", "none"])
def test_rows_that_are_not_learned_stay_also_after_opening_again(kind: str, tmp_path: Path) -> None:
    encoder = transformer(kind)
    folder.save(encoder, tmp_path / "model")
    config = EncoderConfig(str(tmp_path / "model"))
    for each in (encoder, build(config, toy.tokenizer(), toy.counts(), LONGEST)):
        assert not model(each).embeddings.position_embeddings.weight.requires_grad
        assert model(each).embeddings.word_embeddings.weight.requires_grad


def test_sinusoids() -> None:
    rows = model(transformer("sinusoidal")).embeddings.position_embeddings.weight
    width = rows.shape[1]
    for place, pair in ((0, 0), (3, 0), (11, 5), (500, 31)):
        angle = place / 10_000 ** (2 * pair / width)
        assert rows[place, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-5)
        assert rows[place, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


def test_sinusoids_do_not_hide_the_tokens() -> None:
    embeddings = model(made("transformer", positions="sinusoidal")).embeddings
    words, places = (
        part.weight.detach()[7:12] for part in (embeddings.word_embeddings, embeddings.position_embeddings)
    )
    assert 0.5 < words.square().mean() / places.square().mean() < 4
    assert not embeddings.word_embeddings.weight[toy.tokenizer().token_to_id("[PAD]")].any()


def test_relative_positions_are_equal_beyond_the_largest_distance() -> None:
    encoder = transformer("relative")
    assert not model(encoder).embeddings.position_embeddings.weight.any()
    bias = model(encoder).encoder.compute_position_bias(torch.zeros(1, 300, 8))[0]
    table = model(encoder).encoder.relative_attention_bias.weight
    assert torch.equal(bias[:, 5, 5], table[0])
    assert torch.equal(bias[:, 5, 3], table[2])
    assert torch.equal(bias[:, 3, 5], table[16 + 2])
    assert torch.equal(bias[:, 0, 128], bias[:, 0, 299])
    assert torch.equal(bias[:, 128, 0], table[15])
    assert torch.equal(bias[:, 10, 30], bias[:, 100, 120])


def test_mpnet_trains_the_row_of_token_1_where_another_token_pads() -> None:
    encoder = made("transformer", positions="relative")
    assert toy.tokenizer().token_to_id("[PAD]") != 1
    encode_tokens(encoder, *ragged([[1, 7]])).square().sum().backward()
    words = model(encoder).embeddings.word_embeddings.weight
    assert words.grad[1].any()
    assert words[1].any()


def test_rotary_scores_depend_on_the_distance_alone() -> None:
    rotary = model(transformer("rotary")).rotary_emb
    query, key = torch.randn(2, 1, 1, 1, 64)

    def score(first: int, second: int) -> Tensor:
        turned = [
            apply_rotary_pos_emb(each, each, *rotary(each, torch.tensor([[place]])))[0]
            for each, place in ((query, first), (key, second))
        ]
        return (turned[0] * turned[1]).sum()

    assert score(7, 3).item() == pytest.approx(score(104, 100).item(), abs=1e-3)
    assert abs(score(7, 3) - score(3, 7)) > 1e-3
    # The first pair of dimensions, (0, 32), is turned by 1 radian a position, and pair i by 10000^(-2i/64).
    one = torch.zeros(1, 1, 1, 64)
    one[..., 0] = 1
    turned = apply_rotary_pos_emb(one, one, *rotary(one, torch.tensor([[2]])))[0].flatten()
    assert turned[[0, 32]].tolist() == pytest.approx([math.cos(2), math.sin(2)], abs=1e-6)
    assert rotary.inv_freq[5].item() == pytest.approx(10_000 ** (-10 / 64))


def test_rotary_vectors_do_not_change_when_all_positions_move() -> None:
    inner, ids = model(transformer("rotary")), torch.tensor([[7, 8, 9, 10]])
    places = torch.arange(4).unsqueeze(0)
    first = inner(input_ids=ids, position_ids=places).last_hidden_state
    moved = inner(input_ids=ids, position_ids=places + 50).last_hidden_state
    assert torch.allclose(first, moved, atol=1e-4)


def test_the_bias_of_alibi() -> None:
    encoder: Any = made("transformer", positions="alibi", width=128)[0]
    assert slopes(2).tolist() == [1 / 16, 1 / 256]
    bias = encoder.bias(torch.tensor([[True, True, True], [True, True, False]]))
    expected = -torch.tensor([[0.0, 1, 2], [1, 0, 1], [2, 1, 0]])
    assert torch.equal(bias[0, 0], expected / 16)
    assert torch.equal(bias[0, 1], expected / 256)
    assert (bias[1, :, :, 2] == HIDDEN).all()
    assert torch.equal(bias[1, 0, :, :2], expected[:, :2] / 16)


def test_slopes_of_heads_that_are_no_power_of_two_are_interleaved() -> None:
    expected = [2.0 ** -(i + 1) for i in range(8)] + [2 ** -(i + 0.5) for i in range(4)]
    assert slopes(12).tolist() == pytest.approx(expected)
    assert len(slopes(1)) == 1


def test_alibi_against_attention_written_out() -> None:
    encoder: Any = transformer("alibi", width=128, layers=1)[0]
    ids = torch.tensor([7, 8, 9, 10, 11])
    block = encoder.blocks.layer[0]
    rows = encoder.norm(encoder.table(ids))
    attention = block.attention
    query, key, value = (part(rows) for part in (attention.q_lin, attention.k_lin, attention.v_lin))
    mixed = torch.zeros_like(rows)
    for head in range(2):
        own = slice(64 * head, 64 * head + 64)
        for i in range(5):
            scores = torch.stack([query[i, own] @ key[j, own] / 8 for j in range(5)])
            scores = scores - torch.tensor([abs(i - j) for j in range(5)]) * 2.0 ** (-4 * (head + 1))
            mixed[i, own] = scores.softmax(0) @ value[:, own]
    states = block.sa_layer_norm(attention.out_lin(mixed) + rows)
    states = block.output_layer_norm(block.ffn(states) + states)
    features = {"input_ids": ids.unsqueeze(0), "attention_mask": torch.ones(1, 5, dtype=torch.long)}
    assert torch.allclose(encoder(features)["token_embeddings"][0], states, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_fast_path_computes_a_kind_or_says_once_that_it_does_not(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_announced", set())
    encoder = transformer(kind)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        forms = [memory.fast_form(encoder, "auto") for _ in range(2)]
    if kind in FAST:
        assert not caught
        assert forms[0] is not None
        texts = [text(sentence) for sentence in SENTENCES if sentence]
        fast = encode(encoder, texts)
        assert np.allclose(fast, encoder.encode(texts, show_progress_bar=False), atol=1e-5)
    else:
        assert forms == [None, None]
        assert len(caught) == 1


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"encoder": "gru", "positions": "rotary"}, "positions"),
        ({"positions": "none"}, "positions"),
        ({"encoder": "transformer", "width": 63, "positions": "rotary"}, "width"),
    ],
)
def test_positions_that_cannot_be_built(options: dict[str, Any], setting: str) -> None:
    with pytest.raises(InputError) as refused:
        EncoderConfig(**options)
    assert refused.value.setting == setting


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"positions": "rotary"},
        {"positions": "alibi", "pooling": "capsule"},
        {"positions": "none", "pooling": "max"},
    ],
    ids=str,
)
def test_a_run_trains_opens_and_is_trained_further(options: dict[str, Any], tmp_path: Path) -> None:
    sentences = [f"the {word} has a {other} ." for word in toy.WORDS[6:20] for other in toy.WORDS[20:30]]
    shared: dict[str, Any] = {
        "corpus": [sentences[start : start + 10] for start in range(0, len(sentences), 10)],
        "keep_out": 0.0, "validation": 0.0, "steps": 3, "batch_size": 32, "tracker": "none", "device": "cpu",
        "tokenizer": "word", "cache": tmp_path / "cache",
    }  # fmt: skip
    first = sentrep.train(
        out=tmp_path / "first", encoder="transformer", width=64, layers=1, **options, **shared
    )
    vectors = encode(sentrep.load(tmp_path / "first"), sentences[:5])
    assert np.allclose(vectors, encode(first.encoder, sentences[:5]), atol=1e-5)
    del shared["tokenizer"]
    further = sentrep.train(out=tmp_path / "further", encoder=first.model, **shared)
    assert not np.allclose(encode(further.encoder, sentences[:5]), vectors, atol=1e-5)
    assert np.isfinite(encode(further.encoder, sentences[:5])).all()
