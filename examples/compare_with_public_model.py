"""Is training on your own text worth it? Compare with an untrained encoder, BM25 and a public model.

    python examples/compare_with_public_model.py books/ heldout/ runs sentence-transformers/all-MiniLM-L6-v2

The last argument is the name or the folder of any sentence-transformers model. The untrained encoder is the
same encoder with its random starting weights; if the trained model is not better, training did not help.
"""

import sys
from pathlib import Path

import sentrep
from sentrep.training.config import TrainingConfig


def main(corpus: str, heldout: str, out: str, public_model: str) -> None:
    runs = {"trained": TrainingConfig(epochs=1), "untrained": TrainingConfig(steps=0)}
    for name, training in runs.items():
        sentrep.train("quick-thought", corpus=corpus, out=Path(out, name), training=training)

    results = Path(out, "results.jsonl")
    for model in (Path(out, "trained"), Path(out, "untrained"), "bm25", public_model):
        sentrep.evaluate(model, heldout=heldout, results=results)
    print(sentrep.compare(results).table())


if __name__ == "__main__":
    main(*sys.argv[1:5])
