"""From a configuration and tensors of transformers to one form of a transformer encoder.

BERT (MiniLM, BGE, E5, GTE of the first generation), RoBERTa, XLM-RoBERTa, CamemBERT, MPNet and DistilBERT
are the same network: sublayers followed by a residual connection and layer normalisation. They differ in
names, in where positions begin, and MPNet adds a bias of relative positions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.encoders.fast.description import UnsupportedError
from sentrep.encoders.fast.linear import ACTIVATIONS


@dataclass(frozen=True)
class Shape:
    """Settings that determine vectors beside the weights."""

    layers: int
    heads: int
    activation: str
    epsilon: float
    """Epsilon of layer normalisation."""
    pad: int | None
    """Id of padding if positions are counted from behind it and leave it out, as in RoBERTa."""
    buckets: int
    """Number of relative positions; 0 without."""

    def settings(self) -> dict[str, Any]:
        return asdict(self)


class LayerWeights(NamedTuple):
    """Weights of one layer; queries, keys and values are one matrix."""

    qkv: tuple[Float[Tensor, "three_width width"], Float[Tensor, " three_width"]]
    mixed: tuple[Float[Tensor, "width width"], Float[Tensor, " width"]]
    mixed_norm: tuple[Float[Tensor, " width"], Float[Tensor, " width"]]
    inner: tuple[Float[Tensor, "hidden width"], Float[Tensor, " hidden"]]
    outer: tuple[Float[Tensor, "width hidden"], Float[Tensor, " width"]]
    outer_norm: tuple[Float[Tensor, " width"], Float[Tensor, " width"]]


class TransformerWeights(NamedTuple):
    """All weights of a transformer encoder, float32."""

    words: Float[Tensor, "vocab width"]
    positions: Float[Tensor, "position width"]
    """Embeddings of positions; that of the first segment is added, where there is one."""
    norm: tuple[Float[Tensor, " width"], Float[Tensor, " width"]]
    layers: list[LayerWeights]
    relative: Float[Tensor, "bucket head"] | None


class _Names(NamedTuple):
    """Names of the parts of a layer, from `layer` on."""

    layer: str
    query: str
    key: str
    value: str
    mixed: str
    mixed_norm: str
    inner: str
    outer: str
    outer_norm: str


_BERT = _Names(
    "encoder.layer.{}.", "attention.self.query", "attention.self.key", "attention.self.value",
    "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense",
    "output.LayerNorm",
)  # fmt: skip
_MPNET = _Names(
    "encoder.layer.{}.", "attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o",
    "attention.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm",
)  # fmt: skip
_DISTILBERT = _Names(
    "transformer.layer.{}.", "attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin",
    "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm",
)  # fmt: skip
NAMES = {
    "bert": _BERT, "roberta": _BERT, "xlm-roberta": _BERT, "camembert": _BERT, "mpnet": _MPNET,
    "distilbert": _DISTILBERT,
}  # fmt: skip
"""Types of models, as config.json has them, that are supported."""

_OUTER = re.compile(r"^(bert|roberta|mpnet|distilbert)\.(?=(embeddings|encoder|transformer|pooler)\.)")
"""What stands before the names of tensors where a model was saved with a head; CamemBERT has RoBERTa's."""

_UNUSED = re.compile(
    r"(pooler|cls|lm_head|vocab_\w+|qa_outputs|classifier|pre_classifier)\.|embeddings\.(position|token_type)_ids$"
)
"""Tensors that do not take part in the states of tokens: heads and buffers."""


_SIZES = {
    "vocab_size": ("embeddings.word_embeddings.weight", 0),
    "max_position_embeddings": ("embeddings.position_embeddings.weight", 0),
    "type_vocab_size": ("embeddings.token_type_embeddings.weight", 0),
    "hidden_size": ("embeddings.word_embeddings.weight", 1),
    "dim": ("embeddings.word_embeddings.weight", 1),
    "relative_attention_num_buckets": ("encoder.relative_attention_bias.weight", 0),
}
"""Setting -> the tensor that has this size, and along which axis."""


def shape_of(config: Mapping[str, Any]) -> Shape:
    """The shape that a config.json describes.

    Raises:
        UnsupportedError: of another type, or with a setting that is not computed here.
    """
    kind = config.get("model_type")
    if kind not in NAMES:
        raise UnsupportedError(f"models of the type {kind!r}")
    usual = {"position_embedding_type": "absolute", "is_decoder": False, "add_cross_attention": False}
    for name, value in usual.items():
        if config.get(name, value) not in (value, None):
            raise UnsupportedError(f"{name} {config[name]!r}")
    distilled = kind == "distilbert"
    activation = config.get("activation" if distilled else "hidden_act", "gelu")
    if activation not in ACTIVATIONS:
        raise UnsupportedError(f"the activation {activation!r}")
    own = {"mpnet": 1}.get(kind, config.get("pad_token_id", 1))
    return Shape(
        layers=int(config.get("n_layers" if distilled else "num_hidden_layers", 6 if distilled else 12)),
        heads=int(config.get("n_heads" if distilled else "num_attention_heads", 12)),
        activation=activation,
        epsilon=1e-12 if distilled else float(config.get("layer_norm_eps", 1e-12)),
        pad=None if kind in ("bert", "distilbert") else int(own),
        buckets=int(config.get("relative_attention_num_buckets", 32)) if kind == "mpnet" else 0,
    )


def weights_of(kind: str, shape: Shape, tensors: Mapping[str, Tensor]) -> TransformerWeights:
    """The weights of a model of type `kind`.

    Raises:
        UnsupportedError: a tensor is missing, or there is one that this form has no place for.
    """
    found = _Tensors(tensors)
    names, layers = NAMES[kind], []
    positions = found["embeddings.position_embeddings.weight"]
    if kind not in ("mpnet", "distilbert"):
        positions = positions + found["embeddings.token_type_embeddings.weight"][0]
    words, norm = found["embeddings.word_embeddings.weight"], found.pair("embeddings.LayerNorm")
    relative = found["encoder.relative_attention_bias.weight"] if kind == "mpnet" else None
    for number in range(shape.layers):
        inside = names.layer.format(number)
        query, key, value, *rest = (found.pair(inside + name) for name in names[1:])
        qkv = (torch.cat([query[0], key[0], value[0]]), torch.cat([query[1], key[1], value[1]]))
        layers.append(LayerWeights(qkv, *rest))
    found.check_all_used()
    if words.shape[1] % shape.heads:
        raise UnsupportedError(f"{words.shape[1]} values of a state, divided among {shape.heads} heads")
    return TransformerWeights(words, positions, norm, layers, relative)


def check_sizes(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Refuse tables of other sizes than a config.json says; transformers does not open such a model.

    Raises:
        UnsupportedError: a size differs.
    """
    found = {_OUTER.sub("", name): tensor for name, tensor in tensors.items()}
    for setting, (name, axis) in _SIZES.items():
        table = found.get(name)
        if table is not None and config.get(setting, table.shape[axis]) != table.shape[axis]:
            raise UnsupportedError(
                f"a {setting} of {config[setting]} with {table.shape[axis]} in its weights"
            )


class _Tensors:
    """Tensors by the names of the bare model, in float32; those that were read are remembered."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = {_OUTER.sub("", name): tensor for name, tensor in tensors.items()}
        self._read: set[str] = set()

    def __getitem__(self, name: str) -> Tensor:
        self._read.add(name)
        tensor = self._tensors.get(name)
        if tensor is None:  # names of LayerNorm in the first checkpoints
            older = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
                "LayerNorm.bias", "LayerNorm.beta"
            )
            tensor = self._tensors.get(older)
            self._read.add(older)
        if tensor is None:
            raise UnsupportedError(f"a model without {name}")
        return tensor.detach().float()

    def pair(self, name: str) -> tuple[Tensor, Tensor]:
        """Weight and bias."""
        return self[f"{name}.weight"], self[f"{name}.bias"]

    def check_all_used(self) -> None:
        more = [name for name in self._tensors if name not in self._read and not _UNUSED.match(name)]
        if more:
            raise UnsupportedError(f"a model with {more[0]}")
