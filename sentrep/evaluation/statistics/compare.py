"""Comparison of models by paired tests over the same items, corrected for multiple testing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sentrep.evaluation.mteb_bridge import read_mteb
from sentrep.evaluation.result import Result
from sentrep.evaluation.result_store import read_items, read_results
from sentrep.evaluation.statistics.comparison import Cell, Column, Comparison, Contest, Groups, column_of
from sentrep.evaluation.statistics.permutation import differences
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress


def compare(*sources: str | Path | Sequence[Result]) -> Comparison:
    """Compare the models in results files, in folders of MTEB's results, or in lists of results.

    Results of one `method` that differ in `seed` become one row, mean ± sd over seeds; every other model is a
    row. Of several measurements of one model, the last counts. The tests are over items: they say whether
    other queries would give the same result, not whether another training run would. Results of MTEB are
    shown without a test.

    Raises:
        InputError: a task was measured on different data, with a different protocol or with another version
            of the evaluation; per-item scores are missing; or there are fewer than two models.
    """
    results: list[Result] = []
    for source in sources:
        results += read_any(Path(source)) if isinstance(source, str | Path) else source
    compared = side_by_side(results)
    if len(compared.rows) < 2:
        only = f"only {compared.rows[0]}" if compared.rows else "no results"
        raise InputError(f"nothing to compare: {only}; give results of two models or more", setting="results")
    return compared


def side_by_side(results: Sequence[Result]) -> Comparison:
    """The comparison of results, as in `compare`, but a single model is allowed."""
    # Keyed by content: one model under two names is one model, two models under one name are two.
    latest = {(result.model_hash, result.seed, *column_of(result)): result for result in results}
    _check_same_measure(list(latest.values()))
    groups: Groups = {}
    names = row_names(list(latest.values()))
    for result in latest.values():
        groups.setdefault((names[result.model_hash, result.seed], column_of(result)), []).append(result)
    rows = tuple(dict.fromkeys(row for row, _ in groups))
    columns = tuple(dict.fromkeys(column for _, column in groups))
    shown = progress(columns, "comparing", unit="metric")
    contests = [contest for column in shown for contest in _contests(column, rows, groups)]
    higher = {column: group[0].higher_is_better for (_, column), group in groups.items()}
    return Comparison(
        rows,
        columns,
        groups,
        {place: _cell(group) for place, group in groups.items()},
        tuple(contests),
        higher,
    )


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
    """Read a results file, or a folder of MTEB results."""
    return read_mteb(path) if path.is_dir() else read_results(path)


def _contests(column: Column, rows: Sequence[str], groups: Groups) -> list[Contest]:
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
    """Whether per-item scores are expected: a count of 0 marks results of tools that record none."""
    return all(result.count > 0 for result in group)


def _check_same_measure(results: Sequence[Result]) -> None:
    first: dict[Column, Result] = {}
    for result in results:
        other = first.setdefault(column_of(result), result)
        for what, mine, theirs in (
            ("data", result.data, other.data),
            ("protocol", result.protocol, other.protocol),
            ("evaluation code", result.versions.get("evaluation"), other.versions.get("evaluation")),
            ("count of items", result.count, other.count),
        ):
            if mine != theirs:
                raise InputError(
                    f"{result.task} ({result.split}), {result.metric}: {result.model} and "
                    f"{other.model} cannot be compared, their "
                    f"{what} differ: {mine!r} against {theirs!r}; evaluate both on the same files with "
                    "the same version",
                    setting="results",
                )


def _cell(group: Sequence[Result]) -> Cell:
    values = np.array([result.value for result in group])
    if len(group) == 1:
        return Cell(group[0].value, group[0].low, group[0].high, 0.0, 1, _tested(group))
    deviation = float(values.std(ddof=1))
    return Cell(
        float(values.mean()), float(values.min()), float(values.max()), deviation, len(group), _tested(group)
    )


def row_names(results: Sequence[Result]) -> dict[tuple[str, int | None], str]:
    """Name of the row for each (model hash, seed): the method where it has several seeds, otherwise the
    model."""
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
