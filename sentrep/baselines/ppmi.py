"""Rows for tokens from their neighbours in the text: positive pointwise mutual information, reduced by a
singular value decomposition. No training loop; about half a minute of processor time for a million
sentences.

Occurrences of frequent tokens are dropped at random, tokens that stand near each other are counted in both
orders, and the matrix

    M_ij = max(0, log(n_ij N / sqrt(n_i n_j n'_i n'_j))),   n' = counts smoothed by the power `SMOOTHING`

is decomposed by subspace iteration. In a large corpus "near" is at most 5 tokens apart in a sentence, and
pairs seen once are left out; in a small one, where a token has few neighbours as close as that, 30 tokens
apart in a passage of a document, and every pair counts (measured in eval/presets.md). Pairs are counted block
by block; where there are more than `MOST_PAIRS` different ones, the rarest are dropped (lossy counting), so
that memory does not grow with the corpus.

Reference: Levy, Goldberg & Dagan, "Improving distributional similarity with lessons learned from word
    embeddings", TACL 2015; Halko, Martinsson & Tropp, "Finding structure with randomness", SIAM Review 2011,
    algorithm 4.4; Manku & Motwani, "Approximate frequency counts over data streams", VLDB 2002.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sentrep.baselines.passages import Passages
from sentrep.baselines.tall import inner, orthogonal, turned
from sentrep.data.store.store import Store
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SMOOTHING, SAMPLE = 0.75, 1e-4
ITERATIONS, OVERSAMPLES = 3, 10
"""Subspace iterations, and additional directions that are dropped at the end."""
POWER = 0.25
"""Exponent of the singular values in the rows."""
AT_ONCE = 10
"""Distances that are counted together."""
MOST_PAIRS = 60_000_000
"""Different pairs: 8 bytes each, and as much again while two matrices are added."""

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Counting:
    """Which pairs of tokens are counted."""

    sentences: int
    """Consecutive sentences of a document in a passage; no pair is counted across two passages."""
    window: int
    """Tokens that two of a pair stand apart at most."""
    least: int
    """Occurrences of a pair that counts."""


SMALL, LARGE = Counting(32, 30, 1), Counting(1, 5, 2)
SMALL_CORPUS = 5_000_000
"""Tokens up to which `SMALL` is better."""


def ppmi_rows(store: Store, width: int, seed: int, counting: Counting | None = None) -> Rows:
    """(vocab, width) rows of length 1; zeros for tokens without neighbours.

    Args:
        store: the prepared corpus.
        width: of the rows. A vocabulary that is smaller fills the first columns.
        seed: of the tokens that are dropped, and of the decomposition.
        counting: which pairs are counted; by the size of the corpus if None.
    """
    counting = counting or (SMALL if store.tokens <= SMALL_CORPUS else LARGE)
    random = np.random.default_rng(seed)
    matrix = _ppmi(_pairs(Passages(store, counting.sentences), counting, random))
    if not matrix.nnz:
        return np.zeros((matrix.shape[0], width), np.float32)
    values, vectors = _largest(matrix, width, random)
    rows = vectors * np.abs(values) ** POWER
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.where(lengths > 1e-6, rows / np.maximum(lengths, 1e-6), 0)
    missing = width - rows.shape[1]
    return np.ascontiguousarray(np.pad(rows, ((0, 0), (0, missing))), np.float32)


def _pairs(passages: Passages, counting: Counting, random: np.random.Generator) -> csr_array:
    """(vocab, vocab) how often two tokens stand near each other; symmetric."""
    from scipy.sparse import csr_array

    count = len(passages.tokens)
    total = csr_array((count, count), dtype=np.float32)
    waiting: list[csr_array] = []
    least = 0.0
    for ids, passage in progress(_sampled(passages, random), "counting pairs", unit="block"):
        waiting += _blocks(ids, passage, counting.window, count)
        if sum(each.nnz for each in waiting) > max(total.nnz, 1 << 22):
            total, waiting = sum(waiting, total), []
        while total.nnz > MOST_PAIRS:
            least += 1.0
            total = _without_rare(total, least)
    total = sum(waiting, total)
    return _without_rare((total + total.T).tocsr(), counting.least - 1)


def _sampled(
    passages: Passages, random: np.random.Generator
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Blocks of tokens with the number of their passage, without occurrences dropped at random (Mikolov et
    al. 2013, section 2.3)."""
    counts = np.where(passages.known, passages.store.token_counts(), 0)
    frequency = counts / max(counts.sum(), 1)
    kept = np.where(counts > 0, np.minimum(1, np.sqrt(SAMPLE / np.maximum(frequency, 1e-12))), 0)
    for ids, passage in passages.blocks():
        chosen = random.random(len(ids), dtype=np.float32) < kept[ids]
        yield ids[chosen], passage[chosen]


def _blocks(
    ids: NDArray[np.int64], passage: NDArray[np.int64], window: int, count: int
) -> Iterator[csr_array]:
    """(vocab, vocab) pairs in text order, by some distances at a time."""
    from scipy.sparse import coo_array

    for start in range(1, min(window, len(ids) - 1) + 1, AT_ONCE):
        first, second = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for distance in range(start, min(start + AT_ONCE, window + 1, len(ids))):
            same = passage[distance:] == passage[:-distance]
            first.append(ids[:-distance][same])
            second.append(ids[distance:][same])
        rows, columns = np.concatenate(first).astype(np.int32), np.concatenate(second).astype(np.int32)
        ones = np.ones(len(rows), np.float32)
        yield coo_array((ones, (rows, columns)), shape=(count, count)).tocsr()


def _without_rare(pairs: csr_array, least: float) -> csr_array:
    pairs.data[pairs.data <= least] = 0
    pairs.eliminate_zeros()
    return pairs


def _ppmi(pairs: csr_array) -> csr_array:
    rows = np.asarray(pairs.sum(axis=1), np.float64).ravel()
    total = max(rows.sum(), 1e-12)
    smoothed = rows**SMOOTHING / max((rows**SMOOTHING).sum(), 1e-12)
    expected = np.log(np.maximum(rows / total * smoothed, 1e-300)) / 2
    left = np.repeat(expected, np.diff(pairs.indptr))
    pairs.data = (np.log(pairs.data / total) - left - expected[pairs.indices]).astype(np.float32)
    return _without_rare(pairs, 0)


def _largest(matrix: csr_array, width: int, random: np.random.Generator) -> tuple[Any, Rows]:
    """The eigenvalues of a symmetric matrix that are largest in size, and their vectors, (row, width)."""
    width = min(width, matrix.shape[0])
    size = min(matrix.shape[0], width + OVERSAMPLES)
    product = times(matrix)
    basis = random.standard_normal((matrix.shape[0], size), dtype=np.float32)
    for _ in progress(range(ITERATIONS), "decomposing", unit="reading"):
        basis = orthogonal(product(basis))
    projected = inner(basis, product(basis))
    values, turn = np.linalg.eigh((projected + projected.T) / 2)
    largest = np.argsort(-np.abs(values))[:width]
    return values[largest], turned(basis, turn[:, largest])


def times(matrix: csr_array) -> Any:
    """Multiplies a sparse matrix by a dense one, with the kernel of torch: several times that of SciPy."""
    import torch

    starts, columns = (torch.from_numpy(part.astype(np.int64)) for part in (matrix.indptr, matrix.indices))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the format is new in torch
        sparse = torch.sparse_csr_tensor(starts, columns, torch.from_numpy(matrix.data), size=matrix.shape)
    return lambda dense: (sparse @ torch.from_numpy(np.ascontiguousarray(dense))).numpy()
