"""`sentrep quickstart`: `build` on text that every Python has, the docstrings of its library and packages.

Docstrings are harvested and 3,000 of them held out. The candidates of `build` are fitted to the others and
compared: which of the 3,000 bodies belongs to a summary? None of the held-out docstrings, nor a
near-duplicate of one, is in the training text. An index of all docstrings gets the chosen model.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep import api
from sentrep.api.documents import index_documents
from sentrep.data.config import CorpusConfig
from sentrep.data.docstrings.harvest import Docstring, Split, harvest, hold_out
from sentrep.data.documents import SourceDocument
from sentrep.inference.names import Located, locate
from sentrep.inference.units import Units
from sentrep.pipelines.build import comparison, quick_thought
from sentrep.pipelines.build.budget import MINUTES as BUILD_MINUTES
from sentrep.pipelines.build.budget import Budget, timed
from sentrep.pipelines.build.candidates import Candidate, dense_models, fitted_candidates
from sentrep.pipelines.build.comparison import Compared, Row, results_of
from sentrep.pipelines.build.output import MODEL, REPORT, RESULTS, Output, output
from sentrep.pipelines.build.pipeline import Built, build
from sentrep.pipelines.build.teacher import AUTO
from sentrep.pipelines.build.text import Text
from sentrep.search.place import INDEX
from sentrep.utils.checks import check_seed
from sentrep.utils.errors import InputError, opt
from sentrep.utils.files import whole
from sentrep.utils.terminal import command

if TYPE_CHECKING:
    from sentrep.evaluation.result import Result
    from sentrep.evaluation.task import Model
    from sentrep.evaluation.tasks.retrieval import Retrieval
    from sentrep.inference.document_search import DocumentSearch

MINUTES = 60.0
"""Enough for all candidates."""
LANGUAGE = "english"
SEARCHES = (
    "read a compressed file line by line",
    "how similar are two probability distributions",
    "retry a request that timed out",
)
COLUMNS = {"R@1": "R@1", "R@10": "R@10", "MAP": "MRR", "nDCG@10": "nDCG@10"}
"""Metrics shown, under their names here: with one right answer to each question, MAP is MRR."""
DOCSTRINGS = "docstrings.jsonl"
SHOWN = 90
"""Characters of a hit that are printed."""


def run(out: Path, compare: Sequence[str] = (), seed: int = 1, minutes: float = MINUTES) -> None:
    """Harvest docstrings, compare models, build an index, and print the results; all files are left in `out`.

    Args:
        out: folder of all that is made.
        compare: further models to measure: paths, names, NAME=PATH, or 'minilm'.
        seed: of the split, of weights and of the order of training.
        minutes: how long it may take, about; what would take longer is left out.

    Raises:
        InputError: a model to compare with does not exist.
    """
    check_seed(seed)
    others, budget = [locate(name, setting="compare") for name in compare], Budget(minutes)
    with output(out, "quickstart", overwrite=True, further=(DOCSTRINGS,)) as made:
        with timed("harvested", print):
            docstrings = harvest()
            split = hold_out(docstrings, seed=seed)
        print(
            f"{len(docstrings):,} docstrings; {len(split.train):,} to train on, {len(split.bodies):,} "
            "held out, near-duplicates removed"
        )
        with timed("fitted and measured", print):
            compared = measure(split, made.scratch, seed, budget)
            results = further(split, others, made.scratch / RESULTS)
        print(f"\n{_table(compared, results)}* is chosen\n\n{compared.verdict}\n")
        with timed("indexed", print):
            search = index(docstrings, compared, made)
        for query in SEARCHES:
            _show(search, query)
        with timed("\nreport written", print):
            write_report(split, compared, made.scratch)
        made.publish()
    print(_next(out))


def on_documents(
    corpus: tuple[str, ...],
    out: Path | None = None,
    compare: Sequence[str] = (),
    seed: int = 1,
    minutes: float | None = None,
    **reading: Any,
) -> Built:
    """`build` on documents of one's own, with a folder below 'runs/' unless another one is given.

    Args:
        corpus: files and folders.
        out: folder of all that is made.
        compare: a model that is compared, distilled and fused with BM25; one at most.
        seed: of the choice of the documents that are held out.
        minutes: how long it may take, about; that of `build` if None.
        reading: how files are read: ``strict``, and fields of `CorpusConfig`.

    Raises:
        InputError: there is more than one model to compare with, or nothing can be read.
    """
    if len(compare) > 1:
        raise InputError(
            f"{opt('compare')}: {len(compare)} models; give one at most with your own documents",
            setting="compare",
        )
    place = out or Path("runs") / (Path(corpus[0]).resolve().name or "documents")
    teacher = compare[0] if compare else AUTO
    left = BUILD_MINUTES if minutes is None else minutes
    return build(
        CorpusConfig(corpus), place, teacher=teacher, minutes=left, seed=seed, overwrite=True, **reading
    )


def measure(split: Split, folder: Path, seed: int, budget: Budget) -> Compared:
    """Fit the candidates of `build` to the training text, and compare them; `folder` gets models and
    results."""
    documents = [as_document(docstring, str(number)) for number, docstring in enumerate(split.train)]
    text = Text.write(documents, Units(), folder / "train.jsonl")
    dense = dense_models(seed=seed)
    candidates = fitted_candidates(dense, text, folder, LANGUAGE, budget, print)
    return comparison.compare(candidates, [task_of(split)], folder / RESULTS)


def task_of(split: Split) -> Retrieval:
    """Which body belongs to a summary?"""
    from sentrep.evaluation.tasks.retrieval import Retrieval

    return Retrieval(
        "docstrings: summary to body",
        [query.summary for query in split.queries],
        [body.body_text for body in split.bodies],
        [{place: 1.0} for place in range(len(split.queries))],
    )


def further(split: Split, others: Sequence[Located], file: Path) -> list[Result]:
    """Rows that are not chosen from: random vectors, BM25 without stemming, BM25 that cuts identifiers, and
    the models asked for."""
    from sentrep.evaluation.models import lexical

    models: list[Callable[[], Model]] = [
        lexical.random_vectors,
        lambda: replace(lexical.bm25(), name="BM25 without stemming"),
        lambda: replace(
            lexical.bm25(identifier_words, label="bm25-identifiers"),
            name="BM25, identifiers cut",
        ),
        *(lambda one=one: api.measured(one.path, one.name) for one in others),
    ]
    task = task_of(split)
    return [result for model in models for result in results_of(model(), [task], file)]


def identifier_words(text: str) -> list[str]:
    """Words for BM25 over docstrings: read_fileName as read, file and name, and files as file.

    >>> identifier_words("Reads HTTPError lines")
    ['read', 'http', 'error', 'line']
    """
    from sentrep.evaluation.models.lexical import singular_words

    return singular_words(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", text))


def as_document(docstring: Docstring, id: str = "") -> SourceDocument:
    """A docstring as a document of its sentences.

    >>> as_document(Docstring("a.b", "Open it.", ("Then read.",))).spans
    ((0, 8), (9, 19))
    """
    spans, start = [], 0
    for sentence in docstring.sentences:
        spans.append((start, start + len(sentence)))
        start += len(sentence) + 1
    text = " ".join(docstring.sentences)
    return SourceDocument(id, "", "", text, (), (), tuple(spans))


def index(docstrings: Sequence[Docstring], compared: Compared, made: Output) -> DocumentSearch:
    """An index of all docstrings under their names, with the chosen model."""
    file = made.folder / DOCSTRINGS
    with whole(file) as lines:
        for number, one in enumerate(docstrings):
            record = {"id": str(number), "title": one.name, "text": one.sentences}
            lines.write((json.dumps(record, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
    shutil.copytree(compared.vectors.folder, made.scratch / MODEL)
    return index_documents(
        made.scratch / MODEL,
        file,
        made.scratch / INDEX,
        language=LANGUAGE,
        mode=compared.chosen.mode,
        fusion=compared.vectors.dense.fusion,
        kept_at=made.model,
    )


def write_report(split: Split, compared: Compared, folder: Path) -> None:
    """The page with results, training curves and a map of held-out docstrings, of what is in `folder`."""
    runs = [quick_thought.run_of(fitted.folder) for fitted in compared.fitted]
    api.report(
        folder / RESULTS,
        folder / REPORT,
        runs=[run for run in runs if run.exists()],
        model=folder / MODEL,
        input=[body.body_text for body in split.bodies],
    )


def _table(compared: Compared, further: Sequence[Result]) -> str:
    from sentrep.evaluation.report.tables import table

    marked = [result for row in compared.rows for result in _marked(row, compared.chosen)]
    shown = [replace(one, metric=COLUMNS[one.metric]) for one in [*further, *marked] if one.metric in COLUMNS]
    return table(shown)


def _marked(row: Row, chosen: Candidate) -> list[Result]:
    star = "*" if row.candidate is chosen else ""
    return [replace(result, model=f"{result.model}{star}") for result in row.results]


def _show(search: DocumentSearch, query: str) -> None:
    print(f"\n? {query}")
    for hit in search(query, 3):
        text = " ".join(hit.text.split())
        print(f"  {hit.scores.score:.2f}  {hit.document.title}: {text[:SHOWN]}")


def _next(out: Path) -> str:
    return f"""
report    {out}/report.html
next      {command("search", out / "index")} "words of your own"
          scripts/quickstart YOUR/FOLDER      the same for your own documents (sentrep build YOUR/FOLDER)"""
