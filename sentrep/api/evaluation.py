"""The verbs that measure: evaluate, tasks_of, compare, mteb_model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.corpora import corpus_source
from sentrep.api.reading import watched
from sentrep.data.corpus import Corpus
from sentrep.data.reading.report import ReadReport
from sentrep.inference.eval_adapter import absent, measured
from sentrep.inference.kept_out import kept_out_documents, kept_out_of
from sentrep.inference.units import Units
from sentrep.utils.arguments import existing_paths, paths_of
from sentrep.utils.errors import InputError
from sentrep.utils.settings import arguments_checked, checked

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder
    from sentrep.evaluation.mteb_bridge import MtebModel
    from sentrep.evaluation.result import Result
    from sentrep.evaluation.statistics.comparison import Comparison
    from sentrep.evaluation.suite import Suite
    from sentrep.evaluation.task import Evaluation, Model, Task


@arguments_checked
def evaluate(
    model: str | Path | Encoder | Model,
    tasks: str | Path | Task | Sequence[str | Path | Task] = (),
    *,
    suites: str | Path | Sequence[str | Path] = (),
    data: str | Path | None = None,
    heldout: Corpus | None = None,
    units: Units | None = None,
    part: str | None = None,
    results: str | Path | None = None,
    name: str | None = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> Evaluation:
    """Measure a model.

    Args:
        model: a path, a name, an encoder, a baseline ('bm25', 'random'; 'lead-8', 'content-9', 'textrank-9',
            with any number; 'left-branching', 'right-branching', 'right-between-marks', 'balanced',
            'random-trees', 'uniform-trees'), or a `Model` made of anything that embeds, ranks, summarizes or
            parses.
        tasks: paths of benchmark folders and files (see `sentrep.evaluation.suite.tasks_from`), or tasks.
        suites: names ('quick', 'sts', 'transfer', 'probing', 'retrieval', 'pairs', 'label-free',
            'summarization', 'parsing', 'full') or files of suites.
        data: folder with the suites' benchmarks; $SENTREP_DATA if None.
        heldout: any text that the model was not trained on: retrieval tasks without labels are made from it.
            If nothing at all is given to measure by, a run is measured with the documents that it kept out of
            its training.
        units: of `heldout`, that questions are made of; sentences if None.
        part: of the benchmarks; 'test' where there is one, if None. Choose settings on 'dev'.
        results: a results file to add to; what it holds for the same weights, data and protocol is not
            computed again.
        name: of the model in tables; its path otherwise.
        strict: raise for anything of `heldout` that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        fields: of `CorpusConfig`, for `heldout`, such as ``text_field="body"``.

    Returns:
        Results, tasks that were skipped or failed, and what was read of `heldout` (``report``).

    Raises:
        InputError: there is no such model, or it cannot be opened; a benchmark or `heldout` cannot be read,
            nothing is given to measure by, or two benchmarks have the same name and split; or `results` is no
            results file.

    Example:
        >>> done = sentrep.evaluate("runs/first", heldout="texts")
        >>> done.failed, all(0 <= result.value <= 1 for result in done.results)
        ([], True)
    """
    if heldout is None and not len(paths_of(suites, "suites")) and _none(tasks):
        trained = kept_out_of(model)
        heldout = None if trained is None else kept_out_documents(trained)
    if (error := absent(model, hub)) is not None:
        raise error
    chosen, report = _tasks(tasks, suites, data, heldout, units, part, strict, fields)

    from sentrep.evaluation.result_store import ResultStore
    from sentrep.evaluation.task import evaluate as run

    store = None if results is None else ResultStore(checked("results", results, Path))
    done = run(measured(model, name, offline=offline, hub=hub), chosen.tasks, store)
    return replace(done, skipped=[*chosen.skipped, *done.skipped], report=report)


def _none(tasks: str | Path | Task | Sequence[str | Path | Task]) -> bool:
    return isinstance(tasks, list | tuple) and not tasks


@arguments_checked
def tasks_of(
    tasks: str | Path | Task | Sequence[str | Path | Task] = (),
    *,
    suites: str | Path | Sequence[str | Path] = (),
    data: str | Path | None = None,
    heldout: Corpus | None = None,
    units: Units | None = None,
    part: str | None = None,
    strict: bool = False,
    **fields: Any,
) -> Suite:
    """Read the tasks of `evaluate` once, so that several models are measured on the same data.

    Args:
        tasks: paths of benchmark folders and files, or tasks.
        suites: names or files of suites.
        data: folder with the suites' benchmarks; $SENTREP_DATA if None.
        heldout: any text that no model was trained on: retrieval tasks without labels are made from it.
        units: of `heldout`, that questions are made of; sentences if None.
        part: of the benchmarks; 'test' where there is one, if None.
        strict: raise for anything of `heldout` that was skipped or damaged.
        fields: of `CorpusConfig`, for `heldout`, such as ``text_field="body"``.

    Returns:
        The tasks (``tasks``), and those of suites whose data are missing (``skipped``).

    Raises:
        InputError: a benchmark or `heldout` cannot be read, nothing is given to measure by, or two benchmarks
            have the same name and split.

    Example:
        >>> suite = sentrep.api.tasks_of(heldout="texts")
        >>> done = sentrep.evaluate("bm25", suite.tasks)
        >>> done.failed, len(suite.tasks) > 0
        ([], True)
    """
    return _tasks(tasks, suites, data, heldout, units, part, strict, fields)[0]


@arguments_checked
def compare(*results: str | Path | Sequence[str | Path] | Sequence[Result]) -> Comparison:
    """Compare measured models: intervals, paired tests, and significant differences.

    Args:
        results: results files, lists of them, or results.

    Returns:
        A row for each model, or for each method with several seeds; a column for each metric.
        ``comparison.table()`` shows it, ``comparison.beats(row, column)`` names the rows that are
        significantly worse.

    Raises:
        InputError: there are no results, or they are of different data or protocol.

    Example:
        >>> comparison = sentrep.compare("results.jsonl")
        >>> comparison.rows
        ('runs/first', 'bm25')
    """
    from sentrep.evaluation.statistics.compare import compare as run

    given: list[Any] = []
    for each in results:
        if isinstance(each, str | os.PathLike) or all(isinstance(one, str | os.PathLike) for one in each):
            given += existing_paths(each, "results file", "results")
        else:
            given.append(each)
    return run(*given)


@arguments_checked
def mteb_model(model: str | Path | Encoder | Model, name: str | None = None) -> MtebModel:
    """Make a model that `mteb.evaluate` takes; its revision is the hash of its contents.

    Args:
        model: a path, a name, an encoder, or a `Model` that embeds.
        name: of the model in tables; its path otherwise.

    Returns:
        The model, with MTEB's description of it (``mteb_model_meta``).

    Raises:
        InputError: MTEB is not installed, there is no such model, or it ranks without vectors.

    Example:
        >>> model = sentrep.api.mteb_model("runs/first")  # doctest: +SKIP
        >>> mteb.evaluate(model, mteb.get_tasks(["NFCorpus"]))  # doctest: +SKIP
    """
    from sentrep.evaluation.mteb_bridge import mteb_model as bridge

    return bridge(measured(model, name))


def _tasks(
    tasks: str | Path | Task | Sequence[str | Path | Task],
    suites: str | Path | Sequence[str | Path],
    data: str | Path | None,
    heldout: Corpus | None,
    units: Units | None,
    part: str | None,
    strict: bool,
    fields: dict[str, Any],
) -> tuple[Suite, ReadReport]:
    """The tasks, and what was read and skipped of the held-out text."""
    config = None if heldout is None else corpus_source(heldout, fields, "heldout")

    from sentrep.evaluation.suite import Suite, check_names, read_suite, tasks_from
    from sentrep.evaluation.task import Task
    from sentrep.evaluation.tasks.label_free import label_free

    chosen, read = Suite([], []), ReadReport()
    for task in [tasks] if isinstance(tasks, str | os.PathLike | Task) else tasks:
        chosen.tasks.extend(
            [task] if isinstance(task, Task) else tasks_from(paths_of(task, "tasks")[0], part)
        )
    for suite in paths_of(suites, "suites"):
        made = read_suite(suite, data or os.environ.get("SENTREP_DATA") or ".", part)
        chosen.tasks.extend(made.tasks)
        chosen.skipped.extend(made.skipped)
    if config is not None:
        cut, name = units or Units("sentence"), Path(config.corpus[0]).name
        documents = watched(cut.held_out(config, read), read, strict)
        name = name if cut.unit == "sentence" else f"{name} ({cut})"
        chosen.tasks.extend(label_free(documents, name, unit=cut.unit))
    if not chosen.tasks:
        raise InputError(
            "nothing to measure with: give tasks (benchmark folders or files), a suite, or held-out text",
            setting="tasks",
        )
    check_names(chosen.tasks)
    return chosen, read
