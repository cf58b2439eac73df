"""Unsupervised and supervised parsing on a treebank: each method without labels, with some, and with all.

Methods are trained on the words of the training part, one sentence per line as tokenised in the treebank,
and measured on the development part (`sentrep eval --part dev`) and, in a separate file, on the test part.
A row is a command for each seed; finished ones are not repeated. For several seeds, their ensemble and their
agreement are measured as well.

`voted` is a supervised RNNG, trained on the ensemble trees of unsupervised runs: pcfg-marks of all seeds,
and urnng of the same seed. These are trained first, and their ensemble is measured as well.

ptb         `trees-ptb-sample` sinica      `trees-sinica-zh`, which has no parts: of twenty trees one is for
development and two are for testing

python scripts/treebanks.py --data BENCHMARKS --out runs/treebanks --rows rnng lm urnng --seeds 0 1 2
sentrep compare runs/treebanks/ptb/dev.jsonl
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from recorded import sentrep, write_lines

from sentrep import api
from sentrep.data.trees.brackets import PUNCTUATION_TAGS, nontrivial, read_trees
from sentrep.data.trees.drawing import bracketed
from sentrep.evaluation.metrics.tree_f1 import self_f1
from sentrep.evaluation.task import Model
from sentrep.inference.ensemble import Ensemble
from sentrep.inference.eval_adapter import measured

TREES = [
    "--encoder",
    "bag",
    "--width",
    "256",
    "--vocab",
    "6000",
    "--lr",
    "4e-3",
    "--samples",
    "4",
    "--batch-size",
    "16",
]
PCFG = [
    "--encoder",
    "bag",
    "--width",
    "256",
    "--vocab",
    "5000",
    "--lr",
    "1e-3",
    "--clip",
    "0.15",
    "--validation",
    "0",
]
VAE = ["--encoder", "bag", "--width", "128", "--vocab", "6000", "--lr", "2e-3"]
ROWS: dict[str, list[str]] = {
    "rnng": ["urnng", *TREES, "--supervision", "only"],
    "rnng-urnng": ["urnng", *TREES, "--supervision", "first"],
    "urnng": ["urnng", *TREES],
    "right": ["urnng", *TREES, "--branching", "right"],
    "lm": ["urnng", *TREES, "--branching", "none"],
    "voted": ["urnng", *TREES, "--supervision", "only"],
    "pcfg": ["compound-pcfg", *PCFG, "--latent-width", "0"],
    "pcfg-marks": ["compound-pcfg", *PCFG, "--latent-width", "0"],
    "compound-pcfg": ["compound-pcfg", *PCFG],
    "compound-marks": ["compound-pcfg", *PCFG],
    **{f"vae-{count}": ["struct-vae", *VAE, "--max-trees", str(count)] for count in (0, 50, 100, 500)},
    **{
        f"labels-{count}": ["struct-vae", *VAE, "--max-trees", str(count), "--unlabelled-weight", "0"]
        for count in (50, 100, 500)
    },
    "labels-all": ["struct-vae", *VAE, "--unlabelled-weight", "0"],
}
GIVEN = ("rnng", "vae", "labels")
"""Prefixes of rows with trees."""
PLAIN = ("pcfg", "compound-pcfg")
"""Rows whose training text has no punctuation, as in the papers."""
BASELINES = ("right-branching", "right-between-marks", "left-branching", "balanced", "random-trees")
SPLITS = ("dev", "test")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="folder of corpora, runs and results")
    parser.add_argument("--material", choices=("ptb", "sinica"), default="ptb")
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=list(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="minutes of each run")
    parser.add_argument("--epochs", type=float, default=20.0, help="largest number of epochs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--vote",
        nargs="+",
        action="append",
        default=[],
        metavar="RUN",
        help="such as urnng-0 pcfg-0: measure the ensemble of these runs",
    )
    given = parser.parse_args()
    place = given.out / given.material
    task = (
        given.data / "trees-ptb-sample"
        if given.material == "ptb"
        else parted(given.data / "trees-sinica-zh", place / "trees")
    )
    trees, words, plain = task / "train.trees", place / "words.txt", place / "plain.txt"
    write_texts(trees, words, plain)

    def train(row: str, seed: int) -> Path:
        """Train and measure a run; returns its folder."""
        run: Path = place / f"{row}-{seed}"
        method, *options = ROWS[row]
        corpus = [
            "--corpus",
            str(plain if row in PLAIN else words),
            "--split",
            "lines",
            "--tokenizer",
            "spaces",
        ]
        length = [
            "--minutes",
            str(given.minutes),
            "--epochs",
            str(given.epochs),
            "--threads",
            str(given.threads),
        ]
        supervision = ["--trees", str(trees)] if row.startswith(GIVEN) else []
        if row == "voted":
            voters = [*(train("pcfg-marks", each) for each in given.seeds), train("urnng", seed)]
            supervision = ["--trees", str(vote(voters, f"{row}-{seed}", words, task, place))]
        sentrep(
            "train", method, *corpus, *options, *supervision, *length, "--seed", str(seed), "--out", str(run)
        )
        measure(str(run), task, place)
        return run

    for row in given.rows:
        runs = [train(row, seed) for seed in given.seeds]
        if len(runs) > 1 and row not in ("lm", "right"):
            together(row, runs, task, place)
    for runs in given.vote:
        ensembled([place / run for run in runs], task, place)
    for baseline in BASELINES:
        measure(baseline, task, place)


def measure(model: str | Model, task: Path, place: Path) -> None:
    """Measure on the development part, and on the test part in a separate file."""
    for split in SPLITS:
        done = api.evaluate(model, [task], part=split, results=place / f"{split}.jsonl")
        for result in done.results:
            if result.metric in ("F1", "F1 punctuation seen"):
                print(f"{result.model}  {split}  {result.metric} {result.value:.1f}", flush=True)


def vote(runs: Sequence[Path], name: str, words: Path, task: Path, place: Path) -> Path:
    """A file with the ensemble trees of runs. The ensemble is measured as a parser."""
    ensemble, file = ensembled(runs, task, place), place / f"{name}.trees"
    write_lines(file, map(bracketed, api.parse(ensemble, words.read_text(encoding="utf-8").splitlines())))
    return file


def ensembled(runs: Sequence[Path], task: Path, place: Path) -> Ensemble:
    """Measure runs as an ensemble."""
    ensemble = Ensemble.open(runs)
    hashes = "+".join(measured(run).content_hash for run in runs)
    measure(
        Model(f"vote of {', '.join(run.name for run in runs)}", hashes, ensemble, "ensemble"), task, place
    )
    return ensemble


def together(row: str, runs: Sequence[Path], task: Path, place: Path) -> None:
    """Measure the ensemble of the seeds of a row, and write their self-F1 (punctuation counted as words) to a
    file."""
    ensemble, agreement = ensembled(runs, task, place), []
    for split in SPLITS:
        sentences = [tree.words for tree in read_trees(task / f"{split}.trees")]
        parsed = [parser.parse(sentences) for parser in ensemble.parsers]
        spans = [
            [nontrivial(each, len(words)) for each, words in zip(those, sentences, strict=True)]
            for those in parsed
        ]
        agreement.append(
            json.dumps({"row": row, "seeds": len(runs), "split": split, "self_f1": round(self_f1(spans), 2)})
        )
    write_lines(place / f"{row}-agreement.jsonl", agreement)


def parted(source: Path, place: Path) -> Path:
    """Split a treebank without parts; returns the folder."""
    parts: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for number, line in enumerate((source / "all.trees").read_text(encoding="utf-8").splitlines()):
        parts[{0: "dev", 10: "test", 15: "test"}.get(number % 20, "train")].append(line)
    for name, rows in parts.items():
        write_lines(place / f"{name}.trees", rows)
    return place


def write_texts(trees: Path, words: Path, plain: Path) -> None:
    """The words of each tree, and the words without punctuation where there are at least two."""
    read = read_trees(trees)
    write_lines(words, (" ".join(tree.words) for tree in read))
    bare = (
        [word for word, tag in zip(tree.words, tree.tags, strict=True) if tag not in PUNCTUATION_TAGS]
        for tree in read
    )
    write_lines(plain, (" ".join(row) for row in bare if len(row) > 1))


if __name__ == "__main__":
    main()
