"""Topic retrieval: whether the nearest texts of a text have the same label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sentrep.evaluation.datasets.labelled import Labelled, read_labelled
from sentrep.evaluation.metrics.ranking import (
    Floats,
    RelevantRanks,
    average_precision,
    precision,
    r_precision,
    tie_groups,
)
from sentrep.evaluation.result import EXAMPLES, Example, Score
from sentrep.evaluation.task import Embeds, Model, Ranks, Task
from sentrep.evaluation.tasks.retrieval import TOLERANCE
from sentrep.evaluation.vectors import Implementation, cosines, rows, unit_vectors
from sentrep.utils.capabilities import Scores
from sentrep.utils.progress import progress

# With a thousand relevant texts a query, more queries than this at once would cost more memory than time.
_QUERIES_AT_ONCE = 256


class Topics(Task):
    """Retrieval of the texts with the same label as the query text.

    The metrics are MAP, P@10 (share of the ten nearest texts that have the label) and R-precision (precision
    at the number of relevant texts). Recall at ten says little where hundreds of texts are relevant. At
    chance all three equal the share of the label among all texts.

    >>> Topics(Labelled("pets", ("a cat", "a dog", "a kitten"), ("cat", "dog", "cat"))).queries
    [0, 2]
    """

    needs = (Embeds, Ranks)

    def __init__(self, data: Labelled) -> None:
        self.name, self.split, self.texts, self.labels = data.name, data.split, data.texts, data.labels
        labels = np.array(data.labels)
        self.members = {label: np.flatnonzero(labels == label) for label in dict.fromkeys(data.labels)}
        self.queries = [number for number, label in enumerate(data.labels) if len(self.members[label]) > 1]
        self.protocol = (
            f"topic retrieval: {len(self.queries)} of {len(self.texts)} texts ask for all others of "
            "their label, exact search, "
            "equal scores by expected value, the text itself left out, MAP over all texts"
            + (f"; {data.note}" if data.note else "")
        )
        self.data = data.fingerprint

    def run(self, model: Model) -> list[Score]:
        """MAP, P@10 and R-precision, with one item per query."""
        metrics: dict[str, list[Floats]] = {"MAP": [], "P@10": [], "R-precision": []}
        nearest = list[int]()
        rows = progress(self._rows(model.implementation), self.name, total=len(self.queries), unit="query")
        for start in range(0, len(self.queries), _QUERIES_AT_ONCE):
            groups, judged = [], []
            for number, row in zip(self.queries[start : start + _QUERIES_AT_ONCE], rows, strict=False):
                scores = np.nan_to_num(row)
                members = self.members[self.labels[number]]
                others = members[members != number].astype(np.int64)
                gains = np.ones(len(others))
                tolerance = TOLERANCE * float(np.abs(scores).max())
                groups.append(
                    tie_groups(
                        scores, scores[others].astype(np.float64), gains, tolerance, float(scores[number])
                    )
                )
                judged.append(gains)
                scores[number] = -np.inf
                nearest.append(int(scores.argmax()))
            ranks = RelevantRanks.of(groups, judged)
            metrics["MAP"].append(average_precision(ranks, len(self.texts)))
            metrics["P@10"].append(precision(ranks, 10))
            metrics["R-precision"].append(r_precision(ranks))
        items = {name: np.concatenate(parts) for name, parts in metrics.items()}
        examples = self._worst(items["MAP"], nearest)
        return [Score(name, each, examples=examples if name == "MAP" else ()) for name, each in items.items()]

    def _rows(self, implementation: Implementation) -> Iterator[Scores]:
        """Scores of all texts, (text,), query by query; each text is embedded once."""
        if isinstance(implementation, Embeds):
            vectors = unit_vectors(implementation, self.texts)
            yield from cosines(vectors, vectors[self.queries])
        else:
            yield from rows(implementation, self.texts, [self.texts[number] for number in self.queries])

    def _worst(self, precisions: Floats, nearest: list[int]) -> list[Example]:
        """Queries with the lowest average precision."""
        return [
            Example(
                self.texts[self.queries[at]],
                self.labels[self.queries[at]],
                f"{self.labels[nearest[at]]}: {self.texts[nearest[at]]}",
                float(precisions[at]),
            )
            for at in np.argsort(precisions, kind="stable")[:EXAMPLES]
        ]


def read_topics(
    path: str | Path,
    *,
    name: str = "",
    split: str | None = None,
    label_field: str = "label",
    text_field: str = "text",
    sample: int = 4000,
) -> list[Task]:
    """Topic retrieval tasks of labelled texts in a .tsv, .jsonl or .jsonl.gz file, or in a folder: one per
    file.

    Args:
        path, name, split, label_field, text_field, sample: as of `read_labelled`, which says what is refused.
    """
    found = read_labelled(
        path, "topics", name=name, split=split, label_field=label_field, text_field=text_field, sample=sample
    )
    return [Topics(data) for data in found]
