"""Texts and records from Python: lists, iterators, arrays, data frames, columns, data sets.

Libraries are recognised by what a value offers and not imported: pandas, polars and datasets are optional.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Number
from pathlib import Path
from typing import Any

from sentrep.utils.arguments import is_one_string
from sentrep.utils.errors import InputError, cut, opt


def texts_of(value: object, name: str = "texts") -> list[str]:
    """A list of strings from any ordered collection of texts.

    Args:
        value: a list, tuple, generator, array, column of pandas, polars or Arrow, or a column of a data set.
        name: of the argument, for the message.

    Raises:
        InputError: a table is given instead of one of its columns, or an item is not a string (named by its
            number, from 1).

    >>> texts_of(text for text in ("a text", "another"))
    ['a text', 'another']
    """
    texts = list(_items(value, name))
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise InputError(f"{opt(name)}: item {number} is not a string but {cut(repr(text))}")
    return [str(text) for text in texts]


def is_table(value: object) -> bool:
    """Whether a value has named columns: a data frame of pandas or polars, an Arrow table or a data set."""
    if hasattr(value, "column_names") or hasattr(value, "iter_rows"):
        return True
    return hasattr(value, "columns") and not isinstance(value, type)


def columns_of(table: Any) -> list[str]:
    """The names of a table's columns."""
    names = getattr(table, "column_names", None)
    names = getattr(table, "columns", None) if names is None else names
    if isinstance(names, Mapping):
        raise InputError(
            f"a data set in parts ({', '.join(names)}) is given; choose one of them, such as "
            f"dataset[{next(iter(names))!r}]",
            setting="corpus",
        )
    return [str(each) for each in (() if names is None else names)]


def rows_of(table: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a table as dictionaries, one at a time."""
    if hasattr(table, "iter_rows"):
        yield from table.iter_rows(named=True)
    elif hasattr(table, "itertuples"):
        names = columns_of(table)
        for row in table.itertuples(index=False, name=None):
            yield dict(zip(names, map(_missing, row), strict=True))
    elif hasattr(table, "to_batches"):
        for batch in table.to_batches():
            yield from batch.to_pylist()
    else:
        yield from table


def records_of(value: object, text_field: str, name: str = "corpus") -> Iterator[dict[str, Any]]:
    """Documents as records with a text field, from texts, lists of sentences, dictionaries or table rows.

    Raises:
        InputError: a table has no such column, or a document is of no kind that can be read.
    """
    if is_table(value):
        known = columns_of(value)
        if known and text_field not in known:
            raise InputError(
                f"{opt('text_field')} {text_field!r}: no such column; there are {', '.join(map(repr, known))}"
            )
        yield from (dict(row) for row in rows_of(value))
        return
    for number, document in enumerate(_items(value, name), start=1):
        yield _record(document, number, text_field, name)


def kept_as_file(
    records: Iterable[Mapping[str, Any]], folder: Path, fields: Sequence[str], further: bool = False
) -> Path:
    """Write records as JSON lines into `folder`, under a name made of their content, and return the file.

    The same records give the same file, so a run that was interrupted goes on when the same call is repeated.

    Args:
        records: what to write.
        folder: where to.
        fields: names of the fields that are written.
        further: also write the other fields that readers of JSON lines keep: short texts and numbers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    aside, digest = folder / f".texts.{os.getpid()}.partial", hashlib.sha256()
    try:
        with aside.open("wb") as file:
            for record in records:
                kept = {field: record[field] for field in fields if record.get(field) is not None}
                if further:
                    kept |= {str(field): value for field, value in record.items() if _is_further(value)}
                line = (json.dumps(kept or dict.fromkeys(record), default=_as_json) + "\n").encode()
                digest.update(line)
                file.write(line)
        place = folder / f"{digest.hexdigest()[:32]}.jsonl"
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
    return place


def _items(value: object, name: str) -> Iterable[object]:
    """The items of a value that has an order; InputError for anything else."""
    if is_one_string(value):
        raise InputError(
            f"{opt(name)} is one string, {value[:40]!r}; give a list, even if it is a list of one"
        )
    if is_table(value):
        shown = columns_of(value)
        column = next((each for each in shown if each == "text"), shown[0] if shown else "text")
        raise InputError(
            f"{opt(name)} is a table ({type(value).__name__}) with the columns "
            f"{', '.join(map(repr, shown))}; "
            f"give the column that holds the texts, such as table[{column!r}]"
        )
    if getattr(value, "ndim", 1) != 1:
        raise InputError(
            f"{opt(name)} is an array of {getattr(value, 'ndim', 0)} dimensions; it must have one dimension"
        )
    if value is None or isinstance(value, Mapping | set | frozenset) or not isinstance(value, Iterable):
        why = "; it has no order" if isinstance(value, set | frozenset) else ""
        raise InputError(f"{opt(name)} takes a list of strings, not {type(value).__name__}{why}")
    return _plain(value)


def _plain(value: Iterable[object]) -> Iterable[object]:
    """The items as Python's own objects: those of an Arrow array are scalars."""
    convert = getattr(value, "to_pylist", None)
    return convert() if callable(convert) else value


def _record(document: object, number: int, text_field: str, name: str) -> dict[str, Any]:
    if isinstance(document, str):
        return {text_field: str(document)}
    if isinstance(document, Mapping):
        return dict(document)
    if isinstance(document, list | tuple) or getattr(document, "ndim", 0) == 1:
        return {text_field: [*_sentences(document, number, name)]}
    raise InputError(
        f"{opt(name)}: document {number} is neither a string, a list of sentences nor a dictionary but "
        f"{cut(repr(document))}"
    )


def _sentences(document: Any, number: int, name: str) -> Iterator[str]:
    for place, sentence in enumerate(document, start=1):
        if not isinstance(sentence, str):
            raise InputError(
                f"{opt(name)}: sentence {place} of document {number} is not a string but "
                f"{cut(repr(sentence))}"
            )
        yield str(sentence)


def _as_json(value: Any) -> object:
    """What stands in JSON for a value that JSON lacks: a list for an array, as data frames of Parquet files
    have, and a string for bytes and for anything else."""
    if getattr(value, "ndim", 0) == 1:
        return value.tolist()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _is_further(value: object) -> bool:
    from sentrep.data.reading.records import is_kept

    return is_kept(value) or isinstance(value, Number)


def _missing(value: object) -> object:
    """Replace pandas' marks of missing values by None."""
    absent = isinstance(value, float) and value != value
    return None if absent or type(value).__name__ in ("NAType", "NaTType") else value
