"""Who beats whom, and is it luck? Paired tests over the same items, corrected for their number."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import NamedTuple

import numpy as np

from sentrep.errors import InputError
from sentrep.evaluation.mteb_bridge import read_mteb
from sentrep.evaluation.randomisation import Difference, differences
from sentrep.evaluation.result import Result, read_items, read_results
from sentrep.evaluation.tables import Style, digits, interval_of, render
from sentrep.progress import progress

SIGNIFICANT = 0.05

Column = tuple[str, str, str]
"""Task, split, metric."""


class Cell(NamedTuple):
    """A model, or several seeds of a method, on one metric."""

    value: float
    low: float
    """Bootstrap interval over items; over several seeds their least and greatest value."""
    high: float
    deviation: float
    """Standard deviation over seeds; 0 for one."""
    seeds: int
    tested: bool
    """Whether there are items to test by; MTEB's files hold none."""


class Contest(NamedTuple):
    """Two rows on one metric. `p` is corrected after Holm (1979) over all pairs of rows on that metric."""

    column: Column
    first: str
    second: str
    difference: Difference
    p: float

    @property
    def significant(self) -> bool:
        """Whether the difference is more than luck."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True)
class Comparison:
    """Models as rows, metrics as columns, and the verdict on every pair."""

    rows: tuple[str, ...]
    columns: tuple[Column, ...]
    cells: dict[tuple[str, Column], Cell]
    contests: tuple[Contest, ...]
    higher_is_better: dict[Column, bool]

    def beats(self, row: str, column: Column) -> list[str]:
        """The rows that this one is significantly better than."""
        beaten = []
        for contest in self.contests:
            if contest.column != column or not contest.significant or row not in (contest.first, contest.second):
                continue
            first_wins = (contest.difference.value > 0) == self.higher_is_better[column]
            if first_wins == (row == contest.first):
                beaten.append(contest.second if first_wins else contest.first)
        return beaten

    def table(self, style: Style = "text") -> str:
        """One block a task. Each row has a letter; a cell ends with the letters of the rows that it significantly beats."""
        letters = dict(zip(self.rows, row_letters(len(self.rows)), strict=True))
        blocks = []
        for task in dict.fromkeys(column[:2] for column in self.columns):
            columns = [column for column in self.columns if column[:2] == task]
            body = [[f"{letters[row]} {row}", *(self._cell(row, column, letters) for column in columns)] for row in self.rows]
            notes = ("" if self.higher_is_better[column] else " (lower is better)" for column in columns)
            header = ["model", *(column[2] + note for column, note in zip(columns, notes, strict=True))]
            blocks.append(render([header, *body], style, f"{task[0]} ({task[1]})"))
        told = _LEGEND + (_UNTESTED if any(not cell.tested for cell in self.cells.values()) else "")
        legend = {"csv": "", "latex": f"\n% {told}\n"}.get(style, f"\n{told}\n")
        return "\n".join(blocks) + legend

    def _cell(self, row: str, column: Column, letters: dict[str, str]) -> str:
        cell = self.cells.get((row, column))
        if cell is None:
            return "–"
        in_percent = abs(cell.value) > 1.5
        if cell.seeds > 1:
            shown = f"{digits(cell.value, in_percent)} ± {digits(cell.deviation, in_percent)} ({cell.seeds} seeds)"
        elif not cell.tested:
            shown = digits(cell.value, in_percent)
        else:
            shown = interval_of(cell.value, cell.low, cell.high)
        return " ".join([shown, "".join(letters[beaten] for beaten in self.beats(row, column))]).rstrip()


_LEGEND = (
    "[95 % bootstrap interval over items], or mean ± standard deviation over seeds. Letters at the end of a cell: the models it "
    f"beats (paired randomisation test over items, Holm-corrected over the pairs, p < {SIGNIFICANT})."
)
_UNTESTED = " Values from MTEB's files come without items, so they have no interval and are not tested."


def compare(*sources: str | Path | Sequence[Result]) -> Comparison:
    """Compare the models in results files, in folders of MTEB's results, or in lists of results.

    Results of one `method` that differ in `seed` become one row, mean ± sd over seeds; every other model is a row. A model that
    was measured twice counts with its last measurement. The test is over items: it says whether other queries would have given
    the same verdict, not whether another training run would have. What MTEB measured is shown without a test.

    Raises `InputError` where the same task was measured on different data, by a different protocol or by another version of
    the evaluation, where per-item scores are missing, and where there are not two models to compare.
    """
    results: list[Result] = []
    for source in sources:
        results += read_any(Path(source)) if isinstance(source, str | Path) else source
    # Keyed by content: one model under two names is one model, two models under one name are two.
    latest = {(result.model_hash, result.seed, result.task, result.split, result.metric): result for result in results}
    _check_same_measure(list(latest.values()))
    groups: dict[tuple[str, Column], list[Result]] = {}
    names = row_names(list(latest.values()))
    for result in latest.values():
        groups.setdefault((names[result.model_hash, result.seed], _column(result)), []).append(result)
    rows = tuple(dict.fromkeys(row for row, _ in groups))
    columns = tuple(dict.fromkeys(column for _, column in groups))
    if len(rows) < 2:
        raise InputError(f"nothing to compare: {'only ' + rows[0] if rows else 'no results'}; give results of two models or more")
    shown = progress(columns, "comparing", unit="metric")
    contests = [contest for column in shown for contest in _contests(column, rows, groups)]
    higher = {column: group[0].higher_is_better for (_, column), group in groups.items()}
    return Comparison(rows, columns, {place: cell_of(group) for place, group in groups.items()}, tuple(contests), higher)


def holm(p: Sequence[float]) -> list[float]:
    """P-values corrected for their number by Holm's step-down procedure (1979).

    >>> [round(corrected, 3) for corrected in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=lambda index: p[index])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[index]))
        corrected[index] = highest
    return corrected


def read_any(path: Path) -> list[Result]:
    return read_mteb(path) if path.is_dir() else read_results(path)


def _contests(column: Column, rows: Sequence[str], groups: dict[tuple[str, Column], list[Result]]) -> list[Contest]:
    present = [row for row in rows if (row, column) in groups and _tested(groups[row, column])]
    if len(present) < 2:
        return []
    items = [[read_items(result) for result in groups[row, column]] for row in present]
    found = differences(items, groups[present[0], column][0].aggregate)
    corrected = holm([each.p for each in found.values()])
    return [
        Contest(column, present[first], present[second], each, p)
        for ((first, second), each), p in zip(found.items(), corrected, strict=True)
    ]


def _tested(group: Sequence[Result]) -> bool:
    """A count of 0 says that whoever measured it never told of items; without items otherwise, something is amiss."""
    return all(result.count > 0 for result in group)


def _check_same_measure(results: Sequence[Result]) -> None:
    first: dict[Column, Result] = {}
    for result in results:
        other = first.setdefault(_column(result), result)
        for what, mine, theirs in (
            ("data", result.data, other.data),
            ("protocol", result.protocol, other.protocol),
            ("evaluation code", result.versions.get("evaluation"), other.versions.get("evaluation")),
            ("count of items", result.count, other.count),
        ):
            if mine != theirs:
                raise InputError(
                    f"{result.task} ({result.split}), {result.metric}: {result.model} and {other.model} cannot be compared, their "
                    f"{what} differ: {mine!r} against {theirs!r}; evaluate both on the same files with the same version"
                )


def _column(result: Result) -> Column:
    return (result.task, result.split, result.metric)


def cell_of(group: Sequence[Result]) -> Cell:
    values = np.array([result.value for result in group])
    if len(group) == 1:
        return Cell(group[0].value, group[0].low, group[0].high, 0.0, 1, _tested(group))
    deviation = float(values.std(ddof=1))
    return Cell(float(values.mean()), float(values.min()), float(values.max()), deviation, len(group), _tested(group))


def row_names(results: Sequence[Result]) -> dict[tuple[str, int | None], str]:
    """Name of the row for each (model hash, seed): the method where it has several seeds, otherwise the model."""
    models = {(result.model_hash, result.seed): result for result in results}
    seeds: dict[str, list[int | None]] = {}
    for result in models.values():
        seeds.setdefault(result.method, []).append(result.seed)
    names = {}
    for identity, result in models.items():
        mine = seeds[result.method]
        # Two models of one method under one seed differ in more than the seed, and must not be averaged.
        repeats = bool(result.method) and len(mine) > 1 and None not in mine and len(set(mine)) == len(mine)
        namesakes = {other.model_hash for other in models.values() if other.model == result.model}
        alone = result.model if len(namesakes) == 1 else f"{result.model} {result.model_hash[:8]}"
        names[identity] = result.method if repeats else alone
    return names


def row_letters(count: int) -> list[str]:
    """a to z, then aa, ab, ..."""
    pairs = (first + second for first, second in itertools.product(ascii_lowercase, repeat=2))
    return list(itertools.islice(itertools.chain(ascii_lowercase, pairs), count))
