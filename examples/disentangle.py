"""Disentangling: content without source, and a sentence in a document's style (docs/disentangle.md).

    python examples/disentangle.py texts/ runs/disentangle other.txt

A decoder is trained, which takes longer than an encoder alone.
"""

import sys

import sentrep
from sentrep.training.config import TrainingConfig


def main(corpus: str, out: str, document: str) -> None:
    sentrep.train(
        "disentangle",
        corpus=corpus,
        out=out,
        training=TrainingConfig(epochs=1),
    )
    for candidates in sentrep.generate_as(out, ["He opened the door."], document):
        print(f"{candidates[0].per_token:7.3f}  {candidates[0].text}")
    vectors = sentrep.embed(out, ["He opened the door.", "The door was opened."])
    print(f"content vectors of shape {vectors.shape}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
