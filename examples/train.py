"""Train a sentence encoder on a folder of text files, and use it.

    python examples/train.py books/ runs/first

The corpus can be files or folders in any format that docs/reading.md lists. An interrupted run continues
when the script is started again.
"""

import sys

import sentrep


def main(corpus: str, out: str) -> None:
    trained = sentrep.train("quick-thought", corpus=corpus, out=out, encoder="bag", epochs=1)
    print(f"{len(trained.store):,} sentences, {trained.outcome.steps} steps")

    vectors = sentrep.embed(out, ["A short sentence.", "Another short sentence."])
    print(f"vectors of shape {vectors.shape}, saved model in {trained.model}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
