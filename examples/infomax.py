"""InfoMax: train on separate short texts, where no sentence has a neighbour (docs/infomax.md).

    python examples/infomax.py texts/ runs/infomax

A discriminator decides whether a vector belongs to a sentence. The method needs no document order, so lines
in any order are enough (`split="lines"`).
"""

import sys

import sentrep
from sentrep.data.config import CorpusConfig


def main(corpus: str, out: str) -> None:
    trained = sentrep.train(
        "infomax",
        corpus=CorpusConfig((corpus,), split="lines"),
        out=out,
        epochs=1,
        lr=3e-4,
        choose_by="loss",
    )
    print(f"{trained.outcome.steps} steps, model in {trained.model}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
