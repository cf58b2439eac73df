"""Options that several commands share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import tyro

from sentrep.inference.units import Units

Files = Annotated[tuple[str, ...], tyro.conf.arg(metavar="FILE [FILE ...]")]
Layout = Literal["auto", "prose", "lines", "paragraphs", "wrapped"]
Model = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
Models = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="MODEL [MODEL ...]")]


@dataclass(frozen=True)
class Reading:
    """How files are read."""

    text_field: str = "text"
    """Field or column that holds the text (jsonl, csv, tsv, parquet, data sets)."""
    title_field: str = "title"
    """Field or column that holds the title, where there is one."""
    id_field: str = "id"
    """Field or column that holds the document's id; the position in the file where there is none."""
    keep_fields: tuple[str, ...] = ()
    """Further columns of Parquet files and data sets that come back with the hits of a search. In JSON lines,
    CSV and TSV all fields of moderate length do."""
    split: Layout = "auto"
    """'lines': one sentence a line already. 'prose': text that is split into sentences here; 'paragraphs' and
    'wrapped' say how its lines are to be read. 'auto' decides by the text and prints what it assumed."""
    strict: bool = False
    """End with an error if anything that was read is damaged or skipped."""


@dataclass(frozen=True)
class ReadingLines:
    """How files are read, each line of them or of their text field as one text."""

    text_field: str = "text"
    """Field or column that holds the text (jsonl, csv, tsv, parquet, data sets)."""
    strict: bool = False
    """End with an error if anything that was read is damaged or skipped."""


@dataclass(frozen=True)
class Access:
    """Where models and data sets may come from."""

    offline: bool = False
    """Never use the network."""
    hub: bool = False
    """Look for names without an owner on the hub, too; owner/name needs no permission."""


@dataclass(frozen=True)
class Writing:
    """What happens to what is there already."""

    overwrite: bool = False
    """Replace what is in `out`."""
    wait: bool = False
    """Wait for another process that writes `out`, instead of refusing."""


READING, LINES, ACCESS, WRITING = Reading(), ReadingLines(), Access(), Writing()
UNITS, SENTENCES = Units(), Units("sentence")


def keywords(*groups: Any) -> dict[str, Any]:
    """The options of some groups as keyword arguments of a Python verb."""
    return {name: value for group in groups for name, value in asdict(group).items()}
