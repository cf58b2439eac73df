"""The commands that measure: eval, compare, report, baseline."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from sentrep import api
from sentrep.baselines.config import WordModelConfig, WordModelName
from sentrep.cli.options import (
    ACCESS,
    READING,
    SENTENCES,
    Access,
    Files,
    MaybeModel,
    Models,
    Reading,
    keywords,
)
from sentrep.data.config import CorpusConfig
from sentrep.inference.eval_adapter import absent
from sentrep.inference.kept_out import kept_out_comparison, kept_out_of
from sentrep.inference.units import Units
from sentrep.utils.errors import InputError
from sentrep.utils.terminal import command, cut_middle

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder
    from sentrep.evaluation.task import Evaluation, Task

PARTS_SHOWN = 10


def evaluate(
    model: Models,
    task: tuple[Path, ...] = (),
    suite: Annotated[tuple[str, ...], tyro.conf.arg(metavar="SUITE [SUITE ...]")] = (),
    data: Path | None = None,
    heldout: Files = (),
    units: Units = SENTENCES,
    part: Annotated[str | None, tyro.conf.arg(metavar="PART")] = None,
    results: Path = Path("results.jsonl"),
    reading: Reading = READING,
    access: Access = ACCESS,
) -> int:
    """Measure models on benchmarks, or on text of your own without any labels.

    If only a run is given, the documents that it kept out of training are used, and the untrained encoder and
    BM25 are measured as well.

    Args:
        model: Run folders, model folders, owner/name of public models, NAME=PATH, or baselines: 'bm25' and
            'random'; for summaries 'lead-8', 'content-9', 'textrank-9', with any number of words; for trees
            'left-branching', 'right-branching', 'right-between-marks', 'balanced', 'random-trees',
            'uniform-trees'.
        task: Benchmark folders or files: BEIR layout, TSV of similarity, classification or pairs, JSON lines
            of articles and summaries, or any of these with a task.toml.
        suite: Suites of benchmarks: quick, sts, transfer, probing, retrieval, pairs, label-free,
            summarization, parsing, full, or TOML files.
        data: Folder with the benchmarks of the suites. Unset: $SENTREP_DATA.
        heldout: Files and folders of text that no model was trained on; retrieval tasks are made from it.
        units: Texts of `heldout` that questions are made of.
        part: Part of the benchmarks, such as 'dev' for the choice of settings. Unset: 'test', if there is
            one.
        results: Results file, to which results are added. Results that it already contains are not computed
            again.
        reading: How the files of `heldout` are read.
        access: Where models may come from.
    """
    from sentrep.evaluation.report.tables import table
    from sentrep.evaluation.result_store import ResultStore

    ResultStore(results)  # a file that cannot be added to is refused before any work
    missing = [absent(each, access.hub) for each in model]
    if missing and missing[0] and all(missing):  # otherwise those that exist are measured
        raise missing[0]
    models: list[Any] = list(model)
    text = CorpusConfig(heldout) if heldout else None
    if not (task or suite or heldout) and any(map(kept_out_of, model)):
        text, models = kept_out_comparison(model)
    tasks = api.tasks_of(
        task, suites=suite, data=data, heldout=text, units=units, part=part, **keywords(reading)
    )
    _say("left out", "", tasks.skipped)
    done = [_measured(each, tasks.tasks, results, access) for each in models]
    if kept := [result for each in done if each for result in each.results]:
        print(table(kept))
        print(f"kept in {results}; next: {command(_next_verb(results), results)}")
    return int(any(each is None or each.failed for each in done))


def _measured(model: Any, tasks: Sequence[Task], results: Path, access: Access) -> Evaluation | None:
    """Measure one model and print what went wrong; None for a model that cannot be opened, which does not
    stop the others."""
    try:
        done = api.evaluate(model, tasks, results=results, **keywords(access))
    except InputError as error:
        print(f"sentrep: {error.for_command_line()}", file=sys.stderr)
        return None
    name = getattr(model, "name", model)
    _say("skipped", f"{name}: ", done.skipped)
    _say("failed", f"{name}: ", done.failed)
    _say("warning", f"{name}: ", [*done.alarms, *done.truncations])
    return done


def _next_verb(results: Path) -> str:
    """What can be done with a results file: a comparison needs two models."""
    from sentrep.evaluation.result_store import read_results

    models = {(result.model_hash, result.seed) for result in read_results(results)}
    return "compare" if len(models) > 1 else "report"


def _say(heading: str, name: str, left: Sequence[Any]) -> None:
    """Print a line for each task, on standard error."""
    for each in left:
        print(f"{heading}: {name}{each.task}: {each.reason}", file=sys.stderr)


def compare(
    results: Annotated[
        tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RESULTS [RESULTS ...]")
    ],
    style: Literal["text", "markdown", "latex", "csv"] = "text",
) -> None:
    """Compare measured models: scores with intervals, and which differences are significant.

    Args:
        results: Results files of `sentrep eval`.
        style: How the table is written.
    """
    compared = api.compare(*results)
    for note in compared.truncations():
        print(f"warning: {note}", file=sys.stderr)
    print(compared.table(style))


def report(
    results: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[RESULTS ...]")] = (),
    out: Path = Path("report.html"),
    runs: tuple[Path, ...] = (),
    model: MaybeModel = None,
    input: Files = (),
    corpus: Files = (),
    against: Files = (),
    unit: Literal["document", "sentence"] = "document",
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Write a report: one HTML file, which needs no network and no server.

    Args:
        results: Results files of `sentrep eval`, for the table of scores and the worst failures.
        out: File of the report.
        runs: Run folders, for training curves and monitors of collapse.
        model: A model to embed `input` or `corpus` with.
        input: Files and folders of text, for a map of sentences by `model`, with their neighbours. If there
            are many sentences, a sample is drawn.
        corpus: Files, folders, or a folder that `sentrep embed` made, for duplicates, unusual texts, a map
            with named clusters, and terms.
        against: Files and folders of other text, which the terms of `corpus` are compared with.
        unit: What a text of `corpus` is.
        reading: How files are read.
        access: Where models may come from.
    """
    texts, whole, other = (CorpusConfig(files) if files else None for files in (input, corpus, against))
    page = api.report(
        results, out, runs=runs, model=model, input=texts, corpus=whole, against=other, unit=unit,
        **keywords(reading, access),
    )  # fmt: skip
    print(f"{page}: open it in a browser")


def baseline(
    name: Annotated[WordModelName | Literal["doc2vec"], tyro.conf.Positional],
    corpus: CorpusConfig,
    out: Path,
    settings: WordModelConfig = WordModelConfig(),  # noqa: B008  a frozen default, from which the options are made
    cache: Path | None = None,
    overwrite: bool = False,
    strict: bool = False,
) -> None:
    """Fit a baseline to a corpus, for comparison with a trained encoder. It is used like any other model.

    Args:
        name: What to fit. 'doc2vec' is for Python only: it cannot be saved to a folder.
        corpus: What to read.
        out: Folder of the model.
        settings: How it is fitted.
        cache: Where prepared corpora are kept. Unset: $SENTREP_CACHE or ~/.cache/sentrep.
        overwrite: Replace another model that is in `out`.
        strict: End with an error if anything of the corpus is damaged or skipped.
    """
    encoder = api.baseline(
        name,
        corpus,
        out,
        settings=settings,
        cache=cache,
        overwrite=overwrite,
        strict=strict,
    )
    if name == "nmf":
        _print_parts(encoder)
    print(f"{encoder.get_embedding_dimension()} wide, in {out}")
    print(f"next: {command('index', out, '--input', *corpus.corpus)} --out INDEX")


def _print_parts(encoder: Encoder) -> None:
    """Print the strongest words of the first parts."""
    from sentrep.baselines.nmf import strongest_words

    for number, words in enumerate(strongest_words(encoder)[:PARTS_SHOWN], start=1):
        print(f"part {number:2}  {cut_middle(' '.join(words), 90)}")
