"""Headlines without paired data: every setting of seq2seq2seq from the same pre-training, on one of three
data sets.

Articles are those of every other story, with the other paragraphs of these stories. The headlines are the
titles of the stories in between, so no title belongs to an article that is read. Each row continues from the
pre-training of its seed for the same time, and is measured like `sentrep eval`. Finished steps are not
repeated.

reuters     training part of `summ-reuters-headline` gigaword    the same and `corpus-bbc`, tokenised like
the test part of Gigaword, with each digit as # csl         development part of `summ-zh-csl-title`, which
has no training part

python scripts/headlines.py --data BENCHMARKS --out runs/headlines
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
from sentrep.evaluation.task import Model
from sentrep.inference.eval_adapter import measured
from sentrep.inference.summarizer import AT_ONCE, Summarizer
from sentrep.methods.seq2seq2seq.method import Seq2Seq2Seq

COMMON = ["--split", "lines", "--encoder", "bag", "--width", "256", "--shortlist", "4000", "--epochs", "1000"]
TAUGHT = ["--pretrain-share", "1", "--batch-size", "64"]
ENGLISH = ["--vocab", "16000", "--max-tokens", "60"]
CHINESE = [
    "--vocab",
    "8000",
    "--max-tokens",
    "120",
    "--max-article-tokens",
    "120",
    "--max-summary-tokens",
    "24",
]
UNPAIRED = ["--denoising-weight", "0"]
REWARDED = [
    *UNPAIRED, "--pretrain-share", "0", "--reward-delay", "0.1", "--batch-size", "32", "--lr", "5e-4",
    "--critic-steps", "1", "--auxiliary-scale", "0.2",
]  # fmt: skip
PAIRED = [*TAUGHT, "--lr", "1e-3", "--generator-dropout", "0.3"]
ROWS: dict[str, list[str]] = {
    "taught": [*TAUGHT, *UNPAIRED, "--lr", "1e-3"],
    "all": REWARDED,
    "restored": [*REWARDED, "--critic-weight", "0", "--fluency-weight", "0"],
    "restored-fluent": [*REWARDED, "--critic-weight", "0"],
    "restored-critic": [*REWARDED, "--fluency-weight", "0"],
    "critic": [*REWARDED, "--reconstruction-weight", "0", "--fluency-weight", "0"],
    "rsgan": [*REWARDED, "--gan-loss", "rsgan"],
    "wgan-gp": [*REWARDED, "--gradient-estimator", "softmax", "--gan-loss", "wgan-gp"],
    "wgan-div": [*REWARDED, "--gradient-estimator", "softmax", "--gan-loss", "wgan-div"],
    "gan-qp": [*REWARDED, "--gradient-estimator", "softmax", "--gan-loss", "gan-qp"],
    "gumbel": [*REWARDED, "--gradient-estimator", "gumbel"],
    "pairs-100": [*PAIRED, "--max-pairs", "100", "--denoising-weight", "0.5"],
    "pairs-1000": [*PAIRED, "--max-pairs", "1000", "--denoising-weight", "0.3", "--synthetic-weight", "0.5"],
    "pairs-all": [*PAIRED, "--denoising-weight", "0.1", "--synthetic-weight", "0.2"],
}
"""Options of each row, in addition to the common ones."""
GIVEN = "pairs-"
"""Prefix of rows with pairs. Their pre-training has hidden headlines, which are needed for learning from
pairs; that of the other rows has none, because they copy better without."""

LONG = 20
"""Least number of words of a paragraph that is summarised in training."""


class Story(NamedTuple):
    """A text to be summarised, its headline, and the other paragraphs."""

    article: str
    title: str
    more: tuple[str, ...] = ()


class Material(NamedTuple):
    """Stories to train on, and tasks to measure with."""

    read: Callable[[Path], Iterator[Story]]
    options: list[str]
    tasks: list[str]
    chosen_on: str | None
    """Task whose development part is measured as well."""
    baselines: list[str]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="folder of corpora, runs and results")
    parser.add_argument("--material", choices=MATERIALS, default="reuters")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--teach", type=float, default=20.0, help="minutes of pre-training")
    parser.add_argument("--minutes", type=float, default=4.0, help="minutes of each row after that")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    place, material = given.out / given.material, MATERIALS[given.material]
    write(place, list(material.read(given.data)))
    for seed in given.seeds:
        common = [*COMMON, *material.options, "--threads", str(given.threads), "--seed", str(seed)]
        common += ["--corpus", str(place / "articles.jsonl"), "--summaries", str(place / "titles.txt")]
        starts = set[Path]()
        for row in given.rows:
            paired, run = row.startswith(GIVEN), place / f"{row}-{seed}"
            start, options = (place / f"hidden-{seed}", []) if paired else (place / f"teach-{seed}", UNPAIRED)
            if start not in starts:
                sentrep(
                    "train",
                    "seq2seq2seq",
                    *common,
                    *TAUGHT,
                    *options,
                    "--minutes",
                    str(given.teach),
                    "--out",
                    str(start),
                )
                measure(deletion(start), material, given.data, given.out)
                measure(str(start), material, given.data, given.out)
                starts.add(start)
            pairs = ["--pairs", str(place / "pairs.jsonl")] if paired else []
            options = [
                *ROWS[row],
                *pairs,
                "--start",
                str(start),
                "--minutes",
                str(given.minutes),
                "--out",
                str(run),
            ]
            sentrep("train", "seq2seq2seq", *common, *options)
            measure(str(run), material, given.data, given.out)
    for baseline in material.baselines:
        measure(baseline, material, given.data, given.out)


def measure(model: str | Model, material: Material, data: Path, out: Path) -> None:
    """Measure on the development part, and on the test parts in a separate file."""
    if material.chosen_on is not None:
        api.evaluate(model, [data / material.chosen_on], part="dev", results=out / "dev.jsonl")
    done = api.evaluate(
        model, [data / task for task in material.tasks], split="test", results=out / "test.jsonl"
    )
    for result in done.results:
        print(f"{result.model}  {result.task}  {result.metric} {result.value:.2f}", flush=True)


def deletion(run: Path) -> Model:
    """The pseudo-headlines of pre-training, extracted from the given articles: the baseline."""
    able = measured(run)
    return Model(
        f"{run}, deletion",
        f"deletion+{able.content_hash}",
        Deletion(Summarizer.open(run)),
        "deletion",
        able.seed,
    )


class Deletion:
    """Words of an article in their order, by `sentrep.methods.seq2seq2seq.headline_extraction` with the
    counts of a run."""

    def __init__(self, summarizer: Summarizer) -> None:
        self.summarizer = summarizer

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """Summaries with the requested length of the run's own summaries."""
        method, tokenizer = self.summarizer.trained.method, self.summarizer.trained.tokenizer
        assert isinstance(method, Seq2Seq2Seq)
        found: list[str] = []
        for start in range(0, len(texts), AT_ONCE):
            articles = self.summarizer.read(texts[start : start + AT_ONCE])
            length = torch.full_like(articles.lengths, self.summarizer.usual_length)
            kept = method.headlines(articles, length)
            found += [tokenizer.decode(ids[mask].tolist()) for ids, mask in zip(*kept, strict=True)]
        return found


def write(place: Path, stories: list[Story]) -> None:
    """articles.jsonl, titles.txt and pairs.jsonl."""
    read, others = stories[1::2], stories[::2]
    articles = [text for story in read for text in (story.article, *story.more)]
    write_lines(
        place / "articles.jsonl", [json.dumps({"text": text}, ensure_ascii=False) for text in articles]
    )
    write_lines(place / "titles.txt", [story.title for story in others])
    pairs = [{"article": story.article, "summary": story.title} for story in others]
    write_lines(place / "pairs.jsonl", [json.dumps(pair, ensure_ascii=False) for pair in pairs])


def reuters(data: Path) -> Iterator[Story]:
    """A text to be summarised has the first paragraph of a story, and the second if the first is short."""
    whole = {story["id"]: story["text"] for story in records(data / "corpus-reuters" / "train.jsonl.gz")}
    for pair in records(data / "summ-reuters-headline" / "train.jsonl.gz"):
        yield Story(
            pair["article"], pair["summary"], paragraphs(whole.get(f"reuters-{pair['id']}", ""), behind=2)
        )


def gigaword(data: Path) -> Iterator[Story]:
    for article, title, more in [*reuters(data), *bbc(data)]:
        yield Story(as_gigaword(article), as_gigaword(title), tuple(map(as_gigaword, more)))


def bbc(data: Path) -> Iterator[Story]:
    for story in records(data / "corpus-bbc" / "all.jsonl.gz"):
        yield Story(story["text"].split("\n\n")[0], story["title"], paragraphs(story["text"], behind=1))


def csl(data: Path) -> Iterator[Story]:
    for pair in records(data / "summ-zh-csl-title" / "dev.jsonl.gz"):
        yield Story(pair["article"], pair["summary"])


def paragraphs(text: str, behind: int) -> tuple[str, ...]:
    """Later paragraphs that are long enough to be summarised."""
    return tuple(each for each in text.split("\n\n")[behind:] if len(each.split()) >= LONG)


def as_gigaword(text: str) -> str:
    """Replace each digit by #, and separate punctuation and clitics.

    >>> as_gigaword("U.S. shares rose 1,212.5 pct, didn't they? (Dealers' talk.)")
    "U.S. shares rose #,###.# pct , did n't they ? ( Dealers ' talk . )"
    """
    text = re.sub(
        r"(?<=[a-z])(n't|'(?:s|re|ve|ll|d|m)?)(?=\W|$)", r" \1", re.sub(r"\d", "#", text), flags=re.IGNORECASE
    )
    return " ".join(re.sub(r'([;!?()"]|[,:](?!#)|(?<!\b[A-Z])\.(?=\W*$|"|\s+[A-Z]))', r" \1 ", text).split())


def records(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        yield from map(json.loads, opened)


NEWS = ["lead-8", "lead-10", "lead-13", "content-9", "textrank-9"]
MATERIALS = {
    "reuters": Material(
        reuters, ENGLISH, ["summ-reuters-headline", "summ-gigaword-test"], "summ-reuters-headline", NEWS
    ),
    "gigaword": Material(gigaword, ENGLISH, ["summ-gigaword-test"], None, []),
    "csl": Material(csl, CHINESE, ["summ-zh-csl-title"], None, ["lead-30", "lead-20", "content-20"]),
}


if __name__ == "__main__":
    main()
