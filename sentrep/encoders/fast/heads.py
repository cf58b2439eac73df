"""What stands behind the states of tokens: pooling, dense layers, normalisation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.encoders.fast.description import Part, UnsupportedError

Head = Callable[[Float[Tensor, "sentence width"]], Float[Tensor, "sentence width"]]
Pool = Callable[[Float[Tensor, "sentence token width"]], Float[Tensor, "sentence width"]]

POOLS: dict[str, Pool] = {
    "cls": lambda states: states[:, 0],
    "lasttoken": lambda states: states[:, -1],
    "max": lambda states: states.amax(1),
    "mean": lambda states: states.float().mean(1),
    "mean_sqrt_len_tokens": lambda states: states.float().sum(1) / states.shape[1] ** 0.5,
    "weightedmean": lambda states: _weighted_mean(states.float()),
}
"""Modes of pooling, for sentences of equal length."""

_OLDER_MODES = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "Identity": lambda x: x,
    "Tanh": torch.tanh,
    "GELU": F.gelu,
    "ReLU": F.relu,
    "Sigmoid": torch.sigmoid,
    "SiLU": F.silu,
}
"""Classes of torch.nn that a dense layer may name."""


def pooling_modes(config: Mapping[str, Any]) -> list[str]:
    """Modes of pooling of a `Pooling` module, whose outputs stand side by side.

    Raises:
        UnsupportedError: one of them, or leaving out a prompt, is not computed here.

    >>> pooling_modes({"pooling_mode_mean_tokens": True})
    ['mean']
    """
    named = config.get("pooling_mode")
    if named is None:
        modes = [mode for mode, older in _OLDER_MODES.items() if config.get(older)] or ["mean"]
    else:
        modes = [named] if isinstance(named, str) else list(named)
    if not set(modes) <= set(POOLS) or not config.get("include_prompt", True):
        raise UnsupportedError(f"pooling of {', '.join(map(str, modes))}, or without the prompt")
    return modes


def pooled(
    states: Float[Tensor, "token width"], groups: list[tuple[int, int]], modes: list[str]
) -> Float[Tensor, "sentence pooled"]:
    """Vectors of sentences, float32, from the states of their tokens.

    Args:
        states: of sentences that stand one after the other.
        groups: for sentences of equal length that are neighbours, this length and their number.
        modes: keys of `POOLS`.
    """
    vectors = []
    for part, (length, count) in zip(states.split([n * c for n, c in groups]), groups, strict=True):
        one = part.view(count, length, -1)
        vectors.append(torch.cat([POOLS[mode](one).float() for mode in modes], dim=1))
    return torch.cat(vectors)


def head_of(part: Part) -> Head:
    """The function of a module behind the first vector of a sentence.

    Raises:
        UnsupportedError: it is of another kind, or reads something else than the vector.
    """
    names = {part.config.get(name) for name in ("module_input_name", "module_output_name")}
    if not names <= {"sentence_embedding", None}:
        raise UnsupportedError(f"{part.kind} that reads or writes something else than the sentence's vector")
    if part.kind == "Normalize":
        return lambda vectors: F.normalize(vectors, dim=-1)
    if part.kind == "Dropout":
        return lambda vectors: vectors
    if part.kind == "LayerNorm":
        gain, bias = (part.weights[f"norm.{name}"].float() for name in ("weight", "bias"))
        return lambda vectors: F.layer_norm(vectors, vectors.shape[1:], gain, bias)
    if part.kind == "Dense":
        return _dense(part)
    raise UnsupportedError(f"modules of the kind {part.kind}")


def _dense(part: Part) -> Head:
    name = str(part.config.get("activation_function", "torch.nn.modules.activation.Tanh"))
    kind = name.rsplit(".", 1)[-1]
    if not name.startswith("torch.nn.") or kind not in ACTIVATIONS or not hasattr(nn, kind):
        raise UnsupportedError(f"a dense layer with the activation {name}")
    activation, weights = ACTIVATIONS[kind], {name: w.float() for name, w in part.weights.items()}
    weight, bias, beside = (
        weights["linear.weight"],
        weights.get("linear.bias"),
        weights.get("residual.weight"),
    )
    residual = bool(part.config.get("use_residual", False))

    def dense(vectors: Tensor) -> Tensor:
        made = activation(F.linear(vectors, weight, bias))
        if not residual:
            return made
        return made + (vectors if beside is None else F.linear(vectors, beside))

    return dense


def _weighted_mean(states: Float[Tensor, "sentence token width"]) -> Float[Tensor, "sentence width"]:
    """Mean in which the weight of a token is its position, from 1."""
    weight = torch.arange(1, states.shape[1] + 1, dtype=states.dtype)
    return torch.einsum("stw,t->sw", states, weight / weight.sum())
