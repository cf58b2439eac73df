"""Token rows that depend on spelling: PPMI rows completed by character n-grams.

A matrix of co-occurrences has little data on a rare token, and none on how tokens are spelled. So a vector is
fitted to each character n-gram that two tokens share, such that their sum predicts the PPMI rows (ridge
regression, frequent tokens weigh more). With g_t the n-grams of a token t, n_t its occurrences, and r_t its
PPMI row:

    v      = argmin Σ_t min(n_t, MOST) |r_t − Σ_{g ∈ g_t} v_g / √|g_t||² + λ Σ_g |v_g|²
    row_t  = u(u(n_t r_t + K u(Σ v_g)) + IDENTITY u(random_t + u(Σ_{g ∈ g_t} random_g))),   u(x) = x / |x|

The second term keeps tokens apart that occur in similar places, and similar spellings near each other; search
needs it, as the words themselves matter there.

References:
    Zhao, Mudgal & Liang, "Generalizing word embeddings using bag of subwords", EMNLP 2018: vectors of rare
    words from a regression on character n-grams.

    Bojanowski et al., "Enriching word vectors with subword information", TACL 2017: which n-grams.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sentrep.baselines.passages import words
from sentrep.baselines.ppmi import Rows, ppmi_rows, times
from sentrep.data.store.store import Store
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SHORTEST, LONGEST = 3, 5
"""Characters of an n-gram, the marks of a word's beginning and end among them."""
MOST, RIDGE, STEPS = 1000, 1.0, 8
"""Occurrences that weigh at most, λ, and steps of the conjugate gradient."""
K = 300.0
"""Occurrences with which a token's own row and the one of its n-grams weigh alike."""
IDENTITY = 1.0
"""Share of the random rows."""


def ppmi_ngram_rows(store: Store, width: int, seed: int) -> Rows:
    """(vocab, width) rows of length 1 for all tokens that are words; zeros for special tokens.

    Args:
        store: the prepared corpus.
        width: of the rows.
        seed: of all that is drawn at random.
    """
    tokens = words(store)
    counts = np.where([token is not None for token in tokens], store.token_counts(), 0).astype(np.float32)
    own = ppmi_rows(store, width, seed)
    spelling = ngram_matrix(tokens)
    mixed = counts[:, None] * own + K * _predicted(spelling, own, counts)
    rows = _unit(_unit(mixed) + IDENTITY * _random_rows(spelling, width, seed))
    rows[[token is None for token in tokens]] = 0
    return rows


def ngrams(token: str) -> set[str]:
    """The character n-grams of a token: `▁` marks the beginning of a word, `>` the end of the token.

    >>> sorted(ngrams("▁cat"))
    ['at>', 'cat', 'cat>', '▁ca', '▁cat', '▁cat>']
    """
    marked = f"{token}>"
    return {
        marked[start : start + length]
        for length in range(SHORTEST, LONGEST + 1)
        for start in range(len(marked) - length + 1)
    }


def ngram_matrix(tokens: Sequence[str | None] | NDArray[np.object_]) -> csr_array:
    """(token, n-gram) whether a token has an n-gram, divided by the root of their number; n-grams that one
    token alone has are left out, and None has none."""
    from scipy.sparse import csr_array

    found = [ngrams(token) if token is not None else set() for token in tokens]
    counts = Counter(one for each in found for one in each)
    # Sorted: the order of a set differs between processes, and the random rows go by these numbers.
    shared = sorted(ngram for ngram, count in counts.items() if count > 1)
    numbers = {ngram: number for number, ngram in enumerate(shared)}
    columns = [sorted(numbers[ngram] for ngram in each if ngram in numbers) for each in found]
    lengths = np.array([len(each) for each in columns])
    values = np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)
    edges = np.concatenate([[0], np.cumsum(lengths)])
    flat = np.array([column for each in columns for column in each], np.int32)
    return csr_array((values, flat, edges), shape=(len(columns), len(shared)))


def _predicted(spelling: csr_array, rows: Rows, counts: NDArray[np.float32]) -> Rows:
    """(token, width) rows of length 1 as the n-grams predict them; zeros for tokens without any."""
    from scipy.sparse import diags_array

    if not spelling.nnz:
        return np.zeros_like(rows)
    weights = np.sqrt(np.where(rows.any(axis=1), np.minimum(counts, MOST), 0))
    weights /= max(float(weights.mean()), 1e-9)
    weighted = (diags_array(weights) @ spelling).tocsr()
    forward, back = times(weighted), times(weighted.T.tocsr())
    solution = np.zeros((spelling.shape[1], rows.shape[1]), np.float32)
    residual = back(weights[:, None] * rows)
    direction, size = residual.copy(), np.square(residual).sum(axis=0)
    for _ in progress(range(STEPS), "fitting n-grams", unit="step"):
        product = back(forward(direction)) + RIDGE * direction
        step = size / np.maximum((direction * product).sum(axis=0), 1e-12)
        solution += step * direction
        residual -= step * product
        before, size = size, np.square(residual).sum(axis=0)
        direction = residual + size / np.maximum(before, 1e-12) * direction
    return _unit(times(spelling)(solution))


def _random_rows(spelling: csr_array, width: int, seed: int) -> Rows:
    """(token, width) random rows of length 1; tokens that share n-grams have similar ones."""
    random = np.random.default_rng([seed, 1])
    alone = _unit(random.standard_normal((spelling.shape[0], width), dtype=np.float32))
    if not spelling.nnz:
        return alone
    parts = random.standard_normal((spelling.shape[1], width), dtype=np.float32)
    return _unit(alone + _unit(times(spelling)(parts)))


def _unit(rows: Rows) -> Rows:
    """Rows of length 1; zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), np.float32)
