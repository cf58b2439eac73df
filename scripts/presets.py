"""The presets of quick-thought beside BM25 and the untrained encoder, on held-out documents.

    python scripts/presets.py --corpus FILE.jsonl.gz --work runs/presets --rows bm25 untrained paper
    python scripts/presets.py --corpus FILE.jsonl.gz --work runs/presets --rows gentle \\
        --set 'gentle={"preset": "paper", "lr": 1e-3}'

Documents are split by a hash of their text. Questions are made from the held-out ones without labels. With
`--data` the benchmarks of development are measured as well. Prints Markdown; runs stay in `--work`.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sentrep import api
from sentrep.data.config import CorpusConfig
from sentrep.data.store.store import read_documents
from sentrep.evaluation.result import Result
from sentrep.evaluation.result_store import ResultStore
from sentrep.evaluation.suite import tasks_from
from sentrep.evaluation.task import Model, Task, evaluate
from sentrep.evaluation.tasks.label_free import label_free

DEVELOPMENT = (
    "sts12",
    "sts13",
    "sts14",
    "mr",
    "subj",
    "trec",
    "retrieval-cranfield",
    "retrieval-med",
    "retrieval-npl",
)
"""Sets that settings may be chosen on."""


def main() -> None:
    arguments = parsed()
    work = arguments.work / arguments.corpus.resolve().parent.name.removeprefix("corpus-")
    train, held = split(arguments.corpus, arguments.held_out, work)
    tasks: list[Task] = [*label_free(read_documents(CorpusConfig((str(held),))), "held out")]
    if arguments.data:
        tasks += development(arguments.data, arguments.benchmarks)
    trials = {name: json.loads(text) for name, _, text in (each.partition("=") for each in arguments.set)}
    table: dict[str, dict[str, float]] = {}
    for name in arguments.rows:
        began = time.process_time()
        model = row(name, trials.get(name), train, work, arguments)
        seconds = time.process_time() - began
        done = evaluate(model, tasks, ResultStore(work / "results.jsonl"))
        table[name] = {"CPU s": seconds} | dict(columns(done.results))
        print(
            f"{name}: {json.dumps({key: round(value, 1) for key, value in table[name].items()})}", flush=True
        )
    print("\n" + markdown(table))


def row(
    name: str, trial: dict[str, Any] | None, train: Path, work: Path, arguments: argparse.Namespace
) -> Model:
    """A model of the table, trained if need be."""
    if name == "bm25":
        return api.measured("bm25")
    options: dict[str, Any] = {"preset": name} if trial is None else trial
    if name == "untrained":
        options = {"preset": "paper", "steps": 0}
    run = api.train(
        corpus=train,
        out=work / name,
        keep_out=0.0,
        threads=1,
        device="cpu",
        tracker="none",
        seed=arguments.seed,
        cache=arguments.work / "cache",
        overwrite=True,
        **options,
    )
    return api.measured(run.model, name)


def split(corpus: Path, share: float, work: Path) -> tuple[Path, Path]:
    """The files of the documents to train on, and of those held out."""
    work.mkdir(parents=True, exist_ok=True)
    files = work / "train.jsonl", work / "held-out.jsonl"
    with files[0].open("w", encoding="utf-8") as train, files[1].open("w", encoding="utf-8") as held:
        for line in lines(corpus):
            digest = hashlib.blake2b(json.loads(line)["text"].encode(), digest_size=8).digest()
            (held if int.from_bytes(digest, "big") < share * 2**64 else train).write(line)
    return files


def lines(corpus: Path) -> Iterator[str]:
    opened = gzip.open if corpus.suffix == ".gz" else open
    with opened(corpus, "rt", encoding="utf-8") as file:
        yield from file


def development(data: Path, names: Sequence[str]) -> list[Task]:
    return [task for name in names for task in tasks_from(str(data / name))]


def columns(results: Sequence[Result]) -> Iterator[tuple[str, float]]:
    """R@1 of each kind of question and their mean nDCG@10; the main metric of each benchmark."""
    asked = [each for each in results if each.task.startswith("held out: ")]
    for each in asked:
        if each.metric == "R@1":
            yield each.task.removeprefix("held out: "), 100 * each.value
    gains = [100 * each.value for each in asked if each.metric == "nDCG@10"]
    yield "mean nDCG@10", sum(gains) / max(len(gains), 1)
    for each in results:
        main = each.metric in ("nDCG@10", "accuracy", "Spearman", "Spearman (all)")
        if main and each not in asked:
            yield each.task.removeprefix("retrieval-"), 100 * each.value


def markdown(table: dict[str, dict[str, float]]) -> str:
    named = list(dict.fromkeys(column for values in table.values() for column in values))
    lines = [f"| row | {' | '.join(named)} |", "|---|" + "---|" * len(named)]
    for name, values in table.items():
        cells = " | ".join(f"{values[column]:.1f}" if column in values else "–" for column in named)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, required=True, help="JSON lines with title and text")
    parser.add_argument("--rows", nargs="+", required=True, help="bm25, untrained, presets, names of --set")
    parser.add_argument("--set", nargs="*", default=[], help="NAME={options of train as JSON}")
    parser.add_argument("--held-out", type=float, default=0.3, help="share of the documents")
    parser.add_argument("--data", type=Path, help="folder with the benchmarks")
    parser.add_argument("--benchmarks", nargs="*", default=DEVELOPMENT)
    parser.add_argument("--work", type=Path, default=Path("runs/presets"))
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
