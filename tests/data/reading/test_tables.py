"""CSV and TSV: no row is lost without a count."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.data.reading.report import Kind
from tests.data.reading.readers import pieces_of


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
    from sentrep.data.reading.document import Reading, Source
    from sentrep.data.reading.report import ReadReport
    from sentrep.data.reading.tables import _Csv

    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    parts = io.BytesIO(out.getvalue().encode())
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "x.csv")
        file.write_bytes(parts.getvalue())
        reading = Reading(CorpusConfig((str(file),)), ReadReport())
        found = [row.cells for row in _Csv(Source(file, "x", "x", "csv", True), reading).rows()]
    assert found == rows
    assert reading.report.clean
