"""Anomaly score of a normalising flow: how untypical the likelihood of a vector is for normal texts.

    nll(y) = −log p(g(y)) − log |det ∂g/∂y|,     y: coordinates of the vector, g fitted to normal texts
    score  = |nll(y) − median nll of normal texts that were not fitted to|

The coordinates are the strongest principal directions of the normal texts, scaled to variance 1, and the
logarithm of what these directions leave over. The likelihood alone ranks wrongly: a text of another topic has
little of all directions, so that it is near the middle of the normal texts, where the density is largest.

Reference: Dinh, Sohl-Dickstein and Bengio, "Density estimation using Real NVP", ICLR 2017; Nalisnick et al.,
"Detecting out-of-distribution inputs to deep generative models using typicality", 2019.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sentrep.mining.vectors import Vectors
from sentrep.modules.latent.coupling import CouplingFlow
from sentrep.modules.random_state import seeded
from sentrep.utils.vectors import unit

DIRECTIONS = 16
BLOCKS = 2
HIDDEN = 32
STEPS = 120
BATCH = 256
LR = 5e-3
NOISE = 0.2
"""Standard deviation of the noise on coordinates while the flow is fitted."""


def flow(normal: Vectors, texts: Vectors, seed: int = 0) -> NDArray[np.float64]:
    """How far the negative log-likelihood (text,) of vectors is from that of normal texts, in nats.

    Args:
        normal: (normal text, width)
        texts: (text, width)
        seed: of the start, the batches, and the fifth of the normal texts that the flow is not fitted to.

    >>> points = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32) + [9, 0, 0, 0]
    >>> near, far = flow(points, np.array([[9.0, 1, -1, 0], [-9.0, 9, 0, 0]], np.float32))
    >>> bool(near < far)
    True
    """
    coordinates = _coordinates(unit(normal))
    own, given = (torch.from_numpy(coordinates(unit(each))) for each in (normal, texts))
    order = np.random.default_rng(seed).permutation(len(own))
    left_out, used = order[: max(1, len(own) // 5)], order[len(own) // 5 :]
    with seeded(seed):
        fitted = _fitted(own[used])
    with torch.no_grad():
        typical = fitted.nll(own[left_out]).median()
        found = (fitted.nll(given) - typical).abs()
    return found.numpy().astype(np.float64)


def _coordinates(points: Vectors) -> Callable[[Vectors], Vectors]:
    """Maps vectors of length 1 to coordinates (text, coordinate) of about variance 1 among normal ones."""
    middle = points.mean(axis=0)
    kept = max(1, min(DIRECTIONS, len(points) // 4, points.shape[1] - 1))
    basis = np.linalg.svd(points - middle, full_matrices=False)[2][:kept]

    def raw(vectors: Vectors) -> Vectors:
        moved = vectors - middle
        along = moved @ basis.T
        rest = np.linalg.norm(moved - along @ basis, axis=1)
        return np.concatenate([along, np.log(rest + 1e-3)[:, None]], axis=1)

    normal = raw(points)
    scale = normal.std(axis=0) + 1e-3
    return lambda vectors: ((raw(vectors) - normal.mean(axis=0)) / scale).astype(np.float32)


def _fitted(points: Tensor) -> CouplingFlow:
    made = CouplingFlow(points.shape[1], BLOCKS, HIDDEN, affine=True).train()
    optimizer = torch.optim.Adam(made.parameters(), LR)
    for _ in range(STEPS):
        batch = points[torch.randint(len(points), (BATCH,))]
        loss = made.nll(batch + NOISE * torch.randn_like(batch)).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        optimizer.step()
    return made.eval()
