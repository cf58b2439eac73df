"""Linear maps of sentence vectors that are fitted in closed form: PCA, whitening, ITQ, and the removal of the
strongest directions.

A linear auto-encoder minimises ‖X − XAB‖². Its optimum spans the first k principal axes (Baldi & Hornik), so
PCA is the linear auto-encoder with orthonormal columns. Mean and covariance are collected in one pass over
the vectors, in double precision, so that memory does not grow with their number.

References:
    Baldi & Hornik, "Neural networks and principal component analysis", Neural Networks 1989.
    Su et al., "Whitening sentence representations for better semantics and faster retrieval", 2021.
    Mu & Viswanath, "All-but-the-top", ICLR 2018.
    Gong & Lazebnik, "Iterative quantization", CVPR 2011, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize
from torch import Tensor, from_numpy, nn

from sentrep.utils.errors import InputError, opt

Array = NDArray[np.float64]
By = Literal["pca", "whiten", "itq", "abtt"]
KINDS: tuple[By, ...] = get_args(By)
"""Names of the maps that `fit` fits."""

FLOOR = 1e-3
"""Smallest eigenvalue that whitening divides by, as a share of the largest; it limits how much noise is
amplified."""
ROTATIONS = 50
"""Iterations of ITQ, as its authors use."""
PER_DIRECTION = 100
"""All-but-the-top removes one direction for each of so many dimensions (Mu & Viswanath, section 2.2)."""


class Moments:
    """Number, mean and covariance of vectors, collected block by block.

    Args:
        width: of the vectors.

    >>> moments = Moments(2)
    >>> moments.add(np.array([[1.0, 0.0], [3.0, 0.0]], np.float32))
    >>> moments.mean.tolist(), moments.covariance.tolist()
    ([2.0, 0.0], [[1.0, 0.0], [0.0, 0.0]])
    """

    def __init__(self, width: int) -> None:
        self.count = 0
        self._sum = np.zeros(width)
        self._products = np.zeros((width, width))

    def add(self, vectors: NDArray[np.float32]) -> None:
        """Collects a block of vectors, (vector, width)."""
        exact = vectors.astype(np.float64)
        self.count += len(exact)
        self._sum += exact.sum(axis=0)
        self._products += exact.T @ exact

    @property
    def mean(self) -> Array:
        """(width,)."""
        return self._sum / max(self.count, 1)

    @property
    def covariance(self) -> Array:
        """(width, width), divided by the number of vectors."""
        return self._products / max(self.count, 1) - np.outer(self.mean, self.mean)

    def axes(self) -> tuple[Array, Array]:
        """Eigenvalues of the covariance, (width,), the largest first, and its eigenvectors as columns.

        The largest entry of each eigenvector is positive, so that the same data give the same signs.
        """
        values, vectors = np.linalg.eigh(self.covariance)
        values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
        largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))]
        return values, vectors * np.where(largest < 0, -1, 1)


@dataclass(frozen=True)
class LinearMap:
    """x ↦ x A + b."""

    matrix: Array
    """A, (width, reduced width)."""
    bias: Array
    """b, (reduced width,)."""

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps vectors, (vector, width), to (vector, reduced width)."""
        return (vectors @ self.matrix + self.bias).astype(np.float32)

    def dense(self) -> Dense:
        """Returns the map as a stock module."""
        wide, narrow = self.matrix.shape
        return Dense(
            wide,
            narrow,
            activation_function=nn.Identity(),
            init_weight=_tensor(self.matrix.T),
            init_bias=_tensor(self.bias),
        )


def fit(by: By, moments: Moments, width: int, sample: NDArray[np.float32]) -> LinearMap:
    """Fits a map to vectors.

    Args:
        by: 'pca', 'whiten' (PCA to unit variances), 'itq' (PCA, rotated so that the signs keep most of the
            vectors), or 'abtt' (the strongest directions removed; the width stays).
        moments: of the vectors.
        width: of the result; for 'abtt' that of the vectors.
        sample: some of the vectors, which ITQ learns its rotation from.

    Raises:
        InputError: `width` is no width of such a map.

    Example:
        >>> vectors = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
        >>> moments = Moments(8)
        >>> moments.add(vectors)
        >>> fit("whiten", moments, 4, vectors)(vectors).var(axis=0).round(3).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    wide = len(moments.mean)
    if not 1 <= width <= wide:
        raise InputError(f"{opt('width')} {width}: the vectors have {wide} dimensions; give 1 to {wide}")
    return MAPS[by](moments, width, sample)


def width_that_keeps(eigenvalues: Array, share: float) -> int:
    """The smallest width whose axes have at least this share of the variance.

    >>> width_that_keeps(np.array([6.0, 3.0, 1.0]), 0.9)
    2
    """
    total = eigenvalues.sum()
    if not 0 < share <= 1:
        raise InputError(f"{opt('keep')} {share}: a share of the variance, above 0 and at most 1")
    return int(np.searchsorted(np.cumsum(eigenvalues), share * total * (1 - 1e-12)) + 1)


def pca(moments: Moments, width: int, _: NDArray[np.float32] | None = None) -> LinearMap:
    """x ↦ (x − μ) U, with the first eigenvectors as columns of U."""
    return _centred(moments, moments.axes()[1][:, :width])


def whitening(moments: Moments, width: int, _: NDArray[np.float32] | None = None) -> LinearMap:
    """x ↦ (x − μ) U Λ^{-1/2}, with Λ not below `FLOOR` of its largest value."""
    values, axes = moments.axes()
    floored = np.maximum(values[:width], FLOOR * values[0])
    return _centred(moments, axes[:, :width] / np.sqrt(np.where(floored > 0, floored, 1)))


def all_but_the_top(moments: Moments, width: int, _: NDArray[np.float32] | None = None) -> LinearMap:
    """x ↦ (x − μ)(I − U Uᵀ), with the first width / 100 eigenvectors as columns of U, and one at least."""
    wide = len(moments.mean)
    if width != wide:
        raise InputError(f"{opt('width')} {width}: 'abtt' keeps the width of the vectors, {wide}")
    strongest = moments.axes()[1][:, : max(1, wide // PER_DIRECTION)]
    return _centred(moments, np.eye(wide) - strongest @ strongest.T)


def itq(moments: Moments, width: int, sample: NDArray[np.float32]) -> LinearMap:
    """PCA, then the rotation R for which ‖sign(V R) − V R‖² is least, where V are the reduced vectors."""
    reduced = pca(moments, width)
    rotation = rotation_to_signs(reduced(sample).astype(np.float64))
    return replace(reduced, matrix=reduced.matrix @ rotation, bias=reduced.bias @ rotation)


def rotation_to_signs(vectors: Array, seed: int = 0) -> Array:
    """The rotation of ITQ, (width, width): alternates between codes sign(V R) and the best R for them.

    Args:
        vectors: V, centred, (vector, width).
        seed: of the random rotation that it starts from.
    """
    width = vectors.shape[1]
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))[0]
    for _ in range(ROTATIONS):
        codes = np.where(vectors @ rotation >= 0, 1.0, -1.0)
        left, _values, right = np.linalg.svd(codes.T @ vectors)
        rotation = (left @ right).T
    return cast(Array, rotation)


MAPS: dict[By, Callable[[Moments, int, NDArray[np.float32]], LinearMap]] = {
    "pca": pca,
    "whiten": whitening,
    "itq": itq,
    "abtt": all_but_the_top,
}


def with_layers(encoder: SentenceTransformer, widths: Sequence[int]) -> SentenceTransformer:
    """Returns the encoder with a perceptron of random weights behind it: GELU between its layers, none at its
    end.

    An encoder that already ends with such layers is returned as it is: the encoder of a run that goes on.

    Args:
        encoder: of the vectors that it reads.
        widths: of its layers.
    """
    activations: list[type[nn.Module]] = [*[nn.GELU] * (len(widths) - 1), nn.Identity]
    last = list(encoder)[-len(widths) :]
    found = [(each.out_features, type(each.activation_function)) for each in last if isinstance(each, Dense)]
    if found == list(zip(widths, activations, strict=True)):
        return encoder
    wide = encoder.get_embedding_dimension()
    assert wide is not None
    layers = [
        Dense(before, after, activation_function=activation())
        for (before, after), activation in zip(pairwise([wide, *widths]), activations, strict=True)
    ]
    return SentenceTransformer(modules=[*encoder, *layers], device=str(encoder.device))


def followed_by(encoder: SentenceTransformer, parts: list[nn.Module]) -> SentenceTransformer:
    """The encoder with modules behind its own. Vectors that had length 1 are scaled to length 1 again."""
    own = list(encoder)
    unit = [Normalize()] if isinstance(own[-1], Normalize) else []
    return SentenceTransformer(
        modules=[*own, *parts, *unit],
        device=str(encoder.device),
        prompts=encoder.prompts,
        default_prompt_name=encoder.default_prompt_name,
        similarity_fn_name=encoder.similarity_fn_name,
    )


def _centred(moments: Moments, matrix: Array) -> LinearMap:
    return LinearMap(matrix, -moments.mean @ matrix)


def _tensor(values: Array) -> Tensor:
    return from_numpy(np.ascontiguousarray(values, dtype=np.float32))
