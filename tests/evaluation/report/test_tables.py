"""Tables that a person reads."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

from sentrep.evaluation import Model, evaluate, random_vectors, table
from sentrep.evaluation.report.tables import interval_of, out_of_100, render
from tests.evaluation.toy import letters, words_task


def test_models_are_rows_and_metrics_columns() -> None:
    task = words_task()
    results = [r for model in (letters(), random_vectors(8)) for r in evaluate(model, [task]).results]
    lines = table(results).splitlines()
    assert lines[0] == "anagrams (test, 20 items)"
    assert lines[1].split() == ["model", "nDCG@10", "MAP", "MRR@10", "R@1", "R@10", "R@100"]
    assert [line.split()[0] for line in lines[3:]] == ["letters", "random"]
    start = lines[1].index("R@100")
    assert all(line[start - 1] == " " and line[start] != " " for line in lines[3:]), "columns are aligned"


def test_wide_letters_keep_columns_aligned() -> None:
    lines = render([["model", "R@1"], ["模型", ".5"], ["plain", ".7"]]).splitlines()
    assert lines[2] == "模型   .5"
    assert lines[3] == "plain  .7"


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
