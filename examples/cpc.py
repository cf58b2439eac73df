"""Contrastive predictive coding: vectors of sentences, and of a document up to a sentence (docs/cpc.md).

    python examples/cpc.py books/ runs/cpc

Besides an encoder of single sentences, the method trains a network that reads the sentences of a document in
order. Its state after each sentence is a vector of the context.
"""

import sys

import sentrep
from sentrep import api


def main(corpus: str, out: str) -> None:
    sentrep.train("cpc", corpus=corpus, out=out, epochs=1, segment_length=8)
    sentences = api.embed_corpus(out, corpus, f"{out}.sentences")
    contexts = api.embed_corpus(out, corpus, f"{out}.contexts", context=True)
    print(f"{len(sentences):,} sentence vectors of width {sentences.width}")
    print(f"{len(contexts):,} context vectors of width {contexts.width}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
