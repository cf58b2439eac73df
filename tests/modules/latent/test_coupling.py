"""Layers of flows: inverses, and log-determinants against automatic differentiation."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from sentrep.modules.latent.coupling import ActNorm, Coupling, CouplingFlow, InvertibleLinear

WIDTH = 5


def shaken(layer: nn.Module) -> nn.Module:
    """The layer in double precision with parameters away from where they start."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return layer.double().eval()


LAYERS = {
    "actnorm": lambda: ActNorm(WIDTH),
    "linear": lambda: InvertibleLinear(WIDTH),
    "affine": lambda: Coupling(WIDTH, 8),
    "additive": lambda: Coupling(WIDTH, 8, affine=False),
    "flow": lambda: CouplingFlow(WIDTH, 3, 8),
    "nice": lambda: CouplingFlow(WIDTH, 3, 8, affine=False),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_inverse_undoes_the_layer(name: str) -> None:
    layer, vectors = shaken(LAYERS[name]()), torch.randn(7, WIDTH).double()
    torch.testing.assert_close(layer.inverse(layer(vectors).vectors), vectors, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", LAYERS)
def test_the_log_determinant_is_that_of_the_jacobian(name: str) -> None:
    layer, vectors = shaken(LAYERS[name]()), torch.randn(4, WIDTH).double()
    mapped = layer(vectors)
    for row in range(4):
        jacobian = torch.autograd.functional.jacobian(
            lambda vector: layer(vector.unsqueeze(0)).vectors[0], vectors[row]
        )
        assert mapped.log_det[row].item() == pytest.approx(torch.linalg.slogdet(jacobian)[1].item(), abs=1e-9)


def test_additive_couplings_keep_volumes() -> None:
    layer = shaken(Coupling(WIDTH, 8, affine=False))
    assert not layer(torch.randn(3, WIDTH).double()).log_det.any()


def test_a_coupling_starts_near_the_identity() -> None:
    vectors = torch.randn(3, WIDTH)
    torch.testing.assert_close(Coupling(WIDTH, 8)(vectors).vectors, vectors, atol=0.02, rtol=0)


def test_the_first_batch_sets_mean_and_variance() -> None:
    torch.manual_seed(0)
    norm = ActNorm(3).train()
    first = 5 + 4 * torch.randn(500, 3)
    mapped = norm(first).vectors
    torch.testing.assert_close(mapped.mean(0), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(mapped.std(0), torch.ones(3), atol=1e-4, rtol=0)
    shift = norm.shift.clone()
    norm(torch.randn(10, 3))
    torch.testing.assert_close(norm.shift, shift)


def test_the_density_integrates_to_one() -> None:
    """Of a flow over two dimensions, by a sum over a grid."""
    flow = shaken(CouplingFlow(2, 2, 8))
    axis = torch.linspace(-25, 25, 801).double()
    grid = torch.cartesian_prod(axis, axis)
    cell = (axis[1] - axis[0]) ** 2
    with torch.no_grad():
        total = (-flow.nll(grid)).exp().sum() * cell
    assert total.item() == pytest.approx(1.0, abs=0.02)


def test_the_density_of_untrained_couplings_is_normal() -> None:
    flow, vectors = CouplingFlow(WIDTH, 1, 8).eval(), torch.randn(3, WIDTH)
    # A rotation of a normal variable is normal.
    expected = (vectors.square().sum(1) + WIDTH * math.log(2 * math.pi)) / 2
    torch.testing.assert_close(flow.nll(vectors), expected, atol=0.02, rtol=0)


def test_autocast_changes_neither_density_nor_inverse() -> None:
    torch.manual_seed(0)
    flow, vectors = CouplingFlow(16, 3, 32).eval(), torch.randn(20, 16)
    with torch.no_grad():
        exact = flow.nll(vectors)
        with torch.autocast("cpu", torch.bfloat16):
            torch.testing.assert_close(flow.nll(vectors), exact, atol=0, rtol=0)
            torch.testing.assert_close(flow.inverse(flow(vectors).vectors), vectors, atol=1e-3, rtol=0)
            assert flow(vectors.bfloat16()).vectors.dtype == torch.float32
