"""Poolings and encodings of positions side by side, for eval/encoders.md.

    python scripts/encoders.py pooling --data BENCHMARKS --work runs/encoders --rows mean attention
    python scripts/encoders.py positions --data BENCHMARKS --work runs/encoders --rows learned rotary

Trains quick-thought on nine tenths of the stories of BBC news (a hash of the text decides) and asks questions
about the others. `pooling` compares encoders with the same number of weights: the mean has a linear layer
behind it that is as large as the votes of the other poolings. `positions` trains with sentences of at most 24
tokens and asks with sentences and with passages, which are read up to 24, 64 and 128 tokens. Prints one line
of JSON for each row and seed, and appends it to results.jsonl in the work folder.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from presets import split
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense
from torch import nn

from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare, read_documents
from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.evaluation.result_store import ResultStore
from sentrep.evaluation.suite import tasks_from
from sentrep.evaluation.task import evaluate
from sentrep.evaluation.tasks.label_free import label_free

WIDTH, TOKEN_WIDTH, VOCAB = 128, 64, 8000
TRAINED_TOKENS = 24
PASSAGE, PAIRS = 5, 800
"""Sentences of a passage; pairs of neighbours that are asked for."""
READ_TOKENS = (24, 64, 128)
POOLINGS: dict[str, dict[str, Any]] = {
    "mean": {},
    "attention": {"pooling": "attention"},
    "dynamic": {"pooling": "capsule", "routing": "dynamic"},
    "uniform": {"pooling": "capsule", "routing": "dynamic", "routing_rounds": 1},
    "em": {"pooling": "capsule", "routing": "em"},
}
POSITIONS = ("learned", "sinusoidal", "relative", "rotary", "alibi", "none")


def main() -> None:
    """Train and measure the rows that are asked for."""
    arguments = parsed()
    train, held = split(arguments.data / "corpus-bbc" / "all.jsonl.gz", 0.1, arguments.work)
    recipe = TokenizerConfig(vocab=VOCAB, max_tokens=32 if arguments.what == "pooling" else TRAINED_TOKENS)
    store = prepare(api.corpus_config([str(train)]), recipe, arguments.work / "cache")
    measure = pooling if arguments.what == "pooling" else positions
    for seed in arguments.seeds:
        for row in arguments.rows:
            began = time.process_time()
            values = measure(row, seed, store, train, held, arguments)
            line = {"what": arguments.what, "row": row, "seed": seed, "steps": arguments.steps} | values
            line["CPU s"] = round(time.process_time() - began)
            print(json.dumps(line), flush=True)
            with (arguments.work / "results.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def pooling(
    row: str, seed: int, store: Store, train: Path, held: Path, arguments: argparse.Namespace
) -> dict[str, float]:
    """Weights behind the encoder, and the scores of one row."""
    config = EncoderConfig("gru", width=WIDTH, token_width=TOKEN_WIDTH, **POOLINGS[row])
    torch.manual_seed(seed)
    encoder = build(config, store.tokenizer.inner, store.token_counts(), 32)
    if row == "mean":
        encoder.append(Dense(WIDTH, WIDTH, bias=False, activation_function=nn.Identity()))
    weights = sum(weight.numel() for weight in encoder[-1].parameters())
    trained = trained_encoder(encoder, f"pooling-{row}-{seed}", seed, train, arguments)
    tasks = [*label_free(read_documents(CorpusConfig((str(held),))), "bbc")]
    for name in arguments.benchmarks:
        tasks += tasks_from(str(arguments.data / name))  # type: ignore[arg-type]
    model = api.measured(trained, row)
    done = evaluate(model, tasks, ResultStore(arguments.work / f"pooling-{row}-{seed}" / "results.jsonl"))
    found = {
        each.task: 100 * each.value if each.metric == "nDCG@10" else each.value
        for each in done.results
        if each.metric in ("nDCG@10", "accuracy", "Spearman", "Spearman (all)")
    }
    return {"weights": weights} | {name: round(value, 2) for name, value in found.items()}


def positions(
    row: str, seed: int, store: Store, train: Path, held: Path, arguments: argparse.Namespace
) -> dict[str, float]:
    """MRR of the next sentence and of the next passage, read up to several lengths."""
    config: Any = EncoderConfig("transformer", width=WIDTH, layers=2, positions=row)  # type: ignore[arg-type]
    torch.manual_seed(seed)
    encoder = build(config, store.tokenizer.inner, store.token_counts(), TRAINED_TOKENS)
    weights = sum(weight.numel() for weight in encoder.parameters() if weight.requires_grad)
    trained_encoder(encoder, f"positions-{row}-{seed}", seed, train, arguments)
    opened = folder.load(arguments.work / f"positions-{row}-{seed}" / "run" / "model")
    values: dict[str, float] = {"weights": weights}
    for sentences in (1, PASSAGE):
        asked, texts = neighbours(held, sentences)
        for read in READ_TOKENS if row != "learned" else READ_TOKENS[:1]:
            opened.max_seq_length = read
            name = "sentence" if sentences == 1 else "passage"
            values[f"{name} {read}"] = round(100 * mrr(opened, asked, texts), 2)
    return values


def neighbours(held: Path, sentences: int) -> tuple[list[str], list[str]]:
    """Texts of so many consecutive sentences, and for each the text that follows it."""
    pairs = []
    for document in read_documents(CorpusConfig((str(held),))):
        starts = range(0, len(document.sentences) - sentences + 1, sentences)
        texts = [" ".join(document.sentences[start : start + sentences]) for start in starts]
        pairs += list(pairwise(texts))
    chosen = np.random.default_rng(0).permutation(len(pairs))[:PAIRS]
    return [pairs[number][0] for number in chosen], [pairs[number][1] for number in chosen]


def trained_encoder(
    encoder: SentenceTransformer, name: str, seed: int, train: Path, arguments: argparse.Namespace
) -> Path:
    """Trains an encoder with quick-thought; returns the folder of the model."""
    place = arguments.work / name
    folder.save(encoder, place / "start")
    run = api.train(
        "quick-thought",
        corpus=train,
        out=place / "run",
        encoder=place / "start",
        steps=arguments.steps,
        batch_size=256,
        lr=arguments.lr,
        keep_out=0.0,
        validation=0.0,
        threads=1,
        device="cpu",
        tracker="none",
        seed=seed,
        cache=arguments.work / "cache",
        overwrite=True,
    )
    return run.model


def mrr(encoder: SentenceTransformer, queries: list[str], texts: list[str]) -> float:
    """Mean reciprocal rank of the text that follows each query; ties count against it."""
    asked, answers = (
        each / np.linalg.norm(each, axis=1, keepdims=True).clip(1e-9)
        for each in (encode(encoder, queries), encode(encoder, texts))
    )
    scores = asked @ answers.T
    ranks = (scores >= scores.diagonal()[:, None]).sum(1)
    return float(np.mean(1 / ranks))


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("pooling", "positions"))
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmarks")
    parser.add_argument("--work", type=Path, required=True, help="folder of runs and results")
    parser.add_argument(
        "--rows", nargs="+", required=True, help=f"{', '.join(POOLINGS)}; {', '.join(POSITIONS)}"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--benchmarks", nargs="*", default=["trec", "sts-b"])
    return parser.parse_args()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
