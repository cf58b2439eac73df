"""Search on untuned documents: BM25, a public model, models fitted to the collection, and fusions.

    python scripts/own_documents.py queries --data BENCHMARKS --teacher minilm
    python scripts/own_documents.py corpora --teacher minilm --corpus NAME=PATH[,PATH] [NAME=PATH ...]
    python scripts/own_documents.py rules --teacher minilm --corpus NAME [NAME ...]
    python scripts/own_documents.py fusion --teacher minilm --corpus NAME=PATH[,PATH] [NAME=PATH ...]
    python scripts/own_documents.py sizes --corpus NAME=PATH[,PATH] [NAME=PATH ...] --sentences 500 5000
    python scripts/own_documents.py build --corpus NAME=PATH [NAME=PATH ...]

`queries` measures collections with real queries and human judgements (Cranfield, MED, CACM, NPL)
in BEIR's layout.
`corpora` measures the same models on folders of text by questions from held-out documents.
`rules` compares rules by which `build` could choose a model. It reads what `corpora` left in --work.
`fusion` compares ways to fuse the collection's table, the distilled bag and the teacher with BM25, for the
choice of the defaults.
`sizes` compares quick-thought with the collection's table on texts of so many sentences.
`build` runs `sentrep.build` on folders of text and prints its table, with time and memory.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

from own_documents_corpora import Place, corpora, fusions
from own_documents_queries import Setting, queries
from own_documents_rules import rules
from own_documents_sizes import sizes

from sentrep.data.config import CorpusConfig
from sentrep.inference.names import locate
from sentrep.pipelines.build.pipeline import build


def main() -> None:
    arguments = parsed()
    if arguments.command == "queries":
        queries(Setting(arguments.data, arguments.teacher, arguments.work, arguments.out))
    elif arguments.command == "corpora":
        corpora(
            [Place.of(each) for each in arguments.corpus], arguments.teacher, arguments.work, arguments.out
        )
    elif arguments.command == "rules":
        teacher = locate(arguments.teacher).name
        rules(arguments.corpus, teacher, arguments.work, arguments.draws, arguments.out)
    elif arguments.command == "fusion":
        fusions(
            [Place.of(each) for each in arguments.corpus], arguments.teacher, arguments.work, arguments.out
        )
    elif arguments.command == "sizes":
        sizes(
            [Place.of(each) for each in arguments.corpus], arguments.sentences, arguments.work, arguments.out
        )
    else:
        builds(arguments)


def builds(arguments: argparse.Namespace) -> None:
    """Run `build` on each corpus and print its table, the time and the largest memory so far."""
    for place in map(Place.of, arguments.corpus):
        print(f"\n## {place.name}\n", flush=True)
        began = time.monotonic()
        corpus = CorpusConfig(place.paths)
        build(corpus, arguments.work / place.name, teacher=arguments.teacher, minutes=arguments.minutes,
              overwrite=True)  # fmt: skip
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"all of it in {time.monotonic() - began:.0f} s, {memory:.1f} GB at most", flush=True)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["queries", "corpora", "rules", "fusion", "sizes", "build"])
    parser.add_argument("--data", type=Path, help="folder with the benchmarks")
    parser.add_argument("--corpus", nargs="*", default=[], help="NAME=PATH[,PATH] of folders and files")
    parser.add_argument(
        "--sentences", nargs="*", type=int, default=[500, 1000, 2000, 5000], help="of `sizes`"
    )
    parser.add_argument("--draws", type=int, default=10, help="of questions, in `rules`")
    parser.add_argument("--minutes", type=float, default=5.0, help="that a build may take")
    parser.add_argument(
        "--teacher", default="minilm", help="a sentence-transformers model: its folder or name"
    )
    parser.add_argument("--work", type=Path, default=Path("runs/own_documents"))
    parser.add_argument("--out", type=Path, default=Path("own_documents.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
