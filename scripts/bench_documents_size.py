"""How long the index of documents takes, and how much memory, as it is built and changed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from sentrep.data.config import CorpusConfig
from sentrep.inference.units import Units

ADDED = 1000
"""Passages that are added."""
QUERIES = 20


def size(corpus: list[str], model: str, passages: int, work: Path, out: Path) -> None:
    """Measure each step in a process of its own, and print a table."""
    work.mkdir(parents=True, exist_ok=True)
    write_folder(corpus, passages, work)
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
    """Passages as documents of twenty, in files of 5,000 passages; those to be added in a file of their own.

    Passages are repeated with another id where the corpus has fewer.
    """
    texts = [record.text for record in Units().records(CorpusConfig(tuple(corpus)))]
    wanted = passages + ADDED
    texts = [f"{text} copy {number // len(texts)}" for number, text in enumerate(_cycled(texts, wanted))]
    (work / "documents").mkdir(exist_ok=True)
    for first in range(0, passages, 5000):
        _write(
            work / "documents" / f"part-{first:07}.jsonl", texts[first : min(first + 5000, passages)], first
        )
    _write(work / "more.jsonl", texts[passages:], passages)


def _cycled(texts: list[str], count: int) -> Iterator[str]:
    return islice((text for _ in range(1 + count // len(texts)) for text in texts), count)


def _write(file: Path, texts: list[str], first: int) -> None:
    with file.open("w", encoding="utf-8") as out:
        for start in range(0, len(texts), 20):
            record = {"id": f"d{first + start}", "text": "\n\n".join(texts[start : start + 20])}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def build(work: Path, model: str) -> tuple[int, str]:
    from sentrep.api.documents import index_documents

    return len(index_documents(model, work / "documents", work / "index", overwrite=True)), ""


def opened(work: Path, model: str) -> tuple[int, str]:
    from sentrep.search.documents import DocumentIndex

    began = time.perf_counter()
    index = DocumentIndex.open(work / "index", str.split)
    return len(index), f"opening without the model: {time.perf_counter() - began:.3f} s"


def asked(work: Path, model: str) -> tuple[int, str]:
    from sentrep.api.documents import open_documents

    search = open_documents(work / "index")
    texts = [hit.text for hit in search.search("the first question of all", 1)]
    words = " ".join(texts).split() or ["a"]
    times = []
    for number in range(QUERIES):
        began = time.perf_counter()
        search.search(" ".join(words[number % len(words) :][:6]), 10)
        times.append(time.perf_counter() - began)
    return len(search), f"a query after the first: {1000 * sorted(times)[QUERIES // 2]:.0f} ms"


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
    began = time.perf_counter()
    count = search.add(documents)
    passed = time.perf_counter() - began
    return count, f"add: {passed - spent[0]:.2f} s, and {spent[0]:.2f} s of embedding"


def removed(work: Path, model: str) -> tuple[int, str]:
    from sentrep.api.documents import open_documents

    search = open_documents(work / "index")
    ids = [document.id for document, _ in zip(search.index.documents(), range(50), strict=False)]
    began = time.perf_counter()
    return search.remove(ids=tuple(ids)), f"remove: {time.perf_counter() - began:.2f} s"


def updated(work: Path, model: str) -> tuple[int, str]:
    """One of the files loses its first document."""
    from sentrep.api.documents import open_documents

    file = sorted((work / "documents").iterdir())[-1]
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[1:]), encoding="utf-8")
    search = open_documents(work / "index")
    began = time.perf_counter()
    done = search.update(work / "documents")
    return done.added, f"update: {time.perf_counter() - began:.2f} s, {done.changed} file changed"


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
