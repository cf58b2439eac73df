"""Removal of what a label says from vectors, without training: closed-form erasure and its simple relatives.

`Eraser` (LEACE) is an affine map that is fitted once and needs no labels afterwards. Centring and instance
normalisation need the label of each vector; the latter can be undone with the statistics of another document
(adaptive instance normalisation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]
SMALLEST = 1e-6
"""Variance of a direction, relative to the largest one, below which it is not used."""


@dataclass(frozen=True)
class Eraser:
    """An affine map after which no linear classifier predicts the label better than its frequency.

    Of all such maps it moves the vectors least, in the mean square.

    Reference:
        "LEACE: perfect linear concept erasure in closed form", Belrose et al., NeurIPS 2023, theorem 4.3.

    >>> vectors = np.array([[1.0, 0.0], [1.0, 2.0], [-1.0, 1.0], [-1.0, 3.0]], dtype=np.float32)
    >>> erased = Eraser.fit(vectors, np.array([0, 0, 1, 1]))(vectors)
    >>> np.allclose(erased[:2].mean(0), erased[2:].mean(0), atol=1e-5)
    True
    """

    mean: NDArray[np.float64]
    removal: NDArray[np.float64]
    """(width, width): what is subtracted from a centred vector is its product with this matrix."""

    @classmethod
    def fit(cls, vectors: Vectors, labels: Labels) -> Eraser:
        """Fits the map.

        Args:
            vectors: (row, width).
            labels: (row,) integers from 0.
        """
        mean = vectors.mean(0, dtype=np.float64)
        centred = vectors - mean
        covariance = centred.T @ centred / len(centred)
        onehot = np.eye(int(labels.max()) + 1)[labels]
        cross = centred.T @ (onehot - onehot.mean(0)) / len(centred)
        values, axes = np.linalg.eigh(covariance)
        used = values > SMALLEST * values[-1]
        axes, deviation = axes[:, used], np.sqrt(values[used])
        left, singular, _ = np.linalg.svd((axes.T @ cross) / deviation[:, None], full_matrices=False)
        left = left[:, singular > SMALLEST * max(singular[0], SMALLEST)]
        into, back = (axes / deviation) @ left, (axes * deviation) @ left
        return cls(mean, into @ back.T)

    def __call__(self, vectors: Vectors) -> Vectors:
        """Returns the vectors without what the label says linearly."""
        centred = vectors - self.mean
        erased: Vectors = (vectors - centred @ self.removal).astype(np.float32)
        return erased


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation of the vectors of each document, (document, width)."""

    mean: Vectors
    deviation: Vectors

    @classmethod
    def of(cls, vectors: Vectors, labels: Labels) -> Statistics:
        """The statistics of documents that are numbered from 0; each has a vector."""
        rows = [vectors[labels == label] for label in range(int(labels.max()) + 1)]
        means = np.stack([row.mean(0) for row in rows])
        return cls(means, np.stack([row.std(0) for row in rows]).clip(1e-6))


def centred(vectors: Vectors, labels: Labels) -> Vectors:
    """Returns vectors less the mean of their document.

    >>> centred(np.array([[1.0], [3.0], [5.0]], dtype=np.float32), np.array([0, 0, 1])).tolist()
    [[-1.0], [1.0], [0.0]]
    """
    found: Vectors = vectors - Statistics.of(vectors, labels).mean[labels]
    return found


def normalised(vectors: Vectors, labels: Labels) -> Vectors:
    """Returns vectors with mean 0 and standard deviation 1 in each dimension of each document.

    Reference:
        "One-shot voice conversion by separating speaker and content representations with instance
        normalization", Chou et al., Interspeech 2019, section 2.2.
    """
    known = Statistics.of(vectors, labels)
    found: Vectors = (vectors - known.mean[labels]) / known.deviation[labels]
    return found


def restyled(normal: Vectors, known: Statistics, document: int) -> Vectors:
    """Returns `normalised` vectors with the mean and standard deviation of one document.

    >>> vectors, labels = np.array([[1.0], [3.0], [10.0], [30.0]], dtype=np.float32), np.array([0, 0, 1, 1])
    >>> restyled(normalised(vectors, labels), Statistics.of(vectors, labels), 1)[:2].tolist()
    [[10.0], [30.0]]
    """
    found: Vectors = normal * known.deviation[document] + known.mean[document]
    return found
