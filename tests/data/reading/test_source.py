"""The reader: every format with every compression, what belongs to a document, and what it says of bad
input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pyarrow
import pyarrow.parquet
import pytest
import zstandard

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.source import Piece, ReadReport, gather, read, read_files
from sentrep.utils.errors import InputError
from tests.errors import refuses

ROWS = [
    {"id": "a", "title": "Rain", "text": "It rained. We stayed in.\n\nThen it stopped."},
    {"id": "b", "title": "Größe", "text": "Der Äquator ist lang. 雨が降った。"},
]


def read_all(*names: Path | str, **options: object) -> tuple[list[Piece], ReadReport]:
    report = ReadReport()
    pieces = list(read(CorpusConfig(tuple(map(str, names)), **options), report))  # type: ignore[arg-type]
    return pieces, report


def table_of(rows: list[dict[str, str]], delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, ["id", "title", "text"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def parquet_of(rows: list[dict[str, str]]) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


def flat(row: dict[str, str]) -> dict[str, str]:
    return row | {"text": row["text"].replace("\n", " ")}


RECORDS: dict[str, Callable[[], bytes]] = {
    ".jsonl": lambda: "".join(json.dumps(row) + "\n" for row in ROWS).encode(),
    ".ndjson": lambda: "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in ROWS).encode(),
    ".csv": lambda: table_of(ROWS, ","),
    ".tsv": lambda: table_of([flat(row) for row in ROWS], "\t"),
    ".parquet": lambda: parquet_of(ROWS),
}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("suffix", RECORDS)
def test_records_of_every_format(tmp_path: Path, suffix: str, packing: str) -> None:
    file = tmp_path / f"corpus{suffix}{packing}"
    file.write_bytes(PACK[packing](RECORDS[suffix]()))
    pieces, report = read_all(file)
    wanted = [flat(row) if suffix == ".tsv" else row for row in ROWS]
    assert [(p.document, p.id, p.title, p.text, p.lines) for p in pieces] == [
        (i, row["id"], row["title"], row["text"], False) for i, row in enumerate(wanted)
    ]
    assert (report.files, report.documents, dict(report.problems)) == (1, 2, {})
    assert report.characters == sum(len(row["text"]) for row in wanted)


@pytest.mark.parametrize("packing", PACK)
def test_a_text_file_is_a_document(tmp_path: Path, packing: str) -> None:
    file = tmp_path / f"tale.txt{packing}"
    file.write_bytes(PACK[packing](b"One. Two.\r\n\r\nThree,\rfour.\n"))
    pieces, _ = read_all(file)
    assert [(p.id, p.text, p.lines) for p in pieces] == [
        ("tale.txt", "One. Two.\n\n\n\nThree,\n\nfour.", False)
    ]


def test_markdown_loses_code_and_marks_and_gives_its_title(tmp_path: Path) -> None:
    file = tmp_path / "notes.md"
    file.write_text(
        "# The *plan*\n\nWe go\nnorth.\n\n```python\n# not a heading\nprint('no "
        "text')\n```\n## Food\n- bread\n- water\n"
    )
    pieces, _ = read_all(file)
    assert {piece.title for piece in pieces} == {"The plan"}
    assert [(piece.text, piece.headings) for piece in pieces] == [
        ("We go north.", ("The plan",)),
        ("Food\n\nbread\n\nwater", ("The plan", "Food")),
    ]


def test_folders_are_walked_in_order_and_only_known_files_read(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("b/two.txt", "a.txt", ".secret.txt", ".hidden/x.txt", "image.png", "b/meta.json", "c.TXT"):
        (tmp_path / name).write_text(f"This is {name}.")
    pieces, report = read_all(tmp_path)
    assert [p.id for p in pieces] == ["a.txt", "c.TXT", "b/two.txt"]
    assert report.files == 3
    assert [p.text for p in read_all(tmp_path / "a.txt", tmp_path, tmp_path / "a.txt")[0]] == [
        p.text for p in pieces
    ]


def test_standard_input_is_read_as_often_as_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for data, wanted in (
        (b"Plain words here.", "stdin"),
        (b'\xef\xbb\xbf {"text": "Plain words here.", "id": 7}', "7"),
    ):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        config, report = CorpusConfig(("-",)), ReadReport()
        files = gather(config, tmp_path, report)
        first, second = (list(read_files(files, config, report)) for _ in range(2))
        assert first == second
        assert [(p.id, p.text) for p in first] == [(wanted, "Plain words here.")]


def test_data_sets_are_streamed_and_offline_refuses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def load_dataset(name: str, *, split: str, streaming: bool) -> list[dict[str, object]]:
        asked.append((name, split, streaming))
        return [{"text": "A row.", "label": 1}, {"text": None}, {"text": "Another row.", "title": "T"}]

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    pieces, report = read_all("owner/name", hub_split="test")
    assert asked == [("owner/name", "test", True)]
    assert [(p.text, p.title) for p in pieces] == [("A row.", ""), ("Another row.", "T")]
    assert report.problems["text is not a string"] == 1
    with pytest.raises(InputError) as caught:
        read_all("owner/name", offline=True)
    assert caught.value.setting == "offline"


def test_a_data_set_that_does_not_load_is_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(name: str, *, split: str, streaming: bool) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(InputError, match=r"owner/name.*'train'.*no route to host"):
        read_all("owner/name")


def test_a_name_that_leads_nowhere_is_told_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "novels.txt").write_text("x")
    with pytest.raises(InputError, match=r"novel\.txt: .*novels\.txt"):
        read_all(tmp_path / "novel.txt")
    with refuses(place="all"):
        read_all("nowhere/at/all")
    with refuses(setting="corpus"):
        read_all()


def test_fields_can_be_named_and_sentences_be_given_as_lists(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(
        '{"body": ["One.", "Two\\nlines.", " Three."], "key": 5, "head": "H"}\n'
        '{"body": "Four.", "head": null}\n'
    )
    pieces, _ = read_all(file, text_field="body", id_field="key", title_field="head")
    assert [(p.id, p.title, p.text, p.lines) for p in pieces] == [
        ("5", "H", "One.\nTwo lines.\nThree.", True),
        ("x.jsonl#2", "", "Four.", False),
    ]


def test_missing_columns_name_file_and_columns(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    with refuses(setting="text_field", place="wrong.csv") as caught:
        read_all(wrong)
    assert caught.value.setting == "text_field"
    (tmp_path / "right.tsv").write_text('text\tn\nHe said "no.\t1\n\nYes.\t2\n')
    pieces, report = read_all(tmp_path)  # in a folder a table without text is passed over
    assert [p.text for p in pieces] == ['He said "no.', "Yes."]
    assert report.examples == {
        "no text column": [f"{wrong}: no column 'text'; there are 'a', 'b' (separated by ',')"]
    }


BAD = {
    "wrong JSON line": ("x.jsonl", b'{"text": "fine."}\n{"text": \n', 2),
    "not a JSON object": ("x.jsonl", b'{"text": "fine."}\n[1, 2]\n', 2),
    "text is not a string": ("x.jsonl", b'{"text": "fine."}\n\n{"text": 3}\n', 3),
    "empty text": ("x.jsonl", b'{"text": " "}\n{"text": "fine."}\n', 1),
    "row with too few cells": ("x.csv", b"id,text\n1,fine.\n2\n", 3),
    "undecodable bytes": ("x.txt", b"fine and long enough.\n" * 3 + b"caf\xe9\n", 4),
    "NUL characters": ("x.txt", b"fine and long enough.\nnu\0l\n", 2),
    "half a surrogate pair": ("x.jsonl", b'{"text": "fine. \\ud83d", "title": "\\ude00"}\n', 1),
    "damaged compressed file": ("x.txt.gz", gzip.compress(b"fine. " * 100_000)[:-9], None),
    "not text": ("x.txt", bytes(range(256)) * 40, None),
    "empty file": ("x.txt", b"", None),
    "damaged file": ("x.parquet", b"PAR1 and then nonsense PAR1", None),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_counted_and_named(tmp_path: Path, kind: str) -> None:
    name, data, line = BAD[kind]
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.txt").write_text("All is well.")
    pieces, report = read_all(tmp_path)
    assert report.problems[kind] >= 1
    assert report.examples[kind][0].startswith(f"{tmp_path / name}:" + (f"{line}:" if line else ""))
    assert kind in report.summary()
    assert pieces[0].text == "All is well."
    assert all(p.text.encode() for p in pieces)
    if b"fine" in data or name.endswith(".gz"):
        assert any("fine" in p.text for p in pieces[1:])


def test_a_truncated_zstandard_file_gives_what_it_holds(tmp_path: Path) -> None:
    lines = "".join(json.dumps({"text": f"Sentence number {i * i}."}) + "\n" for i in range(50_000)).encode()
    (tmp_path / "x.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(lines)[:60_000])
    pieces, report = read_all(tmp_path)
    assert len(pieces) > 1000
    assert report.problems["damaged compressed file"] == 1
    assert "ends too early" in report.examples["damaged compressed file"][0]


def packed(text: bytes, suffix: str) -> bytes:
    return (
        gzip.compress(text)
        if suffix == ".gz"
        else zstandard.ZstdCompressor(write_checksum=True).compress(text)
    )


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("count", [3, 60_000])
def test_a_wrong_checksum_costs_no_text(tmp_path: Path, suffix: str, count: int) -> None:
    """The damage shows when all was unpacked, in a call that returns nothing."""
    text = "".join(f"Sentence number {i * i}.\n\n" for i in range(count))
    whole = packed(text.encode(), suffix)
    at = len(whole) - (8 if suffix == ".gz" else 4)
    (tmp_path / f"x.txt{suffix}").write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    pieces, report = read_all(tmp_path)
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())
    assert report.problems["damaged compressed file"] == 1


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_what_is_behind_a_member_is_counted_and_costs_no_text(tmp_path: Path, suffix: str) -> None:
    data = packed(b"One. ", suffix) + packed(b"Two.", suffix) + b"garbage"
    (tmp_path / f"x.txt{suffix}").write_bytes(data)
    pieces, report = read_all(tmp_path)
    assert [piece.text for piece in pieces] == ["One. Two."]
    assert report.problems["damaged compressed file"] == 1


def test_what_is_before_a_damaged_byte_is_read(tmp_path: Path) -> None:
    text = "".join(f"Sentence number {i * i}.\n\n" for i in range(2_000))
    whole = gzip.compress(text.encode())
    half = len(whole) // 2
    (tmp_path / "x.txt.gz").write_bytes(whole[:half] + b"\xff" * 40 + whole[half + 40 :])
    pieces, report = read_all(tmp_path)
    before = zlib.decompressobj(wbits=31).decompress(whole[:half]).decode()
    read = "".join("".join(piece.text.split()) for piece in pieces)
    assert len(before) > 10_000
    assert read.startswith("".join(before.split()))
    assert report.problems["damaged compressed file"] == 1


def test_files_of_several_members_are_read_to_the_end(tmp_path: Path) -> None:
    frame = zstandard.ZstdCompressor().compress
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"One. ") + gzip.compress(b"Two.") + b"\0" * 512)
    (tmp_path / "b.txt.zst").write_bytes(frame(b"Three. ") + frame(b"Four."))
    pieces, report = read_all(tmp_path)
    assert [p.text for p in pieces] == ["One. Two.", "Three. Four."]
    assert not report.problems


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-be"])
def test_byte_order_marks_are_honoured(tmp_path: Path, encoding: str) -> None:
    text = "Grüße. 你好。 " * 30_000
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    (tmp_path / "x.txt").write_bytes((mark + text).encode(encoding))
    pieces, report = read_all(tmp_path)
    assert " ".join(p.text.strip() for p in pieces) == text.strip()
    assert not report.problems


def test_an_unreadable_file_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("Locked.")
    (tmp_path / "b.txt").write_text("Open.")
    opened = Path.open

    def refuse(self: Path, *args: object, **options: object) -> object:
        if self.name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refuse)
    pieces, report = read_all(tmp_path)
    assert [p.text for p in pieces] == ["Open."]
    assert report.examples["unreadable file"] == [f"{tmp_path / 'a.txt'}: Permission denied"]


def test_nothing_at_all_is_an_error_that_lists_what_was_found(tmp_path: Path) -> None:
    with refuses(place=tmp_path):
        read_all(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.jsonl").write_text("{\n")
    with refuses(place=tmp_path):
        read_all(tmp_path)


def test_a_json_array_is_explained(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('[{"text": "a"},\n{"text": "b"}]\n')
    with refuses(place=tmp_path):
        read_all(tmp_path)


def test_large_documents_come_in_bounded_pieces(tmp_path: Path) -> None:
    paragraph = "A sentence of the tale. " * 40
    (tmp_path / "x.jsonl").write_text(
        json.dumps({"id": "tale", "text": "\n\n".join([paragraph] * 300)}) + '\n{"text": "Next."}'
    )
    pieces, report = read_all(tmp_path)
    assert [p.document for p in pieces] == [0] * (len(pieces) - 1) + [1]
    assert max(len(p.text) for p in pieces) <= 65_536
    assert all(p.id == "tale" and p.text.endswith("tale. ") for p in pieces[:-1])
    assert "\n\n".join(p.text for p in pieces[:-1]) == "\n\n".join([paragraph] * 300)
    assert report.documents == 2


TITLES = [(1917, "1917"), (0.5, "0.5"), (True, ""), (None, ""), (["a"], ""), ("A  b", "A b")]


@pytest.mark.parametrize(("title", "wanted"), TITLES)
def test_titles_may_be_numbers(tmp_path: Path, title: object, wanted: str) -> None:
    rows = [{"title": title, "text": "Words."}]
    (tmp_path / "a.jsonl").write_text(json.dumps(rows[0]))
    (tmp_path / "b.json").write_text(json.dumps(rows))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "c.parquet")
    assert [piece.title for piece in read_all(tmp_path)[0]] == [wanted] * 3
