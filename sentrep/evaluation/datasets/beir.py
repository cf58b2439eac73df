"""Folders in BEIR's layout: corpus.jsonl, queries.jsonl (either may be .gz), qrels/<split>.tsv."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

from sentrep.data.reading.lines import read_lines
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.evaluation.task import Task
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.utils.errors import InputError, at

_COLUMNS = ["query-id", "corpus-id", "score"]

_NOTE = (
    "documents are title and text; queries without a relevant document, and a query's own document, "
    "are left out"
)


def is_beir(folder: Path) -> bool:
    """Whether a folder has at least two of the three parts, so that an error can name the missing one."""
    return (
        sum([bool(_either(folder, "corpus")), bool(_either(folder, "queries")), (folder / "qrels").is_dir()])
        >= 2
    )


def read_retrieval(
    path: Path, *, name: str = "", split: str | None = None, approximate: bool = False
) -> list[Task]:
    """A retrieval task from a folder in BEIR's layout, as a list of one.

    Args:
        path: folder with corpus.jsonl, queries.jsonl and qrels/<split>.tsv.
        name: of the task in tables; the name of the folder if empty.
        split: of the relevance judgements; if None, test, or else the only one there is.
        approximate: also search models that embed through an HNSW index, in separate metrics that show what
            the index loses.

    Raises:
        InputError: as in `read_beir`.

    Reference:
        Thakur et al. 2021, "BEIR: A heterogeneous benchmark for zero-shot evaluation of information retrieval
        models".
    """
    return [read_beir(path, split, name=name, approximate=approximate)]


def read_beir(
    folder: str | Path, split: str | None = None, *, name: str = "", approximate: bool = False
) -> Retrieval:
    """A retrieval task from a folder; the options are those of `read_retrieval`.

    Documents with a judgement above 0 are relevant, with the judgement as the gain. A document that has the
    id of the query and contains its text is the query itself (as in ArguAna and Quora) and is left out; an
    equal id alone is not enough.

    Raises:
        InputError: a malformed line, an id that occurs twice, or a judgement of an unknown query or document;
            names file and line.
        MissingSplit: there are no judgements of that split.
    """
    folder = Path(folder)
    corpus, asked, file = _file(folder, "corpus"), _file(folder, "queries"), _qrels(folder, split)
    documents, queries = _texts(corpus), _texts(asked, queries=True)
    position = {name: index for index, name in enumerate(documents)}
    judged: dict[str, dict[int, float]] = {}
    for number, query, document, gain in _judgements(file):
        if query not in queries:
            raise InputError(f"{at(file, number)}: query {query!r} is not in {asked.name}")
        if document not in position:
            raise InputError(f"{at(file, number)}: document {document!r} is not in {corpus.name}")
        if judged.setdefault(query, {}).setdefault(position[document], gain) != gain:
            raise InputError(
                f"{at(file, number)}: {query!r} and {document!r} are judged twice, and differently"
            )
    itself = {
        name: position[name] for name in judged if name in position and queries[name] in documents[name]
    }
    wanted = {
        name: {document: gain for document, gain in each.items() if gain > 0 and document != itself.get(name)}
        for name, each in judged.items()
    }
    kept = [name for name, each in wanted.items() if each]
    if not kept:
        raise InputError(
            f"{at(file)}: no judgement above 0 of a document that is not the query itself, so nothing "
            "could be found"
        )
    return Retrieval(
        name or folder.resolve().name,
        [queries[name] for name in kept],
        list(documents.values()),
        [wanted[name] for name in kept],
        split=file.stem,
        own=[itself.get(name, -1) for name in kept],
        note=_NOTE,
        approximate=approximate,
    )


def _texts(file: Path, *, queries: bool = False) -> dict[str, str]:
    """Texts by id. The text of a document starts with its title; queries have none and may not be empty."""
    texts: dict[str, str] = {}
    for number, line in read_lines(file):
        try:
            record = json.loads(line)
            name, text, title = record["_id"], record["text"], record.get("title") or ""
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f'{at(file, number)}: expected a JSON object with "_id" and "text" ({error})'
            ) from error
        if not isinstance(text, str) or not isinstance(title, str):
            raise InputError(
                f'{at(file, number)}: expected strings in "text" and "title", got {text!r} and {title!r}'
            )
        if not isinstance(name, str | int) or str(name) in texts:
            raise InputError(
                f"{at(file, number)}: _id {name!r} "
                f"{'occurs twice' if str(name) in texts else 'is not a string'}"
            )
        texts[str(name)] = text.strip() if queries else f"{title} {text}".strip()
        if queries and not texts[str(name)]:
            raise InputError(f"{at(file, number)}: query {name!r} is empty")
    if not texts:
        raise InputError(f"{at(file)}: is empty")
    return texts


def _judgements(file: Path) -> Iterator[tuple[int, str, str, float]]:
    for place, (number, line) in enumerate(read_lines(file)):
        parts = line.split("\t")
        if place == 0 and parts == _COLUMNS:
            continue
        try:
            query, document, score = parts
            gain = float(score)
        except ValueError as error:
            raise InputError(
                f"{at(file, number)}: expected {', '.join(_COLUMNS)}, tabs between; got {line.strip()!r}"
            ) from error
        if not math.isfinite(gain):
            raise InputError(f"{at(file, number)}: score {gain} is not a finite number")
        yield number, query, document, gain


def _qrels(folder: Path, split: str | None) -> Path:
    files = {file.stem: file for file in sorted((folder / "qrels").glob("*.tsv"))}
    wanted = split or "test"
    if wanted in files:
        return files[wanted]
    judgements = {stem: file for stem, file in files.items() if _is_qrels(file)}
    if split is None and len(judgements) == 1:
        return next(iter(judgements.values()))
    known = ", ".join(judgements) or "none"
    raise MissingSplit(
        f"{at(folder / 'qrels')}: no judgements for split {wanted!r}, in a file {wanted}.tsv; there "
        f"are: {known}"
    )


def _is_qrels(file: Path) -> bool:
    """Whether a file holds relevance judgements; other tables are recognised by their header."""
    first = next((line for _, line in read_lines(file)), "")
    parts = first.split("\t")
    return parts[:2] != _COLUMNS[:2] or parts == _COLUMNS


def _file(folder: Path, stem: str) -> Path:
    file = _either(folder, stem)
    if file is None:
        raise InputError(f"{at(folder)}: has no {stem}.jsonl or {stem}.jsonl.gz")
    return file


def _either(folder: Path, stem: str) -> Path | None:
    return next(
        (file for file in (folder / f"{stem}.jsonl", folder / f"{stem}.jsonl.gz") if file.is_file()), None
    )
