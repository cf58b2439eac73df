"""BiGAN-QP on codes of sentences: train it, and generate sentences (docs/latent_gan.md).

    python examples/bigan.py texts/ runs/bigan

A decoder is trained, which takes longer than an encoder alone.
"""

import sys

import sentrep
from sentrep.training.config import TrainingConfig


def main(corpus: str, out: str) -> None:
    sentrep.train(
        "bigan",
        corpus=corpus,
        out=out,
        training=TrainingConfig(epochs=1),
    )
    for candidates in sentrep.generate_from_prior(out, count=3):
        print(f"{candidates[0].per_token:7.3f}  {candidates[0].text}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
