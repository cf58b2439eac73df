"""Tables for a terminal, Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Literal

from sentrep.evaluation.report.text_table import text_table
from sentrep.evaluation.result import Result

Style = Literal["text", "markdown", "latex", "csv"]


def table(results: Sequence[Result], style: Style = "text") -> str:
    """One block a task, one row a model, one column a metric, each value with its 95 % interval."""
    blocks = []
    for task in dict.fromkeys((result.task, result.split) for result in results):
        here = [result for result in results if (result.task, result.split) == task]
        columns: dict[str, dict[str, Result]] = {}
        for result in here:
            columns.setdefault(result.metric, {})[result.model] = result
        shown = {metric: _column(list(column.values())) for metric, column in columns.items()}
        models = dict.fromkeys(result.model for result in here)
        body = [[model, *(shown[metric].get(model, "–") for metric in columns)] for model in models]
        counts = sorted({result.count for result in next(iter(columns.values())).values()})
        title = f"{task[0]} ({task[1]}, {' or '.join(map(str, counts))} items)"
        blocks.append(render([["model", *columns], *body], style, title))
    return "\n".join(blocks)


def _column(results: Sequence[Result]) -> dict[str, str]:
    """A metric's cells by their models."""
    percent = out_of_100(value for result in results for value in (result.value, result.low, result.high))
    return {result.model: interval_of(result.value, result.low, result.high, percent) for result in results}


def out_of_100(values: Iterable[float]) -> bool:
    """Whether the values of a column, its intervals' ends among them, are out of 100 and not out of 1; the
    records do not say."""
    return any(abs(value) > 1.5 for value in values)


def interval_of(value: float, low: float, high: float, percent: bool) -> str:
    """A value with its interval in brackets, with the number of digits for its scale.

    >>> interval_of(0.4712, 0.4401, 0.5019, percent=False)
    '.471 [.440, .502]'
    >>> interval_of(72.38, 71.0, 74.0, percent=True)
    '72.4 [71.0, 74.0]'
    """
    if math.isnan(low):  # a record of another tool, without an interval
        return digits(value, percent)
    return f"{digits(value, percent)} [{digits(low, percent)}, {digits(high, percent)}]"


def digits(value: float, percent: bool) -> str:
    """72.4 for values out of 100, .471 for values out of 1."""
    return f"{value:.1f}" if percent else f"{value:.3f}".replace("0.", ".", 1)


def render(rows: Sequence[Sequence[str]], style: Style = "text", title: str = "") -> str:
    """Rows of equal length, the first of them the header; ends with a line break.

    As text, a table fits 100 columns; the other styles are for programs and keep the names as they are.

    >>> print(render([["model", "R@1"], ["bm25", ".471"]], "markdown"), end="")
    | model | R@1 |
    |---|---|
    | bm25 | .471 |
    """
    return {"text": text_table, "markdown": _markdown, "latex": _latex, "csv": _csv}[style](rows, title)


def _markdown(rows: Sequence[Sequence[str]], title: str) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    rule = "|" + "---|" * len(rows[0])
    return (f"**{title}**\n\n" if title else "") + "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def _latex(rows: Sequence[Sequence[str]], title: str) -> str:
    lines = [" & ".join(map(_escaped, row)) + r" \\" for row in rows]
    head = [
        *([f"% {title}"] if title else []),
        rf"\begin{{tabular}}{{l{'r' * (len(rows[0]) - 1)}}}",
        r"\hline",
        lines[0],
        r"\hline",
    ]
    return "\n".join([*head, *lines[1:], r"\hline", r"\end{tabular}"]) + "\n"


def _escaped(cell: str) -> str:
    special = {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "–": "--",
    }
    return "".join(special.get(letter, f"\\{letter}" if letter in "&%$#_{}" else letter) for letter in cell)


def _csv(rows: Sequence[Sequence[str]], title: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [["task", *rows[0]], *([title, *row] for row in rows[1:])] if title else rows
    )
    return out.getvalue()
