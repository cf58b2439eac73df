"""Options that several commands share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import tyro

from sentrep.data.config import Split
from sentrep.inference.units import Units

Files = Annotated[tuple[str, ...], tyro.conf.arg(metavar="FILE [FILE ...]")]
MaybeFiles = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[FILE ...]")]
Input = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILE [FILE ...]")]
Model = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
ModelNames = Annotated[tuple[str, ...], tyro.conf.arg(metavar="MODEL [MODEL ...]")]
MaybeModel = Annotated[str | None, tyro.conf.arg(metavar="MODEL")]
Models = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="MODEL [MODEL ...]")]


@dataclass(frozen=True)
class Reading:
    """How files are read."""

    text_field: str = "text"
    """Field or column that holds the text (json, jsonl, csv, tsv, parquet, data sets)."""
    title_field: str = "title"
    """Field or column that holds the title, if there is one."""
    id_field: str = "id"
    """Field or column that holds the document's id; '_id' if there is no 'id'. Without both, the id is the
    position in the file."""
    keep_fields: tuple[str, ...] = ()
    """Further columns of Parquet files and data sets that search hits return. Of JSON lines, CSV and TSV, all
    fields of moderate length are returned."""
    split: Split = "auto"
    """Layout of the text. 'lines': one sentence a line, blank lines between documents. 'paragraphs': one
    paragraph, headline or other text a line. 'wrapped': lines broken at a margin. 'prose': 'paragraphs' or
    'wrapped', whichever fits. 'auto': any of these, whichever fits; it is printed."""
    strict: bool = False
    """End with an error if anything that was read is damaged or skipped."""


@dataclass(frozen=True)
class ReadingLines:
    """How files are read, each line of them or of their text field as one text."""

    text_field: str = "text"
    """Field or column that holds the text (json, jsonl, csv, tsv, parquet, data sets)."""
    strict: bool = False
    """End with an error if anything that was read is damaged or skipped."""


@dataclass(frozen=True)
class Access:
    """Where models and data sets may come from."""

    offline: bool = False
    """Never use the network."""
    hub: bool = False
    """Also look on the hub for names without an owner. Names of the form owner/name do not need this."""


@dataclass(frozen=True)
class Writing:
    """What happens to existing output."""

    overwrite: bool = False
    """Replace what is in `out`."""
    wait: bool = False
    """If another process writes `out`, wait for it; without this, end with an error."""


READING, LINES, ACCESS, WRITING = Reading(), ReadingLines(), Access(), Writing()
UNITS, SENTENCES = Units(), Units("sentence")


def keywords(*groups: Any) -> dict[str, Any]:
    """The options of some groups as keyword arguments of a Python verb."""
    return {name: value for group in groups for name, value in asdict(group).items()}
