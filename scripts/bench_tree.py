"""Training speed of URNNG compared with Python loops of the released code's design: same sizes, text and
threads, in turns.

The reference (`tests/methods/urnng/naive_rnng.py`) has a stack machine with Python lists for each sample,
fills the chart span by span, and samples trees node by node; its batches have sentences of equal length, as
in the released code. Both sides sample the same number of trees per sentence, compute the same loss and step
with Adam. Our side is measured in fp32 as well, to show the effect of bf16. Unit: sentences trained on per
second. Both have the same number of threads, so nothing else should run (the load is recorded). Both train
on the same sentences of 2 to --longest tokens, with the lengths of the text. Our side computes once what
trees have in common, so the entropy of the parser matters: with --run both have the weights of a run that
was trained on the same text; otherwise the initial weights, with the scores of the parser multiplied by
--sharpness. The weights stay the same, because the learning rate is 0. Each turn has its own process, alone
on the machine, and warms up for --warm-up seconds, so that memory and the compiled matrix products are
ready, as in training.

python scripts/bench_tree.py --text runs/treebanks/ptb/words.txt --split lines --tokenizer spaces \\
    --vocab 6000 --run runs/treebanks/ptb/urnng-0 --ours 96 --threads 2
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
from sentrep.modules.trees.parser import FORBIDDEN_SCORE
from sentrep.modules.trees.punctuation import crossing_spans
from sentrep.training.cpu import kept_memory, settle_cpu
from sentrep.training.run_file import versions
from sentrep.utils.cpu import cores
from tests.methods.urnng import naive_rnng


class Contender(NamedTuple):
    """Trains on the sentences of a sample repeatedly."""

    step: Callable[[], int]
    """Trains on the next batch; returns the number of its sentences."""
    steps: int
    """Number of batches of the sample."""


class Turn(NamedTuple):
    rate: float
    """Sentences per second, over the whole sample."""
    sentences: int
    """Number of sentences of the sample."""
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
    parser.add_argument("--cache", type=Path, help="folder of prepared corpora; default: that of sentrep")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=3, help="turns that each contender has")
    parser.add_argument("--warm-up", type=float, default=30.0, help="seconds of warm-up before a turn")
    parser.add_argument("--sentences", type=int, default=384, help="sentences to train on in a turn")
    parser.add_argument("--width", type=int, default=URNNGConfig().tree_width)
    parser.add_argument("--samples", type=int, default=URNNGConfig().samples)
    parser.add_argument(
        "--split", default="prose", choices=("prose", "lines"), help="how the text is split into sentences"
    )
    parser.add_argument("--tokenizer", default="word")
    parser.add_argument("--vocab", type=int, default=8000)
    parser.add_argument("--run", type=Path, help="run of urnng whose weights are used")
    parser.add_argument(
        "--batch", type=int, default=16, help="batch size of the reference; default: the released code's"
    )
    parser.add_argument("--ours", type=int, default=32, help="batch size of our side")
    parser.add_argument("--longest", type=int, default=40)
    parser.add_argument("--sharpness", type=float, default=1.0, help="factor of the scores of the parser")
    parser.add_argument("--out", type=Path, help="JSON file to write")
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
    """Sentences to train on, (batch, sentence); the sentences of a batch have equal length. Batches are
    taken at equal distances from all, ordered by length."""
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
    dealt = SentenceBatches(store.ids, store.offsets, spans, arguments.ours, 2, 0, min_document_length=1)
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
        vectors, mask = method.tree.table(ids), torch.ones_like(ids) > 0
        scorer = method.tree.parser.scorer  # type: ignore[union-attr]
        scores = scorer(vectors, mask).masked_fill(
            crossing_spans(ids, mask, method.tree.punctuation), FORBIDDEN_SCORE
        )
        alpha, entropy = naive_rnng.inside(scores)
        drawn = [naive_rnng.sample(alpha, sentence) for sentence in range(len(ids)) for _ in range(count)]
        words, acted = naive_rnng.log_p(
            method.grammar, method.tree.tree_lstm, method.tree.table.weight,
            vectors.repeat_interleave(count, 0),
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
