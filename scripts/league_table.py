"""The page of the league: a table with one column per suite, a table per suite with one column per task, and
the conditions of the runs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentrep.evaluation.report.tables import render
from sentrep.evaluation.result import Result
from sentrep.evaluation.result_store import read_items
from sentrep.evaluation.statistics.compare import holm
from sentrep.evaluation.statistics.comparison import SIGNIFICANT, Column, column_of
from sentrep.evaluation.statistics.permutation import Difference, difference

DRAWS = 2000
"""Random exchanges in a paired test against the untrained encoder."""

SHARES = ("nDCG@10",)
"""Main metrics between 0 and 1; all others are out of 100, like the page."""

LEGEND = f"""All metrics are out of 100. The column of a suite is the mean of the main metrics of its tasks
(tables below), so each task has the same weight. Brackets: 95 % bootstrap interval over items, with those
of the tasks added in quadrature; or mean ± standard deviation over seeds. "–": the model cannot do all
tasks of the suite. Better : worse: the number of tasks on which the row is significantly better and worse
than the untrained encoder of its kind (for words: than the untrained bag; paired randomization test over
items, Holm-corrected over the tasks of the row, p < {SIGNIFICANT}). Seen: sentences read in training, if
they are counted; a sentence that was read twice counts twice. Seconds: training time without preparing the
corpus, which is the same for all, and without saving. Embedding: sentences of the corpus per second."""

_TESTED: dict[tuple[tuple[str, str], ...], Difference] = {}


@dataclass(frozen=True)
class Entry:
    """A finished row of one seed."""

    row: str
    seed: int
    record: Mapping[str, Any]
    """Its row.json."""
    results: Mapping[str, Sequence[Result]]
    """Suite -> main result of each of its tasks that the row can do."""
    failed: Sequence[str] = ()
    """Tasks that failed, and why."""


def page(
    entries: Sequence[Entry], tasks: Mapping[str, int], facts: Sequence[str], troubles: Sequence[str]
) -> str:
    """The whole page in Markdown.

    Args:
        tasks: suite -> how many tasks it has.
        facts: conditions of the runs, one per line.
        troubles: what failed, one per line.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.row, []).append(entry)
    header = ["row", *tasks, "better : worse", "seen", "sentences/s", "seconds", "embedding", "peak MB"]
    body = []
    for row, group in groups.items():
        columns = [mean_of_suite(group, suite, count) for suite, count in tasks.items()]
        body.append([row, *columns, against(group, groups.get(base_of(row), [])), *costs(group)])
    parts = [
        "# The league\n",
        *(f"- {fact}" for fact in facts),
        "",
        render([header, *body], "markdown"),
        LEGEND,
    ]
    troubles = [*troubles, *(line for entry in entries for line in entry.failed)]
    if troubles:
        parts += ["\n**What failed**\n", *(f"- {line}" for line in troubles)]
    for suite in tasks:
        able = [group for group in groups.values() if any(entry.results[suite] for entry in group)]
        parts += [f"\n## {suite}\n", by_task(able, suite)]
    return "\n".join([*parts, "## Settings\n", settings(groups)])


def mean_of_suite(group: Sequence[Entry], suite: str, count: int) -> str:
    """Mean over the `count` tasks, with its interval; over several seeds with their deviation."""
    if any(len(entry.results[suite]) < count for entry in group):
        return "–"
    means = [
        statistics.fmean(result.value * scale(result) for result in entry.results[suite]) for entry in group
    ]
    if len(group) > 1:
        return deviation(means)
    results, mean = group[0].results[suite], means[0]
    below = sum(((result.value - result.low) * scale(result)) ** 2 for result in results) ** 0.5 / len(
        results
    )
    above = sum(((result.high - result.value) * scale(result)) ** 2 for result in results) ** 0.5 / len(
        results
    )
    return f"{mean:.1f} [{mean - below:.1f}, {mean + above:.1f}]"


def scale(result: Result) -> float:
    """Factor that brings a metric to the range 0 to 100."""
    return 100.0 if result.metric in SHARES else 1.0


def deviation(values: Sequence[float]) -> str:
    """Mean, and ± standard deviation where there are several."""
    return f"{statistics.fmean(values):.1f}" + (
        f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    )


def against(group: Sequence[Entry], base: Sequence[Entry]) -> str:
    """Tasks on which the row is significantly better, and worse, than `base`."""
    if not base or group[0].row == base[0].row:
        return "–"
    mine, theirs = _by_column(group), _by_column(base)
    shared = [column for column in mine if column in theirs]
    found = [tested(mine[column], theirs[column]) for column in shared]
    certain = [p < SIGNIFICANT for p in holm([each.p for each in found])]
    better = [
        (each.value > 0) == mine[column][0].higher_is_better
        for column, each in zip(shared, found, strict=True)
    ]
    won = sum(sure and good for sure, good in zip(certain, better, strict=True))
    return f"{won} : {sum(certain) - won} of {len(shared)}"


def tested(first: Sequence[Result], second: Sequence[Result]) -> Difference:
    """The seeds of two rows on one task; kept, because the page is rewritten after each row."""
    key = tuple((result.key, result.metric) for result in (*first, *second))
    if key not in _TESTED:
        items = [[read_items(result) for result in results] for results in (first, second)]
        _TESTED[key] = difference(items[0], items[1], first[0].aggregate, DRAWS)
    return _TESTED[key]


def base_of(row: str) -> str:
    """The untrained row that a row is compared with."""
    kind = row.split("/")[0]
    return f"{'bag' if kind == 'words' else kind}/untrained"


def costs(group: Sequence[Entry]) -> list[str]:
    """Sentences seen, sentences per second, seconds, sentences embedded per second, megabytes: means over
    seeds."""

    def mean(name: str) -> float:
        return statistics.fmean(entry.record[name] or 0 for entry in group)

    sentences, seconds, embedding = mean("sentences"), mean("seconds"), mean("embedding_rate")
    return [
        f"{sentences:,.0f}" if sentences else "–",
        f"{sentences / seconds:,.0f}" if sentences else "–",
        f"{seconds:.0f}",
        f"{embedding:,.0f}" if embedding else "–",
        f"{mean('peak_megabytes'):,.0f}",
    ]


def by_task(groups: Sequence[Sequence[Entry]], suite: str) -> str:
    """Rows and tasks: the main metric of each; mean ± deviation over seeds."""
    body, columns = [], dict[Column, None]()
    for group in groups:
        found = _by_column(group, suite)
        columns |= dict.fromkeys(found)
        body.append(
            (
                group[0].row,
                {column: deviation([each.value * scale(each) for each in found[column]]) for column in found},
            )
        )
    lines = [[row, *(shown.get(column, "–") for column in columns)] for row, shown in body]
    return render(
        [["row", *(f"{task} ({split}), {metric}" for task, split, metric in columns)], *lines], "markdown"
    )


def settings(groups: Mapping[str, Sequence[Entry]]) -> str:
    """Settings that differ from the defaults."""
    shown = {row: group[0].record["settings"].items() for row, group in groups.items()}
    body = [
        [row, ", ".join(f"{name} {value}" for name, value in chosen) or "–"] for row, chosen in shown.items()
    ]
    return render([["row", "settings"], *body], "markdown")


def _by_column(group: Sequence[Entry], *suites: str) -> dict[Column, list[Result]]:
    """The results of all seeds for each task, split and metric; of all suites if none is given."""
    found: dict[Column, list[Result]] = {}
    for entry in group:
        for suite in suites or entry.results:
            for result in entry.results[suite]:
                found.setdefault(column_of(result), []).append(result)
    return found
