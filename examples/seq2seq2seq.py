"""Seq2seq2seq: learn to write headlines without pairs of article and headline (docs/seq2seq2seq.md).

    python examples/seq2seq2seq.py articles.txt titles.txt runs/headlines

`articles.txt` holds one article a line, `titles.txt` one headline a line. The headlines belong to other
articles.
"""

import sys
from pathlib import Path

import sentrep
from sentrep import api
from sentrep.data.config import CorpusConfig
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig


def main(articles: str, titles: str, out: str) -> None:
    sentrep.train(
        "seq2seq2seq",
        corpus=CorpusConfig((articles,), split="lines"),
        out=out,
        settings=Seq2Seq2SeqConfig(summaries=titles),
        epochs=1,
    )
    some = Path(articles).read_text(encoding="utf-8").splitlines()[:3]
    for article, summary in zip(some, api.summarize(out, some, length=6), strict=True):
        print(f"{article[:60]} -> {summary}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
