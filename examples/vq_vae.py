"""Discrete codes: train them, and compress sentences to some bytes (docs/vq_vae.md).

    python examples/vq_vae.py texts/ runs/vq-vae

A decoder is trained, which takes longer than an encoder alone.
"""

import sys

import sentrep


def main(corpus: str, out: str) -> None:
    sentrep.train("vq-vae", corpus=corpus, out=out, epochs=1)
    sentences = ["He opened the door.", "The rain had stopped."]
    written = sentrep.compress(out, sentences, f"{out}/codes.sz", lossy=True)
    print(f"{written.text_bytes} bytes of text in {written.bytes} bytes")
    print("\n".join(sentrep.decompress(out, f"{out}/codes.sz")))


if __name__ == "__main__":
    main(*sys.argv[1:3])
