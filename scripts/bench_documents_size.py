"""How long the index of documents takes, and how much memory, as it is built and changed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import read

T = TypeVar("T")
ADDED = 1000
"""Passages that are added."""
QUERIES = 20
WORDS = 110
"""Of a text, at least."""


def size(corpus: list[str], model: str, passages: int, work: Path, out: Path) -> None:
    """Measure each step in a process of its own, and print a table."""
    work.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(1) as writer:  # a child that is measured starts with the peak of its parent
        writer.submit(write_folder, corpus, passages, work).result()
    rows = []
    for step in STEPS:
        command = [sys.executable, __file__, step, str(work), model]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows.append({"step": step, **json.loads(done.stdout.splitlines()[-1])})
        print(rows[-1], flush=True)
    out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print("\n| step | passages | seconds | CPU seconds | memory, GB | |\n|---|---|---|---|---|---|")
    for row in rows:
        numbers = f"{row['seconds']:.2f} | {row['cpu']:.2f} | {row['memory']:.2f}"
        print(f"| {row['step']} | {row['passages']:,} | {numbers} | {row['note']} |")


def write_folder(corpus: list[str], passages: int, work: Path) -> None:
    """Texts of about 120 words as documents of twenty, in files of 5,000 texts; those to be added in a file
    of their own. Texts are repeated with a number where the corpus has fewer."""
    texts = list(islice(texts_of(CorpusConfig(tuple(corpus))), passages + ADDED))
    known = len(texts)
    texts += [f"{texts[n % known]} Copy {n // known}." for n in range(known, passages + ADDED)]
    (work / "documents").mkdir(exist_ok=True)
    for first in range(0, passages, 5000):
        last = min(first + 5000, passages)
        _write(work / "documents" / f"part-{first:07}.jsonl", texts[first:last], first)
    _write(work / "more.jsonl", texts[passages:], passages)


def texts_of(corpus: CorpusConfig) -> Iterator[str]:
    """Paragraphs that stand one after the other, together about as long as a passage."""
    for piece in read(corpus, ReadReport()):
        parts: list[str] = []
        for paragraph in piece.text.split("\n\n"):
            parts.append(paragraph)
            if sum(len(part.split()) for part in parts) >= WORDS:
                yield "\n\n".join(parts)
                parts = []


def _write(file: Path, texts: list[str], first: int) -> None:
    with file.open("w", encoding="utf-8") as out:
        for start in range(0, len(texts), 20):
            record = {"id": f"d{first + start}", "text": "\n\n".join(texts[start : start + 20])}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def _timed(work: Callable[[], T]) -> tuple[T, str]:
    """The result of some work, with its seconds and CPU seconds."""
    began, spent = time.perf_counter(), time.process_time()
    result = work()
    return result, f"{time.perf_counter() - began:.2f} s (CPU {time.process_time() - spent:.2f})"


def build(work: Path, model: str) -> tuple[int, str]:
    from sentrep.api.documents import index_documents

    return len(index_documents(model, work / "documents", work / "index", overwrite=True)), ""


def opened(work: Path, model: str) -> tuple[int, str]:
    from sentrep.search.documents import DocumentIndex

    index, note = _timed(lambda: DocumentIndex.open(work / "index", str.split))
    return len(index), f"opening without the model: {note}"


def asked(work: Path, model: str) -> tuple[int, str]:
    from sentrep.api.documents import open_documents

    search = open_documents(work / "index")
    hits, first = _timed(lambda: search.search("the first question of all", 1))
    words = " ".join(hit.text for hit in hits).split() or ["a"]
    queries = [" ".join(words[number % len(words) :][:6]) for number in range(QUERIES)]
    _, all_of_them = _timed(lambda: [search.search(query, 10) for query in queries])
    return len(search), f"the first query: {first}; {QUERIES} more: {all_of_them}"


def added(work: Path, model: str) -> tuple[int, str]:
    from sentrep.api.documents import open_documents

    search = open_documents(work / "index")
    documents = list(search.read(CorpusConfig((str(work / "more.jsonl"),))))
    encode, spent = search.index.encode, [0.0]

    def timed(texts):  # type: ignore[no-untyped-def]
        began = time.perf_counter()
        assert encode is not None
        vectors = encode(texts)
        spent[0] += time.perf_counter() - began
        return vectors

    search.index.encode = timed
    count, note = _timed(lambda: search.add(documents))
    return count, f"add: {note}, of which {spent[0]:.2f} s of embedding"


def removed(work: Path, model: str) -> tuple[int, str]:
    from sentrep.api.documents import open_documents

    search = open_documents(work / "index")
    ids = [document.id for document, _ in zip(search.index.documents(), range(50), strict=False)]
    count, note = _timed(lambda: search.remove(ids=tuple(ids)))
    return count, f"remove: {note}"


def updated(work: Path, model: str) -> tuple[int, str]:
    """One of the files loses its first document."""
    from sentrep.api.documents import open_documents

    file = sorted((work / "documents").iterdir())[-1]
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[1:]), encoding="utf-8")
    search = open_documents(work / "index")
    done, note = _timed(lambda: search.update(work / "documents"))
    return done.added, f"update: {note}, {done.changed} file changed"


STEPS: dict[str, Callable[[Path, str], tuple[int, str]]] = {
    "index": build,
    "open": opened,
    "search": asked,
    "add": added,
    "remove": removed,
    "update": updated,
    "search after changes": asked,
}


def main() -> None:
    began = time.perf_counter()
    passages, note = STEPS[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "passages": passages,
        "seconds": time.perf_counter() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 2**20,
        "note": note,
    }
    print(json.dumps(measured))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
