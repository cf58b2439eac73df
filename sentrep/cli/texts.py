"""Texts of files, one a line."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sentrep import api
from sentrep.cli.options import ReadingLines
from sentrep.data.config import CorpusConfig
from sentrep.utils.terminal import cut_middle, printable

SHOWN = 40
"""Columns of a line that a message shows."""


def lines_of(files: Sequence[str], reading: ReadingLines) -> list[str]:
    """Each line of files, or of their text field, as one text; empty lines are left out.

    Lines without a letter or digit are left out too, and a message counts them.
    """
    from sentrep.api.reading import announce_message
    from sentrep.data.splitting.punkt import Punkt
    from sentrep.data.splitting.segment import Segmenter

    segmenter, texts, left_out = Segmenter(Punkt()), list[str](), list[str]()
    for line in all_lines_of(files, reading):
        found = segmenter.sentences(line, lines=True)
        texts += found
        left_out += [] if found else [line]
    if left_out:
        first = cut_middle(printable(left_out[0]), SHOWN)
        more = ", …" if len(left_out) > 1 else ""
        announce_message(f"left out: lines without a letter or digit: {len(left_out):,} ({first}{more})")
    return texts


def all_lines_of(files: Sequence[str], reading: ReadingLines) -> Iterator[str]:
    """Yield every non-empty line of files, also lines without letters, uncut."""
    from sentrep.data.reading.report import ReadReport
    from sentrep.data.reading.source import gather, read_files
    from sentrep.data.store.build import train_segmenter

    report = ReadReport()
    config = CorpusConfig(tuple(files), text_field=reading.text_field, split="lines")
    with tempfile.TemporaryDirectory() as scratch:
        found, segmenter = gather(config, Path(scratch), report), None
        for piece in api.watched(read_files(found, config, report), report, reading.strict):
            if piece.lines:
                folded = (" ".join(line.split()) for line in piece.text.split("\n"))
                yield from filter(None, folded)
            else:  # formats that have no lines, such as Markdown
                segmenter = segmenter or train_segmenter(found, config)
                yield from segmenter.sentences(piece.text, lines=False)
