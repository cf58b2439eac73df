"""A prepared corpus as bags of words and as lists of words, one per passage: the input of baselines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sentrep.data.store.store import Store
from sentrep.utils.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_TOKENS_AT_ONCE = 1 << 20


class Passages:
    """A corpus cut into passages of `sentences` consecutive sentences of one document."""

    def __init__(self, store: Store, sentences: int = 1) -> None:
        self.store = store
        place = np.arange(len(store)) - np.repeat(store.documents[:-1], np.diff(store.documents))
        starts = np.flatnonzero(place % sentences == 0)
        self.edges: NDArray[np.int64] = np.asarray(store.offsets)[np.append(starts, len(store))]
        """(passage + 1): passage i is the tokens ``edges[i]:edges[i + 1]``."""
        self.tokens = words(store)
        self.known = np.array([token is not None for token in self.tokens])
        """(vocab), whether a token is a word; special tokens are none."""
        if not self.counted():
            raise InputError("the corpus has no words to fit a baseline to", setting="corpus")

    def __len__(self) -> int:
        return len(self.edges) - 1

    def counted(self) -> dict[str, int]:
        """Returns the number of occurrences of each word in the corpus."""
        totals = self.store.token_counts()
        return {self.tokens[token]: int(totals[token]) for token in np.flatnonzero(self.known & (totals > 0))}

    def bags(self) -> Iterator[csr_array]:
        """Yields (passage, vocab) counts in float32, a million tokens at a time."""
        from scipy.sparse import csr_array

        begin = 0
        while begin < len(self):
            end = max(
                begin + 1, int(np.searchsorted(self.edges, self.edges[begin] + _TOKENS_AT_ONCE, "right")) - 1
            )
            edges = self.edges[begin : end + 1]
            ids = np.asarray(self.store.ids[edges[0] : edges[-1]], dtype=np.int32)
            bag = csr_array(
                (self.known[ids].astype(np.float32), ids, edges - edges[0]),
                shape=(end - begin, len(self.known)),
            )
            bag.sum_duplicates()
            bag.eliminate_zeros()
            yield bag
            begin = end

    def blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Token ids of whole passages, about a million at a time, and the passage that each stands in."""
        begin = 0
        while begin < len(self):
            limit = self.edges[begin] + _TOKENS_AT_ONCE
            end = max(begin + 1, int(np.searchsorted(self.edges, limit, "right")) - 1)
            ids = np.asarray(self.store.ids[self.edges[begin] : self.edges[end]], dtype=np.int64)
            yield ids, np.repeat(np.arange(begin, end), np.diff(self.edges[begin : end + 1]))
            begin = end

    def shuffled(self, seed: int) -> Iterator[tuple[int, list[str]]]:
        """Yields the number and the words of every passage, again and again, each time in another order."""
        for epoch in count():
            for passage in np.random.default_rng([seed, epoch]).permutation(len(self)):
                ids = self.store.ids[self.edges[passage] : self.edges[passage + 1]]
                yield int(passage), [token for token in self.tokens[ids] if token is not None]


def words(store: Store) -> NDArray[np.object_]:
    """Returns each token as text, (vocab); None for tokens that are no words, such as padding and unknown."""
    inner = store.tokenizer.inner
    special = store.tokenizer.special
    tokens: NDArray[Any] = np.empty(store.tokenizer.vocab_size, dtype=object)
    for token in range(len(tokens)):
        tokens[token] = None if token in special else inner.id_to_token(token)
    return tokens
