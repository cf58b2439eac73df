"""Embedding sentences into memory, or into a folder of shards that can be interrupted and continued."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sentrep.embedding.dtypes import LOSSY, check_dimensions, check_dtype, kept_neighbours, narrowed
from sentrep.embedding.files import check_format, files_of, write_shard
from sentrep.embedding.filling import EncodeAll, FilledShard, encoded, filled_shards
from sentrep.embedding.info import EmbeddedInfo
from sentrep.embedding.items import Record, not_one_string, strings
from sentrep.embedding.parts import part_folder
from sentrep.embedding.resume import begin, skip
from sentrep.embedding.shards import Embedded
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.locks import writer
from sentrep.utils.manifest import MANIFEST, FileStamp
from sentrep.utils.progress import Total, progress

Encode: TypeAlias = Callable[[list[str]], NDArray[np.float32]]
"""Texts to vectors (sentence, width); in use ``functools.partial(sentrep.encoders.encode, model)``."""

PIECE = 4096
"""Texts handed to the encoder at once: enough to sort by length, few enough for the progress bar to move."""


def embed_texts(
    encode: Encode, texts: Iterable[str], *, dimensions: int | None = None, total: int | None = None
) -> NDArray[np.float32]:
    """Embed texts in memory.

    Args:
        encode: texts to vectors (sentence, width).
        texts: any number of them, but at least one.
        dimensions: keep only the first N values of each vector, rescaled to length 1.
        total: number of texts, for the progress bar.

    Returns:
        (sentence, width) float32, in the order given.

    Raises:
        InputError: there is no text, a text is no string, or a vector is not finite.

    >>> embed_texts(lambda texts: np.ones((len(texts), 3)), ["a", "b"]).shape
    (2, 3)
    """
    not_one_string(texts)
    check_dimensions(dimensions)
    pieces: list[NDArray[np.float32]] = []
    count, width = 0, None
    rest = progress(texts, "embedding", total)
    while piece := list(islice(rest, PIECE)):
        strings(piece, count)
        vectors = encoded(encode(piece), piece, count, width)
        pieces.append(narrowed(vectors, dimensions))
        count, width = count + len(piece), vectors.shape[1]
    if not pieces:
        raise InputError("there are no texts to embed; is the input empty?", setting="texts")
    return np.concatenate(pieces)


def embed_to_folder(
    encode: Encode,
    texts: Iterable[Record],
    out: Path | str,
    *,
    stamp: Mapping[str, str],
    shard: int = 65_536,
    dtype: str = "float32",
    format: str = "npy",
    dimensions: int | None = None,
    part: int = 0,
    parts: int = 1,
    overwrite: bool = False,
    wait: bool = False,
    total: Total = None,
    encode_all: EncodeAll | None = None,
) -> Embedded:
    """Embed (id, text) pairs into a folder, one shard in memory at a time, and open it.

    Run again after an interruption, with the same stamp and the same texts, it goes on after the last
    finished shard; the texts that are passed over are compared with those embedded. Ctrl-C and SIGTERM raise
    a KeyboardInterrupt whose message says what is kept.

    Args:
        encode: texts to vectors (sentence, width).
        texts: pairs of id and text; or triples of id, text and further fields (names to texts), which an
            index keeps to its hits.
        out: the folder.
        stamp: what the vectors are of: ``model`` (content hash), ``source`` (fingerprint of the input), and
            for people ``model_name`` and ``model_path``.
        shard: sentences in a shard.
        dtype: float32, float16, int8 or binary, in which vectors are stored; see `sentrep.embedding.dtypes`.
        format: npy; parquet, one file a shard for databases; or parquet-list, the same with vectors as lists
            of variable length.
        dimensions: keep only the first N values of each vector, rescaled to length 1.
        part: which part of the work this process does, from 0. It goes into a folder in `out`.
        parts: into how many parts the work is split; `merge` joins them.
        overwrite: start again, whatever embedded sentences are in `out`.
        wait: if another process writes `out`, wait for it instead of raising an error.
        total: number of texts, for the progress bar, or an estimate of it from the number of those read.
        encode_all: in place of `encode`: batches of texts to their vectors, in order, as other processes do
            it.

    Raises:
        InputError: `out` holds other work or something else, or is being written; a text is no string; a
            vector is not finite; or the disk is full.
    """
    not_one_string(texts)
    check_dtype(dtype)
    check_dimensions(dimensions)
    check_format(format, dtype)
    if shard < 1:
        raise InputError(f"{opt('shard')} {shard}: a shard needs 1 sentence or more")
    folder = part_folder(Path(out), part, parts)
    if parts > 1 and (Path(out) / MANIFEST).exists():
        raise InputError(f"{at(out)} holds work that is merged or has one part; name another folder")
    asked = EmbeddedInfo(dict(stamp), dtype, shard, format, dimensions, part, parts)
    with writer(folder, "embed", wait=wait):
        _embed(encode_all or partial(map, encode), texts, folder, asked, overwrite, total)
    return Embedded.open(folder)


def _embed(
    encode_all: EncodeAll,
    texts: Iterable[Record],
    out: Path,
    asked: EmbeddedInfo,
    overwrite: bool,
    total: Total,
) -> None:
    """Go on from the last finished shard until the texts are at their end."""
    info, files = begin(out, asked, overwrite)
    given = iter(texts)
    passed = skip(out, info, given)
    rest = progress(given, "embedding", total, initial=passed)
    try:
        for shard in filled_shards(encode_all, rest, info, passed, PIECE):
            info = _written(out, info, shard)
            files |= {name: FileStamp.of(out / name) for name in _names(info)}
            info.write(out, files)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped; {len(info)} sentences are kept in {out}, the same command goes on from there"
        ) from None
    if not info.counts and info.part == 0:
        raise InputError("there are no texts to embed; is the input empty?", setting="texts")
    replace(info, complete=True).write(out, files)


def _written(out: Path, info: EmbeddedInfo, shard: FilledShard) -> EmbeddedInfo:
    """Write a shard; what is known with it."""
    vectors = shard.vectors
    write_shard(out, shard.number, info.format, info.dtype, vectors, shard.items, shard.lines)
    kept = None
    if info.dtype in LOSSY and not info.counts:
        kept = kept_neighbours(vectors, info.dtype)
    return info.grown(len(vectors), vectors.shape[1], shard.content, kept)


def _names(info: EmbeddedInfo) -> Iterator[str]:
    """The files of the last finished shard."""
    yield from files_of(info.numbers[-1], info.format, info.dtype)
