"""Collections with real queries: BM25, a teacher, its distilled bag, a collection table, quick-thought, and
fusions."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from own_documents_rows import BM25, FUSED, RANKS, Table, Teacher, lexical, scores, with_fusions, written

from sentrep.api.baselines import baseline
from sentrep.data.config import CorpusConfig
from sentrep.data.documents import read_source_documents
from sentrep.encoders.serialization import Encoder
from sentrep.evaluation.datasets.beir import read_beir
from sentrep.evaluation.models.hybrid import hybrid
from sentrep.evaluation.models.lexical import bm25
from sentrep.evaluation.task import Model
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.inference.eval_adapter import measured
from sentrep.inference.loading import encoding, opened
from sentrep.inference.names import locate
from sentrep.inference.units import Units
from sentrep.methods.distill.fitting import fit
from sentrep.pipelines.build import quick_thought
from sentrep.pipelines.build.budget import Budget
from sentrep.pipelines.build.text import Text
from sentrep.search.fusion import STRONG, WEAK

COLLECTIONS = ("cranfield", "med", "cacm", "npl")
TABLE, BAG, LATER = "collection table", "distilled bag", "distilled bag of four fifths"
TRAINED = "quick-thought of build"
SPEED_DOCUMENTS = 200


@dataclass(frozen=True)
class Setting:
    """Where data come from and results go to."""

    data: Path
    teacher: str
    work: Path
    out: Path


def queries(setting: Setting) -> None:
    """Measure every model on every collection; print and write the tables."""
    teacher = Teacher.open(setting.teacher, setting.work / "vectors")
    table: dict[str, dict[str, np.ndarray]] = {}
    for name in COLLECTIONS:
        task = read_beir(setting.data / f"retrieval-{name}")
        print(f"\n{name}", flush=True)
        for model in models(task, teacher, setting.work / name):
            found = scores(model, [task], setting.work / "results.jsonl")
            table.setdefault(model.name, {})[name] = found[task.name]
    shown, seconds = Table(table), speed(setting, setting.work / COLLECTIONS[0])
    print(f"\n{shown.markdown()}\n\n{shown.tests(pairs(teacher.name))}\n\n{speed_table(seconds)}")
    record = {"nDCG@10 x 100": shown.record(), "milliseconds of processor time per document": seconds}
    setting.out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def models(task: Retrieval, teacher: Teacher, work: Path) -> Iterator[Model]:
    """Rows of one collection. Tables and bags are fitted to its documents alone."""
    words = lexical("english")
    yield replace(bm25(), name="BM25 without stemming")
    yield words
    documents = str(written(task.documents, work / "documents.jsonl"))
    vectors = measured(baseline("collection", documents, work / "table", overwrite=True), TABLE)
    yield from with_fusions(vectors, words, WEAK)
    yield replace(hybrid(vectors, words), name=f"{TABLE} {FUSED}, min-max")
    if (encoder := trained(documents, work)) is not None:
        yield from with_fusions(measured(encoder, TRAINED), words, quick_thought.FUSION)
    yield from with_fusions(teacher.model, words, STRONG)
    yield replace(hybrid(teacher.model, words), name=f"{teacher.name} {FUSED}, half")
    some = four_fifths(task.documents)
    for name, texts in ((BAG, task.documents), (LATER, some)):
        yield from with_fusions(
            measured(distilled(texts, teacher, work / name.replace(" ", "-")), name), words
        )


def trained(documents: str, work: Path) -> Encoder | None:
    """Quick-thought as `build` trains it on these documents; None where it would not, as too few
    sentences have a neighbour. A model that is in `work` is not trained anew."""
    if not (out := work / "trained").exists():
        read = list(read_source_documents(CorpusConfig((documents,))))
        text = Text.write(read, Units(), work / "train.jsonl")
        if reason := quick_thought.objection(text, Budget(60.0)):
            print(f"{TRAINED}: not trained: {reason}")
            return None
        quick_thought.fit(text, out)
    return opened(out)


def four_fifths(documents: Sequence[str], seed: int = 0) -> list[str]:
    """A random four fifths of the documents."""
    count = len(documents)
    kept = np.sort(np.random.default_rng(seed).permutation(count)[: count * 4 // 5])
    return [documents[number] for number in kept]


def distilled(texts: Sequence[str], teacher: Teacher, out: Path) -> Encoder:
    """A bag fitted to the teacher's vectors of whole documents; one that is in `out` is not made anew."""
    from sentrep.encoders import serialization

    if (out / "modules.json").exists():
        return opened(out)
    vectors = teacher.vectors.encode(texts)
    began = time.process_time()
    encoder = fit(texts, vectors, teacher.vectors.encode)
    print(f"distilled in {time.process_time() - began:.0f} s of processor time", flush=True)
    serialization.save(encoder, out)
    return encoder


def pairs(teacher: str) -> list[tuple[str, str]]:
    """The comparisons that are tested."""
    against_words = [f"{name} {FUSED}" for name in (TABLE, TRAINED, teacher, BAG, LATER)]
    return [
        *((name, BM25) for name in against_words),
        (f"{TRAINED} {FUSED}", f"{TABLE} {FUSED}"),
        (f"{TRAINED} {FUSED}", f"{BAG} {FUSED}"),
        (f"{teacher} {RANKS}", BM25),
        (f"{teacher} {FUSED}", teacher),
        (f"{teacher} {FUSED}", f"{teacher} {RANKS}"),
        (f"{teacher} {FUSED}", f"{teacher} {FUSED}, half"),
        (f"{teacher} {FUSED}", f"{BAG} {FUSED}"),
        (f"{BAG} {FUSED}", f"{LATER} {FUSED}"),
    ]


def speed(setting: Setting, work: Path) -> dict[str, float]:
    """Milliseconds of processor time per document of the first collection, from text to vector; the middle
    one of three turns, in which the models alternate."""
    texts = read_beir(setting.data / f"retrieval-{COLLECTIONS[0]}").documents[:SPEED_DOCUMENTS]
    path = locate(setting.teacher).path
    encoders = {
        "teacher, precision auto": opened(path),
        "teacher converted to bfloat16": opened(path).bfloat16(),
        BAG: opened(work / BAG.replace(" ", "-")),
    }
    turns: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(3):
        for name, encoder in encoders.items():
            turns[name].append(_milliseconds(encoder, texts))
    return {name: round(float(np.median(times)), 3) for name, times in turns.items()}


def _milliseconds(encoder: Encoder, texts: list[str]) -> float:
    encode, repeats = encoding(encoder), 1 if encoder.get_max_seq_length() else 20
    encode(texts[:10])
    began = time.process_time()
    for _ in range(repeats):
        encode(texts)
    return 1000 * (time.process_time() - began) / (repeats * len(texts))


def speed_table(seconds: dict[str, float]) -> str:
    """Each model with the bag's lead over it."""
    lines = ["| encoding | ms a document | times the bag's |", "|---|---|---|"]
    lines += [f"| {name} | {value:.2f} | {value / seconds[BAG]:.1f} |" for name, value in seconds.items()]
    return "\n".join(lines)
