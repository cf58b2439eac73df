"""How much text quick-thought needs: it and the collection's table, each with BM25, on more and more text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from own_documents_corpora import Asked, Place, ask, kept
from own_documents_rows import BM25, FUSED, Table, lexical, scores, weighted, with_fusions

from sentrep.data.documents import SourceDocument
from sentrep.evaluation.task import Model
from sentrep.inference.eval_adapter import measured
from sentrep.pipelines.build import quick_thought
from sentrep.pipelines.build.candidates import TABLE, dense_models
from sentrep.pipelines.build.text import Text
from sentrep.search.fusion import WEAK

CHARACTERS = 1_000_000
"""Of a corpus: what comes later is not read."""
TRAINED = "quick-thought"


def sizes(places: Sequence[Place], counts: Sequence[int], work: Path, out: Path) -> None:
    """Fit both models to so many sentences of every corpus; print and write the tables.

    Args:
        places: the corpora.
        counts: sentences to fit to; whole documents are taken until there are as many.
        work: folder of models and results.
        out: file of the record.
    """
    found = {count: dict[str, dict[str, NDArray[np.float64]]]() for count in counts}
    for place in places:
        asked = ask(place, work / place.name, CHARACTERS)
        for count, items in found.items():
            text = part(asked, count, work / place.name / str(count))
            print(f"\n{place.name}, {text.sentences} sentences", flush=True)
            for model in models(text, asked.language):
                items.setdefault(model.name, {})[place.name] = measure(model, asked, text.file.parent)
    record = {}
    for count, items in found.items():
        table, fusions = Table(items), (f"{TRAINED} {FUSED}", f"{TABLE} {FUSED}")
        pairs = [fusions, *((fusion, BM25) for fusion in fusions)]
        print(f"\n### {count} sentences\n\n{table.markdown()}\n\n{table.tests(pairs)}", flush=True)
        record[count] = table.record()
    out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def part(asked: Asked, count: int, folder: Path) -> Text:
    """The first documents of the text that have `count` sentences or more."""
    folder.mkdir(parents=True, exist_ok=True)
    taken, total = list[SourceDocument](), 0
    for document in asked.text.documents:
        if total >= count:
            break
        taken.append(document)
        total += len(document.spans)
    return Text.write(taken, asked.text.units, folder / "train.jsonl")


def models(text: Text, language: str) -> Iterator[Model]:
    """BM25, and both kinds of vectors alone and fused with it as `build` fuses them."""
    words, folder = lexical(language), text.file.parent
    yield words
    table = kept(folder / "table", lambda out: dense_models()[0].fit(text, out))
    yield from with_fusions(measured(table, TABLE), words, WEAK)[:2]
    trained = kept(folder / "trained", lambda out: quick_thought.fit(text, out))
    yield from with_fusions(measured(trained, TRAINED), words, quick_thought.FUSION)[:2]


def measure(model: Model, asked: Asked, folder: Path) -> NDArray[np.float64]:
    """(question,) scores of a model."""
    items = scores(model, asked.tasks, folder / "results.jsonl")
    return weighted(items, list(items))
