"""Capsules and attention as pooling, against loops over single tokens."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode, encode_tokens
from sentrep.encoders.capsules import (
    LEAST_VARIANCE,
    AttentionPooling,
    CapsulePooling,
    dynamic_routing,
    em_routing,
    squash,
)
from sentrep.encoders.config import EncoderConfig
from sentrep.utils.errors import InputError
from tests.encoders.test_batching import SENTENCES, made, ragged, text

PARTS, UNIT = 3, 4
LENGTHS = (5, 1, 3)
POOLINGS: tuple[dict[str, Any], ...] = (
    {"pooling": "attention"},
    {"pooling": "capsule"},
    {"pooling": "capsule", "routing": "em"},
)


def votes_and_mask() -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS).unsqueeze(1)
    votes = torch.randn(len(LENGTHS), max(LENGTHS), PARTS, UNIT, dtype=torch.double)
    return votes * mask[:, :, None, None], mask


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_dynamic_routing_against_loops(rounds: int) -> None:
    votes, mask = votes_and_mask()
    found, shares = dynamic_routing(votes, mask, rounds)
    for row, length in enumerate(LENGTHS):
        logits = [[0.0] * PARTS for _ in range(length)]
        for _ in range(rounds):
            coupling = [torch.tensor(each, dtype=torch.double).softmax(0) for each in logits]
            sums = [sum(coupling[t][k] * votes[row, t, k] for t in range(length)) for k in range(PARTS)]
            capsules = [s * s.norm() / (1 + s.norm() ** 2) for s in sums if isinstance(s, Tensor)]
            for t in range(length):
                for k in range(PARTS):
                    logits[t][k] += float(votes[row, t, k] @ capsules[k])
        assert torch.allclose(found[row], torch.stack(capsules) * UNIT**0.5, atol=1e-9)
        assert torch.allclose(shares[row, :length], torch.stack(coupling), atol=1e-9)
        assert not shares[row, length:].any()


@pytest.mark.parametrize("rounds", [1, 3])
def test_em_routing_against_loops(rounds: int) -> None:
    votes, mask = votes_and_mask()
    activation_cost, variance_cost = torch.randn(2, PARTS, dtype=torch.double)
    found, shares = em_routing(votes, mask, rounds, activation_cost, variance_cost)
    for row, length in enumerate(LENGTHS):
        share = [[1 / PARTS] * PARTS for _ in range(length)]
        for number in range(rounds):
            capsules, log_normals = [], [[0.0] * PARTS for _ in range(length)]
            active = []
            for k in range(PARTS):
                mass = sum(share[t][k] for t in range(length))
                mean = [
                    sum(share[t][k] * float(votes[row, t, k, d]) for t in range(length)) / mass
                    for d in range(UNIT)
                ]
                variance = [
                    sum(share[t][k] * (float(votes[row, t, k, d]) - mean[d]) ** 2 for t in range(length))
                    / mass
                    + LEAST_VARIANCE
                    for d in range(UNIT)
                ]
                cost = sum((float(variance_cost[k]) + math.log(math.sqrt(v))) * mass for v in variance)
                heat = 0.01 * (1 - 0.95 ** (number + 1))
                active.append(1 / (1 + math.exp(-heat * (float(activation_cost[k]) - cost))))
                capsules.append([active[k] * each for each in mean])
                for t in range(length):
                    log_normals[t][k] = sum(
                        -0.5 * ((float(votes[row, t, k, d]) - mean[d]) ** 2 / variance[d])
                        - 0.5 * math.log(2 * math.pi * variance[d])
                        for d in range(UNIT)
                    )
            if number < rounds - 1:
                for t in range(length):
                    odds = [active[k] * math.exp(log_normals[t][k]) for k in range(PARTS)]
                    share[t] = [each / sum(odds) for each in odds]
        assert torch.allclose(found[row], torch.tensor(capsules, dtype=torch.double), atol=1e-8)
        assert torch.allclose(shares[row, :length], torch.tensor(share, dtype=torch.double), atol=1e-8)
        assert not shares[row, length:].any()


def test_attention_against_loops() -> None:
    torch.manual_seed(1)
    pooling = AttentionPooling(12, PARTS)
    states, mask = torch.randn(2, 4, 12), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    found = pooling({"token_embeddings": states, "attention_mask": mask})["sentence_embedding"]
    for row, length in enumerate((4, 2)):
        own = states[row, :length]
        for part in range(PARTS):
            shares = (own @ pooling.scores.weight[part]).softmax(0)
            units = slice(part * UNIT, part * UNIT + UNIT)
            expected = sum(shares[t] * (pooling.votes.weight[units] @ own[t]) for t in range(length))
            assert torch.allclose(found[row, units], expected, atol=1e-6)


def test_squashed_vectors_keep_their_direction_and_are_shorter_than_1() -> None:
    vectors = torch.tensor([[0.0, 0.0], [3.0, 4.0], [300.0, 400.0]])
    short = squash(vectors)
    assert short.norm(dim=1).tolist() == pytest.approx([0, 25 / 26, 1], abs=1e-3)
    assert torch.allclose(short[1], vectors[1] / 5 * 25 / 26)


def test_tokens_that_agree_go_to_one_capsule() -> None:
    """Votes for capsule 0 agree, those for capsule 1 cancel each other."""
    votes = torch.zeros(1, 4, 2, 2)
    votes[0, :, 0] = torch.tensor([2.0, 0.0])
    votes[0, :, 1] = torch.tensor([[2.0, 0], [-2, 0], [0, 2], [0, -2]])
    mask = torch.ones(1, 4, dtype=torch.bool)
    zeros = torch.zeros(2)
    for _, shares in (dynamic_routing(votes, mask, 3), em_routing(votes, mask, 3, zeros, zeros)):
        assert (shares[0, :, 0] > 0.8).all()


@pytest.mark.parametrize("options", POOLINGS, ids=str)
@pytest.mark.parametrize("kind", ["gru", "lstm", "conv", "transformer"])
def test_each_encoder_that_pools_takes_them(kind: str, options: dict[str, Any], tmp_path: Path) -> None:
    encoder = made(kind, **options)
    together = encode_tokens(encoder, *ragged(SENTENCES))
    alone = torch.cat([encode_tokens(encoder, *ragged([sentence])) for sentence in SENTENCES])
    assert torch.allclose(together, alone, atol=1e-5)
    assert not together[[1, 5]].any()
    (together * torch.randn_like(together)).sum().backward()
    assert all(weight.grad is not None for weight in encoder.parameters())
    folder.save(encoder, tmp_path / "model")
    assert not folder.is_stock(encoder)
    texts = [text(sentence) for sentence in SENTENCES]
    assert np.allclose(encode(folder.load(tmp_path / "model"), texts), encode(encoder, texts), atol=1e-5)


def test_gradients_of_routing_against_finite_differences() -> None:
    votes, mask = votes_and_mask()
    votes, costs = votes[:2].requires_grad_(), torch.zeros(PARTS, dtype=torch.double)

    def dynamic(inputs: Tensor) -> Tensor:
        return dynamic_routing(inputs, mask[:2], 3)[0]

    def em(inputs: Tensor) -> Tensor:
        return em_routing(inputs, mask[:2], 2, costs, costs)[0]

    assert torch.autograd.gradcheck(dynamic, votes)
    assert torch.autograd.gradcheck(em, votes)


def test_shares_can_be_inspected() -> None:
    pooling = CapsulePooling(12, PARTS)
    features = {"token_embeddings": torch.randn(2, 4, 12), "attention_mask": torch.ones(2, 4)}
    vectors, shares = pooling.routed(features)
    assert torch.allclose(shares.sum(2), torch.ones(2, 4))
    assert torch.equal(vectors, pooling(features)["sentence_embedding"])


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"pooling": "capsule"}, "pooling"),
        ({"encoder": "some/model", "pooling": "attention"}, "pooling"),
        ({"encoder": "gru", "width": 100, "pooling": "capsule"}, "capsules"),
        ({"encoder": "gru", "capsules": 0}, "capsules"),
        ({"encoder": "gru", "routing_rounds": 0}, "routing_rounds"),
    ],
)
def test_pooling_that_cannot_be_built(options: dict[str, Any], setting: str) -> None:
    with pytest.raises(InputError) as refused:
        EncoderConfig(**options)
    assert refused.value.setting == setting
