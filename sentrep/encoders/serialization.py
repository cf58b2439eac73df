"""Encoders on disk: sentence-transformers folders of safetensors and JSON.

Where every module is stock, the folder opens with plain ``SentenceTransformer(path)``. Where one is ours
(GRU, final-state pooling, encoders side by side, trees), it opens with `load`, which imports classes of
sentence_transformers, of ``sentrep.encoders`` and the tree encoder and nothing else, and never runs code or
unpickles weights that came with a model."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Module
from tokenizers import Tokenizer
from torch import nn
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from sentrep.encoders.blank_text import guard
from sentrep.encoders.fast.description import UnsupportedError
from sentrep.encoders.fast.identity import content_hash as described_hash
from sentrep.encoders.fast.memory import describe
from sentrep.encoders.model_folder import FORMAT, checked_folder
from sentrep.utils.errors import InputError, at
from sentrep.utils.files import disk_errors, whole_folder
from sentrep.utils.formats import MODEL

Encoder = SentenceTransformer
"""An encoder is a sentence-transformers model, not a class of ours."""

NO_SHAPE = {"_name_or_path", "architectures", "dtype", "transformers_version"}
"""Entries of a transformer's configuration that do not change its vectors."""


def stock(encoder: SentenceTransformer) -> SentenceTransformer:
    """Returns the encoder with its own modules replaced by equivalent stock modules, where they exist."""
    modules: list[nn.Module] = []
    for module in encoder:
        equal = module.stock() if hasattr(module, "stock") else None
        modules += [module] if equal is None else equal if isinstance(equal, list) else [equal]
    replaced = SentenceTransformer(
        modules=modules,
        device=str(encoder.device),
        prompts=encoder.prompts,
        default_prompt_name=encoder.default_prompt_name,
        similarity_fn_name=encoder.similarity_fn_name,
    )
    guard(replaced)
    return replaced


def is_stock(encoder: SentenceTransformer) -> bool:
    """Whether the saved encoder opens with plain sentence-transformers."""
    return all(type(module).__module__.startswith("sentence_transformers.") for module in stock(encoder))


def save(encoder: SentenceTransformer, path: Path) -> None:
    """Saves the encoder in stock form, to a temporary folder that is renamed: it is complete or does not
    exist.

    A model at `path` is replaced in one step.

    Raises:
        InputError: `path` exists and is no model, or the disk is full.
    """
    if path.exists() and not (path / "modules.json").is_file() and (path.is_file() or any(path.iterdir())):
        raise InputError(f"{at(path)} exists and is no model, so none is saved over it; give another folder")
    with disk_errors(path), whole_folder(path) as aside, quiet():
        stock(encoder).save(str(aside), create_model_card=False)
        made_by = {"format_version": MODEL.format_version, "sentrep": _package_version()}
        (aside / FORMAT).write_text(json.dumps(made_by) + "\n", encoding="utf-8")


def link(model: Path, outer: Path) -> bool:
    """Makes a model in a folder inside of `outer` open with ``SentenceTransformer(outer)``.

    Writes a ``modules.json`` whose paths lead into the model. This is possible only for models of stock
    modules; for another model, the links of an earlier one are removed.

    Returns:
        Whether the file was written.
    """
    parts = json.loads((model / "modules.json").read_text(encoding="utf-8"))
    if not all(part["type"].startswith("sentence_transformers.") for part in parts):
        unlink(outer)
        return False
    inside = model.relative_to(outer)
    for part in parts:
        part["path"] = (inside / part["path"]).as_posix()
    (outer / "modules.json").write_text(json.dumps(parts, indent=2), encoding="utf-8")
    settings = model / "config_sentence_transformers.json"
    if settings.is_file():
        shutil.copyfile(settings, outer / settings.name)
    return True


def unlink(outer: Path) -> None:
    """Removes what `link` wrote."""
    for name in ("modules.json", "config_sentence_transformers.json"):
        (outer / name).unlink(missing_ok=True)


def load(path_or_name: str | Path, device: str = "cpu", offline: bool = False) -> SentenceTransformer:
    """Opens an encoder: a folder, or a name that sentence-transformers knows.

    Raises:
        InputError: the folder is no model or one of another format, needs code outside of trusted packages,
            or has pickled weights.
    """
    path = Path(path_or_name)
    if not path.exists():
        return _from_hub(str(path_or_name), device, offline)
    path, parts = checked_folder(path)
    try:
        if all(kind.startswith("sentence_transformers.") for kind, _ in parts):
            return _plain(str(path), device, local=True)
        modules = [
            _class(kind).load(str(path), subfolder=inside, local_files_only=True) for kind, inside in parts
        ]
        return SentenceTransformer(modules=modules, device=device)
    except InputError:
        raise
    except Exception as error:  # every library on the way has its own, tokenizers a bare one
        raise InputError(
            f"{at(path)}: damaged or not complete ({_line(error)}); save or fetch the model again"
        ) from error


def _package_version() -> str:
    try:
        return version("sentrep")
    except PackageNotFoundError:
        return "not installed"


def _plain(name: str, device: str, local: bool) -> SentenceTransformer:
    """Opens a model in fp32; by default transformers 5 keeps the type of the saved weights."""
    with quiet():
        return SentenceTransformer(
            name, device=device, local_files_only=local, model_kwargs={"dtype": torch.float32}
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Hides the progress bars of transformers while it reads and writes a file."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def content_hash(encoder: SentenceTransformer) -> str:
    """Returns the sha256 of weights, tokenizer and module structure: two encoders with the same hash have
    the same vectors.

    A model that the fast path can compute has the hash of its description, which its folder gives without
    sentence-transformers.
    """
    try:
        return described_hash(describe(encoder))
    except UnsupportedError:
        return _hash_of_modules(encoder)


def _hash_of_modules(encoder: SentenceTransformer) -> str:
    digest = hashlib.sha256(
        json.dumps([encoder.prompts, encoder.default_prompt_name], sort_keys=True).encode()
    )
    for name, weight in sorted(encoder.state_dict().items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
        digest.update(weight.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    for module in encoder.modules():
        digest.update(type(module).__name__.encode())
        if hasattr(module, "get_config_dict"):
            digest.update(json.dumps(module.get_config_dict(), sort_keys=True, default=str).encode())
        if isinstance(module, PreTrainedModel):  # the weights do not show the number of heads, for instance
            shape = {
                name: value for name, value in module.config.to_diff_dict().items() if name not in NO_SHAPE
            }
            digest.update(json.dumps(shape, sort_keys=True, default=str).encode())
        tokenizer = getattr(module, "tokenizer", None)
        if tokenizer is not None:
            digest.update(_serialised(tokenizer).encode())
    return digest.hexdigest()


def _serialised(tokenizer: Any) -> str:
    """Returns the JSON of a tokenizer of the tokenizers library, or the word list of a WordTokenizer."""
    inner = getattr(tokenizer, "tokenizer", tokenizer)
    inner = getattr(inner, "backend_tokenizer", inner)
    if not isinstance(inner, Tokenizer):
        return json.dumps(list(getattr(inner, "vocab", ())))
    plain = Tokenizer.from_str(inner.to_str())
    plain.no_truncation()  # set by the last call, no property of the tokenizer
    plain.no_padding()
    return str(plain.to_str())


def _class(kind: str) -> Any:
    module, name = kind.rsplit(".", 1)
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"module {kind} is unknown to this version of sentrep or sentence-transformers", setting="module"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Module)):
        raise InputError(f"{kind} is no module of an encoder", setting="module")
    return found


def _from_hub(name: str, device: str, offline: bool) -> SentenceTransformer:
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise InputError(f"{at(name)}: no such model folder")
    offline = offline or os.environ.get("HF_HUB_OFFLINE", "0") not in ("", "0")
    try:
        return _plain(name, device, local=offline)
    except (OSError, ValueError) as error:
        tried = "the local cache (offline)" if offline else "the hub"
        raise InputError(
            f"{at(name)} is neither a folder here nor a model from {tried}: {_line(error)}"
        ) from error


def _line(error: Exception) -> str:
    """Returns the first line of a library's error message."""
    return next(iter(str(error).splitlines()), type(error).__name__)
