"""Search on untuned documents: BM25, a public model, tables fitted to the collection, and fusions.

    python scripts/own_documents.py queries --data BENCHMARKS --teacher MODEL \\
        --out eval/own_documents-queries.json
    python scripts/own_documents.py build --corpus FOLDER [FOLDER ...] --teacher MODEL --work runs/own

`queries` measures collections with real queries and human judgements (Cranfield, MED, CACM, NPL)
in BEIR's layout.
`build` runs `sentrep.build` on folders of text and keeps its tables: questions that held-out documents ask
themselves. Both print Markdown.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sentrep.data.analysis import Analysis
from sentrep.evaluation.datasets.beir import read_beir
from sentrep.evaluation.models.hybrid import hybrid
from sentrep.evaluation.models.lexical import bm25, fused
from sentrep.evaluation.result import ResultStore
from sentrep.evaluation.task import Model, evaluate
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.inference.eval_adapter import measured
from sentrep.inference.names import locate
from sentrep.pipelines.build.candidates import dense_models
from sentrep.pipelines.build.pipeline import build

COLLECTIONS = ("cranfield", "med", "cacm", "npl")
METRIC = "nDCG@10"


def main() -> None:
    arguments = parsed()
    if arguments.command == "queries":
        queries(arguments)
    else:
        builds(arguments)


def queries(arguments: argparse.Namespace) -> None:
    """Measure every model on every collection, and print the table."""
    table: dict[str, dict[str, float]] = {}
    for name in COLLECTIONS:
        task = read_beir(arguments.data / f"retrieval-{name}")
        for model in models(task, arguments.teacher, arguments.work / name):
            done = evaluate(model, [task], ResultStore(arguments.work / "results.jsonl"))
            value = next(100 * result.value for result in done.results if result.metric == METRIC)
            table.setdefault(model.name, {})[name] = value
            print(f"{name}: {model.name}: {value:.1f}", flush=True)
    print("\n" + markdown(table))
    arguments.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def models(task: Retrieval, teacher: str | None, work: Path) -> Iterator[Model]:
    """BM25, each way to get vectors, and fusions with BM25. Tables are fitted to the documents alone."""
    work.mkdir(parents=True, exist_ok=True)
    corpus = work / "documents.jsonl"
    with corpus.open("w", encoding="utf-8") as out:
        for number, text in enumerate(task.documents):
            out.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")
    yield replace(bm25(), name="BM25 without stemming")
    words = replace(bm25(Analysis("english"), label="BM25"), name="BM25")
    yield words
    for number, dense in enumerate(dense_models(None if teacher is None else locate(teacher))):
        began = time.process_time()
        encoder = dense.fit(corpus, work / f"model-{number}")
        print(f"{dense.name}: fitted in {time.process_time() - began:.0f} s of processor time", flush=True)
        vectors = measured(encoder, dense.name)
        yield vectors
        yield hybrid(vectors, words)
        if dense.cost == 3:
            yield replace(fused(vectors, words), name=f"{dense.name} + BM25 by reciprocal ranks")


def builds(arguments: argparse.Namespace) -> None:
    """Run `build` on each corpus and print its table."""
    for corpus in arguments.corpus:
        print(f"\n## {corpus.name}\n", flush=True)
        began = time.monotonic()
        build(corpus, arguments.work / corpus.name, teacher=arguments.teacher, overwrite=True)
        print(f"all of it in {time.monotonic() - began:.0f} s", flush=True)


def markdown(table: dict[str, dict[str, float]]) -> str:
    """Models as rows, collections as columns, and the mean."""
    columns = list(next(iter(table.values())))
    lines = [f"| {METRIC} x 100 | {' | '.join(columns)} | mean |", "|---|" + "---|" * (len(columns) + 1)]
    for name, values in table.items():
        cells = " | ".join(f"{values[column]:.1f}" for column in columns)
        lines.append(f"| {name} | {cells} | {sum(values.values()) / len(values):.1f} |")
    return "\n".join(lines)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["queries", "build"])
    parser.add_argument("--data", type=Path, help="folder with the benchmarks")
    parser.add_argument("--corpus", type=Path, nargs="*", default=[], help="folders of documents")
    parser.add_argument("--teacher", help="a sentence-transformers model: its folder")
    parser.add_argument("--work", type=Path, default=Path("runs/own_documents"))
    parser.add_argument("--out", type=Path, default=Path("own_documents.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
