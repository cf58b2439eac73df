"""Training speed of skip-thought compared with a plain torch loop of the released code's design: same sizes,
text and threads, in turns.

The reference is a present-day version of the released code: triples of consecutive sentences, grouped so
that the middle sentences of a batch have equal length; a GRU encoder whose last state is the first state of
two GRU decoders, all of them torch's own; neighbours padded to the longest of the batch; a softmax over the
whole vocabulary; fp32, Adam, gradients clipped at 5. Our side encodes a sentence of a batch once and
predicts both neighbours without padding. Unit: tokens predicted per second.

Both have the same encoder (GRU, one direction, last state), decoder width and vocabulary. Our side is
measured with the whole vocabulary and with a sample of it, in fp32 and in bf16, so that the effect of each
can be seen.

python scripts/bench_skip_thought.py --corpus BENCHMARKS/corpus-novels --out eval/bench_skip_thought.json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from bench_training import rate, turns
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from sentrep import api
from sentrep.data.batch import SentenceBatches
from sentrep.data.config import TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.methods.skip_thought.config import SkipThoughtConfig
from sentrep.methods.skip_thought.method import SkipThought
from sentrep.training.cpu import settle_cpu
from sentrep.training.run_file import versions
from sentrep.utils.cpu import cores

LONGEST = 30
"""The released code leaves out triples with a longer sentence; our side predicts this many tokens of it."""
SECONDS = 10.0
"""Approximate duration of a measurement."""
Step = Callable[[], int]
"""Trains on one batch; returns the number of tokens predicted."""


def main() -> None:
    arguments = options()
    settle_cpu(arguments.threads, alone=True)
    tokenizer = TokenizerConfig("word", vocab=arguments.vocab)
    store = prepare(api.corpus_config(arguments.corpus), tokenizer, arguments.cache or api.cache_folder())
    contenders = {
        "ours, sampled softmax, bf16": ours(store, arguments, SkipThoughtConfig().samples, bf16=True),
        "ours, sampled softmax, fp32": ours(store, arguments, SkipThoughtConfig().samples, bf16=False),
        "ours, whole softmax, bf16": ours(store, arguments, 0, bf16=True),
        "ours, whole softmax, fp32": ours(store, arguments, 0, bf16=False),
        "reference": reference(store, arguments),
    }
    load = os.getloadavg()[0]
    rates = turns(
        {name: partial(rate, step, SECONDS) for name, step in contenders.items()}, arguments.rounds, "tokens"
    )
    report = {
        "corpus": [Path(name).name for name in arguments.corpus],
        "threads": arguments.threads,
        "sizes": {
            "token_width": arguments.token_width,
            "width": arguments.width,
            "vocab": store.tokenizer.vocab_size,
        },
        "load": [round(load, 2), round(os.getloadavg()[0], 2)],
        "versions": versions(),
        "tokens_per_second": {name: [round(rate) for rate in each] for name, each in rates.items()},
        "ratio_to_reference": {
            name: round(statistics.median(a / b for a, b in zip(each, rates["reference"], strict=True)), 2)
            for name, each in rates.items()
        },
    }
    print(json.dumps(report["ratio_to_reference"], indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", nargs="+", required=True, help="files and folders")
    parser.add_argument("--cache", type=Path, help="folder of prepared corpora; default: that of sentrep")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side")
    parser.add_argument("--width", type=int, default=512, help="width of encoder and decoders")
    parser.add_argument("--token-width", type=int, default=300)
    parser.add_argument(
        "--vocab", type=int, default=20_000, help="size of the vocabulary; default: the paper's"
    )
    parser.add_argument(
        "--batch", type=int, default=64, help="sentences per batch; default: the released code's"
    )
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


def ours(store: Store, arguments: argparse.Namespace, samples: int, bf16: bool) -> Step:
    """A training step of our side, on a batch with twice as many sentences: each triple of the reference
    reads three sentences and encodes one."""
    torch.manual_seed(0)
    shape = EncoderConfig(
        "gru", width=arguments.width, token_width=arguments.token_width, bidirectional=False, pooling="last"
    )
    settings = SkipThoughtConfig(
        condition="first-state",
        decoder_width=arguments.width,
        decoder_token_width=arguments.token_width,
        samples=samples,
        longest=LONGEST,
    )
    inner, counts = store.tokenizer.inner, store.token_counts()
    method = SkipThought(settings, lambda: build(shape, inner, counts, 128))
    optimizer = torch.optim.AdamW(method.parameters(), lr=2e-4, weight_decay=0.0, fused=True)
    batches = SentenceBatches(
        store.ids, store.offsets, store.spans("train", 0.02, 0), 2 * arguments.batch, 8, 0
    )
    numbers = iter(range(10**9))

    def step() -> int:
        batch = batches.batch(0, next(numbers) % len(batches))
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            method(batch, "train").loss.backward()
        torch.nn.utils.clip_grad_norm_(method.parameters(), 5.0)
        optimizer.step()
        optimizer.zero_grad()
        return sum(len(method.targets(batch, to).packing.targets) for to in method.decoder.decoders)

    return step


class Reference(nn.Module):
    """The model of the released code: a GRU encoder and two GRU decoders that start from its last state,
    with shared word embeddings."""

    def __init__(self, vocab: int, token_width: int, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(vocab + 1, token_width)
        self.encoder = nn.GRU(token_width, width, batch_first=True)
        self.decoders = nn.ModuleList(nn.GRU(token_width, width, batch_first=True) for _ in range(2))
        self.softmax = nn.Linear(width, vocab + 1)
        self.end = vocab

    def forward(self, middle: Tensor, neighbours: list[list[Tensor]]) -> tuple[Tensor, int]:
        """Summed negative log-likelihood, and the number of tokens predicted."""
        code = self.encoder(self.table(middle))[1]
        loss, tokens = torch.zeros(()), 0
        for decoder, sentences in zip(self.decoders, neighbours, strict=True):
            targets = pad_sequence(
                [F.pad(ids, (0, 1), value=self.end) for ids in sentences],
                batch_first=True,
                padding_value=-100,
            )
            before = F.pad(self.table(targets[:, :-1].clamp(min=0)), (0, 0, 1, 0))
            logits = self.softmax(decoder(before, code)[0])
            loss = loss + F.cross_entropy(
                logits.flatten(0, 1), targets.flatten(), ignore_index=-100, reduction="sum"
            )
            tokens += int((targets >= 0).sum())
        return loss, tokens


def reference(store: Store, arguments: argparse.Namespace) -> Step:
    torch.manual_seed(0)
    model = Reference(store.tokenizer.vocab_size, arguments.token_width, arguments.width)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-4)
    batches = triples(store, arguments.batch)

    def step() -> int:
        loss, tokens = model(*next(batches))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        optimizer.zero_grad()
        return int(tokens)

    return step


def triples(store: Store, batch: int) -> Iterator[tuple[Tensor, list[list[Tensor]]]]:
    """Middle sentences of one length, (sentence, token), and the sentences before and after them."""
    lengths = store.offsets[1:] - store.offsets[:-1]
    spans = store.spans("train", 0.02, 0)
    middle = np.concatenate([np.arange(start + 1, stop - 1) for start, stop, _ in spans])
    short = (lengths > 0) & (lengths < LONGEST)
    middle = middle[short[middle - 1] & short[middle] & short[middle + 1]]
    random = np.random.default_rng(0)

    def ids(sentence: int) -> Tensor:
        return torch.from_numpy(
            store.ids[store.offsets[sentence] : store.offsets[sentence + 1]].astype(np.int64)
        )

    while True:
        length = lengths[random.choice(middle)]  # in proportion to the number of sentences of that length
        chosen = random.choice(middle[lengths[middle] == length], batch)
        yield torch.stack([ids(i) for i in chosen]), [[ids(i + side) for i in chosen] for side in (-1, 1)]


if __name__ == "__main__":
    main()
