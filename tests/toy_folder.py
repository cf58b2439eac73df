"""The folder that examples in docstrings run in: texts, and small runs. Each run is trained when an example
first names it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import sentrep

SUBJECTS = {
    "sea": ("The ship", "A sailor", "The captain", "The harbour", "A storm", "The wave"),
    "kitchen": ("The cook", "A loaf", "The oven", "The bread", "A kettle", "The soup"),
    "garden": ("The cat", "A bird", "The rose", "A bee", "The tree", "The gardener"),
}
ENDS = ("was near the %s.", "left the %s in the morning.", "came back to the %s at night.")


def write_texts(folder: Path) -> None:
    """Writes texts/: 54 documents of four sentences about three subjects."""
    folder.mkdir()
    for name, subjects in SUBJECTS.items():
        pairs = list(itertools.product(subjects, ENDS))
        for number in range(18):
            chosen = [pairs[(number + step * 5) % 18] for step in range(4)]
            lines = [f"{subject} {end % name}" for subject, end in chosen]
            (folder / f"{name}{number:02}.txt").write_text(" ".join(lines) + "\n", encoding="utf-8")


def lines() -> list[str]:
    return [f"{subject} {end % name}" for name, all_ in SUBJECTS.items() for subject in all_ for end in ENDS]


def write_words(file: Path) -> None:
    """Writes vectors of the words of the texts, and of one other word."""
    words = sorted({word for line in lines() for word in re.findall(r"\w+", line.lower())})
    rows = (f"{word} {number % 7 - 3} {number % 5 - 2} 1" for number, word in enumerate([*words, "boat"]))
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")


def prepare(folder: Path, source: str) -> None:
    """Makes what the source of an example names and what is not yet in the folder, the current one."""
    if not (folder / "texts").exists():
        write_texts(folder / "texts")
        write_words(folder / "words.txt")
        titles = (" ".join(line.split()[:2]) for line in lines())
        (folder / "titles.txt").write_text("\n".join(titles) + "\n", encoding="utf-8")
    for name, settings in RUNS.items():
        if f'"{name}"' in source and not (folder / name).exists():
            sentrep.train(out=name, **SMALL | settings)
    if '"texts.index"' in source and not (folder / "texts.index").exists():
        prepare(folder, '"runs/first"')
        sentrep.index("runs/first", "texts.index", input="texts")
    if '"results.jsonl"' in source and not (folder / "results.jsonl").exists():
        prepare(folder, '"runs/first"')
        for model in ("runs/first", "bm25"):
            sentrep.evaluate(model, heldout="texts", results="results.jsonl")


SMALL: dict[str, Any] = {"width": 16, "steps": 2, "batch_size": 32, "corpus": "texts", "tokenizer": "word"}
DECODER: dict[str, Any] = {"decoder_width": 16, "decoder_token_width": 8, "longest": 8}
RUNS: dict[str, dict[str, Any]] = {
    "runs/first": {"method": "quick-thought"},
    "runs/skip-thought": {"method": "skip-thought", "samples": 0} | DECODER,
    "runs/vae": {"method": "vae", "latent_width": 8} | DECODER,
    "runs/vq-vae": {"method": "vq-vae", "code_levels": 2, "codebook_size": 8} | DECODER,
    "runs/disentangle": {"method": "disentangle"} | DECODER,
    "runs/pcfg": {
        "method": "compound-pcfg",
        "symbol_width": 16,
        "latent_width": 8,
        "nonterminals": 4,
        "preterminals": 8,
        "rank": 4,
    },
    "runs/summaries": {
        "method": "seq2seq2seq",
        "summaries": "titles.txt",
        "generator_token_width": 8,
        "generator_width": 8,
        "max_summary_tokens": 3,
        "max_article_tokens": 8,
    },
}
"""Folder -> settings of the run, besides `SMALL`."""
