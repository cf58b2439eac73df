"""`sentrep build`: from a folder of documents to a search index with the model that suits them.

Documents are read, and some of them are held out. Candidates are fitted to the others, and measured by
questions that are made from the held-out documents. The chosen one is fitted to all documents and indexed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.corpora import corpus_source
from sentrep.api.documents import IndexSettings, index_source_documents, open_documents, reading_of
from sentrep.api.reading import watched
from sentrep.api.reports import report as write_report
from sentrep.data.analysis import check_language
from sentrep.data.corpus import Corpus
from sentrep.data.documents import SourceDocument, read_source_documents
from sentrep.data.language import guess_language
from sentrep.data.reading.report import ReadReport
from sentrep.data.splitting.segment import Segmenter
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.inference.document_search import DocumentSearch
from sentrep.inference.indexed_files import described, holds_memory
from sentrep.inference.units import Units
from sentrep.pipelines.build.budget import MINUTES, Budget, timed
from sentrep.pipelines.build.candidates import Dense, Say, dense_models, fitted_candidates
from sentrep.pipelines.build.comparison import Compared, compare
from sentrep.pipelines.build.holdout import Holdout, hold_out
from sentrep.pipelines.build.output import MODEL, REPORT, RESULTS, Output, output
from sentrep.pipelines.build.questions import HeldOutDocument, question_tasks
from sentrep.pipelines.build.teacher import AUTO, Teacher, teacher_of
from sentrep.pipelines.build.text import Text
from sentrep.search.place import INDEX
from sentrep.utils.checks import check_seed
from sentrep.utils.errors import InputError, shown
from sentrep.utils.settings import arguments_checked
from sentrep.utils.terminal import command

if TYPE_CHECKING:
    from sentrep.inference.loading import Embedder
    from sentrep.search.documents import Document


@dataclass(frozen=True)
class Built:
    """What `build` made."""

    search: DocumentSearch
    """The index, open."""
    compared: Compared | None
    """The measurement; None where there was too little text for it."""
    out: Path


@arguments_checked
def build(
    corpus: Corpus,
    out: str | Path,
    *,
    teacher: str | Path | None = AUTO,
    minutes: float = MINUTES,
    language: str = "auto",
    units: Units | None = None,
    seed: int = 0,
    overwrite: bool = False,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    say: Say = print,
    **fields: Any,
) -> Built:
    """Compare models on documents, and build a search index with the best one.

    Args:
        corpus: files and folders of documents.
        out: folder for all output: `index`, `model`, `results.jsonl`, `report.html`.
        teacher: a sentence-transformers model that is compared, distilled and fused as well; 'auto' takes
            all-MiniLM-L6-v2 where its package is installed and the text is English, None takes no model.
        minutes: approximate time limit. Candidates that would take longer are left out, with a message; BM25
            and the collection's table are always compared.
        language: of the stemmer of BM25; 'auto' detects it, '' means no stemming.
        units: what is searched; passages of about 120 words if None.
        seed: of the choice of the documents that are held out.
        overwrite: replace what an earlier build left in `out`. Until the end it stays as it was.
        strict: raise for anything that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for a teacher's name without an owner.
        say: gets a line for each step.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        The open index, the comparison of the models, and the folder.

    Raises:
        InputError: nothing can be read, there is no such teacher or stemmer, `out` holds an index already, or
            files of these names that were not made by `build`.

    Example:
        >>> built = sentrep.build("texts", "built", teacher=None, minutes=0.05, say=lambda line: None)
        >>> sentrep.search("built/index", "the ship", k=1)[0].heading
        ()
    """
    units, budget = units or Units(), Budget(minutes)
    check_seed(seed)
    check_language(language)
    teacher_of(teacher, "", offline, hub)  # a name without a model is an error before anything is read
    report, config = ReadReport(), corpus_source(corpus, fields, offline=offline, hub=hub)
    with output(Path(out), "build", overwrite=overwrite) as made:
        with timed("read", say):
            segmenters = list[Segmenter]()
            found = read_source_documents(config, report, code=units.keeps_code, trained=segmenters.append)
            stream = watched(found, report, strict)
            read = deque((described(document), document) for document in stream)
            documents = [document for _, document in read]
            parts = hold_out(documents, seed)
            if language == "auto":
                language = guess_language(each.text[:2000] for each in documents)
        say(_counts(documents, len(parts.test), parts.dropped, language))
        run = _BuildRun(
            made,
            units,
            language,
            segmenters[0].to_json(),
            seed,
            teacher_of(teacher, language, offline, hub),
            budget,
            say,
            reading_of(config),
        )
        compared = run.compared(parts)
        del documents, parts
        with timed("indexed", say):
            model = run.index(compared, read)
        if compared:
            write_report([made.scratch / RESULTS], made.scratch / REPORT)
        made.publish()
    if compared:
        compared = compared.moved(made.scratch, made.folder)
        say(f"report    {made.report}")
    say(f'next      {command("search", made.index)} "words"')
    files = [name for name in config.corpus if Path(name).exists() and not holds_memory(Path(name))]
    say(f"          {command('update', made.index, *(files or ['FILES']))}")
    return Built(open_documents(made.index, model), compared, made.folder)


@dataclass(frozen=True)
class _BuildRun:
    """One run of `build`: its settings, and its steps."""

    output: Output
    units: Units
    language: str
    segmenter: str
    """The sentence splitter that the documents were read with, as JSON."""
    seed: int
    teacher: Teacher | None
    budget: Budget
    say: Say
    reading: Mapping[str, Any]
    """How the files were read, for those that come later."""

    def compared(self, parts: Holdout) -> Compared | None:
        """Fit and measure all models; None, with a line that says so, where there is too little text."""
        try:
            documents = [held_out_document(document, self.units) for document in parts.test]
            tasks = question_tasks(documents, self.seed)
        except InputError as error:
            self.say(shown(f"not measured: {error}"))
            return None
        if not any(document.spans for document in parts.train):
            self.say("not measured: all other documents are near-duplicates of those that are held out")
            return None
        scratch, text = self.output.scratch, self._text(parts.train, "train.jsonl")
        dense = dense_models(self.teacher, _characters(tasks), self.seed)
        with timed("fitted and measured", self.say):
            candidates = fitted_candidates(dense, text, scratch, self.language, self.budget, self.say)
            compared = compare(candidates, tasks, scratch / RESULTS)
        self.say(f"\n{compared.table}\n{compared.verdict}\n")
        return compared

    def index(self, compared: Compared | None, read: deque[tuple[Document, SourceDocument]]) -> Embedder:
        """Fit the chosen model to all documents and index them; returns the model. `read` is empty
        afterwards, so that the memory of each document is freed when it is cut into passages."""
        dense = self._fit(compared, [document for _, document in read])
        mode = compared.chosen.mode if compared else "hybrid"
        settings = IndexSettings(
            self.units, self.language, mode, "auto", self.segmenter, fusion=dense.fusion, reading=self.reading
        )
        left = (read.popleft() for _ in range(len(read)))
        scratch = self.output.scratch
        return index_source_documents(scratch / MODEL, left, scratch / INDEX, settings, self.output.model)

    def _fit(self, compared: Compared | None, documents: Sequence[SourceDocument]) -> Dense:
        """Fit the chosen vectors to all documents. Where BM25 is chosen, the cheapest vectors are fitted;
        where nothing was measured, those with the highest expected rank."""
        text = self._text(documents, "all.jsonl")
        if compared:
            dense = compared.vectors.dense
        else:
            every = dense_models(self.teacher, seed=self.seed)
            able = [each for each in every if not each.objection(text, self.budget)]
            dense = max(able, key=attrgetter("expected"))
            self.say(f"the index gets {dense.name} and BM25")
        dense.fit(text, self.output.scratch / MODEL)
        return dense

    def _text(self, documents: Sequence[SourceDocument], name: str) -> Text:
        return Text.write(documents, self.units, self.output.scratch / name)


def _characters(tasks: Sequence[Retrieval]) -> int:
    """Number of characters of all texts that a model has to embed for some tasks."""
    return sum(len(text) for task in tasks for text in {*task.queries, *task.documents})


def held_out_document(document: SourceDocument, units: Units) -> HeldOutDocument:
    """A document that questions are made of; sentences and whole documents are cut into passages."""
    cut = units if units.unit == "passage" else Units()
    passages = [" ".join(passage.text.split()) for passage in cut.of(document)]
    return HeldOutDocument(document.id, document.title, document.sentences, passages)


def _counts(documents: Sequence[SourceDocument], held: int, dropped: int, language: str) -> str:
    sentences = sum(len(document.spans) for document in documents)
    return (
        f"{len(documents):,} documents, {sentences:,} sentences, stemmer: {language or 'none'}; "
        f"{held:,} held out, {dropped:,} near-duplicates of these set aside"
    )
