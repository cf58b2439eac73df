"""Adversarial generator of codes: choose its loss, and sample sentences by seed (docs/latent_gan.md).

    python examples/latent_gan.py texts/ runs/latent-gan

A decoder is trained, which takes longer than an encoder alone.
"""

import sys

import sentrep


def main(corpus: str, out: str) -> None:
    sentrep.train("latent-gan", corpus=corpus, out=out, epochs=1, gan_loss="wgan-div")
    for seed in (0, 1):
        for candidates in sentrep.generate_from_prior(out, 2, sentrep.DecodingConfig(seed=seed)):
            print(f"seed {seed}: {candidates[0].text}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
