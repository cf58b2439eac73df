"""Encoders against the slow, obvious versions of themselves: one sentence at a time, nothing padded, nothing
sorted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from torch import Tensor, nn

from sentrep.encoders.bag import frequency_weights
from sentrep.encoders.batching import encode, encode_tokens
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.utils.errors import InputError
from tests import toy

SENTENCES = [[7, 8, 9], [], [10], [11] * 20, [12, 13], [], [14, 15, 16, 17, 18, 7, 7], [30]]
LONGEST = 12
KINDS = ["bag", "gru", "lstm", "conv", "transformer"]


def made(kind: str, **options: Any) -> SentenceTransformer:
    torch.manual_seed(1)
    options = {"width": 64, "token_width": 24} | ({"layers": 2} if kind == "transformer" else {}) | options
    return build(EncoderConfig(kind, **options), toy.tokenizer(), toy.counts(), LONGEST).eval()


def ragged(sentences: list[list[int]]) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([0] + [len(sentence) for sentence in sentences])
    return torch.tensor(
        [token for sentence in sentences for token in sentence], dtype=torch.long
    ), lengths.cumsum(0)


def text(sentence: list[int]) -> str:
    return " ".join(toy.WORDS[token] for token in sentence)


def recurrent_reference(module: Any, sentence: list[int]) -> Tensor:
    """torch's own bidirectional, stacked network with the same weights, on a single sentence."""
    half = module.width // (1 + module.bidirectional)
    kind = nn.GRU if module.cell == "gru" else nn.LSTM
    own = kind(module.token_width, half, module.layers, batch_first=True, bidirectional=module.bidirectional)
    for layer in range(module.layers):
        for directions, suffix in ((module.ahead, ""), (module.back, "_reverse")):
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if len(directions) else ():
                getattr(own, f"{name}_l{layer}{suffix}").data.copy_(getattr(directions[layer], f"{name}_l0"))
    states = own(module.table.weight[sentence].unsqueeze(0))[0][0]
    if module.pooling == "mean":
        return states.mean(0)
    if module.pooling == "max":
        return states.max(0).values
    return torch.cat([states[-1, :half], states[0, half:]])


@pytest.mark.parametrize("pooling", ["mean", "max", "last"])
@pytest.mark.parametrize(
    ("kind", "layers", "bidirectional"),
    [("gru", 1, True), ("gru", 2, True), ("lstm", 2, True), ("gru", 1, False)],
)
def test_recurrent_networks_are_torchs_own_on_single_sentences(
    kind: str, layers: int, bidirectional: bool, pooling: str
) -> None:
    encoder = made(kind, layers=layers, bidirectional=bidirectional, pooling=pooling)
    with torch.no_grad():
        vectors = encode_tokens(encoder, *ragged(SENTENCES), token_budget=24)
        for sentence, vector in zip(SENTENCES, vectors, strict=True):
            if sentence:
                assert torch.allclose(vector, recurrent_reference(encoder[0], sentence[:LONGEST]), atol=1e-6)
            else:
                assert (vector == 0).all()


@pytest.mark.parametrize(("layers", "kernel", "pooling"), [(1, 5, "mean"), (2, 3, "max"), (1, 1, "mean")])
def test_convolutions_are_torchs_own_on_single_sentences(layers: int, kernel: int, pooling: str) -> None:
    encoder = made("conv", layers=layers, kernel=kernel, pooling=pooling)
    with torch.no_grad():
        vectors = encode_tokens(encoder, *ragged(SENTENCES), token_budget=24)
        for sentence, vector in zip(SENTENCES, vectors, strict=True):
            if not sentence:
                assert (vector == 0).all()
                continue
            states = encoder[0].table(torch.tensor(sentence[:LONGEST])).T
            for convolution in encoder[0].convolutions:
                states = F.relu(F.conv1d(states, convolution.weight, convolution.bias, padding="same"))
            assert torch.allclose(vector, states.mean(1) if pooling == "mean" else states.amax(1), atol=1e-5)


def test_recurrent_matrices_start_orthogonal_gate_by_gate() -> None:
    for weight in (made("gru")[0].ahead[0].weight_hh_l0, made("lstm")[0].back[0].weight_hh_l0):
        for gate in weight.split(32):
            assert torch.allclose(gate @ gate.T, torch.eye(32), atol=1e-5)


@pytest.mark.parametrize("layers", [0, 1])
def test_a_bag_is_a_sum_over_its_tokens(layers: int) -> None:
    encoder = made("bag", layers=layers)
    bag = encoder[0]
    torch.nn.init.uniform_(bag.token_weight, 0.1, 2.0)
    with torch.no_grad():
        vectors = encode_tokens(encoder, *ragged(SENTENCES))
        for sentence, vector in zip(SENTENCES, vectors, strict=True):
            total = torch.zeros(64)
            for token in sentence:
                total += bag.token_weight[token] * bag.embedding.weight[token] / len(sentence)
            for module in list(encoder)[1:]:
                total = module({"sentence_embedding": total.unsqueeze(0)})["sentence_embedding"][0]
            assert torch.allclose(vector, total, atol=1e-6)
    assert [type(module) for module in encoder] == [type(bag), *[Dense] * layers, Normalize]


def test_a_bag_starts_from_frequency_weights() -> None:
    counts = toy.counts()
    share = counts / counts.sum()
    weights, special = made("bag")[0].token_weight.detach()[:, 0], len(toy.SPECIAL)
    assert np.allclose(weights[special:], (1e-3 / (1e-3 + share))[special:], atol=1e-6)
    unweighted = made("bag", frequency=0.0)[0].token_weight
    assert (unweighted[special:] == 1).all()
    assert (weights[:special] == 0).all()
    assert (unweighted[:special] == 0).all()
    assert torch.isfinite(frequency_weights(torch.zeros(3), 1e-3)).all()


def test_a_bag_gives_its_gradient_to_rows_and_weights() -> None:
    """Against autograd through the sum written out."""
    bag = made("bag")[0].train()
    ids, offsets = ragged([[7, 8, 8], [], [9]])
    direction = torch.randn(3, 64)
    (bag({"input_ids": ids, "offsets": offsets[:-1]})["sentence_embedding"] * direction).sum().backward()
    rows, weights = bag.embedding.weight.detach().requires_grad_(), bag.token_weight.detach().requires_grad_()
    naive = [
        sum((weights[t] * rows[t] for t in s), torch.zeros(64)) / max(1, len(s)) for s in [[7, 8, 8], [], [9]]
    ]
    (torch.stack(naive) * direction).sum().backward()
    assert bag.embedding.weight.grad is not None
    assert torch.allclose(bag.embedding.weight.grad.to_dense(), rows.grad, atol=1e-6)
    assert torch.allclose(bag.token_weight.grad, weights.grad, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_neither_budget_nor_order_nor_company_changes_a_vector(kind: str) -> None:
    encoder = made(kind)
    random = np.random.default_rng(0)
    sentences = [random.integers(5, 60, random.integers(0, 15)).tolist() for _ in range(40)]
    with torch.no_grad():
        alone = torch.cat([encode_tokens(encoder, *ragged([sentence])) for sentence in sentences])
        for budget in (1, 7, 30, 100, 10**6):
            assert torch.allclose(
                encode_tokens(encoder, *ragged(sentences), token_budget=budget), alone, atol=1e-5
            ), budget
        order = random.permutation(len(sentences))
        shuffled = encode_tokens(encoder, *ragged([sentences[i] for i in order]), token_budget=50)
        assert torch.allclose(shuffled, alone[torch.from_numpy(order)], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_micro_batches_give_the_gradient_of_the_whole(kind: str) -> None:
    encoder = made(kind)
    gradients = []
    for budget in (16, 10**6):
        encoder.zero_grad()
        vectors = encode_tokens(encoder, *ragged(SENTENCES), token_budget=budget)
        (vectors * torch.linspace(-1, 1, vectors.numel()).reshape(vectors.shape)).sum().backward()
        gradients.append(
            [
                (name, p.grad.to_dense().clone())
                for name, p in encoder.named_parameters()
                if p.grad is not None
            ]
        )
    assert len(gradients[0]) == len(gradients[1]) >= 2
    for (name, few), (_, whole) in zip(*gradients, strict=True):
        assert torch.allclose(few, whole, atol=1e-5), name


@pytest.mark.parametrize("kind", ["gru", "lstm", "conv", "transformer"])
def test_a_sentence_is_cut_where_positions_end(kind: str) -> None:
    encoder, long = made(kind), [7, 8, 9, 10] * 6
    with torch.no_grad():
        vectors = encode_tokens(encoder, *ragged([long, long[:LONGEST], long[: LONGEST - 1]]))
    assert torch.allclose(vectors[0], vectors[1], atol=1e-6)
    assert not torch.allclose(vectors[0], vectors[2], atol=1e-4)
    by_text = encode(encoder, [text(long)])
    assert np.allclose(by_text[0], vectors[0], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_empty_sentences_and_nothing_at_all(kind: str) -> None:
    encoder = made(kind)
    with torch.no_grad():
        vectors = encode_tokens(encoder, *ragged([[], []]))
        assert vectors.shape == (2, 64)
        assert torch.isfinite(vectors).all()
        assert encode_tokens(encoder, *ragged([])).shape == (0, 64)
    assert encode(encoder, []).shape == (0, 64)
    assert encode(encoder, ["", " "]).shape == (2, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_encoding_texts_is_what_sentence_transformers_does(kind: str) -> None:
    encoder = made(kind)
    texts = [text(sentence) for sentence in SENTENCES if sentence] + ["unheard of", "common1"]
    ours = encode(encoder, texts, token_budget=40)
    assert ours.dtype == np.float32
    unit = nn.functional.normalize(torch.from_numpy(ours), dim=1)
    theirs = nn.functional.normalize(torch.from_numpy(stock_encode(encoder, texts)), dim=1)
    assert torch.allclose(unit, theirs, atol=1e-5)


def stock_encode(encoder: SentenceTransformer, texts: list[str]) -> np.ndarray:
    vectors: np.ndarray = encoder.encode(texts, show_progress_bar=False)
    return vectors


def test_more_texts_than_one_batch_keep_their_order() -> None:
    encoder = made("bag")
    texts = [f"common{i % 60} topic{i % 12}word{i % 40}" for i in range(8192 + 50)]
    vectors = encode(encoder, texts)
    for i in (0, 8191, 8192, 8241):
        assert np.allclose(vectors[i], encode(encoder, [texts[i]])[0], atol=1e-6)


def test_a_single_string_is_refused() -> None:
    with pytest.raises((TypeError, InputError), match="list"):
        encode(made("bag"), "a string")


def test_a_stock_static_model_goes_through_the_same_door() -> None:
    stock = SentenceTransformer(modules=[StaticEmbedding(toy.tokenizer(), embedding_dim=8)])
    ids, offsets = ragged([[7, 8], [], [9]])
    with torch.no_grad():
        vectors = encode_tokens(stock, ids, offsets)
    rows = stock[0].embedding.weight.detach()
    assert torch.allclose(vectors, torch.stack([(rows[7] + rows[8]) / 2, torch.zeros(8), rows[9]]), atol=1e-6)
