"""Candidates side by side: measured on the same questions, in one table, and the one to use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sentrep.evaluation.report.tables import digits, interval_of, render
from sentrep.evaluation.result import Result
from sentrep.evaluation.result_store import ResultStore
from sentrep.evaluation.task import Model, Task, evaluate
from sentrep.pipelines.build.candidates import BM25, Candidate, Fitted
from sentrep.pipelines.build.choice import Choice, Scored, choose, verdict
from sentrep.pipelines.build.questions import METRIC, mean_items
from sentrep.utils.errors import InputError


@dataclass(frozen=True)
class Row:
    """A candidate with its results."""

    candidate: Candidate
    results: Sequence[Result]
    """Results of all tasks and metrics."""

    @property
    def decisive(self) -> list[Result]:
        """Results of the metric that decides, one for each task."""
        return [result for result in self.results if result.metric == METRIC]

    @property
    def scored(self) -> Scored:
        """The candidate with one score for each question."""
        one = self.candidate
        return Scored(one.name, one.cost, one.expected, mean_items(self.decisive))


@dataclass(frozen=True)
class Compared:
    """The models side by side."""

    rows: Sequence[Row]
    choice: Choice

    @property
    def chosen(self) -> Candidate:
        """The model to use."""
        names = {row.candidate.name: row.candidate for row in self.rows}
        return names[self.choice.chosen.name]

    @property
    def fitted(self) -> list[Fitted]:
        """The ways to get vectors that were fitted, each once, the cheapest first."""
        return list(dict.fromkeys(row.candidate.vectors for row in self.rows if row.candidate.vectors))

    @property
    def vectors(self) -> Fitted:
        """The vectors that an index gets: those of the chosen model; the cheapest where BM25 is chosen."""
        return self.chosen.vectors or self.fitted[0]

    @property
    def verdict(self) -> str:
        """One sentence: what was chosen, and by how much it is better than BM25."""
        return verdict(self.choice, BM25)

    def moved(self, place: Path, new: Path) -> Compared:
        """The same, after the folder `place` with the scores of the single questions was moved to `new`."""

        def there(file: str) -> str:
            return str(new / Path(file).absolute().relative_to(place.absolute())) if file else ""

        rows = [
            replace(
                row,
                results=[
                    replace(each, items=there(each.items), examples=there(each.examples))
                    for each in row.results
                ],
            )
            for row in self.rows
        ]
        return replace(self, rows=rows)

    @property
    def table(self) -> str:
        """A row for each model."""
        names = [result.task.removeprefix("held out: ") for result in self.rows[0].decisive]
        title = f"{METRIC} on held-out documents, 95 % intervals; * is chosen"
        return render([["model", *names, "mean"], *map(self._cells, self.rows)], "text", title)

    def _cells(self, row: Row) -> list[str]:
        cells = [interval_of(each.value, each.low, each.high, percent=False) for each in row.decisive]
        chosen = "*" if row.candidate is self.chosen else ""
        mean = digits(row.scored.value, percent=False)
        return [f"{row.candidate.name}{chosen}", *cells, mean]


def compare(candidates: Iterable[tuple[Candidate, Model]], tasks: Sequence[Task], file: Path) -> Compared:
    """Measure all candidates and choose one.

    Args:
        candidates: with their models, fitted one after the other.
        tasks: what they are measured by.
        file: gets the results.

    Raises:
        InputError: a task failed.
    """
    rows = [Row(candidate, results_of(model, tasks, file)) for candidate, model in candidates]
    return Compared(rows, choose([row.scored for row in rows]))


def results_of(model: Model, tasks: Sequence[Task], file: Path) -> list[Result]:
    """Results of one model.

    Raises:
        InputError: a task failed.
    """
    done = evaluate(model, tasks, ResultStore(file))
    if done.failed:
        raise InputError(f"{model.name}: {done.failed[0].task}: {done.failed[0].reason}")
    return done.results
