"""Embed every sentence of a folder into a folder of vectors, and read them back.

    python examples/embed.py runs/first books/ runs/first.vectors

Vectors are written in shards. If the script is interrupted, the next start continues after the last complete
shard. Only one shard is in memory at a time.
"""

import sys

import numpy as np

from sentrep import api


def main(model: str, corpus: str, out: str) -> None:
    embedded = api.embed_corpus(model, corpus, out)
    print(f"{len(embedded):,} vectors of width {embedded.width}")

    mean = np.zeros(embedded.width)
    for part in embedded.vectors():  # float32, (sentence, width)
        mean += part.sum(axis=0)
    print(f"norm of the mean vector: {np.linalg.norm(mean / len(embedded)):.3f}")
    print(f"first sentence: {next(embedded.texts())}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
