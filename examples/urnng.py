"""URNNG: induce syntax trees from sentences without any annotation (docs/urnng.md).

    python examples/urnng.py sentences.txt runs/urnng

`sentences.txt` holds one sentence a line, with spaces between its words.
"""

import sys
from pathlib import Path

import sentrep
from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.trees.drawing import as_text, bracketed


def main(sentences: str, out: str) -> None:
    sentrep.train(
        "urnng",
        corpus=CorpusConfig((sentences,), split="lines"),
        out=out,
        tokenizer=TokenizerConfig("spaces", vocab=8000),
        epochs=1,
    )
    some = Path(sentences).read_text(encoding="utf-8").split("\n")[:2]
    for tree in api.parse(out, some):
        print(bracketed(tree))  # one line, as treebanks and NLTK write it
        print(as_text(tree))  # a drawing


if __name__ == "__main__":
    main(*sys.argv[1:3])
