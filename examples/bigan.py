"""BiGAN-QP: from a sentence to its draw from the prior, and back (docs/latent_gan.md).

    python examples/bigan.py texts/ runs/bigan

A decoder is trained, which takes longer than an encoder alone.
"""

import sys

import torch

import sentrep
from sentrep.api import SentenceGenerator
from sentrep.methods.bigan.method import BiGAN


def main(corpus: str, out: str) -> None:
    sentrep.train("bigan", corpus=corpus, out=out, epochs=1)
    generator = SentenceGenerator.open(out)
    method = generator.trained.method
    assert isinstance(method, BiGAN)
    codes = generator.vectors(["He opened the door."])
    with torch.no_grad():
        back = method.prior(method.reader(codes))
    print(f"cosine {torch.cosine_similarity(codes, back).item():.3f}: {generator(back)[0][0].text}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
