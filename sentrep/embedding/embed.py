"""Sentences through an encoder, into memory or into a folder of shards that survives being killed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sentrep.embedding.shards import (
    MANIFEST,
    Embedded,
    Manifest,
    Shard,
    check_files,
    texts_file,
    vectors_file,
)
from sentrep.utils.errors import InputError
from sentrep.utils.files import PARTIAL, whole
from sentrep.utils.progress import progress

Encode: TypeAlias = Callable[[list[str]], NDArray[np.float32]]
"""Texts to vectors (sentence, width); in use ``functools.partial(sentrep.encoders.encode, model)``."""

PIECE = 4096
"""Texts handed to the encoder at once: enough to sort by length, few enough for the progress bar to move."""

FOR_PEOPLE = {"model_name", "model_path"}
"""Keys of a stamp that may change between two starts: a model that has moved is still the same model."""


def embed_texts(encode: Encode, texts: Iterable[str], *, total: int | None = None) -> NDArray[np.float32]:
    """Vectors (sentence, width) of `texts` in memory, float32, in the order given."""
    _not_a_string(texts)
    pieces: list[NDArray[np.float32]] = []
    rest = progress(texts, "embedding", total)
    while piece := list(islice(rest, PIECE)):
        pieces.append(_encode(encode, piece, sum(map(len, pieces)), pieces[0].shape[1] if pieces else None))
    if not pieces:
        raise InputError("there are no texts to embed; is the input empty?")
    return np.concatenate(pieces)


def embed_to_folder(
    encode: Encode,
    texts: Iterable[tuple[str, str]],
    out: Path | str,
    *,
    stamp: Mapping[str, str],
    shard: int = 65_536,
    dtype: str = "float32",
    overwrite: bool = False,
    total: int | None = None,
) -> Embedded:
    """Embed (id, text) pairs into the folder `out`, one shard in memory at a time, and open it.

    `stamp` says what the vectors are of: ``model`` (content hash), ``source`` (fingerprint of the input), and
    for people ``model_name`` and ``model_path``. Run again after an interruption, with the same stamp and the
    same texts, it goes on after the last finished shard; the texts skipped are compared with those embedded.
    Anything else in `out` is an InputError, unless `overwrite` starts anew. Ctrl-C raises a KeyboardInterrupt
    whose message says what is kept."""
    _not_a_string(texts)
    if dtype not in ("float32", "float16"):
        raise InputError(f"vectors are stored as float32 or float16, not {dtype!r}")
    if shard < 1:
        raise InputError(f"a shard has {shard} sentences; it needs 1 or more")
    out = Path(out)
    asked = Manifest(stamp=dict(stamp), dtype=dtype, shard=shard)
    manifest = _begin(out, asked, overwrite)
    pairs = iter(texts)
    _skip(out, manifest, pairs)
    done = sum(entry.count for entry in manifest.shards)
    rest = progress(pairs, "embedding", None if total is None else total - done)
    try:
        while entry := _write_shard(encode, rest, out, manifest):
            manifest = replace(manifest, shards=(*manifest.shards, entry), width=entry.width)
            manifest.write(out)
    except KeyboardInterrupt:
        done = sum(entry.count for entry in manifest.shards)
        raise KeyboardInterrupt(
            f"stopped; {done} sentences are kept in {out}, the same command goes on from there"
        ) from None
    if not manifest.shards:
        raise InputError("there are no texts to embed; is the input empty?")
    replace(manifest, complete=True).write(out)
    return Embedded.open(out)


def _begin(out: Path, asked: Manifest, overwrite: bool) -> Manifest:
    """The manifest to go on from: the one in `out` if it is of the same work, else an empty one."""
    if not (out / MANIFEST).is_file():
        if out.exists() and (not out.is_dir() or any(path.suffix != PARTIAL for path in out.iterdir())):
            raise InputError(f"{out} exists and holds something else; name another folder")
        out.mkdir(parents=True, exist_ok=True)
        asked.write(out)
        return asked
    found = Manifest.read(out)  # also with overwrite: a manifest of another kind is not ours to replace
    if overwrite:
        asked.write(out)
        for path in (*out.glob("vectors-*.npy"), *out.glob("texts-*.jsonl")):
            path.unlink()
        return asked
    of = {**found.stamp, "dtype": found.dtype, "shard": found.shard}
    now = {**asked.stamp, "dtype": asked.dtype, "shard": asked.shard}
    for key in sorted((of.keys() | now.keys()) - FOR_PEOPLE):
        if of.get(key) != now.get(key):
            raise InputError(
                f"{out} was begun with {key} {of.get(key)!r}, now it is {now.get(key)!r}; name another folder, or overwrite it"
            )
    check_files(out, found, thoroughly=False)
    return replace(found, complete=False)


def _skip(out: Path, manifest: Manifest, pairs: Iterator[tuple[str, str]]) -> None:
    """Pass over the texts of finished shards, and make sure that they are the same texts."""
    for number, entry in enumerate(manifest.shards):
        content = _lines_of(islice(pairs, manifest.shard), number * manifest.shard)[1]
        if hashlib.sha256(content).hexdigest() != entry.texts_sha256:
            first = number * manifest.shard + 1
            raise InputError(
                f"{out} holds other texts than sentences {first} to {first + entry.count - 1} of the input; "
                "the input has changed since: name another folder, or overwrite it"
            )


def _write_shard(
    encode: Encode, pairs: Iterator[tuple[str, str]], out: Path, manifest: Manifest
) -> Shard | None:
    """Encode and write the next shard; None when the input is at its end."""
    number, width = len(manifest.shards), manifest.width
    content, pieces, count = b"", [], 0
    while count < manifest.shard:
        texts, lines = _lines_of(
            islice(pairs, min(PIECE, manifest.shard - count)), number * manifest.shard + count
        )
        if not texts:
            break
        with np.errstate(over="ignore"):
            vectors = _encode(encode, texts, number * manifest.shard + count, width).astype(manifest.dtype)
        if not np.isfinite(vectors).all():
            raise InputError(f"these vectors do not fit into {manifest.dtype}; store them as float32")
        pieces.append(vectors)
        content, count, width = content + lines, count + len(texts), vectors.shape[1]
    if not pieces or width is None:
        return None
    vectors = np.concatenate(pieces)
    with whole(texts_file(out, number)) as file:
        file.write(content)
    with whole(vectors_file(out, number)) as file:
        np.save(file, vectors, allow_pickle=False)
    return Shard.of(out, number, count, width)


def _encode(encode: Encode, texts: list[str], first: int, width: int | None) -> NDArray[np.float32]:
    """Vectors of one piece, held to what an encoder promises. `first` is the number of its first text, from
    0."""
    for number, text in enumerate(texts, start=first + 1):
        if not isinstance(text, str):
            raise InputError(f"text {number} is not a string but {text!r}")
    vectors = np.asarray(encode(texts), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or vectors.shape[1] != (width or vectors.shape[1]):
        expected = f"({len(texts)}, {width or 'width'})"
        raise InputError(f"the encoder gave vectors of shape {vectors.shape}, expected {expected}")
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        number, text = first + int(bad[0]), texts[bad[0]]
        raise InputError(
            f"the vector of text {number + 1} is not finite (did the model diverge?): {text[:80]!r}"
        )
    return vectors


def _lines_of(pairs: Iterable[tuple[str, str]], first: int) -> tuple[list[str], bytes]:
    """The texts of some pairs, and their lines of JSON."""
    texts, lines = [], []
    for number, pair in enumerate(pairs, start=first + 1):
        if not isinstance(pair, tuple) or [type(part) for part in pair] != [str, str]:
            raise InputError(f"item {number} is not a pair of strings (id, text) but {pair!r}")
        texts.append(pair[1])
        # ASCII, so that even a lone surrogate comes back as it was.
        lines.append(json.dumps({"id": pair[0], "text": pair[1]}) + "\n")
    return texts, "".join(lines).encode()


def _not_a_string(texts: object) -> None:
    if isinstance(texts, str):
        raise InputError(
            f"texts is one string, {texts[:40]!r}; give a list of them, even if it is a list of one"
        )
