"""A row of the league in its own process: training, speed of embedding, measurement. Nothing of earlier rows
is in memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from league_rows import Row
from league_setup import Setup

from sentrep.data.store.store import Store
from sentrep.evaluation.result import Result
from sentrep.evaluation.result_store import ResultStore
from sentrep.evaluation.task import Embeds, Model, Task, evaluate
from sentrep.inference.eval_adapter import measured
from sentrep.training.run_file import write_json

Suites = Mapping[str, Sequence[Task]]

INTERRUPTED = 130
"""Exit status after Ctrl-C."""
SAMPLE = 2000
"""Number of sentences for the speed of embedding."""


def in_a_process(*work: Any) -> int | None:
    """`train_and_measure` with these arguments; returns the exit status.

    Raises:
        KeyboardInterrupt: the user interrupted; the process had time to save.
    """
    context = multiprocessing.get_context("forkserver")  # its children start with everything imported
    context.set_forkserver_preload(["league_peers", "sentrep.training.job"])
    process = context.Process(target=train_and_measure, args=work)
    process.start()
    try:
        process.join()
    except KeyboardInterrupt:  # the child receives the signal as well
        process.join()
        raise
    if process.exitcode == INTERRUPTED:
        raise KeyboardInterrupt
    return process.exitcode


def train_and_measure(row: Row, setup: Setup, seed: int, where: Path, suites: Suites, results: Path) -> None:
    """The body of a process. row.json is written when the row is trained and marks it as done."""
    from sentrep.training.cpu import settle_cpu

    os.environ["SENTREP_PROGRESS"] = "0"  # a progress bar over steps is wrong if time ends the run
    settle_cpu(setup.threads, alone=True)
    where.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    try:
        trained = row.train(setup, seed, where)
        model = trained.in_memory or opened(where / trained.model)
        record = {
            "row": row.name, "seed": seed, "settings": row.settings, "model": trained.model,
            "model_hash": model.content_hash,
            "sentences": trained.sentences, "seconds": trained.seconds,
            "embedding_rate": embedding_rate(model, setup),
            "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, "load": load,
        }  # fmt: skip
        write_json(where / "row.json", record)
        measure(
            replace(model, name=row.name, method=row.name, seed=seed if row.seeded else None), suites, results
        )
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def measure(model: Model, suites: Suites, results: Path) -> tuple[dict[str, list[Result]], list[str]]:
    """The main result of every task that the model can do, by suite, and the failures. Results that
    `results` has are not computed again."""
    store, found, failed = ResultStore(results), dict[str, list[Result]](), list[str]()
    for suite, tasks in suites.items():
        found[suite] = []
        for task in tasks:
            done = evaluate(model, [task], store)
            found[suite] += done.results[:1]  # the first metric of a task is its main one
            failed += [f"{model.name}, seed {model.seed}: {left.task}: {left.reason}" for left in done.failed]
    return found, failed


def opened(folder: Path) -> Model:
    """The model in the folder of a row, or the baseline of that name."""
    return measured(folder if folder.is_dir() else folder.name)


def embedding_rate(model: Model, setup: Setup) -> float | None:
    """Sentences of the corpus embedded per second."""
    if not isinstance(model.implementation, Embeds):
        return None
    store = Store.open(Path(setup.store))
    texts = [
        store.sentence(int(number))
        for number in np.linspace(0, store.sentences - 1, min(SAMPLE, store.sentences))
    ]
    model.implementation.encode(texts[:100])  # warm-up
    began = time.perf_counter()
    model.implementation.encode(texts)
    return len(texts) / (time.perf_counter() - began)
