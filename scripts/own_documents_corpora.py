"""Folders of text without questions: held-out documents ask, and every model is measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from own_documents_rows import BM25, FUSED, RANKS, Table, Teacher, lexical, scores, weighted, with_fusions

from sentrep.api.training import train
from sentrep.data.config import CorpusConfig
from sentrep.data.documents import SourceDocument, read_source_documents
from sentrep.data.language import guess_language
from sentrep.encoders import serialization
from sentrep.encoders.serialization import Encoder
from sentrep.evaluation.models.hybrid import hybrid
from sentrep.evaluation.models.lexical import fused
from sentrep.evaluation.task import Model
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.inference.eval_adapter import measured
from sentrep.inference.loading import opened
from sentrep.inference.units import Units
from sentrep.methods.distill.fitting import fit
from sentrep.pipelines.build import quick_thought
from sentrep.pipelines.build.candidates import TABLE, dense_models
from sentrep.pipelines.build.choice import Scored, choose, verdict
from sentrep.pipelines.build.holdout import hold_out
from sentrep.pipelines.build.pipeline import held_out_document
from sentrep.pipelines.build.questions import question_tasks
from sentrep.pipelines.build.text import Text
from sentrep.search.fusion import STRONG, USUAL, WEAK, Fusion

MOST_DOCUMENTS, MOST_CHARACTERS, LONGEST = 3000, 2_000_000, 40_000
"""Of a corpus, and of one of its documents: what comes later is not read."""
FUSION_CHARACTERS = 1_000_000
"""Of a corpus by which a fusion is chosen."""
TRAINED, BAG = "quick-thought of build", "distilled bag"
PRESETS = {
    preset: f"quick-thought, preset {preset}" for preset in ("paper", "similarity", "short-texts", "search")
}
CHOSEN, ALONE = "chosen by build", "chosen without a teacher"


@dataclass(frozen=True)
class Place:
    """A corpus: its name and its files."""

    name: str
    paths: tuple[str, ...]

    @classmethod
    def of(cls, argument: str) -> Place:
        """From NAME=PATH[,PATH …]."""
        name, _, paths = argument.partition("=")
        return cls(name, tuple(paths.split(",")))


def corpora(places: Sequence[Place], teacher_name: str, work: Path, out: Path) -> None:
    """Measure every model on every corpus; print and write the tables."""
    teacher, items = Teacher.open(teacher_name, work / "vectors"), dict[str, dict[str, NDArray[np.float64]]]()
    chosen: dict[str, str] = {}
    for place in places:
        print(f"\n{place.name}", flush=True)
        found = measure(place, teacher, work / place.name)
        chosen[place.name] = found.verdict
        for model, values in found.items.items():
            items.setdefault(model, {})[place.name] = values
    table = Table(items)
    compared = [pair for pair in pairs(teacher.name) if items.keys() >= set(pair)]
    print(f"\n{table.markdown()}\n\n{table.tests(compared)}\n")
    print("\n".join(f"- {name}: {said}" for name, said in chosen.items()))
    record = {"nDCG@10 x 100": table.record(), CHOSEN: chosen}
    out.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Measured:
    """Scores of one corpus, and the choice of `build`."""

    items: dict[str, NDArray[np.float64]]
    verdict: str


def measure(place: Place, teacher: Teacher, work: Path) -> Measured:
    """All rows of one corpus."""
    asked, found = ask(place, work), dict[str, NDArray[np.float64]]()
    for model in rows(asked, teacher if asked.language == "english" else None, work):
        items = scores(model, asked.tasks, work / "results.jsonl")
        found[model.name] = weighted(items, list(items))
    compared = candidates(found, teacher.name)
    choice, alone = choose(compared), choose(without_teacher(compared, teacher.name))
    found[ALONE] = found[alone.chosen.name]
    found[CHOSEN] = found[choice.chosen.name]
    return Measured(found, verdict(choice, BM25))


@dataclass(frozen=True)
class Asked:
    """A corpus in two parts: text to fit models to, and questions that the other part asks."""

    text: Text
    tasks: Sequence[Retrieval]
    language: str


def ask(place: Place, work: Path, characters: int = MOST_CHARACTERS) -> Asked:
    """Read a corpus and hold a part of it out."""
    documents = read(place, characters)
    parts = hold_out(documents)
    language = guess_language(document.text[:2000] for document in documents)
    tasks = question_tasks([held_out_document(document, Units()) for document in parts.test])
    counts = ", ".join(f"{task.name.removeprefix('held out: ')} {len(task.queries)}" for task in tasks)
    print(f"{len(documents)} documents, {len(parts.test)} held out, language {language or 'none'}: {counts}")
    work.mkdir(parents=True, exist_ok=True)
    return Asked(Text.write(parts.train, Units(), work / "train.jsonl"), tasks, language)


def fusions(places: Sequence[Place], teacher_name: str, work: Path, out: Path) -> None:
    """Measure ways to fuse vectors with BM25, for the choice of the defaults: the collection's table, the
    distilled bag and the teacher."""
    items = dict[str, dict[str, NDArray[np.float64]]]()
    teacher = Teacher.open(teacher_name, work / "vectors")
    for place in places:
        print(f"\n{place.name}", flush=True)
        asked = ask(place, work / place.name, FUSION_CHARACTERS)
        words = lexical(asked.language)
        table = kept(work / place.name / "table", partial(dense_models()[0].fit, asked.text))
        bag = kept(work / place.name / "bag", partial(_distilled, asked.text, teacher))
        dense = [measured(table, TABLE), measured(bag, BAG), teacher.model]
        for model in (words, *dense, *(row for each in dense for row in fused_by(each, words))):
            found = scores(model, asked.tasks, work / place.name / "results.jsonl")
            items.setdefault(model.name, {})[place.name] = weighted(found, list(found))
    shown = Table(items)
    names = [(name, usual) for name in items for usual in items if _same_vectors(name, usual)]
    print(f"\n{shown.markdown()}\n\n{shown.tests(names)}")
    out.write_text(json.dumps(shown.record(), indent=1) + "\n", encoding="utf-8")


def _same_vectors(name: str, usual: str) -> bool:
    """Whether the second is the usual fusion of the vectors whose fusion is the first."""
    vectors = usual.removesuffix(f" {fusion_name(USUAL)}")
    return vectors != usual and name != usual and name.startswith(f"{vectors} ")


def fusion_name(fusion: Fusion) -> str:
    """For tables."""
    scale = {"min-max": "min-max", "standard": "standard scores"}[fusion.scale]
    return f"+ BM25, {scale}, {fusion.dense:.2f} dense"


def fused_by(dense: Model, words: Model) -> Iterator[Model]:
    """Fusions by min-max and by standard scores with several weights, and by ranks."""
    for weight in (0.25, 1 / 3, 0.5, 0.6, 0.7):
        for scale in ("min-max", "standard"):
            fusion = Fusion(scale, weight)
            yield replace(hybrid(dense, words, fusion), name=f"{dense.name} {fusion_name(fusion)}")
    yield replace(fused(dense, words), name=f"{dense.name} by reciprocal ranks")


def read(place: Place, characters: int) -> list[SourceDocument]:
    """The first documents of a corpus, within the limits."""
    found, size = list[SourceDocument](), 0
    for document in read_source_documents(CorpusConfig(place.paths)):
        one = shortened(document)
        size += len(one.text)
        if size > characters or len(found) == MOST_DOCUMENTS:
            break
        found.append(one)
    return found


def shortened(document: SourceDocument) -> SourceDocument:
    """The sentences within the first characters of a document."""
    spans = tuple(span for span in document.spans if span[1] <= LONGEST)
    end = spans[-1][1] if spans else 0
    sections = tuple(section for section in document.sections if section[0] < end)
    return replace(document, text=document.text[:end], spans=spans, sections=sections)


class Rank(NamedTuple):
    """What `build` knows of a model before it is measured; see `sentrep.pipelines.build.candidates.Dense`."""

    cost: int
    expected: int


def candidates(found: Mapping[str, NDArray[np.float64]], teacher: str) -> list[Scored]:
    """The rows that `build` compares, of those that were measured."""
    ranks = {
        BM25: Rank(0, 0),
        TABLE: Rank(1, 0),
        f"{TABLE} {FUSED}": Rank(1, 1),
        TRAINED: Rank(1, 0),
        f"{TRAINED} {FUSED}": Rank(1, 3),
        BAG: Rank(1, 0),
        f"{BAG} {FUSED}": Rank(1, 2),
        teacher: Rank(2, 0),
        f"{teacher} {FUSED}": Rank(2, 4),
    }
    return [Scored(name, *rank, found[name]) for name, rank in ranks.items() if name in found]


def without_teacher(compared: Sequence[Scored], teacher: str) -> list[Scored]:
    """The rows that need no public model."""
    return [each for each in compared if not each.name.startswith((BAG, teacher))]


def rows(asked: Asked, teacher: Teacher | None, work: Path) -> Iterator[Model]:
    """BM25, and every model that embeds: alone, fused with BM25 by scores, and by ranks."""
    text, words = asked.text, lexical(asked.language)
    yield words
    table = kept(work / "table", partial(dense_models()[0].fit, text))
    yield from with_fusions(measured(table, TABLE), words, WEAK)
    for preset, name in PRESETS.items():
        model = measured(kept(work / preset, partial(_with_preset, preset, text)), name)
        yield from with_fusions(model, words, quick_thought.FUSION)
    if text.sentences >= quick_thought.FEWEST:
        trained = kept(work / "trained", partial(quick_thought.fit, text))
        yield from with_fusions(measured(trained, TRAINED), words, quick_thought.FUSION)
    if teacher is not None:
        bag = kept(work / "bag", partial(_distilled, text, teacher))
        yield from with_fusions(measured(bag, BAG), words)
        yield from with_fusions(teacher.model, words, STRONG)


def kept(out: Path, fit: Callable[[Path], Encoder]) -> Encoder:
    """The model in `out`; fitted and saved where it is not there yet."""
    if (out / "modules.json").exists():
        return opened(out)
    encoder = fit(out)
    if not (out / "modules.json").exists():
        serialization.save(encoder, out)
    return encoder


def _with_preset(preset: str, text: Text, out: Path) -> Encoder:
    """What `sentrep train quick-thought --preset` makes of all the text."""
    return train(
        "quick-thought",
        corpus=CorpusConfig((str(text.file),)),
        out=out.with_name(f"{preset}-run"),
        preset=preset,
        keep_out=0.0,
        tracker="none",
        cache=out.with_name("cache"),
    ).encoder


def _distilled(text: Text, teacher: Teacher, out: Path) -> Encoder:
    return fit(text.passages, teacher.vectors.encode(text.passages), teacher.vectors.encode)


def pairs(teacher: str) -> list[tuple[str, str]]:
    """The comparisons that are tested."""
    fusions = [f"{name} {FUSED}" for name in (TABLE, TRAINED, BAG, teacher)]
    return [
        *((name, BM25) for name in (*fusions, CHOSEN, ALONE)),
        *((name, teacher) for name in (*fusions, CHOSEN, ALONE)),
        *((name, f"{teacher} {RANKS}") for name in (CHOSEN, ALONE)),
        (f"{teacher} {FUSED}", f"{teacher} {RANKS}"),
        (f"{TRAINED} {FUSED}", f"{TABLE} {FUSED}"),
        *((f"{TRAINED} {FUSED}", f"{name} {FUSED}") for name in PRESETS.values()),
    ]
