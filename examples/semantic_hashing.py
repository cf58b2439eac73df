"""Train binary codes on text, and search by them: one bit for each dimension (docs/semantic_hashing.md).

    python examples/semantic_hashing.py sentences.txt runs/codes runs/codes.index

With `encoder="runs/lsa"` or another model, `train` makes codes of that model's vectors.
"""

import sys
from pathlib import Path

import sentrep


def main(corpus: str, out: str, index: str) -> None:
    trained = sentrep.train(
        "semantic-hashing", corpus=corpus, out=out, split="lines", bits=64, epochs=3, batch_size=64
    )
    texts = Path(corpus).read_text(encoding="utf-8").splitlines()
    search = sentrep.build_index(trained.encoder, texts, out=index, kind="binary")
    for hit in search(texts[0], k=3):
        print(f"{hit.score:.3f}  {hit.text}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
