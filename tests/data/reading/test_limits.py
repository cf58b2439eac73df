"""Bounded memory: files that expand to thousands of times their size; pipes, devices, links, odd folders."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from sentrep.data.reading import csv_rows, document, whole
from sentrep.data.reading.report import Kind
from tests.data.reading.readers import pieces_of, texts_of
from tests.errors import refuses

PEAK = r"""
import re, sys
from pathlib import Path
from sentrep.data.config import CorpusConfig
from sentrep.data.reading.source import ReadReport, read
report = ReadReport()
pieces = characters = 0
try:
    for piece in read(CorpusConfig((sys.argv[1],)), report):
        pieces, characters = pieces + 1, characters + len(piece.text)
except ValueError:
    pass
peak = int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])
print(peak // 1024, characters, report.problems.total(), report.lost)
"""
GIGABYTE = 1024


def peak_of(file: Path) -> tuple[int, int, int, int]:
    """Peak memory in MiB, characters read, problems, and characters lost."""
    done = subprocess.run([sys.executable, "-c", PEAK, str(file)], capture_output=True, text=True, check=True)
    megabytes, characters, problems, lost = map(int, done.stdout.split())
    return megabytes, characters, problems, lost


def bomb(file: Path, size: int, rows: int, per_row: int = 1) -> None:
    """A Parquet file whose `rows` values are one string of `size` bytes: stored once, then referred to."""
    values = pyarrow.array(["a sentence. " * (size // 12)])
    column = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * (rows * per_row), pyarrow.int32()), values
    )
    if per_row > 1:
        offsets = pyarrow.array(range(0, rows * per_row + 1, per_row), pyarrow.int32())
        column = pyarrow.ListArray.from_arrays(offsets, column)
    pyarrow.parquet.write_table(
        pyarrow.table({"text": column}), file, compression="zstd", compression_level=19
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "rows", "read"),
    [(100 << 20, 120, False), (300 << 20, 40, False), (1 << 20, 300, True)],
    ids=["120 of 100 MiB", "40 of 300 MiB", "300 of a MiB"],
)
def test_a_small_parquet_file_that_expands_to_gigabytes(
    tmp_path: Path, size: int, rows: int, read: bool
) -> None:
    file = tmp_path / "bomb.parquet"
    bomb(file, size, rows)
    assert file.stat().st_size < 100_000
    megabytes, characters, problems, lost = peak_of(file)
    print(f"{file.stat().st_size:,} bytes for {size * rows:,}: {megabytes} MiB at the peak")
    assert megabytes < GIGABYTE
    assert (problems == 0) == read
    assert characters + lost > 0.9 * size * (rows if read else 1)


@pytest.mark.slow
def test_memory_stays_small_while_12_gigabytes_are_read(tmp_path: Path) -> None:
    """All of it takes minutes to read; its memory shows at once."""
    file = tmp_path / "bomb.parquet"
    bomb(file, 1 << 20, 12_000)
    assert file.stat().st_size < 10_000
    code = PEAK.replace("pieces, characters =", "if pieces == 2_000: break\n        pieces, characters =")
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    megabytes = int(done.stdout.split()[0])
    print(f"{file.stat().st_size:,} bytes for 12 GB: {megabytes} MiB at the peak")
    assert megabytes < GIGABYTE


@pytest.mark.slow
def test_a_row_of_a_list_that_expands_to_gigabytes_is_skipped(tmp_path: Path) -> None:
    bomb(tmp_path / "bomb.parquet", 1 << 20, 2, per_row=6_000)
    megabytes, characters, problems, lost = peak_of(tmp_path / "bomb.parquet")
    assert megabytes < GIGABYTE
    assert (characters, problems) == (0, 2)
    assert lost > 12 << 30 - 1


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".csv", ".md", ".html", ".rst", ".parquet", ".pdf"])
def test_a_gzip_file_that_expands_to_a_gigabyte(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"bomb{suffix}.gz"
    with gzip.open(file, "wb", compresslevel=1) as out:
        out.write({".jsonl": b'{"text": "', ".csv": b'id,text\n1,"'}.get(suffix, b""))
        for _ in range(1024):
            out.write(b"a" * (1 << 20))
    megabytes, characters, problems, lost = peak_of(file)
    print(f"{suffix}: {megabytes} MiB at the peak")
    assert megabytes < GIGABYTE
    assert (problems > 0 and lost > 0) or characters >= 1 << 30


def test_values_beyond_the_limit_are_skipped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentrep.data.reading import parquet, records

    for module in (document, records, parquet, csv_rows):
        monkeypatch.setattr(module, "LIMIT", 100)
    monkeypatch.setattr(whole, "WHOLE", 100)
    long, short = "Long. " * 100, "Short."
    for rows in ([short, long], [long, short]):
        (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"text": row}) for row in rows))
        pyarrow.parquet.write_table(pyarrow.table({"text": rows}), tmp_path / "b.parquet")
        (tmp_path / "c.csv").write_text("\n".join(["text", *rows]))
        texts, report = texts_of(tmp_path)
        assert texts == [short] * 3
        assert report.problems == {Kind.TOO_LARGE: 3}
        assert report.lost >= 3 * len(long)


def test_large_row_groups_are_read_some_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentrep.data.reading import parquet

    monkeypatch.setattr(parquet, "TOGETHER", 1000)
    rows = [f"Sentence {i} says {'so ' * (i % 50)}." for i in range(500)]
    pyarrow.parquet.write_table(pyarrow.table({"text": rows, "id": range(500)}), tmp_path / "x.parquet")
    pieces, report = pieces_of(tmp_path)
    assert [piece.text for piece in pieces] == rows
    assert [piece.id for piece in pieces] == [str(i) for i in range(500)]
    assert report.clean


def test_undecodable_values_of_a_parquet_file_are_replaced(tmp_path: Path) -> None:
    column = pyarrow.array([b"Fine.", b"Caf\xe9.", None], pyarrow.binary())
    pyarrow.parquet.write_table(pyarrow.table({"text": column}), tmp_path / "x.parquet")
    texts, report = texts_of(tmp_path)
    assert texts == ["Fine.", "Caf\ufffd."]
    assert report.problems == {Kind.ENCODING: 1, Kind.EMPTY_TEXT: 1}


@pytest.mark.parametrize("name", ["pipe.txt", "pipe"])
def test_a_named_pipe_is_refused_at_once(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with refuses(setting="corpus") as caught:
        pieces_of(tmp_path / name)
    assert caught.value.setting == "corpus"
    (tmp_path / "a.txt").write_text("Words.")
    texts, report = texts_of(tmp_path)
    assert (texts, dict(report.problems)) == (["Words."], {Kind.NOT_A_FILE: 1})


def test_a_device_is_refused_at_once() -> None:
    with refuses(setting="corpus", place="zero") as error:
        pieces_of("/dev/zero")
    assert error.value.setting == "corpus"


def test_what_a_shell_substitutes_for_a_command_is_read() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b'{"id": "a", "text": "From a command."}\n')
        os.close(writing)
        pieces, _ = pieces_of(f"/dev/fd/{reading}")
    finally:
        os.close(reading)
    assert [(piece.id, piece.text) for piece in pieces] == [("a", "From a command.")]


def test_what_a_folder_holds_and_is_not_read_is_named_by_kind(tmp_path: Path) -> None:
    for name in ("a.txt", "b.png", "c.PNG", "d.py", "LICENSE", "e.json", ".hidden.png"):
        (tmp_path / name).write_text("Words.")
    (tmp_path / "f.json").write_text('{"text": "JSON lines."}\n')
    texts, report = texts_of(tmp_path)
    assert texts == ["Words.", "JSON lines."]
    assert report.ignored == {".png": 2, ".py": 1, "without an extension": 1}
    ignored, wrong = report.lines()
    assert "2 .png" in ignored
    assert "e.json:1" in wrong


def test_links_and_unreadable_folders_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = tmp_path / "corpus"
    (corpus / "inner").mkdir(parents=True)
    (corpus / "inner" / "a.txt").write_text("Words.")
    (corpus / "circle").symlink_to(corpus)
    (corpus / "dead.txt").symlink_to(tmp_path / "nowhere")
    (corpus / "linked.txt").symlink_to(corpus / "inner" / "a.txt")
    (corpus / "locked").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    texts, report = texts_of(corpus)
    assert texts == ["Words."]
    assert report.problems == {Kind.LINK: 2, Kind.UNREADABLE_FOLDER: 1}
    assert any(str(corpus / "locked") in line for line in report.lines())


def test_a_named_file_of_unknown_type_is_read_as_text_and_that_is_noted(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("Some words.")
    texts, report = texts_of(tmp_path / "x.log")
    assert texts == ["Some words."]
    assert any("x.log" in line for line in report.lines())
