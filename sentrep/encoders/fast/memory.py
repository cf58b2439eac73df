"""The description of a `SentenceTransformer` in memory, and its fast form."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import tokenizers
import torch
from torch import Tensor, nn

from sentrep.encoders.fast.description import Description, Part, UnsupportedError
from sentrep.encoders.fast.encoder import FastEncoder
from sentrep.encoders.fast.precision import resolve

_made: WeakKeyDictionary[nn.Module, tuple[Any, dict[str, FastEncoder]]] = WeakKeyDictionary()
_announced: set[str] = set()

TRANSFORMERS = ("Transformer", "AlibiEncoder")
"""First modules of encoders that are expected on the fast path: where they are not, a warning says why."""


def fast_form(encoder: Any, precision: str = "fp32") -> FastEncoder | None:
    """The fast form of an encoder; None where there is none: another device or kind of model.

    It is made once and again when weights, tokenizer or prompt have changed.

    Args:
        encoder: a `SentenceTransformer`.
        precision: see `FastEncoder`.
    """
    wanted = resolve(precision)
    if encoder.device.type != "cpu":
        return None
    state = _state(encoder)
    known, forms = _made.get(encoder, (None, {}))
    if known != state:
        forms = {}
        _made[encoder] = (state, forms)
    if wanted not in forms:
        try:
            forms[wanted] = FastEncoder(describe(encoder), wanted)
        except UnsupportedError as error:
            if precision == "bf16" or (precision == "auto" and type(encoder[0]).__name__ in TRANSFORMERS):
                _announce(str(error))
            return None
    return forms[wanted]


def _announce(reason: str) -> None:
    """Warn, once for each reason, that a model is computed by its own forward."""
    if reason not in _announced:
        _announced.add(reason)
        warnings.warn(f"not on the fast path, computed by the model itself in fp32: {reason}", stacklevel=3)


def describe(encoder: Any) -> Description:
    """An encoder as plain data; its weights are not copied.

    Raises:
        UnsupportedError: it has a module or a setting that the fast path does not know.
    """
    modules = list(_stock(encoder))
    if any(weight.dtype != torch.float32 for weight in encoder.parameters()):
        raise UnsupportedError("weights of another type than float32")
    if getattr(encoder, "truncate_dim", None) is not None:
        raise UnsupportedError("vectors that are cut")
    name = encoder.default_prompt_name
    prompt = encoder.prompts.get(name, "") if name else ""
    first: Any = modules[0]
    limit = _checked_transformer(first) if type(first).__name__ == "Transformer" else None
    inner = tokenizers.Tokenizer.from_str(_inner_tokenizer(first).to_str())
    return Description(tuple(map(_part, modules)), inner, limit, prompt or "")


def _stock(encoder: Any) -> Iterator[nn.Module]:
    """Modules of sentence-transformers that compute what the encoder computes."""
    for module in encoder:
        own = module.stock() if hasattr(module, "stock") else module
        for each in own if isinstance(own, list) else [own]:
            if not type(each).__module__.startswith("sentence_transformers."):
                raise UnsupportedError(f"modules of the kind {type(each).__name__}")
            yield each


def _part(module: Any) -> Part:
    kind = type(module).__name__
    if kind == "Transformer":
        return Part(kind, module.auto_model.config.to_dict(), module.auto_model.state_dict())
    config = module.get_config_dict() if hasattr(module, "config_keys") and kind != "StaticEmbedding" else {}
    return Part(kind, config, module.state_dict())


def _checked_transformer(module: Any) -> int | None:
    """The number of tokens that a transformer reads.

    Raises:
        UnsupportedError: it does more than to compute the last states of a text's tokens.
    """
    text = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}
    plain = (
        module.transformer_task == "feature-extraction"
        and module.modality_config == text
        and module.module_output_name == "token_embeddings"
        and not module.processing_kwargs
        and module.query_expansion is None
        and module.query_length is None
        and module.document_length is None
        and module.tokenizer.truncation_side == "right"
    )
    if not plain:
        raise UnsupportedError("a transformer with settings for other tasks")
    limit = module.max_seq_length
    return None if limit is None or limit > 1 << 30 else int(limit)


def _inner_tokenizer(first: Any) -> tokenizers.Tokenizer:
    """The object of the tokenizers library.

    Raises:
        UnsupportedError: the encoder has another tokenizer.
    """
    outer = getattr(first, "tokenizer", None)
    inner = getattr(outer, "backend_tokenizer", outer)
    if not isinstance(inner, tokenizers.Tokenizer):
        raise UnsupportedError(f"the tokenizer {type(outer).__name__}")
    return inner


def _state(encoder: Any) -> tuple[Any, ...]:
    """What differs once an encoder has changed: its modules, all weights, its tokenizer and prompt."""
    outer = getattr(encoder[0], "tokenizer", None)
    inner = getattr(outer, "backend_tokenizer", outer)
    steps = (getattr(inner, name, None) for name in ("normalizer", "pre_tokenizer"))
    read = (id(inner), *(None if step is None else step.__getstate__() for step in steps))
    length = encoder.max_seq_length if hasattr(encoder[0], "max_seq_length") else None
    prompt = (encoder.default_prompt_name, str(encoder.prompts), length)
    modules = tuple(id(module) for module in encoder.modules())
    return modules, read, prompt, tuple(map(_mark, encoder.state_dict(keep_vars=True).values()))


def _mark(weight: Tensor) -> tuple[int, int]:
    """Address and sum of the bits of a tensor, which differ after it was replaced or written to."""
    bits = weight.detach().contiguous().view(-1).view(torch.uint8)
    kind = next(kind for kind in (torch.int64, torch.int32, torch.uint8) if len(bits) % kind.itemsize == 0)
    return weight.data_ptr(), int(bits.view(kind).sum())
