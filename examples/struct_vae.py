"""StructVAE: learn to parse from a few trees and many sentences without trees (docs/struct_vae.md).

    python examples/struct_vae.py sentences.txt some.trees runs/struct-vae

`sentences.txt` holds one sentence a line; `some.trees` one bracketed tree a line, as in the Penn Treebank.
"""

import sys
from pathlib import Path

import sentrep
from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.trees.drawing import bracketed
from sentrep.methods.struct_vae.config import StructVAEConfig


def main(sentences: str, trees: str, out: str) -> None:
    sentrep.train(
        "struct-vae",
        corpus=CorpusConfig((sentences,), split="lines"),
        out=out,
        tokenizer=TokenizerConfig("spaces"),
        settings=StructVAEConfig(trees=trees, max_trees=100),
        epochs=1,
    )
    some = Path(sentences).read_text(encoding="utf-8").split("\n")[:2]
    for tree in api.parse(out, some):
        print(bracketed(tree))


if __name__ == "__main__":
    main(*sys.argv[1:4])
