"""`sentrep build`: from a folder of documents to a search index with the model that suits them.

Documents are read, some are held out, candidates are fitted to the others, all are examined by questions that
the held-out documents ask themselves, and the chosen one is fitted to all documents and indexed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sentrep.api.documents import index_documents
from sentrep.api.evaluation import report as write_report
from sentrep.api.reading import watched
from sentrep.data.corpus import Corpus, corpus_config
from sentrep.data.documents import SourceDocument, read_source_documents
from sentrep.data.language import guess_language
from sentrep.data.reading.report import ReadReport
from sentrep.evaluation.report.tables import digits, interval_of, render
from sentrep.evaluation.result import Result, ResultStore
from sentrep.evaluation.task import Task, evaluate
from sentrep.inference.document_search import DocumentSearch
from sentrep.inference.names import locate
from sentrep.inference.units import Units
from sentrep.pipelines.build.candidates import BM25, Contender, Dense, contenders, dense_models
from sentrep.pipelines.build.choice import Candidate, Choice, choose, verdict
from sentrep.pipelines.build.exam import METRIC, ExamDocument, exam, mean_items
from sentrep.pipelines.build.holdout import Holdout, hold_out
from sentrep.utils.errors import InputError

Say = Callable[[str], None]


@dataclass(frozen=True)
class Compared:
    """The models side by side."""

    choice: Choice
    chosen: Contender
    table: str
    """A row for each model."""
    verdict: str
    """One sentence: what was chosen, and by how much it is better than BM25."""


@dataclass(frozen=True)
class Built:
    """What `build` made."""

    search: DocumentSearch
    """The index, open."""
    compared: Compared | None
    """The measurement; None where there was too little text for it."""
    out: Path


def build(
    corpus: Corpus,
    out: str | Path,
    *,
    teacher: str | Path | None = None,
    language: str = "auto",
    units: Units | None = None,
    seed: int = 0,
    overwrite: bool = False,
    offline: bool = False,
    hub: bool = False,
    say: Say = print,
) -> Built:
    """Make a search index of documents with the model that suits them, and measure it.

    Args:
        corpus: files and folders of documents.
        out: folder of all that is made: `index`, `model`, `results.jsonl`, `report.html`.
        teacher: any sentence-transformers model, which is compared, distilled and fused as well.
        language: whose stemmer the lexical search uses; 'auto' guesses it, '' takes words as they stand.
        units: what is searched; passages of about 120 words if None.
        seed: of the documents that are held out.
        overwrite: replace another index in `out`.
        offline: never use the network.
        hub: look for a teacher's name without an owner on the hub, too.
        say: gets a line for each step.

    Raises:
        InputError: nothing can be read, or `out` holds an index already.

    Example:
        built = sentrep.build("docs/", "out/")
        built.search.search("how to install")
    """
    out, units = Path(out), units or Units()
    if (out / "index").exists() and not overwrite:
        raise InputError(f"{out / 'index'} exists; give another folder, or overwrite it")
    dense = dense_models(None if teacher is None else locate(teacher, hub=hub, setting="teacher"), offline)
    report = ReadReport()
    with _timed("read", say):
        documents = list(watched(read_source_documents(corpus_config(corpus), report), report))
        parts = hold_out(documents, seed)
        language = guess_language(each.text[:2000] for each in documents) if language == "auto" else language
    say(_counts(documents, len(parts.exam), parts.dropped, language))
    (out / "models").mkdir(parents=True, exist_ok=True)
    compared = _compared(parts, dense, units, out, language, seed, say)
    with _timed("indexed", say):
        chosen, mode = (compared.chosen.dense, compared.chosen.mode) if compared else (dense[0], "hybrid")
        search = _index(chosen or dense[0], mode, documents, corpus, out, units, language, overwrite)
    if compared:
        say(f"report    {write_report([out / 'results.jsonl'], out / 'report.html')}")
    say(f'next      sentrep search {out / "index"} "words"')
    say(f"          sentrep update {out / 'index'} FILES")
    return Built(search, compared, out)


def _compared(
    parts: Holdout, dense: list[Dense], units: Units, out: Path, language: str, seed: int, say: Say
) -> Compared | None:
    """Fit and measure all models; None, with a line that says so, where there is too little text for it."""
    try:
        tasks = exam([_examined(document, units) for document in parts.exam], seed)
    except InputError as error:
        say(f"not measured: {error}")
        say(f"the index gets the {dense[0].name} and BM25")
        return None
    (out / "results.jsonl").unlink(missing_ok=True)
    text = _written(parts.train, out / "models" / "train.jsonl")
    rows = []
    with _timed("fitted and measured", say):
        for contender in contenders(dense, text, out / "models", language):
            rows.append((contender, _measured(contender, tasks, out / "results.jsonl")))
    choice = choose(_candidates(rows))
    chosen = next(one for one, _ in rows if one.model.name == choice.chosen.name)
    compared = Compared(choice, chosen, _table(rows, choice), verdict(choice, BM25))
    say(f"\n{compared.table}\n{compared.verdict}\n")
    return compared


def _measured(contender: Contender, tasks: Sequence[Task], file: Path) -> list[Result]:
    """Results of one model: one for each task."""
    done = evaluate(contender.model, tasks, ResultStore(file))
    if done.failed:
        raise InputError(f"{contender.model.name}: {done.failed[0].task}: {done.failed[0].reason}")
    return [result for result in done.results if result.metric == METRIC]


def _index(
    dense: Dense,
    mode: str,
    documents: Sequence[SourceDocument],
    corpus: Corpus,
    out: Path,
    units: Units,
    language: str,
    overwrite: bool,
) -> DocumentSearch:
    """Fit the chosen model to all documents and index them; where BM25 is chosen, the cheapest vectors
    stand by."""
    text = _written(documents, out / "models" / "all.jsonl")
    dense.fit(text, out / "model")
    return index_documents(
        out / "model",
        corpus,
        out / "index",
        units=units,
        language=language,
        mode=mode,  # type: ignore[arg-type]
        overwrite=overwrite,
    )


def _table(rows: Sequence[tuple[Contender, list[Result]]], choice: Choice) -> str:
    names = [result.task.removeprefix("held out: ") for result in rows[0][1]]
    body = []
    for (contender, results), candidate in zip(rows, _candidates(rows), strict=True):
        cells = [interval_of(result.value, result.low, result.high, percent=False) for result in results]
        chosen = "*" if contender.model.name == choice.chosen.name else ""
        body.append([f"{contender.model.name}{chosen}", *cells, digits(candidate.value, percent=False)])
    title = f"{METRIC} on held-out documents, 95 % intervals; * is chosen"
    return render([["model", *names, "mean"], *body], "text", title)


def _candidates(rows: Sequence[tuple[Contender, list[Result]]]) -> list[Candidate]:
    return [Candidate(one.model.name, one.cost, mean_items(results)) for one, results in rows]


def _examined(document: SourceDocument, units: Units) -> ExamDocument:
    cut = units if units.unit == "passage" else Units()
    passages = [" ".join(passage.text.split()) for passage in cut.of(document)]
    return ExamDocument(document.id, document.title, document.sentences, passages)


def _written(documents: Sequence[SourceDocument], file: Path) -> Path:
    """Documents as JSON lines, each with its sentences."""
    with file.open("w", encoding="utf-8", errors="replace") as out:
        for document in documents:
            record = {"id": document.id, "title": document.title, "text": document.sentences}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    return file


def _counts(documents: Sequence[SourceDocument], held: int, dropped: int, language: str) -> str:
    sentences = sum(len(document.spans) for document in documents)
    return (
        f"{len(documents):,} documents, {sentences:,} sentences, stemmer: {language or 'none'}; "
        f"{held:,} held out, {dropped:,} near-duplicates of these set aside"
    )


@contextmanager
def _timed(what: str, say: Say) -> Iterator[None]:
    began = time.monotonic()
    yield
    say(f"{what} in {time.monotonic() - began:.0f} s")
