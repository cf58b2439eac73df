"""A static token table fitted to one collection of documents, for search without any training loop.

Two channels stand side by side in each row. P comes from the positive pointwise mutual information of words
in a window, L from the BM25-weighted document-word matrix; both are reduced by a randomised singular value
decomposition and weighted by inverse document frequency. A text is the sum of the rows of its words.
English plurals share the row of their singular.

The corpus is read in blocks. Window counts are kept in one sparse matrix of bounded size: where it grows
beyond `MOST_PAIRS`, the rarest pairs are dropped (lossy counting), so that memory does not grow with the
corpus.

Reference: Levy, Goldberg & Dagan, "Improving distributional similarity with lessons learned from word
    embeddings", TACL 2015 (P); Deerwester et al., "Indexing by latent semantic analysis", 1990 (L); Manku &
    Motwani, "Approximate frequency counts over data streams", VLDB 2002 (lossy counting).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sentrep.baselines.passages import Passages
from sentrep.baselines.tall import inner, orthogonal, turned
from sentrep.data.analysis import singular, stop_words
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SECTION = 32
"""Sentences that count as one document at most: books are cut, articles are not."""
P_WIDTH, L_WIDTH, L_SHARE = 512, 300, 0.6
WINDOW, SMOOTHING = 30, 0.75
K1, B = 1.2, 0.75
ITERATIONS, OVERSAMPLES = 2, 10
"""Subspace iterations, and additional directions that are dropped at the end."""
AT_ONCE = 1 << 18
"""Words whose pairs are counted at once, and entries of a matrix that are changed at once."""
MOST_PAIRS = 20_000_000
"""Different pairs that are counted: 8 bytes each, and as much again while two matrices are added."""

Rows = NDArray[np.float32]


def collection_table(passages: Passages, seed: int) -> Rows:
    """(vocab, width), a row for each token; zeros for what is no word of the collection.

    Args:
        passages: of a store with a vocabulary of words, one passage for each document.
        seed: of the random matrices.
    """
    terms = _terms(passages)
    count = int(terms.max()) + 1
    bags = _Bags(passages, terms, count)
    idf = np.log(1 + (len(passages) - bags.holding + 0.5) / (bags.holding + 0.5)).astype(np.float32)
    random = np.random.default_rng(seed)
    channels = [(_ppmi_rows(passages, terms, count, random), 1.0), (_lsa_rows(bags, random), L_SHARE)]
    parts = [share * _unit_documents(bags, idf[:, None] * rows) for rows, share in channels]
    table = np.hstack(parts)[np.maximum(terms, 0)]
    table[terms < 0] = 0.0
    return np.ascontiguousarray(table, dtype=np.float32)


def _terms(passages: Passages) -> NDArray[np.int64]:
    """(vocab,) number of each token's term: a plural has that of its singular; -1 for what is no word."""
    numbers: dict[str, int] = {}
    terms = np.full(len(passages.tokens), -1, np.int64)
    for token in np.flatnonzero(passages.known):
        word = str(passages.tokens[token])
        if any(letter.isalnum() for letter in word):
            terms[token] = numbers.setdefault(singular(word), len(numbers))
    return terms


class _Bags:
    """The collection as counts of terms, (document, term), block by block."""

    def __init__(self, passages: Passages, terms: NDArray[np.int64], count: int) -> None:
        from scipy.sparse import csr_array

        known = np.flatnonzero(terms >= 0)
        shape = (len(terms), count)
        self._passages = passages
        self._fold = csr_array((np.ones(len(known), np.float32), (known, terms[known])), shape=shape)
        self.holding = np.zeros(count)
        lengths = 0.0
        for bag in self:
            self.holding += np.bincount(bag.indices, minlength=count)
            lengths += float(bag.sum())
        self.mean_length = lengths / len(passages)

    def __iter__(self) -> Iterator[csr_array]:
        for bag in self._passages.bags():
            yield (bag @ self._fold).tocsr()


def _ppmi_rows(passages: Passages, terms: NDArray[np.int64], count: int, random: np.random.Generator) -> Rows:
    """(term, P_WIDTH) rows U s^½ of the matrix of positive pointwise mutual information, of length 1."""
    matrix = _Ppmi(_pairs(passages, terms, count))
    if matrix.empty:
        return np.zeros((count, 1), np.float32)
    width = min(P_WIDTH, count)
    basis = random.standard_normal((count, min(count, width + OVERSAMPLES)), dtype=np.float32)
    basis = orthogonal(matrix.times(basis))
    for _ in progress(range(ITERATIONS), "PPMI", unit="reading"):
        basis = orthogonal(matrix.times(orthogonal(matrix.transposed_times(basis))))
    projected = matrix.transposed_times(basis)
    squares, turn = np.linalg.eigh(inner(projected, projected))
    largest = slice(None, -width - 1, -1)
    roots = np.maximum(squares[largest], 0) ** 0.25  # eigenvalues are squared singular values
    return _unit(turned(basis, turn[:, largest] * roots))


class _Ppmi:
    """(term, term) positive pointwise mutual information M of symmetric counts.

    M is not symmetric, since only contexts are smoothed. Where the counts are not zero is: M_ij and M_ji
    are kept for i ≤ j only, in two matrices that share their indices.
    """

    def __init__(self, pairs: csr_array) -> None:
        from scipy.sparse import csr_array

        words = (pairs.sum(axis=1) + pairs.sum(axis=0)).astype(np.float64)
        contexts = words**SMOOTHING
        contexts /= max(contexts.sum(), 1e-12)
        below = np.empty_like(pairs.data)
        for start in range(0, pairs.nnz, AT_ONCE):  # further arrays of this length take gigabytes
            part = slice(start, start + AT_ONCE)
            column = pairs.indices[part]
            row = np.searchsorted(pairs.indptr, np.arange(start, start + len(column)), side="right") - 1
            together = pairs.data[part] * np.where(row == column, 2, 1)
            pairs.data[part] = _information(together, words[row] * contexts[column])
            below[part] = _information(together, words[column] * contexts[row]) * (row != column)
        self.empty = not pairs.nnz
        self._above = pairs
        self._below = csr_array((below, pairs.indices, pairs.indptr), shape=pairs.shape)

    def times(self, dense: Rows) -> Rows:
        """M times a dense matrix."""
        product = self._above @ dense
        product += self._below.T @ dense
        return np.asarray(product)

    def transposed_times(self, dense: Rows) -> Rows:
        """The transpose of M times a dense matrix."""
        product = self._below @ dense
        product += self._above.T @ dense
        return np.asarray(product)


def _information(together: NDArray[Any], expected: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.log(np.maximum(together / np.maximum(expected, 1e-12), 1)))


def _pairs(passages: Passages, terms: NDArray[np.int64], count: int) -> csr_array:
    """(term, term) how often two words stand within `WINDOW` of each other in a document, at [i, j] with
    i ≤ j only."""
    from scipy.sparse import csr_array

    words = [
        str(token) if known else "" for token, known in zip(passages.tokens, passages.known, strict=True)
    ]
    stops = stop_words("english")
    kept = np.array([word not in stops for word in words]) & (terms >= 0)
    counts = csr_array((count, count), dtype=np.float32)
    least = 0.0
    for ids, document in progress(passages.blocks(), "counting pairs", unit="block"):
        chosen = kept[ids]
        kept_terms, document = terms[ids[chosen]].astype(np.int32), document[chosen]
        for start in range(0, len(kept_terms), AT_ONCE):
            counts = counts + _block(kept_terms[start : start + AT_ONCE + WINDOW], document[start:], count)
        while counts.nnz > MOST_PAIRS:
            least += 1.0
            counts.data[counts.data <= least] = 0
            counts.eliminate_zeros()
    return counts


def _block(ids: NDArray[np.int32], document: NDArray[np.int64], count: int) -> csr_array:
    """Pairs whose first word is one of all but the last `WINDOW` words, or of all at the end of the text."""
    from scipy.sparse import coo_array

    document, begin = document[: len(ids)], min(len(ids), AT_ONCE)
    first, second = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for distance in range(1, min(WINDOW, len(ids) - 1) + 1):
        many = min(begin, len(ids) - distance)
        same = document[distance : distance + many] == document[:many]
        first.append(ids[:many][same])
        second.append(ids[distance : distance + many][same])
    one, other = np.concatenate(first), np.concatenate(second)
    pairs = np.minimum(one, other), np.maximum(one, other)
    return coo_array((np.ones(len(one), np.float32), pairs), shape=(count, count)).tocsr()


def _lsa_rows(bags: _Bags, random: np.random.Generator) -> Rows:
    """(term, L_WIDTH) rows V s^½ of the BM25-weighted document-word matrix, whose rows have length 1."""
    count = len(bags.holding)
    width = min(L_WIDTH, count, len(bags._passages))
    basis = random.standard_normal((count, min(count, width + OVERSAMPLES)), dtype=np.float32)
    product = basis
    for _ in range(ITERATIONS):
        basis = orthogonal(product)
        product = np.zeros_like(basis)
        for bag in bags:
            weighted = _bm25(bag, bags)
            product += weighted.T @ (weighted @ basis)
    values, turn = np.linalg.eigh(inner(basis, product))
    kept = slice(None, -width - 1, -1)
    roots = np.maximum(values[kept], 0) ** 0.25  # eigenvalues are squared singular values
    return turned(basis, turn[:, kept] * roots)


def _bm25(bag: csr_array, bags: _Bags) -> csr_array:
    documents = len(bags._passages)
    idf = np.log(1 + (documents - bags.holding + 0.5) / (bags.holding + 0.5)).astype(np.float32)
    lengths = np.asarray(bag.sum(axis=1)).ravel()
    norms = np.repeat(K1 * (1 - B + B * lengths / max(bags.mean_length, 1e-9)), np.diff(bag.indptr))
    weighted = bag.copy()
    weighted.data = (idf[bag.indices] * bag.data / (bag.data + norms)).astype(np.float32)
    squares = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted.data /= np.repeat(np.maximum(squares, 1e-12), np.diff(bag.indptr)).astype(np.float32)
    return weighted


def _unit_documents(bags: _Bags, rows: Rows) -> Rows:
    """Rows divided by the root mean square of the lengths of the documents that they make."""
    total = sum(float(np.square(bag @ rows).sum()) for bag in bags)
    return np.asarray(rows / max((total / len(bags._passages)) ** 0.5, 1e-12), np.float32)


def _unit(rows: NDArray[Any]) -> Rows:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)
