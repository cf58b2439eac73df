"""The record of a score, and the append-only JSON-lines file of records, which also serves as a cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# To be raised whenever a change of code could change a score; stored scores of other versions are not reused.
EVALUATION_VERSION = 3

EXAMPLES = 20
"""Number of worst items that are stored."""


class Example(NamedTuple):
    """An item that a model got wrong, as text.

    >>> Example("2 + 2", "4", "5", 0.0).wanted
    '4'
    """

    question: str
    wanted: str
    got: str
    score: float
    """Score of the item, or the size of the error where items have no score; defined by the task."""


class Score(NamedTuple):
    """A metric of a task with its per-item scores.

    >>> Score("accuracy", np.array([100.0, 0.0])).aggregate
    'mean'
    """

    metric: str
    items: NDArray[np.float64]
    """(item,), or (item, column) for aggregates of more than one number per item."""
    aggregate: str = "mean"
    higher_is_better: bool | None = True
    """None for a metric that only describes; models are not ranked by it."""
    examples: Sequence[Example] = ()
    """At most `EXAMPLES` items, the worst first; with the first score of a task only."""
    alarm: str = ""
    """A defect of the model that its score may not show; empty if there is none."""


@dataclass(frozen=True)
class Result:
    """A score with its interval, the model, the data and the protocol."""

    task: str
    split: str
    metric: str
    value: float
    low: float
    """Lower end of the 95 % bootstrap interval over items."""
    high: float
    higher_is_better: bool | None
    """None for a metric that only describes."""
    count: int
    """Number of items: queries, pairs or sentences."""
    aggregate: str
    """Function from per-item scores to the value: a key of `bootstrap.AGGREGATES`."""
    items: str
    """File of the per-item scores (.npy); empty if none were stored. Relative to the results file on disk,
    absolute in memory."""
    model: str
    model_hash: str
    """Hash of weights and tokenizer, so that a retrained model is another model."""
    method: str
    seed: int | None
    data: str
    """Fingerprint of the data."""
    protocol: str
    """Everything about the measurement that could change the value, as text."""
    versions: dict[str, str]
    seconds: float
    """Wall-clock time of the task, including embedding."""
    embedding_seconds: float
    """Part of `seconds` in which the model embedded texts; 0 for a model that ranks without vectors."""
    alarm: str
    """A defect of the vectors or trees on the texts of this task, such as a collapse; empty if none."""
    examples: str
    """File of the worst items as text (.json), like `items`; empty if the task has none."""
    key: str
    """Hash of model, data, protocol and version of the evaluation: the key of the cache."""
    siblings: int
    """Number of results with this key. If fewer are on disk, writing was interrupted and the task is run
    again."""
    truncation: str = ""
    """Number of texts that the model truncated, and the share of their tokens; empty if there are none, or if
    that is not known."""


def fingerprint(parts: Iterable[str | bytes]) -> str:
    """Hash of a sequence of texts, including the length of each.

    >>> fingerprint(["ab", "c"]) == fingerprint(["a", "bc"])
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]


@cache
def versions() -> dict[str, str]:
    """Versions of the packages that could change the last digits of a score."""
    found = {"evaluation": str(EVALUATION_VERSION)}
    for package in ("sentrep", "numpy", "torch", "sentence-transformers", "faiss-cpu", "bm25s"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
