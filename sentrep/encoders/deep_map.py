"""A reduction of sentence vectors by a denoising auto-encoder with two hidden layers, beside PCA.

    h = f(x + ε), x̂ = g(h), loss = ‖x − x̂‖²

The input is centred and scaled by one number, so that its components have variance 1 on the average. The
deep map reconstructs better than PCA; it keeps neighbourhoods better only sometimes, which
`neighbour_recall` shows on vectors that were held out.

Reference:
    Hinton & Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 2006; with the
    noise of Vincent et al., "Extracting and composing robust features", ICML 2008.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers.base.modules import Dense
from torch import nn

from sentrep.modules.random_state import seeded
from sentrep.utils.progress import progress

HIDDEN, NOISE = 128, 0.3
STEPS, BATCH_SIZE, LR = 3000, 256, 1e-3
NEIGHBOURS = 10


class DeepMap(NamedTuple):
    """An auto-encoder as stock modules; centring and scaling are part of the first and of the last one."""

    encoder: list[Dense]
    decoder: list[Dense]


def fit_deep(vectors: NDArray[np.float32], width: int, seed: int = 0, steps: int = STEPS) -> DeepMap:
    """Trains the auto-encoder.

    Args:
        vectors: to train on, (vector, wide).
        width: of the code.
        seed: of weights, noise and order.
        steps: of training.

    Example:
        >>> vectors = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
        >>> [layer.get_config_dict()["out_features"] for layer in fit_deep(vectors, 2, steps=3).encoder]
        [128, 128, 2]
    """
    mean = vectors.mean(axis=0)
    scale = float(np.sqrt(np.mean((vectors - mean) ** 2))) or 1.0
    data = torch.from_numpy((vectors - mean) / scale)
    with seeded(seed):
        encoder = _layers(data.shape[1], width)
        decoder = _layers(width, data.shape[1])
        _train(nn.Sequential(encoder, decoder), data, steps)
    return _stock(encoder, decoder, torch.from_numpy(mean), scale)


def apply(layers: list[Dense], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors, (vector, wide), through stock layers, (vector, width)."""
    features = {"sentence_embedding": torch.from_numpy(vectors)}
    with torch.inference_mode():
        for layer in layers:
            features = layer(features)
    return cast("NDArray[np.float32]", features["sentence_embedding"].numpy())


def neighbour_recall(
    original: NDArray[np.float32], reduced: NDArray[np.float32], neighbours: int = NEIGHBOURS
) -> float:
    """Share of the nearest neighbours by cosine that reduced vectors keep, 0 to 1.

    Args:
        original: vectors, (vector, wide).
        reduced: the same ones reduced, (vector, width).
        neighbours: how many of each vector count.
    """
    count = min(neighbours, len(original) - 1)
    if count < 1:
        return 1.0
    before, after = _nearest(original, count), _nearest(reduced, count)
    kept = [len(set(one) & set(other)) for one, other in zip(before, after, strict=True)]
    return float(np.mean(kept)) / count


def _layers(wide: int, narrow: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(wide, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, narrow)
    )


def _train(model: nn.Module, data: torch.Tensor, steps: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    for _ in progress(range(steps), "auto-encoder", unit="step"):
        clean = data[torch.randint(len(data), (BATCH_SIZE,))]
        loss = (clean - model(clean + NOISE * torch.randn_like(clean))).pow(2).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def _stock(encoder: nn.Sequential, decoder: nn.Sequential, mean: torch.Tensor, scale: float) -> DeepMap:
    first, last = encoder[0], decoder[-1]
    with torch.no_grad():
        first.weight.div_(scale)  # type: ignore[operator]
        first.bias.sub_(first.weight @ mean)  # type: ignore[operator]
        last.weight.mul_(scale)  # type: ignore[operator]
        last.bias.mul_(scale).add_(mean)  # type: ignore[operator]
    return DeepMap(_dense(encoder), _dense(decoder))


def _dense(layers: nn.Sequential) -> list[Dense]:
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    activations: list[nn.Module] = [nn.GELU(), nn.GELU(), nn.Identity()]
    return [
        Dense(
            layer.in_features,
            layer.out_features,
            activation_function=activation,
            init_weight=layer.weight.detach(),
            init_bias=layer.bias.detach(),
        )
        for layer, activation in zip(linear, activations, strict=True)
    ]


def _nearest(vectors: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -np.inf)
    return np.argsort(-cosines, axis=1, kind="stable")[:, :count]
