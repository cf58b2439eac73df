"""Neural and compound PCFG: induce a grammar, and parse with several runs at once (docs/compound_pcfg.md).

    python examples/compound_pcfg.py sentences.txt runs/pcfg

Runs with different seeds make different errors. The tree on which they agree most is usually better than the
tree of any one of them.
"""

import sys
from pathlib import Path

import sentrep
from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.trees.drawing import bracketed
from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig


def main(sentences: str, out: str) -> None:
    runs = [Path(f"{out}-{seed}") for seed in (0, 1)]
    for seed, run in enumerate(runs):
        sentrep.train(
            "compound-pcfg",
            corpus=CorpusConfig((sentences,), split="lines"),
            out=run,
            tokenizer=TokenizerConfig("spaces", vocab=5000),
            settings=CompoundPCFGConfig(latent_width=0),  # 0: the neural PCFG
            epochs=1,
            lr=1e-3,
            seed=seed,
        )
    some = Path(sentences).read_text(encoding="utf-8").split("\n")[:2]
    for tree in api.parse(api.Ensemble.open(runs), some):
        print(bracketed(tree))


if __name__ == "__main__":
    main(*sys.argv[1:3])
