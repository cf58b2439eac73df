"""Reader of labelled sentences and pairs in the layouts of common benchmarks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sentrep.evaluation.datasets.tsv import header, read_table
from sentrep.utils.errors import InputError, at

PARTS = ("train", "dev", "test", "all")

_SINGLE = ["label", "text"]
_PAIR = ["label", "sentence1", "sentence2"]
_SHORT = {"tr": "train", "va": "dev", "te": "test"}
_ESCAPED = {"-LRB-": "(", "-RRB-": ")"}


class Instance(NamedTuple):
    """A labelled sentence, or a labelled pair of sentences."""

    label: str
    first: str
    second: str = ""


Parts = dict[str, list[Instance]]
"""train, dev, test or all -> its instances."""


def read_parts(path: Path, variant: str = "", classes: int = 5, phrases: bool = False) -> dict[str, Parts]:
    """Data sets by name, each with its parts. Layouts and options are those of `read_classification`.

    Raises:
        InputError: the path does not exist, or has no such layout.
    """
    if path.is_file():
        return {path.stem: _divided(path) if "split" in header(path) else {"all": _table(path)}}
    if not path.is_dir():
        raise InputError(f"{at(path)}: no such file or folder")
    middle = f".{variant}" if variant else ""
    tables = {part: path / f"{part}{middle}.tsv" for part in PARTS}
    parts = {part: _table(file) for part, file in tables.items() if file.is_file()}
    if parts:
        return {path.name: parts}
    trees = {part: path / f"{part}.trees" for part in PARTS if (path / f"{part}.trees").is_file()}
    if trees:
        return {path.name: _sentiments(trees, classes, phrases)}
    divided = [file for file in sorted(path.glob("*.tsv")) if {"split", *_SINGLE} <= set(header(file))]
    if divided:
        return {file.stem: _divided(file) for file in divided}
    raise InputError(
        f"{at(path)}: nothing to classify; expected {', '.join(file.name for file in tables.values())} "
        "with the columns label and "
        "text, or label, sentence1 and sentence2; or other .tsv files with the columns split, label "
        "and text; or .trees"
    )


def _table(file: Path) -> list[Instance]:
    columns = _PAIR if "sentence1" in header(file) else _SINGLE
    return [Instance(*cells) for _, cells in read_table(file, columns)]


def _divided(file: Path) -> Parts:
    parts: Parts = {}
    for number, (split, label, text) in read_table(file, ["split", *_SINGLE]):
        part = _SHORT.get(split, split)
        if part not in PARTS[:3]:
            raise InputError(
                f"{at(file, number)}: split {split!r}; expected tr, va or te, or train, dev or test"
            )
        parts.setdefault(part, []).append(Instance(label, text))
    return parts


def _sentiments(files: dict[str, Path], classes: int, phrases: bool) -> Parts:
    if classes not in (2, 5):
        raise InputError(
            f"classes = {classes}; sentiments have 5, or 2 with neutral left out", setting="classes"
        )
    trees = {part: list(_trees(file)) for part, file in files.items()}
    parts = {part: [_graded(nodes[-1], classes) for nodes in each] for part, each in trees.items()}
    if phrases and "train" in trees:
        # A phrase that equals a sentence of another part would give away the label of that sentence.
        tested = {instance.first for part in parts if part != "train" for instance in parts[part] if instance}
        below = {node.first: node for nodes in trees["train"] for node in nodes if node.first not in tested}
        parts["train"] = [_graded(node, classes) for node in below.values()]
    return {part: [instance for instance in each if instance] for part, each in parts.items()}


def _graded(node: Instance, classes: int) -> Instance | None:
    """The node with its label, or for two classes with 0 below neutral and 1 above; None for neutral."""
    if classes == 5:
        return node
    return None if node.label == "2" else node._replace(label=str(int(node.label > "2")))


def _trees(file: Path) -> Iterator[list[Instance]]:
    """The nodes of the tree of each line, the whole sentence last."""
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{at(file)}: is not UTF-8 text ({error}); convert it first") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            nodes = _nodes(line)
            if not nodes:
                raise InputError(
                    f"{at(file, number)}: no tree like (3 (2 very) (4 good)), with a sentiment from 0 to "
                    "4 after each opening bracket"
                )
            yield nodes


def _nodes(line: str) -> list[Instance]:
    """Nodes of a bracketed tree in postorder; empty if the brackets do not match."""
    opened: list[tuple[str, int]] = []
    words: list[str] = []
    nodes: list[Instance] = []
    for label, closing, word in re.findall(r"\(([0-4])\s|(\))|([^\s)]+)", line):
        if label:
            opened.append((label, len(words)))
        elif closing and opened:
            label, start = opened.pop()
            nodes.append(Instance(label, " ".join(words[start:])))
        elif word and opened and "(" not in word:
            words.append(_ESCAPED.get(word, word).replace("\\/", "/"))
        else:
            return []
    return nodes if nodes and not opened and nodes[-1].first.count(" ") == len(words) - 1 else []
