"""The description of a model in a folder, read without sentence_transformers and transformers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tokenizers
from safetensors.torch import load_file
from torch import Tensor

from sentrep.encoders.fast.description import Description, Part, UnsupportedError
from sentrep.encoders.fast.encoder import FastEncoder
from sentrep.encoders.fast.families import check_sizes
from sentrep.encoders.fast.tokenizers import check_tokenizer
from sentrep.encoders.model_folder import checked_folder
from sentrep.utils.errors import InputError, at

SETTINGS = ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
"""Parts of the names of the file in which sentence-transformers keeps settings of a transformer."""
TEXT = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}


def open_fast(path: Path, precision: str = "auto") -> FastEncoder:
    """Open the model in a folder.

    Raises:
        InputError: there is no model, or it is damaged.
        UnsupportedError: it has a module or a setting that the fast path does not know.
    """
    path, modules = checked_folder(path)
    try:
        return FastEncoder(describe_folder(path, modules), precision)
    except (InputError, UnsupportedError):
        raise
    except Exception as error:  # every library on the way has its own, tokenizers a bare one
        line = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            f"{at(path)}: damaged or not complete ({line}); save or fetch the model again"
        ) from error


def describe_folder(path: Path, modules: list[tuple[str, str]]) -> Description:
    """A model as plain data.

    Args:
        path: folder of the model.
        modules: class and folder of each module, as modules.json has them.

    Raises:
        UnsupportedError: see `open_fast`.
    """
    if not modules or not all(kind.startswith("sentence_transformers.") for kind, _ in modules):
        raise UnsupportedError("a model of other modules than those of sentence-transformers")
    kinds = [kind.rsplit(".", 1)[-1] for kind, _ in modules]
    first = path / modules[0][1]
    general = _json(path / "config_sentence_transformers.json")
    if general.get("model_type", "SentenceTransformer") != "SentenceTransformer":
        raise UnsupportedError(f"a model of the type {general['model_type']}")
    name, cut = general.get("default_prompt_name"), general.get("truncate_dim")
    prompt = (general.get("prompts") or {}).get(name) or "" if name else ""
    rest = tuple(_part(kind, path / inside) for kind, (_, inside) in zip(kinds[1:], modules[1:], strict=True))
    if kinds[0] == "StaticEmbedding":
        table = Part(kinds[0], weights={"embedding.weight": _table(_tensors(first))})
        return Description((table, *rest), _tokenizer(first), None, prompt, cut)
    if kinds[0] != "Transformer":
        raise UnsupportedError(f"a model that begins with {kinds[0]}")
    return _of_transformer(first, rest, prompt, cut)


def _of_transformer(folder: Path, rest: tuple[Part, ...], prompt: str, cut: int | None) -> Description:
    own: dict[str, Any] = {}
    for name in SETTINGS:
        own = own or _json(folder / f"sentence_{name}_config.json")
    config, reading = _json(folder / "config.json"), _json(folder / "tokenizer_config.json")
    if (folder / "adapter_config.json").exists():
        raise UnsupportedError("a model with adapters")
    tokenizer = _tokenizer(folder)
    check_tokenizer(tokenizer, reading, str(config.get("model_type")))
    limit, tensors = _limit(own, config, reading), _tensors(folder)
    check_sizes(config, tensors)
    return Description((Part("Transformer", config, tensors), *rest), tokenizer, limit, prompt, cut)


def _limit(own: Mapping[str, Any], config: Mapping[str, Any], reading: Mapping[str, Any]) -> int | None:
    """The number of tokens that sentence-transformers would read of a text.

    Raises:
        UnsupportedError: the module has settings that are not known here.
    """
    usual = {
        "do_lower_case": (False,),
        "transformer_task": ("feature-extraction",),
        "modality_config": (TEXT,),
        "module_output_name": ("token_embeddings",),
        "unpad_inputs": (None, False, True),
    }
    for name, value in own.items():
        if name != "max_seq_length" and value not in (*usual.get(name, ()), None, {}, []):
            raise UnsupportedError(f"the setting {name} {value!r} of a transformer")
    if own.get("max_seq_length") is not None:
        return int(own["max_seq_length"])
    limits = [reading.get("model_max_length"), config.get("max_position_embeddings", 512)]
    return min((int(limit) for limit in limits if limit is not None and limit != -1), default=None)


def _part(kind: str, folder: Path) -> Part:
    """A module behind the first one."""
    weights = _tensors(folder) if kind in ("Dense", "LayerNorm") else {}
    return Part(kind, _json(folder / "config.json"), weights)


def _table(tensors: Mapping[str, Tensor]) -> Tensor:
    """The rows of a `StaticEmbedding`.

    Raises:
        UnsupportedError: the file is one of model2vec, whose rows are put together from parts.
    """
    if set(tensors) != {"embedding.weight"}:
        raise UnsupportedError("a table in the format of model2vec")
    return tensors["embedding.weight"]


def _tensors(folder: Path) -> dict[str, Tensor]:
    """The weights of a module, from one file or from the several files that an index file names.

    Raises:
        UnsupportedError: there are none in the format of safetensors.
        InputError: the index file names a file that is not there, or that is in another folder.
    """
    file, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if file.is_file():
        return load_file(file)
    if not index.is_file():
        raise UnsupportedError("weights in another file than model.safetensors")
    names = sorted(set(_json(index)["weight_map"].values()))
    for name in names:
        if Path(name).name != name or not (folder / name).is_file():
            raise InputError(f"{index} names {name!r}, which is not in this folder; fetch the model again")
    return {key: tensor for name in names for key, tensor in load_file(folder / name).items()}


def _tokenizer(folder: Path) -> tokenizers.Tokenizer:
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise UnsupportedError("a model without tokenizer.json")
    return tokenizers.Tokenizer.from_file(str(file))


def _json(file: Path) -> dict[str, Any]:
    """The content of a file of settings; empty if there is none."""
    if not file.is_file():
        return {}
    content = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"{file.name} is no object")
    return content
