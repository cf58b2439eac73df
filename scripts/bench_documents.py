"""The index of documents, measured: what its options are worth, and how large and fast it is.

    python scripts/bench_documents.py options --data BENCHMARKS --model MODEL [MODEL ...] --out options.json
    python scripts/bench_documents.py size --corpus FILES --model MODEL --passages 100000 --work runs/size

`options` searches collections with real queries and human judgements (Cranfield, MED, CACM, NPL) in BEIR's
layout, with and without centring and smoothing; `collection` as MODEL is a table fitted to each collection.
`size` builds an index, adds to it, removes from it, updates it, opens it in a new process and asks; each step
is a process of its own, which prints seconds and memory. Both print Markdown.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from bench_documents_size import size
from numpy.typing import NDArray

from sentrep.api.baselines import baseline
from sentrep.data.analysis import Analysis
from sentrep.evaluation.datasets.beir import read_beir
from sentrep.evaluation.result import Result, fingerprint
from sentrep.evaluation.result_store import ResultStore
from sentrep.evaluation.statistics.compare import compare
from sentrep.evaluation.task import Model, evaluate
from sentrep.inference.loading import encoding, load
from sentrep.search import ModelStamp
from sentrep.search.documents import Document, DocumentIndex, Passage
from sentrep.search.documents.centring import Means
from sentrep.utils.capabilities import Scores

COLLECTIONS = ("cranfield", "med", "cacm", "npl")
METRIC = "nDCG@10"
DEPTH = 100
"""Hits that are ranked; documents below count as not found."""

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]


class Remembered:
    """An encoder that encodes each text once."""

    def __init__(self, encode: Encode) -> None:
        self.encode, self.known = encode, dict[str, Floats]()

    def __call__(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known.update(zip(new, self.encode(new), strict=True))
        return np.stack([self.known[text] for text in texts])


class Indexed:
    """Ranks documents by searching an index of them."""

    def __init__(self, encode: Encode, mode: str, center: bool, smooth: bool) -> None:
        self._encode, self.mode, self.center, self.smooth = encode, mode, center, smooth

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[Scores]:
        """One row of scores (document,) for each query; -1 for documents that are not found."""
        given = [(Document(str(number)), [Passage(text)]) for number, text in enumerate(documents) if text]
        analysis = Analysis("english")
        with tempfile.TemporaryDirectory() as folder:
            index = DocumentIndex.create(
                Path(folder) / "index",
                ModelStamp("measured", ""),
                analysis,
                analysis=analysis.language,
                encode=self._encode,
                means=Means.of(self._encode, given) if self.center else None,
            )
            index.add(given)
            for query in queries:
                scores = np.full(len(documents), -1.0)
                hits = index.search(query, DEPTH, mode=self.mode, smooth=self.smooth)  # type: ignore[arg-type]
                for hit in hits:
                    scores[int(hit.document.id)] = hit.scores.score
                yield scores


def options(arguments: argparse.Namespace) -> None:
    """Measure all combinations of options on every collection; print tables and paired tests."""
    found: list[Result] = []
    for collection in COLLECTIONS:
        task = read_beir(arguments.data / f"retrieval-{collection}")
        for name in arguments.model:
            encode = Remembered(encoder_for(name, task.documents, arguments.bfloat16))
            for model in variants(name, encode):
                done = evaluate(model, [task], ResultStore(arguments.work / "options.jsonl"))
                found += [result for result in done.results if result.metric == METRIC]
                print(f"{collection}: {model.name}: {100 * found[-1].value:.1f}", flush=True)
    print("\n" + compare(found).table("markdown"))
    values: dict[str, list[float]] = {}
    for result in found:
        values.setdefault(result.model, []).append(100 * result.value)
    for name, each in values.items():
        print(f"{name}: {np.mean(each):.1f}")
    arguments.out.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def encoder_for(name: str, documents: Sequence[str], bfloat16: bool) -> Encode:
    """A model, or a table fitted to the documents."""
    if name != "collection":
        return encoding(load(name).bfloat16() if bfloat16 else load(name))
    with tempfile.TemporaryDirectory() as folder:
        return encoding(baseline("collection", [[text] for text in documents], Path(folder) / "table"))


def variants(name: str, encode: Encode) -> Iterator[Model]:
    """The index with each combination of mode and options."""
    for mode, center, smooth in product(("dense", "hybrid"), (False, True), (False, True)):
        chosen = [part for part, on in (("centred", center), ("smoothed", smooth)) if on]
        label = ", ".join([f"{Path(name).name} {mode}", *chosen])
        yield Model(label, fingerprint([label]), Indexed(encode, mode, center, smooth), label)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["options", "size"])
    parser.add_argument("--data", type=Path, help="folder with the benchmarks")
    parser.add_argument("--corpus", nargs="+", default=[], help="files and folders of documents")
    parser.add_argument("--model", nargs="+", default=["collection"], help="models to search with")
    parser.add_argument("--bfloat16", action="store_true", help="models compute in bfloat16")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--work", type=Path, default=Path("runs/bench_documents"))
    parser.add_argument("--out", type=Path, default=Path("bench_documents.json"))
    return parser.parse_args()


def main() -> None:
    arguments = parsed()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.command == "options":
        options(arguments)
    else:
        size(arguments.corpus, arguments.model[0], arguments.passages, arguments.work, arguments.out)


if __name__ == "__main__":
    main()
