"""The description of a `SentenceTransformer` in memory, and its fast form."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import tokenizers
import torch
from torch import nn

from sentrep.encoders.fast.description import Description, Part, UnsupportedError
from sentrep.encoders.fast.encoder import FastEncoder
from sentrep.encoders.fast.precision import resolve
from sentrep.encoders.fast.state import state_of
from sentrep.utils.errors import ReadWarning


@dataclass
class _Known:
    """What is kept of an encoder in memory."""

    state: Any
    """What its fast forms were made from."""
    tokenizer: tokenizers.Tokenizer | None = None
    forms: dict[str, FastEncoder | UnsupportedError] = field(default_factory=dict)
    """Precision -> the fast form, or the reason why there is none."""


_made: WeakKeyDictionary[nn.Module, _Known] = WeakKeyDictionary()
_announced: set[str] = set()
_for_ids = ContextVar("for_ids", default=False)

TRANSFORMERS = ("Transformer", "AlibiEncoder")
"""First modules of encoders that are expected on the fast path: where they are not, a warning says why."""


@contextmanager
def fast_evaluation() -> Iterator[None]:
    """Within it, `sentrep.encoders.batching.encode_tokens` takes the fast form of encoders in evaluation
    mode.

    Validation uses it. Elsewhere token ids are read by the encoder's own forward, which has gradients.
    """
    token = _for_ids.set(True)
    try:
        yield
    finally:
        _for_ids.reset(token)


def fast_form_for_ids(encoder: Any) -> FastEncoder | None:
    """The fast form of a transformer in evaluation mode, within `fast_evaluation` and without gradients.

    Its precision is that of the surrounding autocast. A bag needs no other form to read token ids.
    """
    wanted = _for_ids.get() and not torch.is_grad_enabled() and not encoder.training
    if not wanted or type(encoder[0]).__name__ != "Transformer" or encoder.device.type != "cpu":
        return None
    autocast = torch.is_autocast_enabled("cpu")
    if autocast and torch.get_autocast_dtype("cpu") != torch.bfloat16:
        return None
    with torch.autocast("cpu", enabled=False):
        made = _form(encoder, "bf16" if autocast else "fp32")
    return made if isinstance(made, FastEncoder) else None


def fast_form(encoder: Any, precision: str = "fp32") -> FastEncoder | None:
    """The fast form of an encoder; None where there is none: another device or kind of model.

    It is made once and again when weights, settings, tokenizer or prompt have changed.

    Args:
        encoder: a `SentenceTransformer`.
        precision: see `FastEncoder`.
    """
    wanted = resolve(precision)
    if encoder.device.type != "cpu":
        return None
    made = _form(encoder, wanted)
    if isinstance(made, FastEncoder):
        return made
    if precision == "bf16" or (precision == "auto" and type(encoder[0]).__name__ in TRANSFORMERS):
        _announce(str(made))
    return None


def _form(encoder: Any, precision: str) -> FastEncoder | UnsupportedError:
    """The fast form as long as the encoder is what it was, or why there is none."""
    known = _known(encoder)
    if precision not in known.forms:
        known.forms[precision] = _packed(encoder, precision, known)
    return known.forms[precision]


def _known(encoder: Any) -> _Known:
    """What was made of an encoder, as long as it is what it was."""
    state, known = state_of(encoder), _made.get(encoder)
    if known is None or known.state != state:
        same = known is not None and known.state.tokenizer == state.tokenizer
        known = _Known(state, known.tokenizer if known is not None and same else None)
        _made[encoder] = known
    return known


def _packed(encoder: Any, precision: str, known: _Known) -> FastEncoder | UnsupportedError:
    """The fast form, or why there is none."""
    try:
        description = describe(encoder, known.tokenizer)
        known.tokenizer = description.tokenizer
        return FastEncoder(description, precision)
    except UnsupportedError as error:
        return error


def _announce(reason: str) -> None:
    """Warn, once for each reason, that a model is computed by its own forward."""
    if reason not in _announced:
        _announced.add(reason)
        message = f"not on the fast path, computed by the model itself in fp32: {reason}"
        warnings.warn(message, ReadWarning, stacklevel=3)


def describe(encoder: Any, tokenizer: tokenizers.Tokenizer | None = None) -> Description:
    """An encoder as plain data; its weights are not copied.

    Args:
        encoder: a `SentenceTransformer`.
        tokenizer: a copy of its tokenizer, where there is one already; copying takes long.

    Raises:
        UnsupportedError: it has a module or a setting that the fast path does not know.
    """
    modules = list(_stock(encoder))
    if any(weight.dtype != torch.float32 for weight in encoder.parameters()):
        raise UnsupportedError("weights of another type than float32")
    name = encoder.default_prompt_name
    prompt = encoder.prompts.get(name, "") if name else ""
    first: Any = modules[0]
    limit = _checked_transformer(first) if type(first).__name__ == "Transformer" else None
    inner = tokenizer or tokenizers.Tokenizer.from_str(_inner_tokenizer(first).to_str())
    cut = getattr(encoder, "truncate_dim", None)
    return Description(tuple(map(_part, modules)), inner, limit, prompt or "", cut)


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
