"""Measures trained auto-encoders on held-out sentences, for eval/autoencoders.md.

    python scripts/autoencoders.py likelihood RUN ... --input heldout.txt
    python scripts/autoencoders.py codes RUN --input heldout.txt --train train.txt \
        [--judge minilm] [--language-model RUN]
    python scripts/autoencoders.py samples RUN ... --input heldout.txt --train train.txt

`likelihood` prints nats a sentence (of a vae the importance-weighted bound). `codes` decodes lossy codes and
compares them with the nearest training sentence, whose number takes log2 of their count, and with the
beginning of the sentence that a language model codes in as many bits. With a judge, a model that was not used
in training, it prints how often the original is the nearest of 3,000 held-out sentences (R@1). `samples`
trains a bigram model on samples from the prior and measures it on held-out sentences (reverse perplexity),
beside samples from a normal distribution with the covariance of real codes.
"""

from __future__ import annotations

import argparse
import functools
import math
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from sentrep import api
from sentrep.data.batch import SentenceBatch
from sentrep.inference.generator import SentenceGenerator
from sentrep.inference.runs import TrainedMethod
from sentrep.modules.bigram import BigramModel
from sentrep.modules.conditional_decoder import ConditionalDecoder, all_targets
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.modules.padding import pad_lists
from sentrep.modules.reconstruction import ITSELF
from sentrep.utils.vectors import unit

Score = Callable[[list[str]], str]
AT_ONCE = 128
CHOICES = 3000
"""Held-out sentences among which the original is looked for."""


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("likelihood", "codes", "samples"))
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--judge")
    parser.add_argument("--language-model", type=Path)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    held = arguments.input.read_text(encoding="utf-8").splitlines()
    lines = held[: arguments.count]
    train = arguments.train.read_text(encoding="utf-8").splitlines() if arguments.train else []
    for run in arguments.runs:
        if arguments.what == "likelihood":
            print(f"{run}: {likelihood(run, lines):.2f} nats a sentence")
        elif arguments.what == "codes":
            score = judged(arguments.judge, held[:CHOICES])
            codes(run, lines, train, arguments.language_model, score)
        else:
            samples(run, lines, train)


def likelihood(run: Path, lines: list[str]) -> float:
    """Returns the mean negative log-likelihood of a sentence in nats."""
    opened, total = TrainedMethod.open(run), 0.0
    for start in range(0, len(lines), AT_ONCE):
        batch = batch_of(opened, lines[start : start + AT_ONCE])
        with torch.no_grad():
            total += float(opened.method.nll(batch).sum())  # type: ignore[operator]
    return total / len(lines)


def codes(run: Path, lines: list[str], train: list[str], model: Path | None, score: Score) -> None:
    """Print how much of sentences comes back from their codes, and from what else takes few bytes."""
    with tempfile.TemporaryDirectory() as folder:
        written = api.compress(run, lines, Path(folder) / "codes", lossy=True)
        found = api.decompress(run, Path(folder) / "codes")
    print(
        f"{run}: {written.bytes / len(lines):.1f} bytes a sentence, of {written.text_bytes / len(lines):.1f}"
    )
    report("decoded", found, lines, score)
    encoder = api.load(run)
    known, asked = (api.embed(encoder, texts) for texts in (train, lines))
    nearest = [train[i] for i in (unit(asked) @ unit(known).T).argmax(1)]
    report(f"nearest of {len(train):,} ({math.log2(len(train)):.0f} bits)", nearest, lines, score)
    if model:
        bits = 8 * TrainedMethod.open(run).method.pack(torch.zeros(1, asked.shape[1])).shape[1]  # type: ignore[operator]
        report(f"beginning, coded in {bits} bits", beginnings(model, lines, bits), lines, score)


def report(name: str, texts: list[str], lines: list[str], score: Score) -> None:
    """Print how similar texts are to the sentences they stand for."""
    exact = np.mean([a.lower() == b.lower() for a, b in zip(texts, lines, strict=True)])
    similar = np.mean([chrf(a, b) for a, b in zip(texts, lines, strict=True)])
    print(f"  {name}: exact {exact:.3f}, chrF {similar:.3f}{score(texts)}; {texts[:3]}", flush=True)


def judged(judge: str | None, choices: list[str]) -> Score:
    """Returns what prints R@1: the share of texts whose original, the choice of their number, is the nearest
    choice."""
    if judge is None:
        return lambda texts: ""
    vectors, places = embedded(judge, tuple(choices)), np.arange(len(choices))

    def score(texts: list[str]) -> str:
        best = (embedded(judge, tuple(texts)) @ vectors.T).argmax(1)
        return f", R@1 {np.mean(best == places[: len(texts)]):.3f}"

    return score


@functools.cache
def embedded(judge: str, texts: tuple[str, ...]) -> np.ndarray:
    """Returns vectors of length 1."""
    return unit(api.embed(api.load(judge), list(texts)))


def beginnings(model: Path, lines: list[str], bits: int) -> list[str]:
    """Returns the first tokens of each sentence whose −log₂ p by a language model is at most `bits`."""
    opened, found = TrainedMethod.open(model), []
    decoder = opened.method.decoder
    assert isinstance(decoder, ConditionalDecoder)
    for line in lines:
        targets = all_targets(decoder, batch_of(opened, [line]))
        with torch.no_grad():
            nll = decoder({ITSELF: targets}, torch.zeros(1, 0)).each[ITSELF]
        kept = targets.packing.targets[nll.cumsum(0) / math.log(2) <= bits]
        found.append(opened.tokenizer.decode(kept[kept != decoder.end].tolist()))
    return found


def samples(run: Path, lines: list[str], train: list[str]) -> None:
    """Print the reverse perplexity of samples from the prior, and what they copy."""
    generator = SentenceGenerator.open(run)
    tokenizer = generator.trained.tokenizer
    vectors = generator.vectors(train[:4000])
    normal = torch.distributions.MultivariateNormal(
        vectors.mean(0), torch.cov(vectors.T) + 1e-4 * torch.eye(vectors.shape[1])
    )
    decoding = DecodingConfig("nucleus", max_length=30)
    count, known = 2 * len(lines), {line.lower() for line in train}
    sources = {"prior": generator.prior(count), "normal": normal.sample((count,))}
    texts = {
        name: [each[0].text for each in generator(part, None, decoding)] for name, part in sources.items()
    }
    asked = pad_lists([tokenizer.encode(line) for line in lines])
    for name, written in (texts | {"real": train[:count]}).items():
        model = BigramModel(pad_lists([tokenizer.encode(text) for text in written]), tokenizer.vocab_size)
        perplexity = math.exp(-float(model.mean_log_prob(asked).mean()))
        copied = np.mean([text.lower() in known for text in written])
        print(f"{run} {name}: reverse perplexity {perplexity:.1f}, copied {copied:.3f}; {written[:3]}")


def batch_of(opened: TrainedMethod, lines: list[str]) -> SentenceBatch:
    """Returns sentences as the method reads them."""
    ids, lengths, _ = opened.tokenizer.encode_batch(lines, opened.record.max_tokens)
    each = torch.arange(len(lines))
    offsets = torch.tensor([0, *lengths.cumsum()])
    return SentenceBatch(torch.from_numpy(ids.astype("int64")), offsets, each, each)


def chrf(found: str, wanted: str, longest: int = 6, beta: float = 2.0) -> float:
    """Returns the mean F score of character n-grams (Popović 2015), case ignored."""
    scores = []
    for n in range(1, longest + 1):
        have, want = (
            Counter(text[i : i + n] for i in range(len(text) - n + 1))
            for text in (found.lower(), wanted.lower())
        )
        if not want:
            break
        hits = sum((have & want).values())
        precision, recall = hits / max(1, sum(have.values())), hits / sum(want.values())
        scores.append((1 + beta**2) * precision * recall / max(1e-12, beta**2 * precision + recall))
    return float(np.mean(scores)) if scores else float(found == wanted)


if __name__ == "__main__":
    main()
