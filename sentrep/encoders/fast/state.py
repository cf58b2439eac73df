"""What differs once an encoder in memory has changed.

It is compared before every use of a fast form, so it has to be quick: about the time of one short text by
MiniLM, whose weights are read once for either, and .1 ms for a table of rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor


class State(NamedTuple):
    """The state of an encoder; two states are equal as long as nothing has changed."""

    modules: tuple[Hashable, ...]
    """The modules themselves, their settings and modes."""
    tokenizer: tuple[Hashable, ...]
    settings: tuple[Hashable, ...]
    """Prompts, lengths and cuts."""
    weights: tuple[Hashable, ...]


def state_of(encoder: Any) -> State:
    """The state of a `SentenceTransformer`.

    Weights count by address, by the number of changes that torch has counted, and by sums of their bits,
    which also show what was written through ``weight.data``, where torch counts nothing. Rows that a fast
    form reads where they are, the embeddings of tokens, need no sums.
    """
    first = encoder[0]
    read = _read_in_place(first)
    weights = tuple(_mark(each, each is read) for each in _tensors(encoder))
    modules = tuple(_Same(each) for each in encoder.modules() if each is not encoder)
    settings = (
        encoder.default_prompt_name,
        str(encoder.prompts),
        getattr(encoder, "truncate_dim", None),
        getattr(first, "max_seq_length", None),
    )
    return State((*modules, *map(_settings, encoder)), _tokenizer(first), settings, weights)


class _Same:
    """An object that is compared by identity. It is kept alive, because Python may give its address to
    another one."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.held is other.held

    def __hash__(self) -> int:
        return id(self.held)


def _settings(module: Any) -> str:
    """Settings of a module that can be changed in place."""
    names = (
        "transformer_task", "modality_config", "module_output_name", "processing_kwargs", "query_expansion",
        "query_length", "document_length", "do_lower_case",
    )  # fmt: skip
    config = module.get_config_dict() if getattr(module, "config_keys", None) else {}
    outer = getattr(module, "tokenizer", None)
    return str(
        [config, [getattr(module, name, None) for name in names], getattr(outer, "truncation_side", 0)]
    )


def _tokenizer(first: Any) -> tuple[Hashable, ...]:
    """The object of the tokenizers library, its size and its steps."""
    outer = getattr(first, "tokenizer", None)
    inner: Any = getattr(outer, "backend_tokenizer", outer)
    steps = (getattr(inner, name, None) for name in ("normalizer", "pre_tokenizer", "post_processor"))
    size = inner.get_vocab_size() if hasattr(inner, "get_vocab_size") else None
    return _Same(inner), size, *(None if step is None else step.__getstate__() for step in steps)


def _tensors(encoder: Any) -> Iterator[Tensor]:
    yield from encoder.parameters()
    yield from encoder.buffers()


def _read_in_place(first: Any) -> Tensor | None:
    """The table of rows that a fast form reads where it is."""
    kind, found = type(first), None
    if kind.__module__.startswith("sentence_transformers.") and kind.__name__ == "StaticEmbedding":
        found = first.embedding.weight
    elif kind.__module__.startswith("sentence_transformers.") and kind.__name__ == "Transformer":
        found = first.auto_model.get_input_embeddings().weight
    in_place = isinstance(found, Tensor) and found.dtype == torch.float32 and found.is_contiguous()
    return found if in_place else None


def _mark(weight: Tensor, in_place: bool) -> tuple[Hashable, ...]:
    """Address, shape, count of changes and sums of bits of a tensor."""
    count = None if weight.is_inference() else weight._version
    return weight.data_ptr(), weight.shape, weight.dtype, count, b"" if in_place else _sums(weight)


def _sums(weight: Tensor) -> bytes:
    """Sums of the bits of each row."""
    rows = weight.detach().contiguous()
    rows = rows.view(len(rows), -1) if rows.dim() > 1 and rows.numel() else rows.view(1, -1)
    size = rows.shape[1] * rows.element_size()
    kind = next(kind for kind in (torch.int64, torch.int32, torch.uint8) if size % kind.itemsize == 0)
    return bytes(rows.view(torch.uint8).view(kind).sum(1).numpy().data)
