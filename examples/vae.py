"""Variational auto-encoder: random sentences, and the sentences between two others (docs/vae.md).

    python examples/vae.py texts/ runs/vae

A decoder is trained, which takes longer than an encoder alone.
"""

import sys

import sentrep


def main(corpus: str, out: str) -> None:
    sentrep.train("vae", corpus=corpus, out=out, epochs=1)
    for candidates in sentrep.generate_from_prior(out, count=3):
        print(f"{candidates[0].per_token:7.3f}  {candidates[0].text}")
    for candidates in sentrep.interpolate(out, "He opened the door.", "The rain had stopped.", steps=4):
        print(candidates[0].text)


if __name__ == "__main__":
    main(*sys.argv[1:3])
