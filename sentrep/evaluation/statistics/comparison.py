"""The comparison of several models: values, test results, and tables of both."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase
from typing import TYPE_CHECKING, NamedTuple

from sentrep.evaluation.report.tables import Style, digits, interval_of, out_of_100, render
from sentrep.evaluation.result import Result
from sentrep.evaluation.statistics.permutation import Difference
from sentrep.utils.terminal import wrapped

if TYPE_CHECKING:
    import pandas

SIGNIFICANT = 0.05

Column = tuple[str, str, str]
"""Task, split, metric."""

Groups = dict[tuple[str, Column], list[Result]]
"""(Row, column) -> its results, one for each seed."""


class Cell(NamedTuple):
    """A model, or several seeds of a method, on one metric."""

    value: float
    low: float
    """Bootstrap interval over items; for several seeds, the smallest and largest value."""
    high: float
    deviation: float
    """Standard deviation over seeds; 0 for one."""
    seeds: int
    tested: bool
    """Whether per-item scores exist; MTEB's files have none."""


class Contest(NamedTuple):
    """Two rows on one metric. `p` is corrected after Holm (1979) over all pairs of rows on that metric."""

    column: Column
    first: str
    second: str
    difference: Difference
    p: float

    @property
    def significant(self) -> bool:
        """Whether the difference is statistically significant."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True)
class Comparison:
    """Models as rows, metrics as columns, and a significance test for every pair of models."""

    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    results: Groups
    cells: dict[tuple[str, Column], Cell]
    contests: tuple[Contest, ...]
    higher_is_better: dict[Column, bool | None]

    def beats(self, row: str, column: Column) -> list[str]:
        """The rows that this one is significantly better than."""
        return self._beaten.get((row, column), [])

    @cached_property
    def _beaten(self) -> dict[tuple[str, Column], list[str]]:
        beaten: dict[tuple[str, Column], list[str]] = {}
        for contest in self.contests:
            if not contest.significant or self.higher_is_better[contest.column] is None:
                continue
            first_wins = (contest.difference.value > 0) == self.higher_is_better[contest.column]
            winner, loser = (contest.first, contest.second) if first_wins else (contest.second, contest.first)
            beaten.setdefault((winner, contest.column), []).append(loser)
        return beaten

    def columns_of(self, task: tuple[str, str]) -> list[Column]:
        """The metrics of a task, (name, split), the main one first."""
        return [column for column in self.columns if column[:2] == task]

    def out_of_100(self, column: Column) -> bool:
        """Whether a metric's values are out of 100 and not out of 1."""
        cells = [cell for (_, where), cell in self.cells.items() if where == column]
        return out_of_100(value for cell in cells for value in (cell.value, cell.low, cell.high))

    def truncations(self) -> list[str]:
        """Per model and task, how many texts the model did not read to their end."""
        found = (
            f"{row}: {result.task}: {result.truncation}"
            for (row, _), results in self.results.items()
            for result in results
            if result.truncation
        )
        return list(dict.fromkeys(found))

    def table(self, style: Style = "text") -> str:
        """One block per task. Each row has a letter; a cell ends with the letters of the rows that it
        significantly beats. As text, lines have at most 100 columns."""
        letters = dict(zip(self.rows, row_letters(len(self.rows)), strict=True))
        blocks = []
        for task in dict.fromkeys(column[:2] for column in self.columns):
            columns = self.columns_of(task)
            percent = {column: self.out_of_100(column) for column in columns}
            body = [
                [
                    f"{letters[row]} {row}",
                    *(self._cell(row, column, letters, percent[column]) for column in columns),
                ]
                for row in self.rows
            ]
            notes = (_BETTER[self.higher_is_better[column]] for column in columns)
            header = ["model", *(column[2] + note for column, note in zip(columns, notes, strict=True))]
            blocks.append(render([header, *body], style, f"{task[0]} ({task[1]})"))
        note = _LEGEND + (_UNTESTED if any(not cell.tested for cell in self.cells.values()) else "")
        legend = {"csv": "", "latex": f"\n% {note}\n", "markdown": f"\n{note}\n"}
        return "\n".join(blocks) + legend.get(style, "\n" + "\n".join(wrapped(note)) + "\n")

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each model and metric: value, interval, and the models that it significantly beats."""
        import pandas

        rows = []
        for (model, column), cell in self.cells.items():
            task, split, metric = column
            rows.append(
                {
                    "model": model,
                    "task": task,
                    "split": split,
                    "metric": metric,
                    **cell._asdict(),
                    "beats": self.beats(model, column),
                }
            )
        return pandas.DataFrame(rows)

    def _cell(self, row: str, column: Column, letters: dict[str, str], percent: bool) -> str:
        cell = self.cells.get((row, column))
        if cell is None:
            return "–"
        if cell.seeds > 1:
            shown = f"{digits(cell.value, percent)} ± {digits(cell.deviation, percent)} ({cell.seeds} seeds)"
        elif not cell.tested:
            shown = digits(cell.value, percent)
        else:
            shown = interval_of(cell.value, cell.low, cell.high, percent)
        return " ".join([shown, "".join(letters[beaten] for beaten in self.beats(row, column))]).rstrip()


_BETTER = {True: "", False: " (lower is better)", None: " (neither is better)"}
_LEGEND = (
    "[95 % bootstrap interval over items], or mean ± standard deviation over seeds. Letters at the end "
    "of a cell: the models it "
    f"beats (paired randomisation test over items, Holm-corrected over the pairs, p < {SIGNIFICANT})."
)
_UNTESTED = " Values from MTEB's files come without items, so they have no interval and are not tested."


def column_of(result: Result) -> Column:
    """The column of a result: task, split and metric."""
    return (result.task, result.split, result.metric)


def row_letters(count: int) -> list[str]:
    """a to z, then aa, ab, ..."""
    pairs = (first + second for first, second in itertools.product(ascii_lowercase, repeat=2))
    return list(itertools.islice(itertools.chain(ascii_lowercase, pairs), count))
