"""The league table: models as rows, tasks as columns, with a choice of metric."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from sentrep.evaluation.report.training_benefit import training_warnings
from sentrep.evaluation.result import Result
from sentrep.evaluation.statistics.compare import side_by_side
from sentrep.evaluation.statistics.comparison import Cell, Column, Comparison, row_letters

KINDS = {
    "nDCG@10": "Retrieval",
    "Spearman": "Similarity",
    "accuracy": "Classification",
    "AP": "Pairs",
    "V-measure": "Clustering",
    "MAP": "Topics",
    "AUROC": "Anomalies",
    "R-1": "Summaries",
    "F1": "Trees",
}
"""First word of a task's first metric -> title of its group."""


def league_table(results: Sequence[Result]) -> dict[str, Any]:
    """Models, tasks in groups, and a cell for each model on each metric of each task.

    A cell is [value, low, high, deviation over seeds, seeds, rows that it significantly beats, whether it can
    be tested]."""
    compared = side_by_side(results)
    groups: dict[str, list[dict[str, Any]]] = {}
    for task in dict.fromkeys(column[:2] for column in compared.columns):
        columns = compared.columns_of(task)
        groups.setdefault(_kind(columns[0]), []).append(_task(columns, compared))
    grouped = [
        {"name": name, "metrics": _metrics(tasks), "tasks": _short_tasks(tasks)}
        for name, tasks in groups.items()
    ]
    models = [_model(row, number, compared) for number, row in enumerate(compared.rows)]
    leaders, sentence = verdict(models, grouped)
    return {
        "models": models,
        "groups": grouped,
        "leaders": leaders,
        "verdict": sentence,
        "training_warnings": training_warnings(models, grouped),
        "versions": results[-1].versions,
    }


def _task(columns: Sequence[Column], compared: Comparison) -> dict[str, Any]:
    """A task by the columns of its metrics, the main one first."""
    by_row = [compared.results.get((row, columns[0]), []) for row in compared.rows]
    some = next(result for results in by_row for result in results)
    tables = {column[2]: _cells(column, compared) for column in columns}
    return {
        "name": some.task,
        "split": some.split,
        "count": some.count,
        "protocol": some.protocol,
        "data": some.data[:12],
        "alarms": [_warnings(mine) for mine in by_row],
        "seconds": [_seconds(mine) for mine in by_row],
        "standing": _standing(tables[columns[0][2]]["cells"]),
        "columns": tables,
    }


def _warnings(results: Sequence[Result]) -> str:
    """Messages about collapsed vectors and truncated texts of a model on a task; empty if none."""
    found = [warning for result in results for warning in (result.alarm, result.truncation) if warning]
    return "; ".join(dict.fromkeys(found))


def _cells(column: Column, compared: Comparison) -> dict[str, Any]:
    cells = [compared.cells.get((row, column)) for row in compared.rows]
    beaten = [[compared.rows.index(other) for other in compared.beats(row, column)] for row in compared.rows]
    return {
        "higher": compared.higher_is_better[column],
        "percent": compared.out_of_100(column),
        "cells": [_numbers(cell, rows) for cell, rows in zip(cells, beaten, strict=True)],
    }


def _standing(cells: Sequence[list[Any] | None]) -> list[str]:
    """For each row whether another is significantly better on the task's main metric."""
    tested = [row for row, cell in enumerate(cells) if cell and cell[6]]
    beaten = {row for cell in cells if cell for row in cell[5]}
    alone = len(tested) < 2
    return [
        "untested" if alone or row not in tested else "beaten" if row in beaten else "unbeaten"
        for row in range(len(cells))
    ]


def _numbers(cell: Cell | None, beaten: Sequence[int]) -> list[Any] | None:
    return cell and [cell.value, cell.low, cell.high, cell.deviation, cell.seeds, sorted(beaten), cell.tested]


def _seconds(results: Sequence[Result]) -> list[float] | None:
    """Seconds of embedding and of everything else, averaged over seeds."""
    if not results:
        return None
    embedding = sum(result.embedding_seconds for result in results) / len(results)
    return [embedding, max(0.0, sum(result.seconds for result in results) / len(results) - embedding)]


def _model(row: str, number: int, compared: Comparison) -> dict[str, Any]:
    mine = [result for (name, _), results in compared.results.items() if name == row for result in results]
    return {
        "name": short_names(compared.rows)[row],
        "letter": row_letters(number + 1)[-1],
        "full": sorted({result.model for result in mine}),
        "hashes": sorted({result.model_hash[:12] for result in mine}),
        "method": mine[0].method,
        "seeds": sorted({result.seed for result in mine if result.seed is not None}),
    }


def verdict(models: Sequence[dict[str, Any]], groups: Sequence[dict[str, Any]]) -> tuple[list[str], str]:
    """The best models and a sentence about them.

    Models are ranked by the number of tasks on which no other model is significantly better.
    """
    if len(models) < 2:
        return (
            [],
            "One model alone says little: measure another beside it, such as the baselines random and bm25.",
        )
    standings = [task["standing"] for group in groups for task in group["tasks"]]
    unbeaten = [sum(standing[row] == "unbeaten" for standing in standings) for row in range(len(models))]
    most = max(unbeaten)
    if most == 0:
        return [], "No two models have been measured on the same task."
    leaders = [model["name"] for model, count in zip(models, unbeaten, strict=True) if count == most]
    who = " and ".join(", ".join(leaders).rsplit(", ", 1))
    each = "are each" if len(leaders) > 1 else "is"
    tasks = f"{most} of {len(standings)} tasks" if len(standings) > 1 else "the one task"
    return leaders, f"{who} {each} unbeaten on {tasks}: no other model is significantly better there."


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The shortest unique ending of each path.

    >>> short_names(["bm25", "runs/a/model", "runs/b/model", "old/b"])
    {'bm25': 'bm25', 'runs/a/model': 'a', 'runs/b/model': 'runs/b', 'old/b': 'old/b'}
    """
    parts = {name: _telling(name) for name in names}
    short = {}
    for name, mine in parts.items():
        others = [other for key, other in parts.items() if key != name]
        endings = (mine[-length:] for length in range(1, len(mine) + 1))
        alone = (ending for ending in endings if all(other[-len(ending) :] != ending for other in others))
        short[name] = "/".join(next(alone, (name,)))
    return short


def _telling(name: str) -> tuple[str, ...]:
    """Parts of a path, without the last folder if it is `model`."""
    parts = PurePath(name).parts if "/" in name or "\\" in name else (name,)
    return parts[:-1] if len(parts) > 1 and parts[-1] == "model" else parts


def _short_tasks(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Remove the prefix before the colon of the task names if all tasks share it."""
    before = {task["name"].rpartition(": ")[0] for task in tasks}
    return (
        [task | {"name": task["name"].rpartition(": ")[2]} for task in tasks]
        if len(tasks) > 1 == len(before)
        else list(tasks)
    )


def _metrics(tasks: Sequence[dict[str, Any]]) -> list[str]:
    """Metrics of a group: first those of all its tasks, then the others."""
    common = [metric for metric in tasks[0]["columns"] if all(metric in task["columns"] for task in tasks)]
    rest = dict.fromkeys(metric for task in tasks for metric in task["columns"] if metric not in common)
    return [*common, *rest]


def _kind(column: Column) -> str:
    name = KINDS.get(column[2].split(" ")[0], f"By {column[2].split(' ')[0]}")
    return f"{name} without labels" if column[1] == "held-out" else name
