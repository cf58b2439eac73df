"""Folders of models as one meets them: the vectors are those of sentence-transformers, or the model is left
to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from sentrep.encoders.batching import encode
from sentrep.encoders.fast.description import UnsupportedError
from sentrep.encoders.fast.folder import open_fast
from sentrep.encoders.fast.memory import fast_form
from sentrep.encoders.serialization import content_hash
from sentrep.utils.errors import InputError
from tests.encoders.fast.models import TEXTS, WIDTH, made, tokenizer

SOME = TEXTS[:12]


def folder(place: Path, family: str = "bert", **settings: Any) -> Path:
    made(place, family, **settings)
    return place / "model"


def edit(file: Path, **settings: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


def rewrite(model: Path, change: Callable[[str, torch.Tensor], tuple[str, torch.Tensor]]) -> None:
    """Write weights anew, each with another name or content."""
    tensors = load_file(model / "model.safetensors")
    save_file(dict(change(*each) for each in tensors.items()), model / "model.safetensors", {"format": "pt"})


def in_several_files(model: Path) -> None:
    bare = transformers.AutoModel.from_pretrained(model)
    (model / "model.safetensors").unlink()
    bare.save_pretrained(model, max_shard_size="20KB")
    assert len(list(model.glob("model-*.safetensors"))) > 2


def in_half_precision(model: Path) -> None:
    rewrite(model, lambda name, tensor: (name, tensor.half()))
    edit(model / "config.json", dtype="float16")


def in_two_precisions(model: Path) -> None:
    rewrite(model, lambda name, tensor: (name, tensor.bfloat16() if "output" in name else tensor))


def below_a_head(model: Path) -> None:
    rewrite(model, lambda name, tensor: (f"bert.{name}", tensor))


def with_old_names(model: Path) -> None:
    rewrite(
        model,
        lambda name, tensor: (
            name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"),
            tensor,
        ),
    )


def cut_to_four(model: Path) -> None:
    edit(model / "config_sentence_transformers.json", truncate_dim=4)


def with_a_prompt(model: Path) -> None:
    edit(model / "config_sentence_transformers.json", prompts={"q": "the fox "}, default_prompt_name="q")


def short(model: Path) -> None:
    edit(model / "sentence_bert_config.json", max_seq_length=3)


def padded_by_the_tokenizer(model: Path) -> None:
    padding = {
        "strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 1,
        "pad_type_id": 0, "pad_token": "<pad>",
    }  # fmt: skip
    truncation = {"direction": "Right", "max_length": 6, "strategy": "LongestFirst", "stride": 0}
    edit(model / "tokenizer.json", padding=padding, truncation=truncation)


USUAL = [
    in_several_files, in_half_precision, in_two_precisions, below_a_head, with_old_names, cut_to_four,
    with_a_prompt, short, padded_by_the_tokenizer,
]  # fmt: skip


@pytest.mark.parametrize("change", USUAL, ids=lambda change: change.__name__)
def test_a_changed_folder_is_read_as_sentence_transformers_reads_it(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    model = folder(tmp_path, behind=(Dense(WIDTH, 8), Normalize()))
    change(model)
    stock = SentenceTransformer(str(model), device="cpu", model_kwargs={"dtype": torch.float32})
    expected = stock.encode(SOME)
    opened = open_fast(model, "fp32")
    assert np.abs(opened.encode(SOME) - expected).max() < 1e-5
    assert np.abs(encode(stock, SOME) - expected).max() < 1e-5
    assert opened.content_hash == content_hash(stock)
    assert opened.get_embedding_dimension() == expected.shape[1]


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("limit", [0, 1])
def test_a_limit_below_the_special_tokens_is_left_to_the_model(
    family: str, limit: int, tmp_path: Path
) -> None:
    model = folder(tmp_path, family, num_hidden_layers=1)
    edit(model / "sentence_bert_config.json", max_seq_length=limit)
    with pytest.raises(UnsupportedError):
        open_fast(model, "fp32")
    assert fast_form(SentenceTransformer(str(model), device="cpu")) is None


@pytest.mark.parametrize(
    ("family", "setting", "value"),
    [
        ("bert", "vocab_size", 20),
        ("bert", "type_vocab_size", 3),
        ("bert", "max_position_embeddings", 100),
        ("bert", "num_attention_heads", 12),
        ("mpnet", "relative_attention_num_buckets", 16),
        ("roberta", "pad_token_id", 2),
        ("distilbert", "dim", 64),
    ],
)
def test_sizes_that_do_not_fit_the_weights_are_not_computed(
    family: str, setting: str, value: int, tmp_path: Path
) -> None:
    model = folder(tmp_path, family)
    edit(model / "config.json", **{setting: value})
    with pytest.raises(UnsupportedError):
        open_fast(model, "fp32")


def test_missing_and_outer_files_of_weights_are_refused(tmp_path: Path) -> None:
    model = folder(tmp_path)
    in_several_files(model)
    index = model / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    for name in ("../other.safetensors", "model-9.safetensors"):
        edit(index, weight_map=content["weight_map"] | {"pooler.dense.bias": name})
        with pytest.raises(InputError):
            open_fast(model, "fp32")


def test_a_token_without_a_row_is_an_error_of_the_model() -> None:
    table = StaticEmbedding(tokenizer(), embedding_weights=torch.randn(6, 8))
    encoder = SentenceTransformer(modules=[table], device="cpu")
    assert encode(encoder, ["a"]).shape == (1, 8)
    with pytest.raises(InputError):
        encode(encoder, ["a", "fox"])
