"""O-GAN: read the draw that belongs to a sentence, and generate from its surroundings (docs/latent_gan.md).

    python examples/o_gan.py texts/ runs/o-gan

A decoder is trained, which takes longer than an encoder alone.
"""

import sys

import torch

import sentrep
from sentrep.api import SentenceGenerator
from sentrep.methods.o_gan.method import OGAN


def main(corpus: str, out: str) -> None:
    sentrep.train("o-gan", corpus=corpus, out=out, epochs=1)
    generator = SentenceGenerator.open(out)
    method = generator.trained.method
    assert isinstance(method, OGAN)
    draw = method.read_back(generator.vectors(["He opened the door."]))
    for distance in (0, 0.3, 1):
        with torch.no_grad():
            code = method.prior(draw + distance * torch.randn_like(draw))
        print(f"distance {distance}: {generator(code)[0][0].text}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
