"""The approximate structure of an index: built over different vectors, verified, written, and read again."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.search import kinds
from sentrep.search.copies import Groups, group
from sentrep.search.exact import best_candidates, rescore
from sentrep.search.folder import FAISS, ROWS, STARTS, IndexInfo
from sentrep.search.kind_names import Kind
from sentrep.search.stored import VectorSource
from sentrep.utils.arrays import mapped
from sentrep.utils.bits import byte_width
from sentrep.utils.errors import InputError, ReadWarning, damaged, opt
from sentrep.utils.files import to_disk

SELF_RECALL = 0.95
"""An approximate index that misses more than one in twenty of its own vectors is not used."""

LOOKED_UP = 512
"""Different vectors that are looked up in a new index."""


@dataclass(frozen=True)
class Structure:
    """An approximate index over groups of equal vectors."""

    index: Any
    """A faiss.Index, or a faiss.IndexBinary of the kind binary."""
    kind: str
    groups: Groups

    def search(
        self, vectors: NDArray[np.floating], queries: NDArray[np.float32], proposed: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Score proposed groups (query, candidate) exactly; scores and rows (query, k), best first."""
        rows = best_candidates(vectors, queries, self.groups.first(proposed), k + kinds.SPARE)
        scores = np.where(rows < 0, -np.inf, rescore(vectors, queries, rows)).astype(np.float32)
        return self.groups.expand(scores, self.groups.of_first(rows), k)

    def propose(self, queries: NDArray[np.float32], k: int, effort: int) -> NDArray[np.int64]:
        """Groups (query, candidate) that are probably nearest, -1 for none."""
        count = min(len(self.groups), kinds.candidates(self.kind, k))
        return kinds.propose(self.index, self.kind, queries, count, effort)


class Built(NamedTuple):
    """What was built."""

    kind: str
    reason: str
    parameters: dict[str, int]
    different: int


def build(folder: Path, vectors: VectorSource, kind: Kind, memory: int | None = None) -> Built:
    """Build the structure of an index and write it into `folder`.

    Args:
        folder: of the index.
        vectors: all of them.
        kind: a kind, or auto.
        memory: bytes that the structure may take when it is searched; half of the free memory if None.

    With `kind` auto, a kind that fails or does not find its own vectors is replaced by the next one, and at
    last by exact search, with a `ReadWarning`.

    Raises:
        InputError: a kind that was asked for does not find its own vectors.
    """
    if kinds.choices(kind, len(vectors), vectors.width)[0].kind == "flat":
        choice = kinds.choices(kind, len(vectors), vectors.width)[0]
        return Built("flat", choice.reason, {}, len(vectors))
    groups = group(vectors)
    failed: list[str] = []
    for choice in kinds.choices(kind, len(groups), vectors.width, exact=False, memory=memory):
        settings = kinds.parameters(choice.kind, len(groups))
        if choice.kind == "flat":
            return Built("flat", "; ".join([*failed, choice.reason]), {}, len(vectors))
        problem, made = _try(choice.kind, vectors, groups, settings)
        if made is not None:
            _write(folder, made, groups)
            return Built(choice.kind, "; ".join([*failed, choice.reason]), settings, len(groups))
        if kind != "auto":
            raise InputError(f"{problem}; build with {opt('kind')} auto, which finds one that works, or flat")
        warnings.warn(f"{problem}; another kind is built", ReadWarning, stacklevel=2)
        failed.append(problem)
    raise AssertionError("the last choice is exact search")


def _try(kind: str, vectors: VectorSource, groups: Groups, settings: dict[str, int]) -> tuple[str, Any]:
    """Build and verify one kind; what went wrong, or the index."""
    every = groups.first(np.arange(len(groups)))
    try:
        made = kinds.make(kind, vectors, settings, every)
    except (RuntimeError, MemoryError) as error:  # FAISS raises RuntimeError for whatever fails
        return (
            f"{kind} cannot be built here ({str(error).splitlines()[-1] if str(error) else 'memory'})",
            None,
        )
    found, count = self_recall(Structure(made, kind, groups), vectors, settings["effort"])
    if found < SELF_RECALL:
        return f"the {kind} index finds only {found:.0%} of {count} different vectors put into it", None
    return "", made


def self_recall(structure: Structure, vectors: VectorSource, effort: int) -> tuple[float, int]:
    """The share of different vectors that are found when asked for, and of how many that was tried."""
    places = np.linspace(0, len(structure.groups) - 1, min(len(structure.groups), LOOKED_UP)).astype(np.int64)
    rows = structure.groups.first(places)
    queries = np.ascontiguousarray(vectors.take(rows), dtype=np.float32)
    kept = np.einsum("nd,nd->n", queries, queries) > 0
    queries, rows = queries[kept], rows[kept]
    first = structure.groups.first(structure.propose(queries, 1, effort))
    unique, place = np.unique(np.append(first, rows[:, None], axis=1), return_inverse=True)
    some = vectors.take(np.maximum(unique, 0))
    scores = rescore(some, queries, place.reshape(len(queries), -1).astype(np.int64))
    best = np.where(first < 0, -np.inf, scores[:, :-1]).max(axis=1)
    return float((best >= scores[:, -1]).mean()), len(queries)


def _write(folder: Path, index: Any, groups: Groups) -> None:
    import faiss

    library: Any = faiss
    errors: list[OSError] = []
    with (folder / FAISS).open("wb") as file:

        def write(content: bytes) -> int:
            try:
                file.write(content)
            except OSError as error:  # FAISS would only say that something was not written
                errors.append(error)
                return 0
            return len(content)

        try:
            binary = isinstance(index, library.IndexBinary)
            write_index = library.write_index_binary if binary else library.write_index
            write_index(index, library.PyCallbackIOWriter(write))
        except RuntimeError as error:
            raise (errors[0] if errors else error) from None
        to_disk(file)
    for name, values in ((ROWS, groups.rows), (STARTS, groups.starts)):
        with (folder / name).open("wb") as file:
            np.save(file, values, allow_pickle=False)
            to_disk(file)


def read(folder: Path, info: IndexInfo) -> Structure:
    """Read a structure whose files have been checked.

    The index is loaded into memory: FAISS ends the process when a mapped one is searched.

    Raises:
        InputError: the files do not fit the index.
    """
    import faiss

    groups = read_groups(folder, info)
    binary = info.kind == "binary"
    read_index = faiss.read_index_binary if binary else faiss.read_index
    try:
        index = read_index(str(folder / FAISS))
    except RuntimeError as error:
        raise damaged(folder / FAISS) from error
    width = 8 * byte_width(info.width) if binary else info.width
    if (index.ntotal, index.d) != (info.different, width):
        raise damaged(folder / FAISS)
    return Structure(index, info.kind, groups)


def read_groups(folder: Path, info: IndexInfo) -> Groups:
    """Read which rows are equal. InputError if the numbers are not rows of the index."""
    rows = np.array(mapped(folder / ROWS, (info.count,), "int64"))
    starts = np.array(mapped(folder / STARTS, (info.different + 1,), "int64"))
    if rows.min() < 0 or rows.max() >= info.count:
        raise damaged(folder / ROWS)
    if starts[0] != 0 or starts[-1] != info.count or (np.diff(starts) < 1).any():
        raise damaged(folder / STARTS)
    return Groups(rows, starts)
