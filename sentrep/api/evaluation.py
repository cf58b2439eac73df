"""The verbs that measure, as Python functions: evaluate, compare, report, baseline. All of them are in
`sentrep.api` too."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.baselines.config import WordModelConfig, WordModelName, check_name
from sentrep.data.config import TokenizerConfig
from sentrep.data.corpus import Corpus, cache_folder, corpus_config, sentences, unused
from sentrep.inference.eval_adapter import measured
from sentrep.inference.loading import load
from sentrep.utils.errors import InputError, opt

if TYPE_CHECKING:
    from sentrep.data.store.store import Store
    from sentrep.encoders.serialization import Encoder
    from sentrep.evaluation.mteb_bridge import MtebModel
    from sentrep.evaluation.result import Result
    from sentrep.evaluation.statistics.comparison import Comparison
    from sentrep.evaluation.suite import Suite
    from sentrep.evaluation.task import Evaluation, Model, Task


def evaluate(
    model: str | Path | Encoder | Model,
    tasks: Sequence[str | Path | Task] = (),
    *,
    suites: Sequence[str | Path] = (),
    data: str | Path | None = None,
    heldout: Corpus | None = None,
    split: str | None = None,
    results: str | Path | None = None,
    name: str | None = None,
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
        heldout: any text the model was not trained on: retrieval tasks without labels are made from it.
        split: of the benchmarks; test where there is one, if None. Choose settings on 'dev'.
        results: a results file to add to; what it holds for the same weights, data and protocol is not
            computed again.
        name: of the model in tables; its path otherwise.
    """
    from sentrep.evaluation.result import ResultStore
    from sentrep.evaluation.task import evaluate as run

    store = None if results is None else ResultStore(results)
    chosen = tasks_of(tasks, suites=suites, data=data, heldout=heldout, split=split)
    done = run(measured(model, name), chosen.tasks, store)
    return replace(done, skipped=[*chosen.left, *done.skipped])


def tasks_of(
    tasks: Sequence[str | Path | Task] = (),
    *,
    suites: Sequence[str | Path] = (),
    data: str | Path | None = None,
    heldout: Corpus | None = None,
    split: str | None = None,
) -> Suite:
    """What `evaluate` measures by, read and checked: so that several models are measured by what was read
    once."""
    from sentrep.data.store.store import read_documents
    from sentrep.evaluation.suite import Suite, read_suite, tasks_from
    from sentrep.evaluation.task import Task
    from sentrep.evaluation.tasks.label_free import label_free

    chosen = Suite([], [])
    for task in tasks:
        chosen.tasks.extend([task] if isinstance(task, Task) else tasks_from(task, split))
    for suite in suites:
        made = read_suite(suite, data or os.environ.get("SENTREP_DATA") or ".", split)
        chosen.tasks.extend(made.tasks)
        chosen.left.extend(made.left)
    if heldout is not None:
        config = corpus_config(heldout)
        chosen.tasks.extend(label_free(read_documents(config), Path(config.corpus[0]).name))
    if not chosen.tasks:
        raise InputError(
            "nothing to measure by: give tasks (benchmark folders or files), a suite, or held-out text"
        )
    return chosen


def compare(*results: str | Path | Sequence[Result]) -> Comparison:
    """Set models side by side: intervals, paired tests, and who significantly beats whom.

    Raises:
        InputError: the results are of different data or protocol.
    """
    from sentrep.evaluation.statistics.compare import compare as run

    return run(*results)


def mteb_model(model: str | Path | Encoder | Model, name: str | None = None) -> MtebModel:
    """A model as MTEB takes it, with its content hash as the revision; see
    `sentrep.evaluation.mteb_bridge`."""
    from sentrep.evaluation.mteb_bridge import mteb_model as bridge

    return bridge(measured(model, name))


def report(
    results: Sequence[str | Path] = (),
    out: str | Path = "report.html",
    *,
    runs: Sequence[str | Path] = (),
    model: str | Path | Encoder | None = None,
    sentences: Corpus | None = None,
) -> Path:
    """Write a page to look at; see `sentrep.evaluation.report.write_report`.

    Args:
        results: results files: the league table and the worst failures.
        out: the page.
        runs: run folders: training curves and collapse meters.
        model: what the sentences are embedded with.
        sentences: text to draw the map of sentences from.
    """
    from sentrep.evaluation.report import Run, write_report
    from sentrep.training.run_folder import RunFolder

    if (model is None) != (sentences is None):
        raise InputError(
            f"the map of sentences needs both: a model ({opt('model')}) and text ({opt('sentences')})"
        )
    return write_report(
        results,
        out,
        runs=[Run(str(run), RunFolder(Path(run)).history()) for run in runs],
        model=None if model is None else measured(model),
        sentences=() if sentences is None else _texts(sentences),
    )


def baseline(
    name: WordModelName,
    corpus: Corpus,
    out: str | Path,
    *,
    settings: WordModelConfig | None = None,
    cache: str | Path | None = None,
    overwrite: bool = False,
) -> Encoder:
    """Fit a model of words to a corpus and save it to `out`: what a trained encoder has to beat.

    Args:
        name: 'untrained', 'untrained-weighted', 'hashing', 'word2vec', 'fasttext', 'sif', 'sif-fasttext' or
            'lsa'; see `sentrep.baselines.fit`.
        corpus: what to read; without labels, like the corpus of any training.
        settings: how it is fitted.
        cache: where prepared corpora are kept; by default `cache_folder()`.
    """
    from sentrep.baselines.fit import fit
    from sentrep.encoders import serialization as folder

    check_name(name)
    if not overwrite:
        unused(Path(out), "baseline")
    folder.save(fit(name, _words(corpus, cache), settings), Path(out))
    return load(out)


def doc2vec(
    corpus: Corpus, settings: WordModelConfig | None = None, cache: str | Path | None = None
) -> Model:
    """Fit Doc2Vec to a corpus: a baseline to `evaluate` that lives in memory only, since the vector of each
    text has to be learnt.

    Arguments as of `baseline`.
    """
    from sentrep.baselines.doc2vec import doc2vec as fit

    return fit(_words(corpus, cache), settings)


def _words(corpus: Corpus, cache: str | Path | None) -> Store:
    """A corpus, prepared as what is made of words wants it."""
    from sentrep.data.store.store import prepare

    return prepare(corpus_config(corpus), TokenizerConfig("word"), Path(cache or cache_folder()))


def _texts(corpus: Corpus) -> Iterator[str]:
    return (text for _, text in sentences(corpus))
