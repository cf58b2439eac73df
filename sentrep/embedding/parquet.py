"""A shard as a Parquet file that databases read.

| column | type |
|---|---|
| id | string |
| text | string |
| metadata | string: the further fields as a JSON object |
| vector | fixed_size_list<float32>[width], or list<float32> |

Each file has one row group and is compressed with zstd. DuckDB reads the vectors as `FLOAT[]`, which it casts
to `FLOAT[width]`; LanceDB takes the fixed-size list as a vector column; Milvus and pg_parquet want
list<float32>.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.embedding.items import Item
from sentrep.utils.errors import damaged
from sentrep.utils.files import whole


def write(path: Path, vectors: NDArray[np.float32], items: Sequence[Item], lists: bool) -> None:
    """Write a shard, whole or not at all. What is no Unicode (a lone surrogate) becomes U+FFFD.

    Args:
        path: of the file.
        vectors: (item, width).
        items: one for each vector.
        lists: vectors as list<float32> instead of fixed_size_list<float32>.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "id": pa.array([_unicode(item.id) for item in items], pa.string()),
        "text": pa.array([_unicode(item.text) for item in items], pa.string()),
        "metadata": pa.array([json.dumps(dict(item.fields)) for item in items], pa.string()),
        "vector": _column(vectors, lists),
    }
    table = pa.table(columns)
    with whole(path) as file:
        pq.write_table(table, file, compression="zstd", row_group_size=max(1, len(items)))


def read_vectors(path: Path, shape: tuple[int, int], chunk: int) -> Iterator[NDArray[np.float32]]:
    """The vectors of a shard, at most `chunk` rows (row, width) at a time.

    Raises:
        InputError: the file is damaged, or holds something else.
    """
    column = _read(path, ["vector"]).column("vector").combine_chunks()
    values = column.flatten().to_numpy(zero_copy_only=False)
    if values.dtype != np.float32 or values.size != shape[0] * shape[1]:
        raise damaged(path)
    vectors = values.reshape(shape)
    for first in range(0, shape[0], chunk):
        yield np.array(vectors[first : first + chunk])


def read_items(path: Path) -> Iterator[Item]:
    """The items of a shard, in order.

    Raises:
        InputError: the file is damaged, or holds something else.
    """
    table = _read(path, ["id", "text", "metadata"])
    try:
        for row in table.to_pylist():
            yield Item(row["id"], row["text"], json.loads(row["metadata"]))
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path) from error


def _column(vectors: NDArray[np.float32], lists: bool) -> Any:
    import pyarrow as pa

    values = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
    if not lists:
        return pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])
    offsets = np.arange(len(vectors) + 1, dtype=np.int64) * vectors.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _read(path: Path, columns: list[str]) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, columns=columns)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise damaged(path) from error


def _unicode(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
