"""How fast URNNG trains, beside Python loops of the released code's design: same sizes, text and threads, in
turns.

The reference (`tests/parts/naive_rnng.py`) is a stack machine for each sample with Python lists of its own, a
chart of spans one after the other, and trees drawn node by node; its batches are of sentences that are
equally long, as the released code's are. Both draw as many trees of a sentence, compute the same loss and
step with Adam. Ours is measured in fp32, too, so that it can be seen what bf16 is worth. The unit is
sentences trained on a second; both have as many threads, so nothing else should run (the load is recorded).
Both train on the very same sentences, of 2 to --longest tokens, short and long ones about as often as in the
text. What trees have in common ours computes once, so it matters how sure the parser is: with --run both have
a run's weights, which was trained on the same text; without, those that every run begins with, the parser's
scores multiplied by --sharpness. There they stay, for the learning rate is 0. A turn is a process of its own,
alone on the machine, and warms up for --warm-up seconds: as in training, it has come to its memory and its
programs for matrix products by itself.

python scripts/bench_tree.py --text runs/treebanks/ptb/words.txt --split lines --tokenizer spaces --vocab 6000
\\
    --run runs/treebanks/ptb/urnng-0 --ours 96 --threads 2
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from bench_training import in_processes, turns

sys.path.insert(0, str(Path(__file__).parents[1]))

from sentrep import api
from sentrep.data.batch import SentenceBatches
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.methods.urnng.config import URNNGConfig
from sentrep.methods.urnng.method import UnsupervisedRNNG
from sentrep.modules.reinforce import leave_one_out
from sentrep.modules.trees.parser import NEVER
from sentrep.modules.trees.punctuation import crossing
from sentrep.training.cpu import kept_memory, settle_cpu
from sentrep.training.run_folder import versions
from tests.methods.urnng import naive_rnng


class Contender(NamedTuple):
    """What trains on the sentences of a sample, again and again."""

    step: Callable[[], int]
    """Trains on the next batch; sentences in it."""
    steps: int
    """After so many it has been through all of them."""


class Turn(NamedTuple):
    rate: float
    """Sentences a second, over all of the sample."""
    sentences: int
    """Of the sample."""
    vocab: int


def main() -> None:
    arguments = options()
    load, last = os.getloadavg()[0], dict[str, Turn]()

    def measure(name: str) -> float:
        [last[name]] = in_processes(work, name, arguments)
        return last[name].rate

    rates = turns({name: partial(measure, name) for name in CONTENDERS}, arguments.rounds)
    report = {
        "text": [Path(name).name for name in arguments.text],
        "threads": arguments.threads,
        "sizes": {
            "width": arguments.width,
            "samples": arguments.samples,
            "batch": {"ours": arguments.ours, "reference": arguments.batch},
            "sentences": last["reference"].sentences,
            "sharpness": arguments.sharpness,
            "trained": arguments.run is not None,
            "vocab": last["reference"].vocab,
        },
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "versions": versions(),
        "sentences_per_second": {name: [round(each, 2) for each in many] for name, many in rates.items()},
        "ratio_to_reference": {
            name: round(statistics.median(a / b for a, b in zip(each, rates["reference"], strict=True)), 1)
            for name, each in rates.items()
        },
    }
    print(json.dumps(report["ratio_to_reference"], indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def work(name: str, arguments: argparse.Namespace) -> Turn:
    settle_cpu(arguments.threads, alone=True)
    tokenizer = TokenizerConfig(arguments.tokenizer, vocab=arguments.vocab)
    store = prepare(
        CorpusConfig(tuple(arguments.text), split=arguments.split),
        tokenizer,
        arguments.cache or api.cache_folder(),
    )
    batches = sampled(store, arguments)
    with kept_memory():
        contender = CONTENDERS[name](store, batches, arguments)
        until = time.perf_counter() + arguments.warm_up
        while time.perf_counter() < until:
            contender.step()
        began = time.perf_counter()
        done = sum(contender.step() for _ in range(contender.steps))
        return Turn(done / (time.perf_counter() - began), batches.size, store.tokenizer.vocab_size)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", nargs="+", required=True, help="files and folders")
    parser.add_argument(
        "--cache", type=Path, help="where prepared corpora are kept; sentrep's usual place otherwise"
    )
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3, help="turns that each contender has")
    parser.add_argument("--warm-up", type=float, default=30.0, help="seconds that each has before a turn")
    parser.add_argument("--sentences", type=int, default=384, help="to train on in one turn")
    parser.add_argument("--width", type=int, default=URNNGConfig().tree_width)
    parser.add_argument("--samples", type=int, default=URNNGConfig().samples)
    parser.add_argument(
        "--split", default="prose", choices=("prose", "lines"), help="of the text into sentences"
    )
    parser.add_argument("--tokenizer", default="word")
    parser.add_argument("--vocab", type=int, default=8000)
    parser.add_argument("--run", type=Path, help="a run of tree, to begin with its weights")
    parser.add_argument(
        "--batch", type=int, default=16, help="sentences of the reference at a time; the released code's"
    )
    parser.add_argument("--ours", type=int, default=32, help="sentences of ours at a time")
    parser.add_argument("--longest", type=int, default=40)
    parser.add_argument("--sharpness", type=float, default=1.0, help="of the parser's scores")
    parser.add_argument("--out", type=Path, help="a JSON file to write")
    return parser.parse_args()


def made(store: Store, arguments: argparse.Namespace) -> UnsupervisedRNNG:
    torch.manual_seed(0)
    settings = URNNGConfig(tree_width=arguments.width, samples=arguments.samples, tree_dropout=0.0)
    encoder = EncoderConfig("bag", width=arguments.width)
    method = UnsupervisedRNNG(
        settings, lambda: build(encoder, store.tokenizer.inner, store.token_counts(), arguments.longest)
    )
    if arguments.run:
        method.load_state_dict(api.open_method(arguments.run)[0].state_dict())
    assert method.tree.parser is not None
    method.tree.parser.scorer.score.weight.data.mul_(arguments.sharpness)
    return method


def sampled(store: Store, arguments: argparse.Namespace) -> np.ndarray:
    """Sentences that are trained on, (batch, sentence), a batch all of one length: every so many of the
    batches that there are, from the shortest to the longest."""
    lengths, random, batches = np.diff(store.offsets), np.random.default_rng(0), list[np.ndarray]()
    for length in range(2, arguments.longest + 1):
        alike = random.permutation(np.flatnonzero(lengths == length))
        batches += np.split(alike, range(arguments.batch, len(alike), arguments.batch))
    full = np.stack([batch for batch in batches if len(batch) == arguments.batch])
    wanted = max(1, arguments.sentences // arguments.batch)
    return full[np.linspace(0, len(full) - 1, min(wanted, len(full))).round().astype(np.int64)]


def ours(store: Store, batches: np.ndarray, arguments: argparse.Namespace, bf16: bool) -> Contender:
    method = made(store, arguments)
    optimizer = torch.optim.AdamW(method.parameters(), lr=0.0, weight_decay=0.0, fused=True)
    sentences = np.sort(batches.ravel())
    spans = np.stack([sentences, sentences + 1, sentences], 1)
    dealt = SentenceBatches(store.ids, store.offsets, spans, arguments.ours, 2, 0, neighbours=False)
    numbers = itertools.cycle(range(len(dealt)))

    def step() -> int:
        batch = dealt.batch(0, next(numbers))
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            method(batch, "train").loss.backward()
        torch.nn.utils.clip_grad_norm_(method.parameters(), 5.0)
        optimizer.step()
        optimizer.zero_grad()
        return len(batch)

    return Contender(step, len(batches))


def reference(store: Store, batches: np.ndarray, arguments: argparse.Namespace) -> Contender:
    method, count = made(store, arguments), arguments.samples
    assert method.tree.parser is not None
    optimizer = torch.optim.AdamW(method.parameters(), lr=0.0, weight_decay=0.0)
    order = itertools.cycle(np.random.default_rng(0).permutation(len(batches)))

    def step() -> int:
        chosen = batches[next(order)]
        rows = [
            store.ids[store.offsets[sentence] : store.offsets[sentence + 1]].astype(np.int64)
            for sentence in chosen
        ]
        ids = torch.from_numpy(np.stack(rows))
        vectors, scorer, alive = method.tree.table(ids), method.tree.parser.scorer, torch.ones_like(ids) > 0  # type: ignore[union-attr]
        scores = scorer(vectors, alive).masked_fill(crossing(ids, alive, method.tree.mark), NEVER)
        alpha, entropy = naive_rnng.inside(scores)
        drawn = [naive_rnng.sample(alpha, sentence) for sentence in range(len(ids)) for _ in range(count)]
        words, acted = naive_rnng.log_p(
            method.grammar, method.tree.composer, method.tree.table.weight, vectors.repeat_interleave(count, 0),
            ids.repeat_interleave(count, 0), [actions for actions, _ in drawn],
        )  # fmt: skip
        joint, chance = (
            (words + acted).view(-1, count),
            torch.stack([each for _, each in drawn]).view(-1, count),
        )
        bound = (joint + leave_one_out(joint.detach()) * chance).mean(1) + entropy
        (-bound.sum() / ids.numel()).backward()
        torch.nn.utils.clip_grad_norm_(method.parameters(), 5.0)
        optimizer.step()
        optimizer.zero_grad()
        return len(ids)

    return Contender(step, len(batches))


CONTENDERS: dict[str, Callable[[Store, np.ndarray, argparse.Namespace], Contender]] = {
    "ours, bf16": partial(ours, bf16=True),
    "ours, fp32": partial(ours, bf16=False),
    "reference": reference,
}

if __name__ == "__main__":
    main()
