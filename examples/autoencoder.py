"""Auto-encoder: train it, and generate sentences from their own vectors (docs/autoencoder.md).

    python examples/autoencoder.py texts/ runs/autoencoder

A decoder is trained, which takes longer than an encoder alone.
"""

import sys

import sentrep


def main(corpus: str, out: str) -> None:
    sentrep.train("autoencoder", corpus=corpus, out=out, epochs=1)
    sentences = ["He opened the door.", "The rain had stopped."]
    for sentence, candidates in zip(sentences, sentrep.generate(out, sentences), strict=True):
        print(sentence)
        print(f"{candidates[0].per_token:7.3f}  {candidates[0].text}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
