"""Parquet files, read by bytes: a small file may expand to thousands of times its size."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.data.reading.decode import unpack
from sentrep.data.reading.document import LIMIT, Fragment, Reading, Source
from sentrep.data.reading.records import has_text_column, record_fragments
from sentrep.data.reading.report import Kind
from sentrep.utils.errors import InputError

TOGETHER = 4 << 20
"""Bytes of encoded rows that are decoded at once."""

PAGE = 4 * LIMIT
"""Bytes of the largest first page of a column that is unpacked."""

UNPACKED = 8 << 30
"""Bytes to which a .parquet.gz or .parquet.zst is unpacked at most."""


def parquet(source: Source, reading: Reading) -> Iterator[Fragment]:
    """Rows of a Parquet file, some at a time. Values over `LIMIT` bytes are skipped and counted."""
    import pyarrow

    with tempfile.TemporaryDirectory() as scratch:
        rows = _Rows(source, reading)
        try:
            yield from rows.fragments(_unpacked(source, reading, Path(scratch)))
        except InputError:
            raise
        except (pyarrow.ArrowException, OSError, ValueError, MemoryError) as error:
            where = f"{source.name}:{rows.number + 1}" if rows.number else source.name
            what = str(error).strip().split("\n")[0] or type(error).__name__
            size = source.path.stat().st_size if source.path.exists() else 0
            what = f"{what}; what comes before it is used"
            reading.report.problem(Kind.DAMAGED, where, what, characters=size)


class _Rows:
    """The rows of one file; `number` is the last one that was read."""

    def __init__(self, source: Source, reading: Reading) -> None:
        self._source, self._reading = source, reading
        self.number = 0

    def fragments(self, path: Path) -> Iterator[Fragment]:
        from pyarrow.parquet import ParquetFile

        with ParquetFile(path) as file:
            names = file.schema_arrow.names
            if not has_text_column(names, self._source, self._reading):
                return
            columns = [name for name in dict.fromkeys(self._reading.config.fields) if name in names]
            for name in columns:
                if (times := names.count(name)) > 1:
                    what = f"{name!r} stands {times} times; the first is read"
                    self._reading.report.problem(Kind.SAME_COLUMN, self._source.name, what)
            leaves = [file.schema.column(i).path for i in range(len(file.schema.names))]
        leaves = [leaf for leaf in leaves if leaf.split(".")[0] in columns]
        # What is stored once and repeated stays stored once in memory.
        with ParquetFile(path, read_dictionary=leaves, buffer_size=1 << 20, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                yield from self._group(file, path, group, columns)

    def _group(self, file: Any, path: Path, group: int, columns: list[str]) -> Iterator[Fragment]:
        rows = file.metadata.row_group(group).num_rows
        chunks = [
            chunk
            for i in range(file.metadata.num_columns)
            if (chunk := file.metadata.row_group(group).column(i)).path_in_schema.split(".")[0] in columns
        ]
        encoded = sum(chunk.total_uncompressed_size for chunk in chunks)
        large = encoded > max(rows * LIMIT, PAGE)
        if rows and (large or any(_first_page(path, chunk) > PAGE for chunk in chunks)):
            where = f"{self._source.name}:{self.number + 1}"
            what = f"{rows:,} rows of {encoded:,} bytes; values of more than {LIMIT:,} bytes are skipped"
            self._reading.report.problem(Kind.TOO_LARGE, where, what, times=rows, characters=encoded)
            self.number += rows
            return
        together = int(np.clip(TOGETHER * rows // max(encoded, 1), 1, 1024))
        for batch in file.iter_batches(batch_size=together, row_groups=[group], columns=columns):
            yield from self._batch(batch)

    def _batch(self, batch: Any) -> Iterator[Fragment]:
        names = batch.schema.names
        columns = {name: batch.column(names.index(name)) for name in names}
        sizes = [_sizes(column) for column in columns.values()]
        for row in range(batch.num_rows):
            self.number += 1
            where = f"{self._source.name}:{self.number}"
            size = sum(int(each[row]) for each in sizes)
            if size > LIMIT:
                what = f"{size:,} bytes; more than {LIMIT:,} are skipped"
                self._reading.report.problem(Kind.TOO_LARGE, where, what, characters=size)
                continue
            record = {name: self._value(column[row], where) for name, column in columns.items()}
            if record[self._reading.config.text_field] is None:
                self._reading.report.problem(Kind.EMPTY_TEXT, where, "null")
                continue
            yield from record_fragments(record, f"{self._source.stem}#{self.number}", where, self._reading)

    def _value(self, scalar: Any, where: str) -> Any:
        try:
            value = scalar.as_py()
        except UnicodeDecodeError:
            value = getattr(scalar, "value", scalar).as_buffer().to_pybytes()
        if not isinstance(value, bytes):
            return value
        text = value.decode("utf-8", "replace")
        if broken := text.count("\ufffd") - value.count(b"\xef\xbf\xbd"):
            self._reading.report.problem(
                Kind.ENCODING, where, f"{broken} replaced", times=broken, characters=broken
            )
        return text


def _sizes(column: Any) -> NDArray[np.int64]:
    """(row) Bytes of text that each value has, without expanding what is stored once."""
    import pyarrow
    import pyarrow.compute as compute

    kind = column.type
    if pyarrow.types.is_dictionary(kind):
        lengths = _sizes(column.dictionary)
        if not len(lengths):
            return np.zeros(len(column), np.int64)
        indices = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
        return np.where(column.is_valid().to_numpy(zero_copy_only=False), lengths[indices], 0)
    if pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind):
        bounds = column.offsets.to_numpy()
        total = np.concatenate([[0], np.cumsum(_sizes(column.values))])
        return np.asarray(total[bounds[1:]] - total[bounds[:-1]], np.int64)
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind) or pyarrow.types.is_binary(kind):
        lengths = compute.binary_length(column).fill_null(0)
        return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)
    return np.zeros(len(column), np.int64)


def _first_page(path: Path, chunk: Any) -> int:
    """Bytes to which the first page of a column unpacks, by its header (Thrift's compact protocol: a page
    type and this size come first); 0 where it cannot be read."""
    offsets = [chunk.data_page_offset, chunk.dictionary_page_offset]
    start = min(offset for offset in offsets if offset is not None)
    with path.open("rb") as file:
        file.seek(max(start, 0))
        header = file.read(32)
    at, numbers = 0, list[int]()
    while len(numbers) < 2:
        if header[at : at + 1] != b"\x15":
            return 0
        number, shift, at = 0, 0, at + 1
        while at < len(header):
            number |= (header[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if header[at - 1] < 0x80:
                break
        numbers.append((number >> 1) ^ -(number & 1))
    return numbers[1]


def _unpacked(source: Source, reading: Reading, scratch: Path) -> Path:
    """A Parquet file is read from its end, so it must lie unpacked."""
    if source.path.suffix.lower() not in (".gz", ".zst"):
        return source.path
    path, written = scratch / "unpacked.parquet", 0
    with path.open("wb") as unpacked:
        for block in unpack(source.path, source.name, reading.report):
            written += unpacked.write(block)
            if written > UNPACKED:
                raise ValueError(f"unpacks to more than {UNPACKED:,} bytes")
    return path
