"""Context vector data description: how far the contexts of a text are from those of normal texts.

A text is read as the rows of its words, E = (e_1, …, e_n), which stay as they are:

    A = softmax(W₂ tanh(W₁ E)) over the words,   m_k = Σ_i A_ki e_i,   d_k = ½ (1 − cos(m_k, c_k))
    loss = mean Σ_k softmax(−α d)_k d_k + λ mean((C Cᵀ − I)²),          score = mean_k d_k

Differs from the released code: padding gets no attention; the most frequent words are left out instead of
those of an English list; and α rises evenly from 0 to 1, where the code ends at .1. With the most frequent
words, the attention learns what all texts share, and finds nothing. The score is the mean over all contexts;
the code also reports the best one, which is chosen by the labels of the test set.

Reference: Ruff et al., "Self-attentive, multi-context one-class classification for unsupervised anomaly
detection on text", ACL 2019.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sentrep.data.analysis import words
from sentrep.mining.vectors import Vectors
from sentrep.modules.random_state import seeded
from sentrep.utils.vectors import unit

CONTEXTS = 3
ATTENTION_WIDTH = 150

EPOCHS = 20
LR_DROP_EPOCH = 8
"""Epoch from which the learning rate is a tenth."""

LR = 0.01
BATCH = 64
CLIP = 0.5
LONGEST = 100
"""Words of a text that are read."""

VOCABULARY = 50_000
"""Most frequent words, which are read."""
COMMON = 0.3
"""Share of all occurrences that the most frequent words have, which are not read."""


@dataclass(frozen=True)
class WordSequences:
    """Texts as numbers of their words, from 1; words outside of the vocabulary are left out.

    Attributes:
        numbers: (word of any text,)
        starts: (text + 1,) where each text begins.
        vocabulary: the word of each number, which begin at 1.
    """

    numbers: NDArray[np.int32]
    starts: NDArray[np.int64]
    vocabulary: list[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> WordSequences:
        """Read texts twice: for the vocabulary, and for the numbers of the first words.

        >>> found = WordSequences.of(["a dog", "a cat"])
        >>> found.numbers.tolist(), found.starts.tolist(), found.vocabulary
        ([1, 2, 1, 3], [0, 2, 4], ['a', 'dog', 'cat'])
        """
        counts = Counter(word for text in texts for word in words(text)).most_common()
        occurrences = np.cumsum([count for _, count in counts])
        first = int(np.searchsorted(occurrences, COMMON * occurrences[-1])) if counts else 0
        known = {word: at for at, (word, _) in enumerate(counts[first : first + VOCABULARY], start=1)}
        numbers, starts = array("i"), array("q", [0])
        for text in texts:
            numbers.extend([known[word] for word in words(text) if word in known][:LONGEST])
            starts.append(len(numbers))
        return cls(np.array(numbers, np.int32), np.array(starts, np.int64), list(known))

    def __getitem__(self, text: int) -> NDArray[np.int32]:
        return self.numbers[self.starts[text] : self.starts[text + 1]]


def cvdd(
    normal: Sequence[NDArray[np.int32]], texts: Sequence[NDArray[np.int32]], rows: Vectors, seed: int = 0
) -> NDArray[np.float64]:
    """Mean distance (text,) of the contexts of texts to those of normal texts, 0 to 1.

    A text without words gets the largest distance of all texts.

    Args:
        normal: numbers of the words of normal texts, from 1.
        texts: of the texts to score.
        rows: (word, width) the vector of each word.
        seed: of the start and the batches.

    >>> rows = np.array([[1, 0.1], [0.9, 0.2], [0.5, 0.5], [0, 1]], np.float32)
    >>> normal = [np.array([1, 2]), np.array([1, 3]), np.array([2, 3, 1])] * 20
    >>> found = cvdd(normal, [np.array([1, 2, 3]), np.array([4]), np.array([], int)], rows)
    >>> bool(found[0] < found[1] == found[2])
    True
    """
    known = [text for text in normal if len(text)]
    some = [at for at, text in enumerate(texts) if len(text)]
    if not known or not some:
        return np.zeros(len(texts))
    with seeded(seed):
        network = _fitted(known, unit(rows), seed)
    found = np.full(len(texts), -1.0)
    found[some] = network.scores([texts[at] for at in some])
    return np.where(found < 0, found.max(), found)


class ContextVectors(nn.Module):
    """The network: attention over the rows of words, and the contexts of normal texts.

    Args:
        rows: (word, width) of the vocabulary, of length 1.
        contexts: (context, width) at the start.
    """

    rows: Tensor

    def __init__(self, rows: Vectors, contexts: Vectors) -> None:
        super().__init__()
        padding = np.zeros((1, rows.shape[1]), np.float32)
        self.register_buffer("rows", torch.from_numpy(np.concatenate([padding, rows])))
        self.inner = nn.Linear(rows.shape[1], ATTENTION_WIDTH, bias=False)
        self.outer = nn.Linear(ATTENTION_WIDTH, len(contexts), bias=False)
        self.contexts = nn.Parameter(torch.from_numpy(contexts))

    def forward(self, numbers: Tensor) -> Tensor:
        """Distances (text, context), 0 to 1, of texts (text, position) to the contexts; 0 is padding."""
        rows = self.rows[numbers]
        weights = self.outer(torch.tanh(self.inner(rows)))
        weights = weights.masked_fill((numbers == 0).unsqueeze(2), -torch.inf).softmax(dim=1)
        own = torch.einsum("tnc,tnw->tcw", weights, rows)
        return (1 - torch.cosine_similarity(own, self.contexts, dim=2)) / 2

    def loss(self, numbers: Tensor, alpha: float) -> Tensor:
        """The objective, a scalar."""
        distances = self(numbers)
        near = ((-alpha * distances).softmax(dim=1) * distances).sum(dim=1).mean()
        directions = nn.functional.normalize(self.contexts, dim=1)
        alike = directions @ directions.T - torch.eye(len(directions))
        loss: Tensor = near + alike.square().mean()
        return loss

    @torch.no_grad()
    def scores(self, texts: Sequence[NDArray[np.int32]]) -> NDArray[np.float64]:
        """Mean distance (text,) of texts with a word or more."""
        batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        found = [self(_padded(batch)).mean(dim=1) for batch in batches]
        return torch.cat(found).numpy().astype(np.float64)


def _fitted(texts: Sequence[NDArray[np.int32]], rows: Vectors, seed: int) -> ContextVectors:
    made = ContextVectors(rows, _first_contexts(texts, rows, seed))
    optimizer = torch.optim.Adam(made.parameters(), LR)
    for epoch in range(EPOCHS):
        optimizer.param_groups[0]["lr"] = LR if epoch < LR_DROP_EPOCH else LR / 10
        for batch in _batches(texts):
            loss = made.loss(batch, alpha=epoch / max(EPOCHS - 1, 1))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(made.parameters(), CLIP)
            optimizer.step()
    return made.eval()


def _first_contexts(texts: Sequence[NDArray[np.int32]], rows: Vectors, seed: int) -> Vectors:
    """Centres of k-means of the mean rows of texts (context, width)."""
    from sklearn.cluster import KMeans

    means = np.stack([rows[text - 1].mean(axis=0) for text in texts])
    count = min(CONTEXTS, len(np.unique(means, axis=0)))
    found: Vectors = KMeans(count, n_init=4, random_state=seed).fit(means).cluster_centers_
    return found.astype(np.float32)


def _batches(texts: Sequence[NDArray[np.int32]]) -> Iterator[Tensor]:
    order = torch.randperm(len(texts)).tolist()
    for start in range(0, len(order), BATCH):
        yield _padded([texts[at] for at in order[start : start + BATCH]])


def _padded(texts: Sequence[NDArray[np.int32]]) -> Tensor:
    """Numbers (text, position), with zeros behind the end of a text."""
    return nn.utils.rnn.pad_sequence([torch.from_numpy(text) for text in texts], batch_first=True)
