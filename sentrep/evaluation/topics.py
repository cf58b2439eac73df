"""Topic retrieval: are the texts nearest to a text of the same topic?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sentrep.errors import InputError
from sentrep.evaluation.metrics import Floats, Placed, average_precision, place, precision, r_precision
from sentrep.evaluation.result import EXAMPLES, Example, Score, fingerprint
from sentrep.evaluation.retrieval import TOLERANCE
from sentrep.evaluation.task import Embeds, Model, Ranks, Scores, Task, cosines, unit
from sentrep.evaluation.tsv import MissingSplit, header, of_split, read_lines, read_table
from sentrep.progress import progress

# With a thousand relevant texts a query, more queries than this at once would cost more memory than time.
_QUERIES_AT_ONCE = 256


@dataclass(frozen=True)
class Labelled:
    """Different texts with a label each, of which some share one."""

    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    """(text,)"""
    split: str = "test"
    note: str = ""
    """How the texts were chosen, in words."""

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels):
            raise ValueError(f"{self.name}: {len(self.texts)} texts and {len(self.labels)} labels")
        if not 1 < len(set(self.labels)) < len(self.texts):
            raise InputError(
                f"{self.name}: {len(self.texts)} different texts with {len(set(self.labels))} labels; "
                "needs two labels or more, and more texts than labels"
            )

    @property
    def fingerprint(self) -> str:
        """Texts and labels in one hash."""
        return fingerprint([*self.texts, "labels", *self.labels])


class Topics(Task):
    """Each text asks for the other texts of its label.

    MAP, P@10 (share of the ten nearest that have the label) and R-precision (share among as many as there are to be found).
    Where hundreds are relevant, recall at ten says nothing, and these three are at chance what the label's share of all texts is.
    """

    needs = (Embeds, Ranks)

    def __init__(self, data: Labelled) -> None:
        self.name, self.split, self.texts, self.labels = data.name, data.split, data.texts, data.labels
        labels = np.array(data.labels)
        self.members = {label: np.flatnonzero(labels == label) for label in dict.fromkeys(data.labels)}
        self.queries = [number for number, label in enumerate(data.labels) if len(self.members[label]) > 1]
        self.protocol = (
            f"topic retrieval: {len(self.queries)} of {len(self.texts)} texts ask for all others of their label, exact search, "
            "equal scores by expected value, the text itself left out, MAP over all texts" + (f"; {data.note}" if data.note else "")
        )
        self.data = data.fingerprint

    def run(self, model: Model) -> list[Score]:
        """All metrics, one number a query."""
        metrics: dict[str, list[Floats]] = {"MAP": [], "P@10": [], "R-precision": []}
        nearest = list[int]()
        rows = progress(self._rows(model.does), self.name, total=len(self.queries), unit="query")
        for start in range(0, len(self.queries), _QUERIES_AT_ONCE):
            groups, judged = [], []
            for number, row in zip(self.queries[start : start + _QUERIES_AT_ONCE], rows, strict=False):
                scores = np.nan_to_num(row)
                members = self.members[self.labels[number]]
                others = members[members != number].astype(np.int64)
                gains = np.ones(len(others))
                tolerance = TOLERANCE * float(np.abs(scores).max())
                groups.append(place(scores, scores[others].astype(np.float64), gains, tolerance, float(scores[number])))
                judged.append(gains)
                scores[number] = -np.inf
                nearest.append(int(scores.argmax()))
            placed = Placed.of(groups, judged)
            metrics["MAP"].append(average_precision(placed, len(self.texts)))
            metrics["P@10"].append(precision(placed, 10))
            metrics["R-precision"].append(r_precision(placed))
        items = {name: np.concatenate(parts) for name, parts in metrics.items()}
        examples = self._worst(items["MAP"], nearest)
        return [Score(name, each, examples=examples if name == "MAP" else ()) for name, each in items.items()]

    def _rows(self, does: Embeds | Ranks) -> Iterator[Scores]:
        """Scores of all texts, (text,), query by query; each text is embedded once."""
        if isinstance(does, Embeds):
            vectors = unit(does, self.texts)
            yield from cosines(vectors, vectors[self.queries])
        else:
            yield from does.rank(self.texts, [self.texts[number] for number in self.queries])

    def _worst(self, precisions: Floats, nearest: list[int]) -> list[Example]:
        """Queries with the least average precision, which is their score."""
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
    """Topic retrieval in a .tsv, .jsonl or .jsonl.gz file of texts with labels, or in a folder of them: a task for each file.

    `name`: in tables; the folder's own with ": topics", if empty. `split`: test, if not given, or every file where there is none.
    `label_field`, `text_field`: names of the columns or fields. `sample`: of more texts than this, so many are drawn.
    """
    found = read_labelled(path, "topics", name=name, split=split, label_field=label_field, text_field=text_field, sample=sample)
    return [Topics(data) for data in found]


def read_labelled(
    path: str | Path,
    kind: str,
    *,
    name: str = "",
    split: str | None = None,
    label_field: str = "label",
    text_field: str = "text",
    sample: int = 4000,
) -> list[Labelled]:
    """The texts of each file: .tsv without quoting, .jsonl or .jsonl.gz with one object a line.

    Files named test.tsv or NAME.test.tsv are of the test split, and likewise dev and train. A text that occurs again is taken
    once, with its first label; the texts that are drawn are always the same ones. Options as in `read_topics`, but that `kind` is
    what a name says behind the folder's own, since one folder may serve several tasks.

    Raises `InputError`, with file and line, for wrong columns and fields, empty texts, and labels that are all equal or all
    different; `MissingSplit` where there is no such split.
    """
    if sample < 2:
        raise InputError(f"sample = {sample}; needs two texts or more")
    path = Path(path)
    files = [file for file in (sorted(path.iterdir()) if path.is_dir() else [path]) if _readable(file, label_field, text_field)]
    if not files:
        raise InputError(
            f"{path}: no texts with labels; expected a .tsv with columns {label_field} and {text_field}, or a .jsonl or .jsonl.gz"
        )
    splits = {file: of_split(Path(_stem(file) + ".tsv")) for file in files}
    if split is None and "test" in splits.values():
        split = "test"
    chosen = [file for file in files if split in (None, splits[file])]
    if not chosen:
        raise MissingSplit(f"{path}: no file of split {split!r}; there are: {', '.join(file.name for file in files)}")
    name = name or f"{path.resolve().name if path.is_dir() else _stem(path)}: {kind}"
    found = []
    for file in chosen:
        labels: dict[str, str] = {}
        for label, text in _labelled(file, label_field, text_field):
            labels.setdefault(text, label)
        full = f"{name}: {_stem(file)}" if len(chosen) > 1 else name
        found.append(_drawn(full, splits[file], labels, sample, file))
    return found


def _drawn(name: str, split: str, labels: dict[str, str], sample: int, file: Path) -> Labelled:
    texts, note = list(labels), ""
    if len(texts) > sample:
        places = np.sort(np.random.default_rng(0).choice(len(texts), size=sample, replace=False))
        texts, note = [texts[at] for at in places], f"{sample} of {len(texts)} texts, drawn evenly"
    try:
        return Labelled(name, tuple(texts), tuple(labels[text] for text in texts), split, note)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def _readable(file: Path, label_field: str, text_field: str) -> bool:
    if not file.is_file():
        return False
    tsv = file.suffix == ".tsv" and {label_field, text_field} <= set(header(file))
    return tsv or file.name.endswith((".jsonl", ".jsonl.gz"))


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".tsv")


def _labelled(file: Path, label_field: str, text_field: str) -> Iterator[tuple[str, str]]:
    """Labels and texts."""
    if file.suffix == ".tsv":
        yield from ((label, text) for _, (label, text) in read_table(file, [label_field, text_field]))
        return
    for number, line in read_lines(file):
        yield _record(line, f"{file}:{number}", label_field, text_field)


def _record(line: str, where: str, label_field: str, text_field: str) -> tuple[str, str]:
    try:
        record = json.loads(line)
        label, text = str(record[label_field]).strip(), " ".join(record[text_field].split())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f'{where}: expected a JSON object with "{label_field}" and "{text_field}" ({type(error).__name__}: {error})'
        ) from error
    if not label or not text:
        raise InputError(f"{where}: nothing in {(text_field if label else label_field)!r}")
    return label, text
