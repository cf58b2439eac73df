"""The commands that measure: eval, compare, report, baseline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal, cast

import tyro

from sentrep import api
from sentrep.baselines.config import WordModelConfig, WordModelName
from sentrep.data.config import CorpusConfig
from sentrep.utils.errors import InputError


def evaluate(
    model: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")],
    task: tuple[Path, ...] = (),
    suite: tuple[str, ...] = (),
    data: Path | None = None,
    heldout: tuple[str, ...] = (),
    split: str | None = None,
    results: Path = Path("results.jsonl"),
) -> int:
    """Measure models on benchmarks, or on text of your own without any labels.

    Args:
        model: Run folders, model folders, names of public models, or baselines: 'bm25' and 'random'; to
            summarize 'lead-8', 'content-9', 'textrank-9', with any number of words; to parse
            'left-branching', 'right-branching', 'right-between-marks', 'balanced', 'random-trees',
            'uniform-trees'.
        task: Benchmark folders or files: BEIR layout, TSV of similarity, classification or pairs, JSON lines
            of articles and summaries, or with a task.toml beside them.
        suite: Suites of benchmarks: quick, sts, transfer, probing, retrieval, pairs, label-free,
            summarization, parsing, full, or TOML files.
        data: Folder with the benchmarks of the suites. Unset: $SENTREP_DATA.
        heldout: Files and folders of text that no model was trained on; retrieval tasks are made from it.
        split: Part of the benchmarks, such as 'dev' to choose settings on; 'test' where there is one.
        results: Results file to add to; what it holds already is not computed again.
    """
    from sentrep.evaluation.report.tables import table
    from sentrep.evaluation.result import ResultStore

    ResultStore(results)  # a file that cannot be added to is refused before any work
    tasks = api.tasks_of(task, suites=suite, data=data, heldout=heldout or None, split=split)
    for left in tasks.left:
        print(f"left out: {left.task}: {left.reason}", file=sys.stderr)
    kept, failed = [], False
    for name in model:
        try:
            done = api.evaluate(name, tasks.tasks, results=results)
        except InputError as error:  # a name that leads nowhere costs the other models nothing
            print(f"sentrep: {error.for_command_line()}", file=sys.stderr)
            failed = True
            continue
        kept += done.results
        failed = failed or bool(done.failed)
        for said, which in (
            ("skipped", done.skipped),
            ("failed", done.failed),
            ("warning", done.alarms),
            ("warning", done.truncations),
        ):
            for each in which:
                print(f"{said}: {name}: {each.task}: {each.reason}", file=sys.stderr)
    if kept:
        print(table(kept))
        print(f"kept in {results}; next: sentrep compare {results}")
    return int(failed)


def compare(
    results: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RESULTS")],
    style: Literal["text", "markdown", "latex", "csv"] = "text",
) -> None:
    """Set measured models side by side: intervals, and who significantly beats whom.

    Args:
        results: Results files of `sentrep eval`.
        style: How the table is written.
    """
    compared = api.compare(*results)
    for note in compared.truncations():
        print(f"warning: {note}", file=sys.stderr)
    print(compared.table(style))


def report(
    results: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RESULTS")] = (),
    out: Path = Path("report.html"),
    runs: tuple[Path, ...] = (),
    model: str | None = None,
    sentences: tuple[str, ...] = (),
) -> None:
    """Write a page to look at: one file, which needs neither network nor server.

    Args:
        results: Results files of `sentrep eval`: a league table and the worst failures.
        out: The page.
        runs: Run folders: training curves and collapse meters.
        model: A model to embed --sentences with: their map, their likeness, their neighbours.
        sentences: Files and folders of text for the map; of many sentences some are drawn.
    """
    print(
        f"{api.report(results, out, runs=runs, model=model, sentences=sentences or None)}: open it in a browser"
    )


def baseline(
    name: Annotated[WordModelName | Literal["doc2vec"], tyro.conf.Positional],
    corpus: CorpusConfig,
    out: Path,
    settings: WordModelConfig = WordModelConfig(),  # noqa: B008  a frozen default, from which the options are made
    cache: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Fit a model of words to a corpus, for a trained encoder to beat; it is used like any other model.

    Args:
        name: What to fit. 'doc2vec' is for Python only: it is no folder.
        corpus: What to read.
        out: Folder of the model.
        settings: How it is fitted.
        cache: Where prepared corpora are kept. Unset: $SENTREP_CACHE or ~/.cache/sentrep.
        overwrite: Replace another model that is in --out.
    """
    encoder = api.baseline(
        cast(WordModelName, name), corpus, out, settings=settings, cache=cache, overwrite=overwrite
    )
    print(f"{encoder.get_embedding_dimension()} wide, in {out}")
    print(f"next: sentrep eval {out} --suite quick --data BENCHMARKS")
