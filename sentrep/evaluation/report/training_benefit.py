"""Trained runs that do not beat the models that cost no training: the untrained encoder and BM25."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

BEATS, TESTED = 5, 6
"""Positions in a cell of the league table; see `league.league_table`."""

_TRAINED = re.compile(r"[^+]+ \(settings [0-9a-f]+\)")
_REFERENCE = re.compile(r"\buntrained|^bm25\b", re.IGNORECASE)

Table = Mapping[str, Any]


def training_warnings(models: Sequence[Table], groups: Sequence[Table]) -> list[str]:
    """One sentence for each trained run that does not beat the untrained encoder or BM25.

    A run beats a reference model if it is significantly better on more tasks than it is significantly worse.
    Counted are the main metrics of the tasks on which both were measured.

    Args:
        models: rows of the league table.
        groups: its groups of tasks.
    """
    references = [row for row, model in enumerate(models) if _is_reference(model)]
    columns = [_main_column(task) for group in groups for task in group["tasks"]]
    warnings = []
    for row, model in enumerate(models):
        if not _is_trained(model):
            continue
        lost = [
            _result(models[other]["name"], better, worse, count)
            for other in references
            for better, worse, count in [_duel(columns, row, other)]
            if count and better <= worse
        ]
        if lost:
            warnings.append(f"Training did not pay for {model['name']}: {'; '.join(lost)}.")
    return warnings


def _is_reference(model: Table) -> bool:
    return any(_REFERENCE.search(name) and " + " not in name for name in model["full"])


def _is_trained(model: Table) -> bool:
    return bool(_TRAINED.fullmatch(model["method"])) and not _is_reference(model)


def _main_column(task: Table) -> Table:
    column: Table = next(iter(task["columns"].values()))
    return column


def _duel(columns: Sequence[Table], row: int, other: int) -> tuple[int, int, int]:
    """Number of tasks on which `row` is significantly better than `other`, is worse, and is compared."""
    pairs = [
        (column["cells"][row], column["cells"][other]) for column in columns if column["higher"] is not None
    ]
    compared = [pair for pair in pairs if all(cell and cell[TESTED] for cell in pair)]
    better = sum(other in mine[BEATS] for mine, _ in compared)
    worse = sum(row in theirs[BEATS] for _, theirs in compared)
    return better, worse, len(compared)


def _result(reference: str, better: int, worse: int, count: int) -> str:
    tasks = "1 task" if count == 1 else f"{count} tasks"
    return f"compared with {reference} it is significantly better on {better} of {tasks} and worse on {worse}"
