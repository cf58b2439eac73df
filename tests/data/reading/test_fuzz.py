"""Thousands of damaged files of all formats: every word comes out or is counted; no traceback, no hang."""

from __future__ import annotations

import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import Piece, read
from sentrep.utils.errors import InputError
from tests.data.reading.damage import damaged

INPUTS = 3_200
LONGEST = 20
"""Seconds after which a reader is taken to hang."""

WORD = re.compile(r"(?i)q[a-p]{10}q")


@pytest.mark.slow
def test_no_word_of_a_damaged_file_is_lost_in_silence(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    slowest = 0.0
    for seed in range(INPUTS):
        name, data, text = damaged(random.Random(seed))
        started = time.perf_counter()
        pieces, report = _read(tmp_path, name, data, seed)
        slowest = max(slowest, time.perf_counter() - started)
        _check(pieces, report, text, f"seed {seed}, {name}")
        counts["inputs"] += 1
        counts[f"{name}: inputs"] += 1
        counts["with a problem counted"] += not report.clean
        counts["pieces"] += len(pieces)
        counts["words found again"] += sum(len(WORD.findall(piece.text)) for piece in pieces)
        counts["characters counted as lost"] += report.lost
        counts["characters left out"] += report.left_out.total()
    print("\n".join(f"{count:>10,}  {what}" for what, count in sorted(counts.items())))
    print(f"{slowest:>10.2f}  seconds for the slowest")


def _check(pieces: list[Piece], report: ReadReport, text: bytes | None, what: str) -> None:
    for piece in pieces:
        assert f"{piece.text}{piece.title}{piece.id}".encode(), what
        assert piece.text.strip(), what
    assert all(report.problems[kind] >= len(found) for kind, found in report.examples.items())
    assert report.summary()
    if text is None:
        return
    came_in = Counter(found.lower() for found in WORD.findall(text.decode("utf-8", "replace")))
    out = "\n".join(f"{piece.id}\n{piece.title}\n{piece.text}" for piece in pieces)
    missing = came_in - Counter(found.lower() for found in WORD.findall(out))
    counted = report.lost + report.left_out.total()
    assert 12 * missing.total() <= counted, f"{what}: {missing} missing, {counted} characters counted"


def _read(folder: Path, name: str, data: bytes, seed: int) -> tuple[list[Piece], ReadReport]:
    file = folder / f"x{name}"
    file.write_bytes(data)
    report, pieces = ReadReport(), list[Piece]()
    split = ("auto", "auto", "prose", "lines", "wrapped")[seed % 5]
    config = CorpusConfig((str(folder if seed % 2 else file),), split=split)  # type: ignore[arg-type]
    try:
        with _limit(f"seed {seed}, {name}"):
            pieces.extend(read(config, report))
    except InputError as error:
        pieces = []
        if error.setting == "text_field":
            report.lost += 10 * len(data)  # the error says it: a table that was named has no such column
    finally:
        file.unlink()
    return pieces, report


@contextmanager
def _limit(what: str) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeoutError(f"{what}: more than {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
