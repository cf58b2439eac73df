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
from sentrep.data.analysis import singular, stop_words
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SECTION = 32
"""Sentences that count as one document at most: books are cut, articles are not."""
P_WIDTH, L_WIDTH, L_SHARE = 512, 300, 0.6
WINDOW, SMOOTHING = 30, 0.75
K1, B = 1.2, 0.75
READINGS, SPARE = 2, 10
"""Of the matrices by subspace iteration, and directions that are carried along and dropped at the end."""
AT_ONCE = 1 << 18
"""Words whose pairs are counted at once, and entries of a matrix that are changed at once."""
MOST_PAIRS = 60_000_000
"""Entries of the matrix of window counts: 8 bytes each, and as much again while two are added."""

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
    matrix = _ppmi(_pairs(passages, terms, count))
    if not matrix.nnz:
        return np.zeros((count, 1), np.float32)
    width = min(P_WIDTH, count)
    basis = _orthogonal(matrix @ random.standard_normal((count, min(count, width + SPARE)), dtype=np.float32))
    for _ in progress(range(READINGS), "PPMI", unit="reading"):
        basis = _orthogonal(matrix @ _orthogonal(matrix.T @ basis))
    projected = matrix.T @ basis
    squares, turn = np.linalg.eigh(projected.T.astype(np.float64) @ projected)
    largest = slice(None, -width - 1, -1)
    roots = np.maximum(squares[largest], 0) ** 0.25  # eigenvalues are squared singular values
    return _unit((basis @ turn[:, largest]) * roots)


def _ppmi(pairs: csr_array) -> csr_array:
    """The matrix of positive pointwise mutual information, in the place of the counts."""
    rows = np.asarray(pairs.sum(axis=1)).ravel()
    contexts = rows**SMOOTHING
    contexts /= max(contexts.sum(), 1e-12)
    row = np.repeat(np.arange(len(rows), dtype=np.int32), np.diff(pairs.indptr))
    for start in range(0, pairs.nnz, AT_ONCE):  # whole arrays of such a matrix take gigabytes
        part = slice(start, start + AT_ONCE)
        expected = np.maximum(rows[row[part]] * contexts[pairs.indices[part]], 1e-12)
        pairs.data[part] = np.maximum(np.log(np.maximum(pairs.data[part] / expected, 1e-12)), 0)
    pairs.eliminate_zeros()
    return pairs


def _pairs(passages: Passages, terms: NDArray[np.int64], count: int) -> Any:
    """(term, term) how often two words stand within `WINDOW` of each other in a document; symmetric."""
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
        ids, document = terms[ids[chosen]], document[chosen]
        for start in range(0, len(ids), AT_ONCE):
            counts = counts + _block(ids[start : start + AT_ONCE + WINDOW], document[start:], count)
        while counts.nnz > MOST_PAIRS:
            least += 1.0
            counts.data[counts.data <= least] = 0
            counts.eliminate_zeros()
    return (counts + counts.T).tocsr()


def _block(ids: NDArray[np.int64], document: NDArray[np.int64], count: int) -> csr_array:
    """Pairs whose first word is one of all but the last `WINDOW` words, or of all at the end of the text."""
    from scipy.sparse import coo_array

    document, begin = document[: len(ids)], min(len(ids), AT_ONCE)
    first, second = [], []
    for distance in range(1, min(WINDOW, len(ids) - 1) + 1):
        many = min(begin, len(ids) - distance)
        same = document[distance : distance + many] == document[:many]
        first.append(ids[:many][same])
        second.append(ids[distance : distance + many][same])
    rows = np.concatenate([np.zeros(0, np.int64), *first]).astype(np.int32)
    columns = np.concatenate([np.zeros(0, np.int64), *second]).astype(np.int32)
    return coo_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(count, count)).tocsr()


def _lsa_rows(bags: _Bags, random: np.random.Generator) -> Rows:
    """(term, L_WIDTH) rows V s^½ of the BM25-weighted document-word matrix, whose rows have length 1."""
    count = len(bags.holding)
    width = min(L_WIDTH, count, len(bags._passages))
    basis = random.standard_normal((count, min(count, width + SPARE)), dtype=np.float32)
    product = basis
    for _ in range(READINGS):
        basis = _orthogonal(product)
        product = np.zeros_like(basis)
        for bag in bags:
            weighted = _bm25(bag, bags)
            product += weighted.T @ (weighted @ basis)
    values, turn = np.linalg.eigh(basis.T.astype(np.float64) @ product)
    kept = slice(None, -width - 1, -1)
    roots = np.maximum(values[kept], 0) ** 0.25  # eigenvalues are squared singular values
    return np.asarray((basis @ turn[:, kept]) * roots, dtype=np.float32)


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


def _orthogonal(columns: NDArray[Any]) -> Rows:
    """An orthonormal basis of the space of the columns, by the eigenvectors of their Gram matrix: several
    times faster than QR where there are many more rows than columns."""
    values, vectors = np.linalg.eigh(columns.T.astype(np.float64) @ columns)
    kept = values > 1e-10 * max(values[-1], 1e-30)
    return np.asarray(columns @ (vectors[:, kept] / np.sqrt(values[kept])), np.float32)
