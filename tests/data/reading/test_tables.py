"""CSV and TSV: no row is lost without a count."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.data.reading.report import Kind
from tests.data.reading.readers import pieces_of
from tests.errors import refuses


def table(
    folder: Path, text: str, suffix: str = ".csv"
) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
    """Ids and texts of a table, and the lines on which there were problems, by kind."""
    file = folder / f"table{suffix}"
    file.write_text(text, encoding="utf-8")
    pieces, report = pieces_of(folder)
    lines = {kind: [where.split(":")[1] for where in found] for kind, found in report.examples.items()}
    return [(piece.id, piece.text) for piece in pieces], lines


STRAY = {
    "before a word": ('1,A.\n2,"B" c.\n3,C.\n', [("1", "A."), ("2", '"B" c.'), ("3", "C.")]),
    "never closed": ('1,A.\n2,"B.\n3,C.\n', [("1", "A."), ("2", '"B.'), ("3", "C.")]),
    "doubled": ('1,A.\n2,"5"" wide.\n3,"C, d."\n', [("1", "A."), ("2", '"5"" wide.'), ("3", "C, d.")]),
    "closed by a row of other width": (
        '1,A.\n2,"B.\n3,C.,"D"\n',
        [("1", "A."), ("2", '"B.'), ("3", "C.,D")],
    ),
}


@pytest.mark.parametrize("name", STRAY)
def test_a_line_with_a_stray_quotation_mark_is_read_without_quoting(tmp_path: Path, name: str) -> None:
    rows, wanted = STRAY[name]
    found, problems = table(tmp_path, f"id,text\n{rows}")
    assert found == wanted
    assert problems[Kind.STRAY_QUOTE] == ["3"]


def test_quoted_cells_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    found, problems = table(tmp_path, 'id,text\n1,"He said ""no"", and\n\nleft."\n"2" ,"B."\n3,5" wide\n')
    assert found == [("1", 'He said "no", and\n\nleft.'), ("2", "B."), ("3", '5" wide')]
    assert not problems


def test_rows_of_other_widths_are_counted_and_give_what_they_can(tmp_path: Path) -> None:
    found, problems = table(tmp_path, "id,text,note\n1,A.,n\n2,B.\n3\n4,C.,n,surplus\n")
    assert found == [("1", "A."), ("2", "B."), ("4", "C.")]
    assert problems == {Kind.FEW_CELLS: ["3", "4"], Kind.MANY_CELLS: ["5"]}
    (tmp_path / "table.csv").unlink()
    found, problems = table(tmp_path, "id\ttext\n1\tA,\tand b.\n", ".tsv")
    assert found == [("1", "A,\tand b.")]
    assert problems == {Kind.MANY_CELLS: ["2"]}


def test_the_first_of_two_columns_of_one_name_is_read(tmp_path: Path) -> None:
    found, problems = table(tmp_path, "id,text,text\n1,A.,other\n")
    assert found == [("1", "A.")]
    assert problems == {Kind.SAME_COLUMN: ["1"]}


@given(st.lists(st.lists(st.text('ab",\n ', max_size=6), min_size=2, max_size=2), min_size=1, max_size=6))
def test_what_the_standard_library_writes_is_read_back(rows: list[list[str]]) -> None:
    from sentrep.data.config import CorpusConfig
    from sentrep.data.reading.csv_rows import CsvRows
    from sentrep.data.reading.document import Reading, Source
    from sentrep.data.reading.report import ReadReport

    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    parts = io.BytesIO(out.getvalue().encode())
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "x.csv")
        file.write_bytes(parts.getvalue())
        reading = Reading(CorpusConfig((str(file),)), ReadReport())
        found = [row.cells for row in CsvRows(Source(file, "x", "x", "csv", True), reading).rows()]
    assert found == rows
    assert reading.report.clean


WITH_ANOTHER_SIGN = {
    "semicolons": 'id;text;n\n1;"Ja; nein, ""so"".";1,5\n2;Rot, blau.;2\n',
    "tabs": 'id\ttext\tn\n1\t"Ja; nein, ""so""."\t1,5\n2\tRot, blau.\t2\n',
    "quoted names": '"id";"text";"n"\n"1";"Ja; nein, ""so"".";"1,5"\n"2";"Rot, blau.";"2"\n',
    "named": 'sep=;\nid;text;n\n1;"Ja; nein, ""so"".";1,5\n2;Rot, blau.;2\n',
    "named quoted": '"sep=|"\nid|text|n\n1|"Ja; nein, ""so""."|1,5\n2|Rot, blau.|2\n',
    "a comma named": 'sep=,\nid,text,n\n1,"Ja; nein, ""so"".","1,5"\n2,"Rot, blau.",2\n',
}


@pytest.mark.parametrize("name", WITH_ANOTHER_SIGN)
def test_cells_may_be_separated_by_another_sign(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.csv").write_text(WITH_ANOTHER_SIGN[name])
    for place in (tmp_path, tmp_path / "x.csv"):
        pieces, report = pieces_of(place)
        assert [(piece.id, piece.text) for piece in pieces] == [
            ("1", 'Ja; nein, "so".'),
            ("2", "Rot, blau."),
        ]
        assert dict(pieces[0].fields) == {"n": "1,5"}
        assert report.clean
        assert len(report.assumed) == (0 if "named" in name else 1)


def test_rows_of_other_separators_may_run_over_lines(tmp_path: Path) -> None:
    found, problems = table(tmp_path, 'id;text\n1;"One.\n\nTwo; ""three""."\n2;A;B.\n')
    assert found == [("1", 'One.\n\nTwo; "three".'), ("2", "A;B.")]
    assert problems == {Kind.MANY_CELLS: ["5"]}


def test_other_signs_are_text_where_the_header_has_commas_or_one_column(tmp_path: Path) -> None:
    found, problems = table(tmp_path, "text\nA; b.\nC\td.\n")
    assert [text for _, text in found] == ["A; b.", "C\td."]
    assert not problems
    found, problems = table(tmp_path, "id,text\n1,A; b.\n")
    assert found == [("1", "A; b.")]
    assert not problems


def test_a_header_without_the_text_is_told_with_its_separator(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id;body\n1;A.\n")
    with refuses(setting="text_field", place="x.csv") as caught:
        pieces_of(tmp_path / "x.csv")
    assert "'id', 'body'" in str(caught.value)
    assert "';'" in str(caught.value)


def test_cells_of_a_tsv_that_are_quoted_as_a_whole_lose_their_quotation_marks(tmp_path: Path) -> None:
    rows = {
        '"Beta ""x"" two."': 'Beta "x" two.',
        '"Gamma\tthree."': "Gamma\tthree.",
        '"No," he said.': '"No," he said.',
        'He said "no."': 'He said "no."',
        'He said "no.': 'He said "no.',
        '"Open': '"Open',
        '5" wide': '5" wide',
        '"A" and "B"': '"A" and "B"',
    }
    text = '"id"\ttext\tn\n' + "".join(f"{number}\t{row}\t0\n" for number, row in enumerate(rows))
    found, problems = table(tmp_path, text, ".tsv")
    assert found == [(str(number), wanted) for number, wanted in enumerate(rows.values())]
    assert not problems


@given(
    st.lists(st.text('ab"\t ', min_size=1, max_size=6).map(lambda text: f"{text}x"), min_size=1, max_size=6)
)
def test_a_tsv_that_the_standard_library_writes_is_read_back(texts: list[str]) -> None:
    from sentrep.data.reading.csv_rows import split_tabs

    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
        out = io.StringIO()
        csv.writer(out, delimiter="\t", quoting=quoting, lineterminator="\n").writerows(
            [[7, text] for text in texts]
        )
        rows = [split_tabs(line, 2) for line in out.getvalue().split("\n")[:-1]]
        assert rows == [["7", text] for text in texts]


def test_the_first_of_two_parquet_columns_of_one_name_is_read(tmp_path: Path) -> None:
    columns = [pyarrow.array(["A."]), pyarrow.array(["other"]), pyarrow.array([1]), pyarrow.array(["T"])]
    rows = pyarrow.Table.from_arrays([*columns, columns[-1]], names=["text", "text", "id", "title", "title"])
    pyarrow.parquet.write_table(rows, tmp_path / "x.parquet")
    pieces, report = pieces_of(tmp_path)
    assert [(piece.id, piece.title, piece.text) for piece in pieces] == [("1", "T", "A.")]
    assert report.problems == {Kind.SAME_COLUMN: 2}


def test_files_without_rows_are_counted_as_such(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"text": pyarrow.array([], "string")}), tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text("id,text\n")
    (tmp_path / "c.tsv").write_text("id\ttext\n\n")
    (tmp_path / "d.jsonl").write_text("\n\n")
    (tmp_path / "e.jsonl.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "f.txt.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "g.txt").write_text("Words.")
    assert pieces_of(tmp_path)[1].problems == {Kind.EMPTY_FILE: 6}
    (tmp_path / "h.txt").write_text("?!")
    (tmp_path / "i.csv").write_text("id,text\n1,?!\n")
    assert pieces_of(tmp_path)[1].problems == {Kind.EMPTY_FILE: 6, Kind.NO_LETTER: 2}
