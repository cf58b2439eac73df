"""Measure a model on held-out text, without labels.

    python examples/evaluate.py runs/first heldout/ runs/results.jsonl

Four retrieval tasks are made from the text: next sentence, inverse cloze (which passage was this sentence
taken from?), title to body, and same document. BM25 is measured on the same questions; the paired test says
which differences are significant.
"""

import sys

import sentrep


def main(model: str, heldout: str, results: str) -> None:
    for name in (model, "bm25"):
        evaluation = sentrep.evaluate(name, heldout=heldout, results=results)
        for result in evaluation.results[:1]:
            print(f"{name}: {result.task}, {result.metric} {result.value:.3f}")

    print(sentrep.compare(results).table())


if __name__ == "__main__":
    main(*sys.argv[1:4])
