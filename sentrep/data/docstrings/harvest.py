"""Docstrings of the installed Python packages, extracted by parsing source files, without importing them.

`harvest` reads the standard library and the installed packages into `Docstring` records, one document
for each docstring. `hold_out` sets some of them aside for evaluation: retrieve the body for a summary,
among bodies that are not in the training documents.

The file is over 250 lines long because harvesting and holding out share the record and its comparison.
"""

from __future__ import annotations

import ast
import gc
import logging
import multiprocessing
import os
import random
import sysconfig
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sentrep.data.docstrings import markup as docstring_markup
from sentrep.data.overlap import overlapping_pairs, words
from sentrep.utils.cpu import cores
from sentrep.utils.errors import InputError, at
from sentrep.utils.progress import progress

log = logging.getLogger(__name__)

# Tests name what they test and are mostly tables; the others hold no source of their own.
SKIPPED_FOLDERS = frozenset({"__pycache__", "test", "tests", "site-packages", "dist-packages"})
LARGEST_FILE = 4_000_000  # bytes; larger files are generated tables
FILES_A_TASK = 64
# A text is a near-duplicate of another if this share of its shingles (word triples; pairs in summaries)
# occurs in the other.
NEAR = 0.6


class Docstring(NamedTuple):
    """One docstring: its name, its first sentence, and the following sentences and list entries."""

    name: str  # module.qualname
    summary: str
    body: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Summary and body, in order."""
        return (self.summary, *self.body)

    @property
    def body_text(self) -> str:
        """The body as one text."""
        return " ".join(self.body)


class Split(NamedTuple):
    """Training documents, and a retrieval test without near-duplicates in them: ``bodies[i]`` belongs to
    ``queries[i]``."""

    train: list[Docstring]
    queries: list[Docstring]
    bodies: list[Docstring]  # the queries' own first, then the other candidates


def harvest(roots: Sequence[Path] | None = None, processes: int | None = None) -> list[Docstring]:
    """Returns every distinct docstring below `roots`, in the order of files.

    Files that cannot be read or parsed, or exceed `LARGEST_FILE`, are skipped, and their number is
    logged.

    Args:
        roots: folders of Python source; None for the standard library and the installed packages.
        processes: number of parallel processes; None for one per core.

    Raises:
        InputError: there are no docstrings.
    """
    roots = default_roots() if roots is None else roots
    files = [(str(file), module) for root in roots for file, module in source_files(root)]
    tasks = [files[start : start + FILES_A_TASK] for start in range(0, len(files), FILES_A_TASK)]
    processes = min(processes or cores(), max(len(tasks), 1))
    distinct: dict[tuple[str, tuple[str, ...]], Docstring] = {}
    left_out = 0
    for docstrings, failures in progress(
        _read_all(tasks, processes), "reading docstrings", len(tasks), "batch of files"
    ):
        left_out += failures
        for docstring in docstrings:
            distinct.setdefault((docstring.summary, docstring.body), docstring)
    log.info("%d distinct docstrings in %d files; left out: %d files", len(distinct), len(files), left_out)
    if not distinct:
        places = ", ".join(map(str, roots)) or "no folder at all"
        raise InputError(
            f"no docstrings in {len(files)} Python files below {at(places)}: name folders with "
            "documented source"
        )
    return list(distinct.values())


def default_roots() -> list[Path]:
    """Returns the folders of the standard library and of the packages of the running interpreter."""
    paths = sysconfig.get_paths()
    return list(dict.fromkeys(Path(paths[key]).resolve() for key in ("stdlib", "purelib", "platlib")))


def source_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Yields (file, dotted module name) of all Python files below `root`, sorted within each folder."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            if name.endswith(".py"):
                file = Path(folder, name)
                parts = file.relative_to(root).with_suffix("").parts
                yield file, ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _read_all(tasks: list[list[tuple[str, str]]], processes: int) -> Iterator[tuple[list[Docstring], int]]:
    if processes == 1:
        yield from map(read_files, tasks)
        return
    # spawn, not fork: the parent may hold the threads of torch, which do not survive a fork
    with multiprocessing.get_context("spawn").Pool(processes, initializer=gc.disable) as pool:
        yield from pool.imap(read_files, tasks)


def read_files(files: Sequence[tuple[str, str]]) -> tuple[list[Docstring], int]:
    """Returns the docstrings of files, given as (file, module name), and the number of skipped files."""
    found: list[Docstring] = []
    left_out = 0
    with warnings.catch_warnings():
        # Invalid escape sequences of installed packages do not concern the user.
        warnings.simplefilter("ignore")
        for file, module in files:
            try:
                if Path(file).stat().st_size > LARGEST_FILE:
                    left_out += 1
                else:
                    found.extend(_docstrings(ast.parse(Path(file).read_bytes()), module))
            # ValueError covers null bytes and unknown encodings; deep nesting ends in one of the last two
            except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                left_out += 1
    return found, left_out


def _docstrings(tree: ast.Module, module: str) -> Iterator[Docstring]:
    stack: list[tuple[ast.AST, str]] = [(tree, module)]
    while stack:
        node, name = stack.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            raw = ast.get_docstring(node, clean=False)
            sentences = docstring_markup.sentences(raw) if raw else []
            if sentences:
                yield Docstring(name, sentences[0], tuple(sentences[1:]))
        # expressions hold no definitions, and are most of a tree, so only statements are visited
        children = [
            child
            for field in ("body", "handlers", "orelse", "finalbody", "cases")
            for child in getattr(node, field, ())
        ]
        for child in reversed(children):
            own = isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            stack.append((child, f"{name}.{child.name}" if own else name))


def hold_out(
    docstrings: Sequence[Docstring], queries: int = 1000, candidates: int = 3000, seed: int = 0
) -> Split:
    """Holds out `candidates` docstrings with a summary and a body; `queries` of them are to be found by
    their summary.

    No two of them are near-duplicates in summary or body, so that a query has one correct answer.
    Training documents exclude every docstring that contains `NEAR` of the word triples of a held-out
    body or of the word pairs of a held-out summary, or has the same Class.method or module.function
    name, and all but one of identical docstrings. Split `train` of the result again for a development
    set.

    Raises:
        InputError: there are more queries than candidates, or too few docstrings.
    """
    if not 0 < queries <= candidates:
        raise InputError(
            f"{queries} queries among {candidates} bodies: a query's own body is one of them, so "
            "ask for fewer queries",
            setting="queries",
        )
    eligible = [index for index, docstring in enumerate(docstrings) if substantial(docstring)]
    random.Random(seed).shuffle(eligible)
    held = _distinct(docstrings, eligible, candidates)
    if len(held) < candidates:
        raise InputError(
            f"only {len(held)} of {len(docstrings)} docstrings can be held out (a summary, a body "
            "of 8 words, no near-duplicate), "
            f"{candidates} are asked for: ask for fewer, or harvest more source",
            setting="candidates",
        )
    bodies = [docstrings[index] for index in held]
    near_test = set(held)
    near_test.update(other for _, other in _near_duplicates(bodies, docstrings))
    names = {_own_name(body) for body in bodies}
    train = [
        item
        for index, item in enumerate(docstrings)
        if index not in near_test and _own_name(item) not in names
    ]
    return Split(_unrepeated(train), bodies[:queries], bodies)


def substantial(docstring: Docstring) -> bool:
    """Whether a docstring can be a test item: a summary of 3 words or more, a body of 8 or more that does
    not contain it."""
    summary, body = words(docstring.summary), words(docstring.body_text)
    asks = len(summary) >= 3 and not docstring_markup.is_entry(docstring.summary)
    return asks and len(body) >= 8 and " ".join(summary) not in " ".join(body)


def _distinct(docstrings: Sequence[Docstring], order: list[int], count: int) -> list[int]:
    """Returns the first `count` of `order` without near-duplicates among them.

    It compares twice as many first, and all of them if these are too few.
    """
    looked_at = order[: 2 * count]
    items = [docstrings[index] for index in looked_at]
    rivals: dict[int, set[int]] = {}
    for one, other in _near_duplicates(items, items):
        rivals.setdefault(one, set()).add(other)
        rivals.setdefault(other, set()).add(one)
    kept: list[int] = []
    for item in range(len(items)):
        if len(kept) < count and not rivals.get(item, set()).intersection(kept):
            kept.append(item)
    if len(kept) < count and len(looked_at) < len(order):
        return _distinct(docstrings, order, len(order))[:count]
    return [looked_at[item] for item in kept]


def _near_duplicates(texts: Sequence[Docstring], others: Sequence[Docstring]) -> Iterator[tuple[int, int]]:
    """Yields (i, j) of different records: ``others[j]`` contains most of body or summary of ``texts[i]``."""
    bodies = overlapping_pairs(
        [text.body_text for text in texts], [" ".join(other.sentences) for other in others], NEAR, 3
    )
    summaries = overlapping_pairs(
        [text.summary for text in texts], [other.summary for other in others], NEAR, 2
    )
    for pairs in (bodies, summaries):
        yield from ((one, other) for one, other in pairs if texts[one] is not others[other])


def _unrepeated(docstrings: Sequence[Docstring]) -> list[Docstring]:
    """Keeps the first of the docstrings with the same words in summary or body: a copy would be a false
    negative."""
    summaries: set[str] = set()
    bodies: set[str] = {""}  # without a body nothing is repeated by it
    kept = []
    for docstring in docstrings:
        summary, body = " ".join(words(docstring.summary)), " ".join(words(docstring.body_text))
        if summary not in summaries and (not body or body not in bodies):
            kept.append(docstring)
        summaries.add(summary)
        bodies.add(body)
    return kept


def _own_name(docstring: Docstring) -> str:
    """Returns Class.method or module.function, which copies of a package and overriding methods share."""
    return ".".join(docstring.name.split(".")[-2:])
