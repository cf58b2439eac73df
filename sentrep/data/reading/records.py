"""Formats whose records have fields: JSON lines, CSV, TSV and Parquet."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.decode import decode, lines, unpack
from sentrep.data.reading.layout import portions, recognise, unwrap
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.utils.errors import InputError, opt

LONGEST = 1 << 26
"""Characters in the longest line that is read; of a longer one nothing is held."""


@dataclass(frozen=True)
class Source:
    """A file to read."""

    path: Path
    name: str
    """What the user calls it; reports speak of it so."""
    id: str
    """Its part in the ids of documents: its path below the folder that was given."""
    format: str
    named: bool
    """Whether the user named this very file: then a missing column is an error, not a file to skip."""

    @property
    def stem(self) -> str:
        """The id of a document that is a whole file."""
        return self.id.removesuffix(".gz").removesuffix(".zst")


class Fragment(NamedTuple):
    """A part of a document; `begins` marks its first."""

    begins: bool
    id: str
    title: str
    text: str
    lines: bool


def json_lines(source: Source, config: CorpusConfig, report: ReadReport) -> Iterator[Fragment]:
    """One object a line. The text is a string, or a list of strings: sentences already."""
    for line in lines(decode(unpack(source.path, source.name, report), source.name, report), LONGEST):
        where = f"{source.name}:{line.number}"
        if line.text is None:
            report.problem(Kind.TOO_LARGE, where, f"more than {LONGEST:,} characters; skipped")
        elif line.text.strip():
            try:
                record = json.loads(line.text)
            except (ValueError, RecursionError) as error:
                hint = "; a JSON array? wanted is one object a line" if line.text.strip()[0] in "[]" else ""
                report.problem(Kind.WRONG_JSON, where, f"{error}{hint}")
                continue
            if isinstance(record, dict):
                yield from _record(record, f"{source.stem}#{line.number}", where, config, report)
            else:
                report.problem(
                    Kind.NOT_AN_OBJECT, where, f"{line.text.strip()[:40]!r}; wanted is {{...}}, one a line"
                )


def table(source: Source, config: CorpusConfig, report: ReadReport) -> Iterator[Fragment]:
    """Rows below a header. A .csv may quote its cells, a .tsv does not."""
    number = 0

    def rows() -> Iterator[str]:
        nonlocal number
        for line in lines(decode(unpack(source.path, source.name, report), source.name, report), LONGEST):
            number = line.number
            if line.text is None:
                report.problem(
                    Kind.TOO_LARGE, f"{source.name}:{number}", f"more than {LONGEST:,} characters; skipped"
                )
            else:
                yield line.text + "\n"

    csv.field_size_limit(LONGEST)
    plain = source.format == "tsv"
    reader = csv.reader(
        rows(), delimiter="\t" if plain else ",", quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL
    )
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.problem(Kind.DAMAGED, f"{source.name}:{number}", str(error))
            continue
        if not any(cells):
            continue
        where = f"{source.name}:{number}"
        if header is None:
            header = [cell.strip() for cell in cells]
            if not _has_text_column(header, source, config, report):
                return
        elif len(cells) <= header.index(config.text_field):
            report.problem(
                Kind.FEW_CELLS, where, f"{len(cells)} of {len(header)} columns; no {config.text_field!r}"
            )
        else:
            record = dict(zip(header, cells, strict=False))
            yield from _record(record, f"{source.stem}#{number}", where, config, report)


def parquet(source: Source, config: CorpusConfig, report: ReadReport) -> Iterator[Fragment]:
    """Rows of a Parquet file, a few at a time."""
    import pyarrow
    import pyarrow.parquet

    with tempfile.TemporaryDirectory() as scratch:
        path = source.path
        if path.suffix.lower() in (
            ".gz",
            ".zst",
        ):  # a Parquet file is read from its end: it must lie unpacked
            path = Path(scratch, "unpacked.parquet")
            with path.open("wb") as unpacked:
                unpacked.writelines(unpack(source.path, source.name, report))
        number = 0
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                names = file.schema_arrow.names
                if not _has_text_column(names, source, config, report):
                    return
                wanted = [
                    name for name in (config.text_field, config.title_field, config.id_field) if name in names
                ]
                for batch in file.iter_batches(batch_size=64, columns=wanted):
                    for record in batch.to_pylist():
                        number += 1
                        yield from _record(
                            record, f"{source.stem}#{number}", f"{source.name}:{number}", config, report
                        )
        except InputError:
            raise
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            what = str(error).strip().split("\n")[0]
            report.problem(Kind.DAMAGED, f"{source.name}:{number + 1}" if number else source.name, what)


def _has_text_column(names: list[str], source: Source, config: CorpusConfig, report: ReadReport) -> bool:
    if config.text_field in names:
        return True
    what = f"no column {config.text_field!r}; there are {', '.join(map(repr, names))}"
    if source.named:
        raise InputError(f"{source.name}: {what} (choose one with {opt('text_field')})")
    report.problem(Kind.NO_TEXT_COLUMN, source.name, what)
    return False


def _record(
    record: Mapping[str, Any], place: str, where: str, config: CorpusConfig, report: ReadReport
) -> Iterator[Fragment]:
    """The fragments of one record; `place` is its id where it brings none."""
    text = record.get(config.text_field)
    lines = config.split == "lines"
    if text is None:
        report.problem(
            Kind.NO_TEXT_FIELD,
            where,
            f"no field {config.text_field!r} among {', '.join(map(repr, record)) or 'none'}",
        )
        return
    if isinstance(text, list) and all(isinstance(sentence, str) for sentence in text):
        text, lines = "\n".join(" ".join(sentence.split()) for sentence in text), True
    if not isinstance(text, str):
        report.problem(
            Kind.NOT_A_STRING, where, f"field {config.text_field!r} is a {type(text).__name__}, not a string"
        )
        return
    text = _sound(text, where, report)
    if not text or text.isspace():
        report.problem(Kind.EMPTY_TEXT, where, f"field {config.text_field!r} is empty")
        return
    identity, title = record.get(config.id_field), record.get(config.title_field)
    identity = place if identity is None or identity == "" else _sound(str(identity), where, report)
    title = " ".join(_sound(title, where, report).split()) if isinstance(title, str) else ""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not lines and "\n" in text.replace("\n\n", ""):
        text = unwrap(text) if recognise(text) == "wrapped" else text.replace("\n", "\n\n")
    begins = True
    for portion in portions([text]):
        yield Fragment(begins, identity, title, portion.text, lines)
        begins = False


def _sound(text: str, where: str, report: ReadReport) -> str:
    """Text without NUL and without halves of surrogate pairs: JSON can smuggle in both."""
    if "\0" in text:
        report.problem(Kind.NUL, where, f"{text.count(chr(0))} dropped", times=text.count("\0"))
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        report.problem(Kind.SURROGATE, where, f"half a surrogate pair, {text[error.start]!a}; replaced")
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
