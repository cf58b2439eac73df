"""Writing an index folder from vectors that come in chunks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sentrep.search import folder, structure
from sentrep.search.folder import IndexInfo, ModelStamp
from sentrep.search.kind_names import Kind, checked_kind
from sentrep.search.stored import CHUNK, StoredVectors
from sentrep.utils.arrays import GrowingArray
from sentrep.utils.blocks import stamp_files
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.manifest import MANIFEST, FileStamp
from sentrep.utils.strings import Strings
from sentrep.utils.strings import files_of as string_files

READ_AGAIN = 64
"""Vectors that are looked up in the folder that was written, at most."""

Vectors: TypeAlias = NDArray[np.floating] | Iterable[NDArray[np.floating]]


@runtime_checkable
class VectorFolder(Protocol):
    """What `sentrep.embedding.Embedded` is: vectors on disk with their ids and texts, stamped with their
    model."""

    @property
    def stamp(self) -> Mapping[str, str]: ...
    @property
    def storage(self) -> str: ...
    @property
    def truncated(self) -> bool: ...
    def vectors(self, chunk: int = ...) -> Iterator[NDArray[np.float32]]: ...
    def ids(self) -> Iterator[str]: ...
    def texts(self) -> Iterator[str]: ...
    def fields(self) -> Iterator[Mapping[str, str]]: ...


@dataclass
class Sample:
    """Some of the vectors put in, with their row numbers and ids, for looking them up afterwards."""

    size: int = 256
    stride: int = 1
    rows: list[int] = field(default_factory=list)
    kept: list[NDArray[np.float32]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def offer(self, row: int, vector: NDArray[np.float32]) -> None:
        """Keep every `stride`-th row; when that is too many, drop every second one and double the stride."""
        if row % self.stride == 0:
            self.rows.append(row)
            self.kept.append(vector.copy())
        if len(self.rows) > self.size:
            self.rows, self.kept, self.stride = self.rows[::2], self.kept[::2], 2 * self.stride

    def watch(self, ids: Iterable[str]) -> Iterator[str]:
        """Pass the ids on, keeping those of the rows kept."""
        wanted = set(self.rows)
        for row, name in enumerate(ids):
            if row in wanted:
                self.ids.append(name)
            yield name

    @property
    def vectors(self) -> NDArray[np.float32]:
        return np.stack(self.kept)


def write(
    aside: Path,
    source: Vectors | VectorFolder,
    ids: Iterable[str] | None,
    texts: Iterable[str] | None,
    *,
    model: ModelStamp | None,
    kind: Kind,
    dtype: str,
    corpus: str,
    memory: int | None = None,
    zeros: bool = False,
) -> Sample:
    """Write all files of an index into the empty folder `aside` and return what to look up in it."""
    checked_kind(kind)
    if dtype not in ("float32", "float16"):
        raise InputError(f"{opt('dtype')} {dtype}: vectors are stored as float32 or float16")
    chunks: Iterable[NDArray[np.floating]]
    fields: Iterable[Mapping[str, str]] = ()
    storage, truncated = "", False
    if isinstance(source, VectorFolder):
        storage, truncated = source.storage, source.truncated
        model = _same_model(model, source.stamp)
        corpus = corpus or source.stamp.get("source", "")
        ids = source.ids() if ids is None else ids
        texts = source.texts() if texts is None else texts
        chunks, fields = source.vectors(), source.fields()
    elif isinstance(source, np.ndarray):
        chunks = (source[first : first + CHUNK] for first in range(0, len(source), CHUNK))
    else:
        chunks = source
    if model is None:
        raise InputError(
            "say which model made the vectors: model=ModelStamp(name, content_hash)", setting="model"
        )

    sample = Sample()
    count, width, unknown = _write_vectors(aside / folder.VECTORS, chunks, dtype, sample)
    if unknown == count and not zeros:
        raise InputError(
            f"all {count} vectors are zero; the model knows none of the words in this input",
            setting="vectors",
        )
    names = map(str, range(count)) if ids is None else ids
    _same_count("ids", Strings.write(aside, folder.IDS, sample.watch(names)), count)
    if texts is not None:
        _same_count("texts", Strings.write(aside, folder.TEXTS, texts), count)

    has_fields = _write_fields(aside, fields, count)

    # Built from what was stored, so that float16 vectors are indexed as they will be compared.
    built = structure.build(aside, StoredVectors(aside / folder.VECTORS), kind, memory)
    files = stamp_files(aside, folder.files_of(built.kind, texts is not None, has_fields), folder.BLOCKS)
    IndexInfo(
        kind=built.kind,
        reason=built.reason,
        parameters=built.parameters,
        count=count,
        different=built.different,
        width=width,
        dtype=dtype,
        zero_vectors=unknown,
        has_texts=texts is not None,
        truncated=truncated,
        storage=storage,
        model=model,
        corpus=corpus or _fingerprint(files),
        versions=_versions(),
        has_fields=has_fields,
    ).write(aside, files)
    return sample


def normalised(
    rows: NDArray[np.floating], name: str, first: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Rows (row, width) at length 1 as float32, and which of them (row,) were zero and stay so."""
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise InputError(f"{name}: expected vectors of shape (row, width), got {rows.shape}", setting=name)
    exact = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(exact, axis=1)
    bad = np.flatnonzero(~np.isfinite(lengths))
    if len(bad):
        raise InputError(
            f"{name}: row {first + int(bad[0])} has a NaN or an infinite value; did the model diverge?",
            setting=name,
        )
    zero = lengths == 0
    return (exact / np.where(zero, 1.0, lengths)[:, None]).astype(np.float32), zero


def check_target(target: Path, overwrite: bool) -> None:
    """Refuse, before any work is done, a target that must not be replaced."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / MANIFEST).is_file() or not (target / folder.VECTORS).is_file():
        raise InputError(f"{at(target)} exists and is not a search index; name another folder")
    if not overwrite:
        raise InputError(
            f"{at(target)} holds an index already; name another folder, or give {opt('overwrite')}"
        )


def _write_vectors(
    path: Path, chunks: Iterable[NDArray[np.floating]], dtype: str, sample: Sample
) -> tuple[int, int, int]:
    """Write normalised vectors as one .npy; how many, how wide, and how many were zero."""
    zeros = 0
    rest = iter(chunks)
    first = next((chunk for chunk in rest if len(chunk)), None)
    if first is None:
        raise InputError("there are no vectors to index; is the input empty?", setting="vectors")
    width = normalised(first, "vectors")[0].shape[1]
    with GrowingArray(path, dtype, width) as file:
        for chunk in chain([first], rest):
            rows, zero = normalised(chunk, "vectors", len(file))
            if rows.shape[1] != width:
                raise InputError(
                    f"vectors: row {len(file)} is {rows.shape[1]} wide, those before it are {width} wide",
                    setting="vectors",
                )
            for number in np.flatnonzero(~zero):
                sample.offer(len(file) + int(number), rows[number])
            file.append(rows)
            zeros += int(zero.sum())
    return len(file), width, zeros


def _write_fields(aside: Path, fields: Iterable[Mapping[str, str]], count: int) -> bool:
    """Write further fields of the texts as JSON; returns whether there are any."""
    some = False

    def encoded() -> Iterator[str]:
        nonlocal some
        for each in fields:
            some = some or bool(each)
            yield json.dumps(dict(each)) if each else "{}"

    written = Strings.write(aside, folder.FIELDS, encoded())
    if not some:
        for name in string_files(folder.FIELDS):
            (aside / name).unlink()
        return False
    _same_count("fields", written, count)
    return True


def _same_model(model: ModelStamp | None, stamp: Mapping[str, str]) -> ModelStamp | None:
    """The model a folder of vectors is stamped with; a different one given beside it is a mistake."""
    own = stamp.get("model")
    if own is None:
        return model
    if model is not None and model.content_hash != own:
        raise InputError(
            f"the vectors were made by the model {own}, not by {model.name} ({model.content_hash})",
            setting="model",
        )
    return model or ModelStamp(stamp.get("model_name", own[:12]), own, stamp.get("model_path", ""))


def _same_count(name: str, count: int, vectors: int) -> None:
    if count != vectors:
        raise InputError(f"there are {count} {name} for {vectors} vectors; give one for each", setting=name)


def _fingerprint(files: Mapping[str, FileStamp]) -> str:
    """A hash of the ids and texts."""
    strings = "".join(stamp.sha256 for name, stamp in sorted(files.items()) if name.endswith(".utf8"))
    return hashlib.sha256(strings.encode()).hexdigest()


def _versions() -> dict[str, str]:
    import faiss

    try:
        own = version("sentrep")
    except PackageNotFoundError:
        own = "not installed"
    return {"sentrep": own, "faiss": faiss.__version__}
