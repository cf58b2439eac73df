"""Headlines without pairs: every setting of seq2seq2seq from one and the same pre-training, on one of three materials.

Articles are those of every other pair of a material, and people's sentences the titles of the other pairs: no title belongs to an
article that is read. Each row goes on from its seed's pre-training for as long as every other, and is measured as `sentrep eval`
measures; what has been done before is not done again.

reuters     training part of `summ-reuters-headline`
gigaword    the same and `corpus-bbc`, each digit a #, as in the test part of Gigaword
csl         development part of `summ-zh-csl-title`, which has no training part

python scripts/headlines.py --data ../shared/data --out runs/headlines
sentrep compare runs/headlines/dev.jsonl
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from recorded import sentrep, write_lines

from sentrep import api
from sentrep.candidates import measured
from sentrep.evaluation.task import Model
from sentrep.methods.seq2seq2seq import Seq2Seq2Seq
from sentrep.summarizing import AT_ONCE, Summarizer

Pair = dict[str, str]

COMMON = ["--split", "lines", "--encoder", "bag", "--width", "256", "--shortlist", "4000", "--block", "64", "--epochs", "1000"]
ENGLISH = ["--vocab", "16000", "--max-tokens", "60"]
CHINESE = ["--vocab", "8000", "--max-tokens", "120", "--longest", "120", "--at-most", "24"]
REWARDED = ["--pretrain", "0", "--unrewarded", "0.1", "--lr", "3e-4"]
ROWS: dict[str, list[str]] = {
    "taught": ["--pretrain", "1", "--lr", "1e-3"],
    "both": REWARDED,
    "reconstructor": [*REWARDED, "--critic", "0"],
    "critic": [*REWARDED, "--reconstruction", "0"],
    "rsgan": [*REWARDED, "--adversary", "rsgan"],
    "wgan-gp": [*REWARDED, "--learns-by", "softmax", "--adversary", "wgan-gp"],
    "wgan-div": [*REWARDED, "--learns-by", "softmax", "--adversary", "wgan-div"],
    "gan-qp": [*REWARDED, "--learns-by", "softmax", "--adversary", "gan-qp"],
    "gumbel": [*REWARDED, "--learns-by", "gumbel"],
    "pairs-100": [*REWARDED, "--pairs-used", "100"],
    "pairs-1000": [*REWARDED, "--pairs-used", "1000"],
    "pairs-all": REWARDED,
}
"""Options of each row, besides those of all."""
PAIRED = "pairs-"


class Material(NamedTuple):
    """What is read, and what is measured by."""

    read: Callable[[Path], Iterator[Pair]]
    options: list[str]
    tasks: list[str]
    chosen_on: str | None
    """Task whose development part is measured too."""
    baselines: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="folder of corpora, runs and results")
    parser.add_argument("--material", choices=MATERIALS, default="reuters")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--teach", type=float, default=20.0, help="minutes of pre-training")
    parser.add_argument("--minutes", type=float, default=6.0, help="minutes of each row after that")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    place, material = given.out / given.material, MATERIALS[given.material]
    write(place, list(material.read(given.data)))
    for seed in given.seeds:
        common = [*COMMON, *material.options, "--threads", str(given.threads), "--seed", str(seed)]
        common += ["--corpus", str(place / "articles.jsonl"), "--summaries", str(place / "titles.txt")]
        taught = place / f"teach-{seed}"
        sentrep("train", "seq2seq2seq", *common, "--pretrain", "1", "--minutes", str(given.teach), "--out", str(taught))
        measure(deletion(taught), material, given.data, given.out)
        for row in given.rows:
            run, pairs = place / f"{row}-{seed}", ["--pairs", str(place / "pairs.jsonl")] if row.startswith(PAIRED) else []
            options = [*ROWS[row], *pairs, "--start", str(taught), "--minutes", str(given.minutes), "--out", str(run)]
            sentrep("train", "seq2seq2seq", *common, *options)
            measure(str(run), material, given.data, given.out)
    for baseline in material.baselines:
        measure(baseline, material, given.data, given.out)


def measure(model: str | Model, material: Material, data: Path, out: Path) -> None:
    """By the development part, and by test parts in a file of its own."""
    if material.chosen_on is not None:
        api.evaluate(model, [data / material.chosen_on], split="dev", results=out / "dev.jsonl")
    done = api.evaluate(model, [data / task for task in material.tasks], split="test", results=out / "test.jsonl")
    for result in done.results:
        print(f"{result.model}  {result.task}  {result.metric} {result.value:.2f}", flush=True)


def deletion(run: Path) -> Model:
    """The headlines that a run's generator begins with, made of the articles that are asked for: what all training must beat."""
    able = measured(run)
    return Model(f"{run}, deletion", f"deletion+{able.content_hash}", Deletion(Summarizer.open(run)), "deletion", able.seed)


class Deletion:
    """Words of an article in their order: `sentrep.parts.hedge`, with what a run has counted."""

    def __init__(self, summarizer: Summarizer) -> None:
        self.summarizer = summarizer

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """As many tokens as the run's own summaries are told to have."""
        method, tokenizer = self.summarizer.reopened.method, self.summarizer.reopened.tokenizer
        assert isinstance(method, Seq2Seq2Seq)
        found: list[str] = []
        for start in range(0, len(texts), AT_ONCE):
            articles = self.summarizer.read(texts[start : start + AT_ONCE])
            length = torch.full_like(articles.lengths, self.summarizer.usual_length)
            kept = method.headlines(articles, length)
            found += [tokenizer.decode(ids[alive].tolist()) for ids, alive in zip(*kept, strict=True)]
        return found


def write(place: Path, pairs: list[Pair]) -> None:
    """articles.jsonl, titles.txt and pairs.jsonl."""
    articles, others = pairs[1::2], pairs[::2]
    write_lines(place / "articles.jsonl", [json.dumps({"text": pair["article"]}, ensure_ascii=False) for pair in articles])
    write_lines(place / "titles.txt", [pair["summary"] for pair in others])
    write_lines(place / "pairs.jsonl", [json.dumps(pair, ensure_ascii=False) for pair in others])


def reuters(data: Path) -> Iterator[Pair]:
    return summarised(data / "summ-reuters-headline" / "train.jsonl.gz")


def gigaword(data: Path) -> Iterator[Pair]:
    for pair in [*reuters(data), *bbc(data)]:
        yield {name: re.sub(r"\d", "#", text) for name, text in pair.items()}


def csl(data: Path) -> Iterator[Pair]:
    return summarised(data / "summ-zh-csl-title" / "dev.jsonl.gz")


def summarised(file: Path) -> Iterator[Pair]:
    for pair in records(file):
        yield {"article": pair["article"], "summary": pair["summary"]}


def bbc(data: Path) -> Iterator[Pair]:
    """First paragraphs with titles."""
    for story in records(data / "corpus-bbc" / "all.jsonl.gz"):
        yield {"article": story["text"].split("\n\n")[0], "summary": story["title"]}


def records(file: Path) -> Iterator[Pair]:
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        yield from map(json.loads, opened)


NEWS = ["lead-8", "lead-10", "lead-13", "content-9", "textrank-9"]
MATERIALS = {
    "reuters": Material(reuters, ENGLISH, ["summ-reuters-headline", "summ-gigaword-test"], "summ-reuters-headline", NEWS),
    "gigaword": Material(gigaword, ENGLISH, ["summ-gigaword-test"], None, []),
    "csl": Material(csl, CHINESE, ["summ-zh-csl-title"], None, ["lead-30", "lead-20", "content-20"]),
}


if __name__ == "__main__":
    main()
