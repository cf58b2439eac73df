"""Vectors whose numbers are known."""

from __future__ import annotations

import math

import pytest
import torch

from sentrep.modules.spectrum import SAMPLE, spectrum


def test_a_constant_encoder() -> None:
    found = spectrum(torch.full((300, 32), 0.7))
    assert found["effective_rank"] == pytest.approx(1.0, abs=1e-3)
    assert found["mean_cosine"] == pytest.approx(1.0, abs=1e-4)
    assert found["spread"] == pytest.approx(0.0, abs=1e-4)
    assert found["norm"] == pytest.approx(0.7 * 32**0.5, rel=1e-5)


def test_isotropic_noise() -> None:
    found = spectrum(torch.randn(2000, 32, generator=torch.Generator().manual_seed(0)))
    assert 31 < found["effective_rank"] <= 32
    assert found["mean_cosine"] == pytest.approx(0.0, abs=0.01)
    assert found["spread"] == pytest.approx(1.0, abs=0.02)
    assert found["first_component"] < 0.05


def test_one_direction_in_two_senses() -> None:
    signs = torch.tensor([1.0, -1.0]).repeat(50)
    found = spectrum(signs.unsqueeze(1) * torch.randn(1, 32))
    assert found["effective_rank"] == pytest.approx(1.0, abs=1e-3)
    assert found["first_component"] == pytest.approx(1.0, abs=1e-5)
    assert found["mean_cosine"] == pytest.approx(-1 / 99, abs=1e-5)  # of 99 others, 49 agree and 50 do not


def test_the_effective_rank_is_the_entropy_of_the_singular_values() -> None:
    """Three orthogonal directions, both senses of each, so the mean is zero and the singular values are
    known."""
    basis = torch.eye(8)[:3]
    rows = torch.cat([basis[0].repeat(8, 1), basis[1].repeat(4, 1), basis[2].repeat(2, 1)])
    rows = torch.cat([rows, -rows])
    values = torch.tensor([16.0, 8.0, 4.0]).sqrt()
    share = values / values.sum()
    assert spectrum(rows)["effective_rank"] == pytest.approx(
        math.exp(-(share * share.log()).sum().item()), rel=1e-4
    )
    assert spectrum(rows)["first_component"] == pytest.approx(16 / 28, rel=1e-5)


def test_mean_cosine_is_the_mean_over_pairs() -> None:
    rows = torch.randn(20, 5) + 1
    unit = rows / rows.norm(dim=1, keepdim=True)
    pairs = [(unit[i] @ unit[j]).item() for i in range(20) for j in range(20) if i != j]
    assert spectrum(rows)["mean_cosine"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-5)


def test_only_a_sample_is_looked_at() -> None:
    rows = torch.cat([torch.randn(SAMPLE, 4), torch.full((SAMPLE, 4), 1e6)])
    assert spectrum(rows)["norm"] < 10


def test_what_is_no_number_breaks_no_meter() -> None:
    found = spectrum(torch.full((50, 8), torch.nan))
    assert found["effective_rank"] < 1.5
    assert found["mean_cosine"] == pytest.approx(0.0, abs=0.05)
