"""The hash of a model's content: two models with the same hash have the same vectors but for rounding."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import tokenizers
import torch
from torch import Tensor

from sentrep.encoders.fast.description import Description, Part
from sentrep.encoders.fast.families import shape_of, weights_of
from sentrep.encoders.fast.heads import head_of, pooling_modes

PROBES = (
    "The quick brown fox's 1,250 jumps -- over (lazy) dogs?! E-mail: a.b@c.org",
    "  ÉCOLE naïve Straße ǅ ﬁ ½ ＦＵＬＬ “quoted” it’s…  ",
    "中文句子。日本語のテキスト、한국어 ру́сский עברית हिन्दी",
    "[CLS] [SEP] <s> </s> [PAD] <pad> \t\n zero\u200bwidth soft\u00adhyphen \u0000 😀",
    "antidisestablishmentarianism internationalization qwrtzpsdf",
)
"""Texts whose token ids stand for a tokenizer's normalizer and pre-tokenizer in a hash."""


def content_hash(description: Description) -> str:
    """SHA-256 of what determines the vectors of a model: settings, weights and tokenizer.

    It is the same for a folder and for the model in memory, and for every precision in which vectors are
    computed.

    Raises:
        UnsupportedError: the model is of a kind that the fast path does not compute.
    """
    first, *rest = description.parts
    settings, weights = _of_first(first)
    settings |= {"prompt": description.prompt, "max_tokens": description.max_tokens}
    settings |= {} if description.dimensions is None else {"dimensions": description.dimensions}
    for number, part in enumerate(rest):
        settings[f"{number} {part.kind}"] = _settings(part)
        weights |= {f"{number} {name}": weight for name, weight in part.weights.items()}
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name, weight in sorted(weights.items()):
        digest.update(f"{name} {tuple(weight.shape)}".encode())
        digest.update(_bytes(weight))
    digest.update(_read(description.tokenizer).encode())
    return digest.hexdigest()


def _of_first(part: Part) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Settings and weights of the module that reads token ids."""
    if part.kind == "StaticEmbedding":
        return {"first": part.kind}, dict(part.weights)
    shape = shape_of(part.config)
    words, positions, norm, layers, relative = weights_of(part.config["model_type"], shape, part.weights)
    weights = {"words": words, "positions": positions, "gain": norm[0], "shift": norm[1]}
    weights |= {} if relative is None else {"relative": relative}
    for number, layer in enumerate(layers):
        for name, (weight, bias) in layer._asdict().items():
            weights |= {f"layer {number} {name}": weight, f"layer {number} {name} bias": bias}
    return {"first": part.kind, **shape.settings()}, weights


def _settings(part: Part) -> Any:
    """Settings of a module behind the first one that determine what it computes."""
    if part.kind == "Pooling":
        return pooling_modes(part.config)
    head_of(part)  # raises for what is not known
    defaults = {"activation_function": "torch.nn.modules.activation.Tanh", "use_residual": False}
    return {name: part.config.get(name, value) for name, value in defaults.items() if part.kind == "Dense"}


def _bytes(weight: Tensor) -> memoryview:
    plain = weight.detach().cpu().float().contiguous().view(-1)
    return plain.view(torch.uint8).numpy().data


def _read(tokenizer: tokenizers.Tokenizer) -> str:
    """The vocabulary of a tokenizer, and how it reads the probes."""
    plain = tokenizers.Tokenizer.from_str(tokenizer.to_str())
    plain.no_truncation()
    plain.no_padding()
    model, read = json.loads(plain.to_str())["model"], [_ids(plain, text) for text in PROBES]
    return json.dumps([model, read], sort_keys=True)


def _ids(tokenizer: tokenizers.Tokenizer, text: str) -> list[int] | None:
    """Token ids; None where the tokenizer cannot read the text, as without a token for unknown words."""
    try:
        return list(tokenizer.encode(text).ids)
    except Exception as error:
        if type(error) is not Exception:  # the library raises the bare class, and nothing more precise
            raise
        return None
