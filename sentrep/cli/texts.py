"""Texts of files, one a line."""

from __future__ import annotations

from collections.abc import Sequence

from sentrep import api
from sentrep.cli.options import ReadingLines
from sentrep.data.config import CorpusConfig


def lines_of(files: Sequence[str], reading: ReadingLines) -> list[str]:
    """Each line of files, or of their text field, as one text; empty lines are left out."""
    from sentrep.data.reading.report import ReadReport

    report = ReadReport()
    config = CorpusConfig(tuple(files), text_field=reading.text_field, split="lines")
    return [text for _, text in api.watched(api.sentences(config, report), report, reading.strict)]
