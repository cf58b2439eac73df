"""Training speed of each method relative to quick-thought with the same encoder, text, batches, width and
threads, measured in turns.

A method encodes each sentence of a batch once. With a slow encoder it should cost little more than
quick-thought, which does nothing else; with a cheap encoder ('bag') the method itself is measured. Unit:
sentences read per second, for forward, backward, clipping and optimiser step.

python scripts/bench_methods.py --corpus BENCHMARKS/corpus-novels --out eval/bench_methods.json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from bench_training import rate, turns

from sentrep import api
from sentrep.data.batch import SentenceBatches
from sentrep.data.config import TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.methods.registry import CORPUS_ONLY, METHODS
from sentrep.training.config import TrainingConfig
from sentrep.training.cpu import settle_cpu
from sentrep.training.defaults import detect, precision
from sentrep.training.run_file import versions
from sentrep.utils.cpu import cores

ANCHOR = "quick-thought"
KINDS = ("bag", "conv", "gru", "transformer")
SECONDS = 8.0
"""Approximate duration of a measurement."""
Step = Callable[[], int]
"""Trains on one batch; returns the number of sentences read."""


def main() -> None:
    arguments = options()
    settle_cpu(arguments.threads, alone=True)
    store = prepare(
        api.corpus_config(arguments.corpus), TokenizerConfig(), arguments.cache or api.cache_folder()
    )
    names = [ANCHOR, *(name for name in arguments.methods if name != ANCHOR)]
    load, ratios, speeds = os.getloadavg()[0], {}, {}
    for kind in arguments.kinds:
        contenders = {name: partial(rate, trained(name, kind, store, arguments), SECONDS) for name in names}
        rates = turns(contenders, arguments.rounds, f"sentences ({kind})")
        speeds[kind] = {name: list(map(round, each)) for name, each in rates.items()}
        ratios[kind] = {name: ratio(each, rates[ANCHOR]) for name, each in rates.items()}
    print(json.dumps(ratios, indent=1))
    record(arguments, load, ratio_to_quick_thought=ratios, sentences_per_second=speeds)


def record(arguments: argparse.Namespace, load: float, **measured: Any) -> None:
    """Write results and conditions to a JSON file, if one is given."""
    if arguments.out:
        of = {
            "corpus": [Path(name).name for name in arguments.corpus],
            "threads": arguments.threads,
            "batch_size": arguments.batch,
            "width": arguments.width,
            "load": [round(load, 2), round(os.getloadavg()[0], 2)],
            "versions": versions(),
        }
        arguments.out.write_text(json.dumps(of | measured, indent=1) + "\n", encoding="utf-8")


def ratio(rates: list[float], anchor: list[float]) -> float:
    """Speed relative to the anchor in the same turn; the median over turns."""
    return round(statistics.median(a / b for a, b in zip(rates, anchor, strict=True)), 2)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", nargs="+", required=True, help="files and folders")
    parser.add_argument("--cache", type=Path, help="folder of prepared corpora; default: that of sentrep")
    parser.add_argument("--methods", nargs="+", choices=CORPUS_ONLY, default=CORPUS_ONLY)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="encoders")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=3, help="turns of each method")
    parser.add_argument("--batch-size", type=int, default=512, help="sentences per batch")
    parser.add_argument("--width", type=int, default=512, help="width of the vectors")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


def trained(name: str, kind: str, store: Store, arguments: argparse.Namespace) -> Step:
    """A training step with the defaults of the method, in the precision that the trainer would choose."""
    torch.manual_seed(0)
    shape, inner, counts = (
        EncoderConfig(kind, width=arguments.width),
        store.tokenizer.inner,
        store.token_counts(),
    )
    entry = METHODS[name]
    method = entry.load()(
        entry.config(), lambda: build(shape, inner, counts, 128), TrainingConfig().token_budget
    )
    optimizer = torch.optim.AdamW(method.parameters(), lr=1e-4, weight_decay=0.0, fused=True)
    batches = SentenceBatches(store.ids, store.offsets, store.spans("train", 0.02, 0), arguments.batch, 8, 0)
    bf16 = precision(kind, entry.defaults, detect("cpu")) == "bf16"
    numbers = iter(range(10**9))

    def step() -> int:
        batch = batches.batch(0, next(numbers) % len(batches))
        for phase in method.phases:
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                method(batch, phase).loss.backward()
            torch.nn.utils.clip_grad_norm_(method.parameters(), 5.0)
        optimizer.step()
        optimizer.zero_grad()
        return len(batch)

    return step


if __name__ == "__main__":
    main()
