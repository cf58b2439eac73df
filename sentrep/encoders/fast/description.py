"""A model as plain data: what kind of modules it has, their settings, weights and tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tokenizers
    from torch import Tensor


class UnsupportedError(Exception):
    """The fast path cannot compute this model; the message says why."""


@dataclass(frozen=True)
class Part:
    """One module of a model.

    Attributes:
        kind: class of sentence-transformers, such as ``Pooling``.
        config: its settings; of a transformer those of its config.json.
        weights: its tensors by name.
    """

    kind: str
    config: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """A model.

    Attributes:
        parts: its modules in their order; the first one reads token ids.
        tokenizer: of the tokenizers library.
        max_tokens: tokens that are read of a text, special tokens included; None if there is no limit.
        prompt: text that is put before every text.
        dimensions: the first so many values of a vector are kept; all if None.
    """

    parts: tuple[Part, ...]
    tokenizer: tokenizers.Tokenizer
    max_tokens: int | None
    prompt: str = ""
    dimensions: int | None = None
