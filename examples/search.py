"""Build a search index over sentences and query it.

    python examples/search.py runs/first books/ runs/first.index "a quarrel at dinner"

The index records the content hash of its model and refuses another one.
"""

import sys

import sentrep
from sentrep import api


def main(model: str, corpus: str, out: str, query: str) -> None:
    pairs = list(api.sentences(api.corpus_config(corpus)))  # (id, sentence)
    ids, texts = zip(*pairs, strict=True)
    search = sentrep.build_index(model, texts, out, ids=ids, overwrite=True)
    show(search(query, k=3))

    reopened = sentrep.open_index(out)  # later, or in another process
    show(reopened("another query", k=3))


def show(hits: list) -> None:
    for hit in hits:
        print(f"{hit.score:.3f}  {hit.id}  {hit.text}")


if __name__ == "__main__":
    main(*sys.argv[1:5])
