"""Tables that a person reads."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

from sentrep.evaluation import Model, evaluate, random_vectors, table
from sentrep.evaluation.report.tables import interval_of, out_of_100, render
from sentrep.evaluation.report.text_table import text_table
from sentrep.utils.terminal import COLUMNS, width
from tests.evaluation.toy import letters, words_task


def test_models_are_rows_and_metrics_columns() -> None:
    task = words_task()
    results = [r for model in (letters(), random_vectors(8)) for r in evaluate(model, [task]).results]
    lines = table(results).splitlines()
    assert lines[0] == "anagrams (test, 20 items)"
    assert lines[1].split() == ["model", "nDCG@10", "MAP", "MRR@10", "R@1"]
    assert lines[5].split() == ["model", "R@10", "R@100"], "columns that do not fit stand below"
    assert [lines[i].split()[0] for i in (3, 4, 7, 8)] == ["letters", "random"] * 2
    start = lines[5].index("R@100")
    assert all(line[start - 1] == " " and line[start] != " " for line in lines[7:]), "columns are aligned"


def test_wide_letters_keep_columns_aligned() -> None:
    lines = render([["model", "R@1"], ["模型", ".5"], ["plain", ".7"]]).splitlines()
    assert lines[2] == "模型   .5"
    assert lines[3] == "plain  .7"


LONG = "runs/quick-thought-of-all-the-novels-and-news-{}/with-a-window-of-two/model"


def test_long_names_and_many_columns_fit_the_line() -> None:
    header = ["model", *(f"a metric of a very long name, number {i} (lower is better)" for i in range(9))]
    rows = [[LONG.format(name), *["72.4 [71.0, 74.0] abcdef"] * 9] for name in ("one", "two", "数" * 30)]
    shown = text_table([header, *rows], "a task whose name fills more than a line " * 5)
    lines = shown.splitlines()
    assert max(map(width, lines)) <= COLUMNS
    assert shown.count("72.4 [71.0, 74.0] abcdef") == 27, "no cell is lost"
    joined = "".join("".join(lines).split())
    assert all("".join(name.split()) in joined for name in [*header, *(row[0] for row in rows)])


def test_a_table_that_fits_is_not_changed() -> None:
    assert text_table([["model", "R@1"], ["x" * 90, ".5"]]).splitlines()[2] == "x" * 90 + "  .5"


def test_programs_get_the_full_names() -> None:
    rows = [["model", "R@1"], [LONG * 3, ".5"]]
    assert all(LONG * 3 in render(rows, style) for style in ("markdown", "csv"))


def test_numbers_have_the_digits_of_their_scale() -> None:
    for value, low, high, shown in (
        (-0.05, -0.1, 0.2, "-.050 [-.100, .200]"),
        (0.3, -4.0, 5.0, "0.3 [-4.0, 5.0]"),
        (1, 1, 1, "1.000 [1.000, 1.000]"),
        (0.75, math.nan, math.nan, ".750"),
    ):
        assert interval_of(value, low, high, out_of_100([value, low, high])) == shown


def test_a_column_has_one_scale() -> None:
    """A collapsed model's correlation of 0 stands among others' 70: it is out of 100 too."""
    result = replace(
        evaluate(letters(), [words_task()]).results[0], metric="Spearman", value=70.0, low=69.0, high=71.0
    )
    lines = table([result, replace(result, model="flat", value=0.0, low=0.0, high=0.0)]).splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines[3:]] == ["70.0 [69.0, 71.0]", "0.0 [0.0, 0.0]"]


def test_csv_survives_commas_in_names() -> None:
    results = evaluate(Model("a, b", "h", letters().implementation), [words_task()]).results
    rows = list(csv.reader(io.StringIO(table(results, "csv"))))
    assert rows[1][1] == "a, b"
    assert len({len(row) for row in rows}) == 1
