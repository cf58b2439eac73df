"""The HTML report: one self-contained page that needs neither network nor server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sentrep.evaluation.report.curves import Run, training_curves
from sentrep.evaluation.report.failures import worst_failures
from sentrep.evaluation.report.league import league_table
from sentrep.evaluation.report.page import render
from sentrep.evaluation.report.sentences import picture
from sentrep.evaluation.statistics.compare import read_any
from sentrep.evaluation.task import Model
from sentrep.utils.errors import InputError, at
from sentrep.utils.files import output_file

__all__ = ["Run", "write_report"]


def write_report(
    results: Sequence[str | Path],
    out: str | Path,
    *,
    runs: Sequence[Run] = (),
    model: Model | None = None,
    sentences: Iterable[str] = (),
    corpus: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Path:
    """Write a page with a league table, training curves, a map of sentences and the worst failures.

    Parts without input are left out. The same input gives the same page, byte for byte. The page contains all
    texts of the input, so share it only with those who may read them.

    Args:
        results: results files of `sentrep eval`, or folders of MTEB's: the league table and the worst
            failures.
        out: the page, such as report.html.
        runs: training runs whose curves and collapse metrics are drawn in the same charts.
        model: the model that embeds `sentences` for the map, the similarities and the neighbours.
        sentences: any number; of more than `sentences.LIMIT`, a uniform sample is drawn.
        corpus: what a corpus holds, as `sentrep.report` computes it.
        seed: seed of the sample, of the map and of its regions.

    Raises:
        InputError: there is nothing to show, results cannot be compared, or the model does not embed.
    """
    out, chosen = Path(out), list(results)
    if out.is_dir():
        raise InputError(f"{at(out)} is a folder; the report is a file: give {out / 'report.html'}")
    if model is None and any(True for _ in sentences):
        raise InputError("sentences without a model: give the model to embed them with", setting="model")
    if not chosen and not runs and model is None and corpus is None:
        raise InputError(
            "nothing to report: give results files, run folders, a corpus, or a model together with "
            "sentences",
            setting="results",
        )
    measured = [result for path in chosen for result in read_any(Path(path))]
    if chosen and not measured:
        raise InputError(f"{at(chosen[0])}: holds no results yet; `sentrep eval` adds them")
    data: dict[str, Any] = {}
    if measured:
        data["league"] = league_table(measured)
        data["failures"] = worst_failures(measured)
    if runs:
        data["curves"] = training_curves(runs)
    if model is not None:
        data["sentences"] = picture(model, sentences, seed)
    if corpus is not None:
        data["corpus"] = corpus
    page = render(data)
    with output_file(out) as file:
        file.write(page)
    return out
