"""Invertible maps of vectors with a tractable Jacobian: the layers of a normalising flow.

Every layer returns its output and log |det ∂output/∂input| for each vector, and has an inverse.

References:
    Dinh, Krueger & Bengio, "NICE: non-linear independent components estimation", ICLR 2015 workshop.
    Dinh, Sohl-Dickstein & Bengio, "Density estimation using Real NVP", ICLR 2017, section 3.
    Kingma & Dhariwal, "Glow", NeurIPS 2018, sections 3.1 (actnorm) and 3.2 (linear maps as P L U).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.modules.contrastive import gather


class Mapped(NamedTuple):
    """Vectors after a layer."""

    vectors: Float[Tensor, "sentence width"]
    log_det: Float[Tensor, " sentence"]


NEARLY_IDENTITY = 1e-3
"""Standard deviation of the last weights of a coupling at the start."""


class ActNorm(nn.Module):
    """A shift and a scale for each dimension; the first batch in training (the vectors of all processes) sets
    them to mean 0 and variance 1.

    Args:
        width: of the vectors.
    """

    initialised: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.shift, self.log_scale = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.register_buffer("initialised", torch.zeros(()))

    def forward(self, vectors: Float[Tensor, "sentence width"]) -> Mapped:
        if self.training and not self.initialised:
            self._initialise(gather(vectors.detach()))
        mapped = (vectors - self.shift) * self.log_scale.exp()
        return Mapped(mapped, self.log_scale.sum().expand(len(vectors)))

    def inverse(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence width"]:
        return vectors * (-self.log_scale).exp() + self.shift

    @torch.no_grad()
    def _initialise(self, vectors: Float[Tensor, "sentence width"]) -> None:
        """Sets shift and scale by the vectors of all processes; one vector has no variance."""
        if len(vectors) < 2:
            return
        self.shift.copy_(vectors.mean(0))
        self.log_scale.copy_(-vectors.std(0).clamp(min=1e-3).log())
        self.initialised.fill_(1)


class InvertibleLinear(nn.Module):
    """x W with W = P L (U + diag(s)): P a fixed permutation, L and U triangular; log |det W| = Σ log |s|.

    W starts as a random rotation.

    Args:
        width: of the vectors.
    """

    permutation: Tensor
    signs: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(width, width))[0]
        permutation, lower, upper = torch.linalg.lu(rotation)
        self.register_buffer("permutation", permutation)
        self.register_buffer("signs", upper.diagonal().sign())
        self.lower, self.upper = nn.Parameter(lower.tril(-1)), nn.Parameter(upper.triu(1))
        self.log_scale = nn.Parameter(upper.diagonal().abs().log())

    def forward(self, vectors: Float[Tensor, "sentence width"]) -> Mapped:
        lower, upper = self._factors()
        return Mapped(vectors @ self.permutation @ lower @ upper, self.log_scale.sum().expand(len(vectors)))

    def inverse(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence width"]:
        lower, upper = self._factors()
        vectors = torch.linalg.solve_triangular(upper, vectors, upper=True, left=False)
        vectors = torch.linalg.solve_triangular(lower, vectors, upper=False, left=False, unitriangular=True)
        return vectors @ self.permutation.T

    def _factors(self) -> tuple[Tensor, Tensor]:
        one = torch.eye(len(self.log_scale), device=self.lower.device)
        diagonal = torch.diag(self.signs * self.log_scale.exp())
        return self.lower.tril(-1) + one, self.upper.triu(1) + diagonal


class Coupling(nn.Module):
    """The first half of the vector moves the second: y₂ = x₂ exp(tanh a(x₁)) + b(x₁).

    It starts near the identity.

    Args:
        width: of the vectors.
        hidden_width: of the network that computes a and b.
        affine: whether it scales; without, it only shifts, and its log-determinant is 0 (NICE).
    """

    def __init__(self, width: int, hidden_width: int, affine: bool = True) -> None:
        super().__init__()
        self.kept, self.affine = width // 2, affine
        moved = width - self.kept
        last = nn.Linear(hidden_width, 2 * moved if affine else moved)
        nn.init.normal_(last.weight, std=NEARLY_IDENTITY)
        nn.init.zeros_(last.bias)
        self.network = nn.Sequential(
            nn.Linear(self.kept, hidden_width),
            nn.GELU(),
            nn.Linear(hidden_width, hidden_width),
            nn.GELU(),
            last,
        )

    def forward(self, vectors: Float[Tensor, "sentence width"]) -> Mapped:
        kept, moved = vectors[:, : self.kept], vectors[:, self.kept :]
        log_scale, shift = self._move(kept)
        return Mapped(torch.cat([kept, moved * log_scale.exp() + shift], 1), log_scale.sum(1))

    def inverse(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence width"]:
        kept, moved = vectors[:, : self.kept], vectors[:, self.kept :]
        log_scale, shift = self._move(kept)
        return torch.cat([kept, (moved - shift) * (-log_scale).exp()], 1)

    def _move(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        found = self.network(kept)
        if not self.affine:
            return torch.zeros_like(found), found
        log_scale, shift = found.chunk(2, dim=1)
        return log_scale.tanh(), shift


class CouplingFlow(nn.Module):
    """Blocks of actnorm, an invertible linear map and a coupling; a scale for each dimension at the end.

    It computes in the precision of its weights, also under autocast: in bf16 the inverse would not be exact
    enough.

    Args:
        width: of the vectors.
        blocks: number of blocks.
        hidden_width: of the networks of the couplings.
        affine: whether couplings scale (Real NVP) or only shift (NICE).

    >>> flow = CouplingFlow(6, blocks=2, hidden_width=8)
    >>> vectors = torch.randn(3, 6)
    >>> torch.allclose(flow.inverse(flow(vectors).vectors), vectors, atol=1e-4)
    True
    """

    def __init__(self, width: int, blocks: int, hidden_width: int, affine: bool = True) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(blocks):
            layers += [ActNorm(width), InvertibleLinear(width), Coupling(width, hidden_width, affine)]
        self.layers = nn.ModuleList([*layers, ActNorm(width)])

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights."""
        return next(self.parameters()).dtype

    def forward(self, vectors: Float[Tensor, "sentence width"]) -> Mapped:
        with torch.autocast(vectors.device.type, enabled=False):
            vectors = vectors.to(self.dtype)
            total = vectors.new_zeros(len(vectors))
            for layer in self.layers:
                vectors, log_det = layer(vectors)
                total = total + log_det
            return Mapped(vectors, total)

    def inverse(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence width"]:
        """Returns the vectors that are mapped to these."""
        with torch.autocast(vectors.device.type, enabled=False):
            vectors = vectors.to(self.dtype)
            for layer in reversed(self.layers):
                vectors = layer.inverse(vectors)  # type: ignore[operator]
            return vectors

    def nll(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, " sentence"]:
        """Returns −log p(v) in nats, with a standard normal distribution of g(v)."""
        mapped = self(vectors)
        normal = (mapped.vectors.square() + math.log(2 * math.pi)).sum(1) / 2
        nll: Tensor = normal - mapped.log_det
        return nll
