"""Trees on a treebank: what each method finds in its words, from no labels, from some, from all.

Methods learn from the words of the training part, one sentence a line as the treebank cuts them, and are measured on the
development part (`sentrep eval --split dev`) and, in a file of its own, on the test part. A row is a command for each seed; what
has been done before is not done again.

python scripts/treebanks.py --data ../shared/data --out runs/treebanks --rows rnng lm urnng --seeds 0 1 2
sentrep compare runs/treebanks/dev.jsonl
"""

from __future__ import annotations

import argparse
from pathlib import Path

from recorded import sentrep, write_lines

from sentrep.text.brackets import PUNCTUATION_TAGS, read_trees

TREES = ["--encoder", "bag", "--width", "256", "--vocab", "6000", "--lr", "4e-3", "--samples", "4", "--block", "16"]
PCFG = ["--encoder", "bag", "--width", "256", "--vocab", "5000", "--lr", "1e-3", "--clip", "0.15", "--validation", "0"]
VAE = ["--encoder", "bag", "--width", "128", "--vocab", "6000", "--lr", "2e-3"]
ROWS: dict[str, list[str]] = {
    "rnng": ["tree", *TREES, "--supervision", "only"],
    "rnng-urnng": ["tree", *TREES, "--supervision", "first"],
    "urnng": ["tree", *TREES],
    "right": ["tree", *TREES, "--branching", "right"],
    "lm": ["tree", *TREES, "--branching", "none"],
    "pcfg": ["compound-pcfg", *PCFG, "--code-width", "0"],
    "pcfg-marks": ["compound-pcfg", *PCFG, "--code-width", "0"],
    "compound-pcfg": ["compound-pcfg", *PCFG],
    **{f"vae-{count}": ["struct-vae", *VAE, "--trees-used", str(count)] for count in (50, 100, 500)},
    **{f"labels-{count}": ["struct-vae", *VAE, "--trees-used", str(count), "--unlabelled-weight", "0"] for count in (50, 100, 500)},
    "labels-all": ["struct-vae", *VAE, "--unlabelled-weight", "0"],
}
GIVEN = ("rnng", "vae", "labels")
"""Beginnings of the names of rows that are given trees."""
PLAIN = ("pcfg", "compound-pcfg")
"""Rows whose text has no punctuation, as in the papers."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="folder of corpora, runs and results")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="minutes of each run")
    parser.add_argument("--epochs", type=float, default=20.0, help="at most")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    trees = given.data / "trees-ptb-sample" / "train.trees"
    words, plain = given.out / "words.txt", given.out / "plain.txt"
    write_texts(trees, words, plain)
    for row in given.rows:
        for seed in given.seeds:
            run, (method, *options) = given.out / f"{row}-{seed}", ROWS[row]
            corpus = ["--corpus", str(plain if row in PLAIN else words), "--split", "lines", "--tokenizer", "spaces"]
            length = ["--minutes", str(given.minutes), "--epochs", str(given.epochs), "--threads", str(given.threads)]
            told = ["--trees", str(trees)] if row.startswith(GIVEN) else []
            sentrep("train", method, *corpus, *options, *told, *length, "--seed", str(seed), "--out", str(run))
            measure(str(run), given.data, given.out)
    for baseline in ("right-branching", "right-between-marks", "left-branching", "balanced", "random-trees"):
        measure(baseline, given.data, given.out)


def measure(model: str, data: Path, out: Path) -> None:
    """By the development part, and by the test part in a file of its own."""
    for split in ("dev", "test"):
        sentrep("eval", model, "--task", str(data / "trees-ptb-sample"), "--split", split, "--results", str(out / f"{split}.jsonl"))


def write_texts(trees: Path, words: Path, plain: Path) -> None:
    """The words of each tree, and those that are no punctuation where there are two of them or more."""
    read = read_trees(trees)
    write_lines(words, (" ".join(tree.words) for tree in read))
    bare = ([word for word, tag in zip(tree.words, tree.tags, strict=True) if tag not in PUNCTUATION_TAGS] for tree in read)
    write_lines(plain, (" ".join(row) for row in bare if len(row) > 1))


if __name__ == "__main__":
    main()
