"""The files of a shard, in the formats in which they are written.

npy: `vectors-00000.npy` and `texts-00000.jsonl`; of int8 also `scales-00000.npy`.
parquet, parquet-list: `vectors-00000.parquet`; see `sentrep.embedding.parquet`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.embedding import parquet
from sentrep.embedding.dtypes import Stored, array_dtype, restore, store, stored_width
from sentrep.embedding.items import Item
from sentrep.utils.arrays import mapped
from sentrep.utils.errors import InputError, damaged, nearest, opt
from sentrep.utils.files import whole

FORMATS = ("npy", "parquet", "parquet-list")
"""The formats of shards."""
SHARD_FILE = re.compile(r"vectors-\d+\.(npy|parquet)|scales-\d+\.npy|texts-\d+\.jsonl")
"""Names of the files of shards."""


def check_format(format: str, dtype: str) -> None:
    """Refuse an unknown format, and Parquet with anything but float32.

    Raises:
        InputError: there is no such format, or it does not hold vectors of this type.
    """
    if format not in FORMATS:
        raise InputError(
            f"{opt('format')} {format}: there is no such format; {nearest(str(format), FORMATS)}"
        )
    if format != "npy" and dtype != "float32":
        raise InputError(f"{opt('dtype')} {dtype}: Parquet holds float32; leave {opt('format')} at npy")


def files_of(number: int, format: str, dtype: str) -> tuple[str, ...]:
    """The names of the files of a shard; the first holds the vectors, the last the texts.

    >>> files_of(3, "npy", "int8")
    ('vectors-00003.npy', 'scales-00003.npy', 'texts-00003.jsonl')
    >>> files_of(3, "parquet", "float32")
    ('vectors-00003.parquet',)
    """
    if format != "npy":
        return (f"vectors-{number:05}.parquet",)
    scales = (f"scales-{number:05}.npy",) if dtype == "int8" else ()
    return (f"vectors-{number:05}.npy", *scales, f"texts-{number:05}.jsonl")


def write_shard(
    folder: Path,
    number: int,
    format: str,
    dtype: str,
    vectors: NDArray[np.float32],
    items: Sequence[Item],
    lines: bytes,
) -> None:
    """Write the files of a shard, each whole or not at all.

    Args:
        folder: of all shards.
        number: of the shard.
        format: of `FORMATS`.
        dtype: of `DTYPES`.
        vectors: (item, width).
        items: one for each vector.
        lines: the items as lines of JSON.
    """
    if format != "npy":
        parquet.write(folder / files_of(number, format, dtype)[0], vectors, items, format == "parquet-list")
        return
    stored = store(vectors, dtype)
    arrays = [stored.values] if stored.scales is None else [stored.values, stored.scales]
    *array_files, texts_file = files_of(number, format, dtype)
    with whole(folder / texts_file) as file:
        file.write(lines)
    for name, array in zip(array_files, arrays, strict=True):
        with whole(folder / name) as file:
            np.save(file, array, allow_pickle=False)


def read_vectors(
    paths: Sequence[Path], format: str, dtype: str, shape: tuple[int, int], chunk: int
) -> Iterator[NDArray[np.float32]]:
    """The vectors of a shard, at most `chunk` rows (row, width) at a time.

    Args:
        paths: of the files of the shard, as `files_of` names them.
        format: of `FORMATS`.
        dtype: of `DTYPES`.
        shape: of the vectors.
        chunk: rows at a time.
    """
    count, width = shape
    if format != "npy":
        yield from parquet.read_vectors(paths[0], shape, chunk)
        return
    values = mapped(paths[0], (count, stored_width(width, dtype)), array_dtype(dtype))
    scales = np.array(mapped(paths[1], (width,), "float32")) if dtype == "int8" else None
    for first in range(0, count, chunk):
        yield restore(Stored(values[first : first + chunk], scales), dtype, width)


def read_items(paths: Sequence[Path], format: str) -> Iterator[Item]:
    """The items of a shard, in order.

    Raises:
        InputError: the file is damaged.
    """
    if format != "npy":
        yield from parquet.read_items(paths[0])
        return
    with paths[-1].open(encoding="utf-8") as file:
        try:
            yield from map(Item.from_line, file)
        except (ValueError, KeyError, TypeError) as error:
            raise damaged(paths[-1]) from error
