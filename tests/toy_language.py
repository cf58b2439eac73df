"""A small language with its trees, and orders with their meanings: something for parsers to learn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests import toy

GRAMMAR = "Order = Do(what: Verb, to: text, very: Very?)\nVerb = Open | Close\nVery = Much"


def phrase(random: np.random.Generator, kind: str = "S") -> str:
    """A bracketed tree of a small language: of which kind a word is can be told from its company only."""

    def word(tag: str, first: int) -> str:
        return f"({tag} {toy.WORDS[5 + first + random.integers(6)]})"

    if kind == "S":
        return f"(S {phrase(random, 'NP')} {phrase(random, 'VP')})"
    if kind == "VP":
        return f"(VP {word('V', 0)} {phrase(random, 'NP')})"
    if kind == "NP" and random.random() < 0.3:
        return f"(NP {phrase(random, 'N')} (PP {word('P', 6)} {phrase(random, 'NP')}))"
    return (
        f"(NP {word('D', 12)} {word('N', 18)})"
        if random.random() < 0.5
        else f"(NP {word('D', 12)} (N {word('A', 24)} {word('N', 18)}))"
    )


def treebank(place: Path, count: int, seed: int = 0) -> Path:
    random = np.random.default_rng(seed)
    file = place / f"toy{count}-{seed}.trees"
    file.write_text("\n".join(phrase(random) for _ in range(count)) + "\n", encoding="utf-8")
    return file


def orders(place: Path, count: int, seed: int = 0) -> tuple[Path, Path]:
    """A grammar, and sentences with their meanings."""
    random, lines = np.random.default_rng(seed), []
    for _ in range(count):
        verb, very = random.integers(2), random.random() < 0.3
        thing = " ".join(toy.WORDS[20 + each] for each in random.integers(20, size=1 + random.integers(2)))
        text = f"{toy.WORDS[5 + verb]} {toy.WORDS[7]} {thing}{f' {toy.WORDS[8]}' if very else ''}"
        meaning = f'(Do what={("Open", "Close")[verb]} to="{thing}"{" very=Much" if very else ""})'
        lines.append(json.dumps({"text": text, "logical_form": meaning}))
    pairs, grammar = place / f"orders{count}-{seed}.jsonl", place / "orders.grammar"
    pairs.write_text("\n".join(lines), encoding="utf-8")
    grammar.write_text(GRAMMAR, encoding="utf-8")
    return grammar, pairs
