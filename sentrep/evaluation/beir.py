"""Folders in BEIR's layout: corpus.jsonl, queries.jsonl (either may be .gz), qrels/<split>.tsv."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from pathlib import Path

from sentrep.errors import InputError
from sentrep.evaluation.retrieval import Retrieval

_NOTE = "documents are title and text; queries without a relevant document, and a query's own document, are left out"


def is_beir(folder: Path) -> bool:
    """Whether a folder has the layout's two files and its qrels."""
    return bool(_either(folder, "corpus") and _either(folder, "queries")) and (folder / "qrels").is_dir()


def read_beir(folder: str | Path, split: str | None = None) -> Retrieval:
    """A retrieval task from a folder; `split` is the name of a file in qrels/, by default test or else the only one there.

    Judgements above 0 are relevant, with the judgement as the gain. A document under the query's own id that contains the
    query's text is the query itself (ArguAna, Quora) and left out; an equal id alone says nothing.

    Raises `InputError`, with file and line, for broken lines, ids that occur twice, and judgements on what does not exist.
    """
    folder = Path(folder)
    documents, queries = _texts(folder, "corpus"), _texts(folder, "queries")
    file = _qrels(folder, split)
    position = {name: index for index, name in enumerate(documents)}
    relevant: dict[str, dict[int, float]] = {}
    for number, query, document, gain in _judgements(file):
        if query not in queries:
            raise InputError(f"{file}:{number}: query {query!r} is not in {_file(folder, 'queries').name}")
        if document not in position:
            raise InputError(f"{file}:{number}: document {document!r} is not in {_file(folder, 'corpus').name}")
        if not math.isfinite(gain):
            raise InputError(f"{file}:{number}: score {gain} is not a finite number")
        if gain <= 0:
            continue
        known = relevant.setdefault(query, {})
        if known.get(position[document], gain) != gain:
            raise InputError(f"{file}:{number}: {query!r} and {document!r} are judged twice, and differently")
        known[position[document]] = gain
    if not relevant:
        raise InputError(f"{file}: no judgement above 0, so nothing could be found")
    own = [position[name] if name in position and queries[name] in documents[name] else -1 for name in relevant]
    wanted = [
        {document: gain for document, gain in each.items() if document != itself}
        for each, itself in zip(relevant.values(), own, strict=True)
    ]
    kept = [number for number, each in enumerate(wanted) if each]
    texts = [queries[name] for name in relevant]
    return Retrieval(
        folder.resolve().name,
        [texts[number] for number in kept],
        list(documents.values()),
        [wanted[number] for number in kept],
        split=file.stem,
        own=[own[number] for number in kept],
        note=_NOTE,
    )


def _texts(folder: Path, stem: str) -> dict[str, str]:
    file = _file(folder, stem)
    texts: dict[str, str] = {}
    for number, line in _lines(file):
        try:
            record = json.loads(line)
            name, text, title = str(record["_id"]), record["text"], record.get("title") or ""
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f'{file}:{number}: expected a JSON object with "_id" and "text" ({error})') from error
        if not isinstance(text, str) or not isinstance(title, str):
            raise InputError(f'{file}:{number}: expected strings in "text" and "title", got {text!r} and {title!r}')
        if name in texts:
            raise InputError(f"{file}:{number}: _id {name!r} occurs twice")
        texts[name] = f"{title} {text}".strip() if stem == "corpus" else text.strip()
        if stem == "queries" and not texts[name]:
            raise InputError(f"{file}:{number}: query {name!r} is empty")
    if not texts:
        raise InputError(f"{file}: is empty")
    return texts


def _judgements(file: Path) -> Iterator[tuple[int, str, str, float]]:
    for number, line in _lines(file):
        parts = line.rstrip("\r\n").split("\t")
        if number == 1 and parts[:2] == ["query-id", "corpus-id"]:
            continue
        try:
            query, document, gain = parts
            yield number, query, document, float(gain)
        except ValueError as error:
            raise InputError(f"{file}:{number}: expected query-id, corpus-id and score; got {line.strip()!r}") from error


def _qrels(folder: Path, split: str | None) -> Path:
    files = {file.stem: file for file in sorted((folder / "qrels").glob("*.tsv")) if _is_qrels(file)}
    if split is None and "test" not in files and len(files) == 1:
        return next(iter(files.values()))
    if (split or "test") not in files:
        known = ", ".join(files) or "none"
        raise InputError(f"{folder / 'qrels'}: no judgements for split {split or 'test'!r}; there are: {known}")
    return files[split or "test"]


def _is_qrels(file: Path) -> bool:
    """Other tables may lie beside the judgements; they have a header of their own."""
    first = next((line for _, line in _lines(file)), "")
    parts = first.rstrip("\r\n").split("\t")
    return parts[:2] != ["query-id", "corpus-id"] or parts[2:] == ["score"]


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank."""
    try:
        with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{file}: cannot be read as UTF-8 text ({error})") from error


def _file(folder: Path, stem: str) -> Path:
    file = _either(folder, stem)
    if file is None:
        raise InputError(f"{folder}: has no {stem}.jsonl or {stem}.jsonl.gz")
    return file


def _either(folder: Path, stem: str) -> Path | None:
    return next((file for file in (folder / f"{stem}.jsonl", folder / f"{stem}.jsonl.gz") if file.is_file()), None)
