"""Tasks, models under evaluation, and the loop that runs tasks on a model."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from sentrep.data.reading.report import ReadReport
from sentrep.data.truncation import Truncation
from sentrep.evaluation.metrics.collapse import collapse
from sentrep.evaluation.result import EVALUATION_VERSION, Result, Score, fingerprint, versions
from sentrep.evaluation.result_store import ResultStore
from sentrep.evaluation.statistics.bootstrap import interval, value_of
from sentrep.evaluation.vectors import Implementation
from sentrep.utils.capabilities import Embeds, Parses, Ranks, Summarizes, Vectors

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Embeds",
    "Evaluation",
    "Model",
    "MonitoredEncoder",
    "Parses",
    "Ranks",
    "Score",
    "Summarizes",
    "Task",
    "TaskNote",
    "evaluate",
]


@dataclass(frozen=True)
class Model:
    """A model under evaluation."""

    name: str
    content_hash: str
    """Hash of the model's contents, not of its path: it decides whether an old score may be reused."""
    implementation: Implementation
    method: str = ""
    """What made it, all settings but the seed: `compare` averages models of one method whose seeds differ."""
    seed: int | None = None


class Task(ABC):
    """A benchmark task.

    Its data are read and checked when the task is created, before any model is loaded.
    """

    name: str
    split: str
    protocol: str
    """Description of all choices that can change a score."""
    needs: tuple[type, ...]
    """Protocols; the model must implement one of them."""
    data: str
    """Fingerprint of the data."""
    texts_are: str = "texts"
    """Name of the longer texts of the task in messages."""

    @property
    def fingerprint(self) -> str:
        """Hash of data and protocol."""
        return fingerprint([self.name, self.split, self.data, self.protocol])

    @abstractmethod
    def run(self, model: Model) -> list[Score]:
        """Score a model that implements one of `needs`."""


class TaskNote(NamedTuple):
    """A task and a message about it, such as why it was skipped."""

    task: str
    reason: str


@dataclass
class Evaluation:
    """Results of a model, with the tasks that were skipped or failed."""

    results: list[Result] = field(default_factory=list)
    skipped: list[TaskNote] = field(default_factory=list)
    failed: list[TaskNote] = field(default_factory=list)
    alarms: list[TaskNote] = field(default_factory=list)
    """Tasks in which the model's vectors or trees have collapsed."""
    truncations: list[TaskNote] = field(default_factory=list)
    """Tasks in which the model truncated texts, with counts."""
    report: ReadReport = field(default_factory=ReadReport)
    """Counts of held-out text that was read and skipped."""

    def to_pandas(self) -> pandas.DataFrame:
        """One row for each result, with all fields of `Result`."""
        import pandas

        return pandas.DataFrame([asdict(result) for result in self.results])


def evaluate(model: Model, tasks: Sequence[Task], store: ResultStore | None = None) -> Evaluation:
    """Run every task on a model.

    Results that the store already holds for the same weights, data, protocol and code are reused. Tasks that
    the model cannot do are listed in `skipped`, tasks that raise an exception in `failed`; the other tasks
    still run.

    Args:
        model: the model.
        tasks: the tasks, run in this order.
        store: where results are looked up and saved; None keeps them in memory only.
    """
    done = Evaluation()
    for task in tasks:
        if not isinstance(model.implementation, task.needs):
            needed = " or ".join(need.__name__ for need in task.needs)
            done.skipped.append(
                TaskNote(task.name, f"needs a model that {needed}, which {model.name} does not")
            )
            continue
        key = fingerprint([model.content_hash, task.fingerprint, str(EVALUATION_VERSION)])
        known = store.find(key) if store else []
        if known:
            # The same weights under another name are the same model: reuse the results under the new name.
            done.results += [
                replace(result, model=model.name, method=model.method, seed=model.seed) for result in known
            ]
            continue
        monitored = (
            MonitoredEncoder(model.implementation)
            if Embeds in task.needs and isinstance(model.implementation, Embeds)
            else None
        )
        started = time.perf_counter()
        try:
            scores = task.run(replace(model, implementation=monitored) if monitored else model)
        except Exception as error:  # One failing task must not lose the results of the others.
            done.failed.append(TaskNote(task.name, f"{type(error).__name__}: {error}"))
            continue
        results = _results(model, task, scores, key, time.perf_counter() - started, monitored)
        done.results += store.add(results, scores) if store else results
    done.alarms = [
        TaskNote(*both)
        for both in dict.fromkeys((result.task, result.alarm) for result in done.results if result.alarm)
    ]
    cut = ((result.task, result.truncation) for result in done.results if result.truncation)
    done.truncations = [TaskNote(*both) for both in dict.fromkeys(cut)]
    return done


class MonitoredEncoder:
    """Wrapper of an encoder that measures time and detects collapsed vectors and truncated texts."""

    def __init__(self, implementation: Embeds) -> None:
        self.implementation, self.seconds = implementation, 0.0
        self.alarm = ""
        """Description of a collapse; empty if there is none."""
        self.truncation = Truncation()
        """Counts over the calls in which texts were truncated."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors (text, width) of the wrapped encoder, unchanged."""
        started = time.perf_counter()
        before = replace(getattr(self.implementation, "truncation", self.truncation))
        vectors = self.implementation.encode(texts)
        call = getattr(self.implementation, "truncation", before).since(before)
        if call.cut:
            self.truncation.merge(call)
        self.seconds += time.perf_counter() - started
        self.alarm = self.alarm or collapse(vectors)
        return vectors


def _results(
    model: Model,
    task: Task,
    scores: Sequence[Score],
    key: str,
    seconds: float,
    monitored: MonitoredEncoder | None,
) -> list[Result]:
    alarm = next(
        (each for each in (monitored.alarm if monitored else "", *(score.alarm for score in scores)) if each),
        "",
    )
    results = []
    for score in scores:
        low, high = interval(score.items, score.aggregate)
        result = Result(
            task=task.name,
            split=task.split,
            metric=score.metric,
            value=value_of(score.items, score.aggregate),
            low=low,
            high=high,
            higher_is_better=score.higher_is_better,
            count=len(score.items),
            aggregate=score.aggregate,
            items="",
            model=model.name,
            model_hash=model.content_hash,
            method=model.method,
            seed=model.seed,
            data=task.data,
            protocol=task.protocol,
            versions=versions(),
            seconds=seconds,
            embedding_seconds=monitored.seconds if monitored else 0.0,
            alarm=alarm,
            examples="",
            key=key,
            siblings=len(scores),
            truncation=monitored.truncation.message(task.texts_are) if monitored else "",
        )
        results.append(result)
    return results
