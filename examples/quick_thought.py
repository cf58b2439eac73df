"""Quick-thought: train for search, where short queries look for longer passages (docs/quick_thought.md).

    python examples/quick_thought.py books/ runs/quick-thought

`target="rest"` is the inverse cloze task: one sentence of each segment must find the rest of its segment. For
sentence similarity, leave the default `target="each"`, where a sentence must find its neighbours.
"""

import sys

import sentrep
from sentrep.methods.quick_thought.config import QuickThoughtConfig


def main(corpus: str, out: str) -> None:
    sentrep.train(
        "quick-thought",
        corpus=corpus,
        out=out,
        settings=QuickThoughtConfig(target="rest", word_dropout=0.1),
        epochs=1,
    )
    query, *passages = sentrep.embed(
        out, ["Dinner.", "They ate and quarrelled.", "The ship left the harbour."]
    )
    print([round(float(query @ passage), 3) for passage in passages])


if __name__ == "__main__":
    main(*sys.argv[1:3])
