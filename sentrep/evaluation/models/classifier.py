"""Logistic regression on frozen features, for many training sets at once.

For features x, labels y and n training rows, weights W and bias b are the minimum of

    1/n sum_i -log softmax(W x_i + b)[y_i]  +  strength / 2 |W|^2,        b unpenalised,

with the strengths of SentEval. SentEval uses Adam with one learning rate and early stopping, which stops
further from the minimum for vectors of small norm. Here the minimum is reached. Features are centred and
divided by one number, so that their total variance is 1; single features are not rescaled.

Nested cross-validation needs hundreds of minima for training rows that differ little. All are found together,
by conjugate gradients in which a pass over the features is one matrix product for all problems. The Hessian
is about p (1 - p) X'X / n, nearly the same for all of them, so one Cholesky factor per strength is a good
preconditioner, and ten to a hundred steps are enough.

Reference:
    Conneau and Kiela 2018, "SentEval: An evaluation toolkit for universal sentence representations".
    Böhning 1992, "Multinomial logistic regression algorithm" (the bound of the Hessian).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]

STRENGTHS = (1e-2, 1e-3, 1e-4, 1e-5)
"""From strong to weak: each minimum is the start for the next."""

TOLERANCE = 1e-8
"""Distance of the mean loss from its minimum, in nats, at which the search ends."""

# Features from a Cauchy distribution needed 200 steps.
_STEPS = 2000

# Classes x problems x rows at a time: 8 MB in float32, of which there are about a dozen arrays.
_NUMBERS = 2**21


class Predicted(NamedTuple):
    """Predictions of the classifiers of one problem, one per strength, for all rows."""

    label: NDArray[np.int16]
    """(strength, row)"""
    probability: Floats
    """(strength, row), probability of that label."""


def predictions(features: Floats, labels: Integers, problems: Sequence[Integers]) -> Iterator[Predicted]:
    """Train one classifier per problem and strength, and predict the labels of all rows.

    The features are scaled by the rows up to the last one that any problem is trained on.

    Args:
        features: (row, width), finite.
        labels: (row,), integers from 0.
        problems: for each problem the rows that it is trained on.

    Yields:
        The predictions of each problem.

    >>> x, y = np.array([[0.0], [0.1], [1.0], [1.1]], dtype=np.float32), np.array([0, 0, 1, 1])
    >>> [each.label[-1].tolist() for each in predictions(x, y, [np.arange(4)])]
    [[0, 0, 1, 1]]
    """
    import torch

    classes = int(labels.max()) + 1
    end = 1 + max(int(rows.max()) for rows in problems)
    scaled = _scaled(features, end)
    covariance = scaled[:end].T @ scaled[:end] / end
    # Two classes need one weight vector: the difference of the two.
    targets = torch.from_numpy(
        labels[:end, None] == (np.array([1]) if classes == 2 else np.arange(classes))
    ).float()
    at_once = max(1, _NUMBERS // (len(features) * targets.shape[1]))
    for start in range(0, len(problems), at_once):
        some = problems[start : start + at_once]
        shares = torch.zeros(end, len(some))
        for number, rows in enumerate(some):
            shares[rows, number] = 1 / len(rows)
        found = [
            _answers(_times(scaled, weights))
            for weights in _path(_Losses(scaled[:end], targets, shares), covariance)
        ]
        for number in range(len(some)):
            yield Predicted(*(np.stack([each[part][:, number].numpy() for each in found]) for part in (0, 1)))


def _scaled(features: Floats, end: int) -> Tensor:
    """Features (row, width + 1) with mean 0 and total variance 1 over the first `end` rows; the last column
    is 1, for the bias."""
    import torch

    centre = features[:end].mean(axis=0, dtype=np.float64)
    scaled = np.ones((len(features), features.shape[1] + 1), dtype=np.float32)
    np.subtract(features, centre.astype(np.float32), out=scaled[:, :-1])
    variance = np.einsum("rw,rw->r", scaled[:end, :-1], scaled[:end, :-1], dtype=np.float64).mean()
    # A small share of the squared norm is added, so that vectors that differ by rounding alone are not
    # separated.
    scale = np.sqrt(variance + 1e-6 * (centre @ centre))
    scaled[:, :-1] /= scale if scale > 0 else 1.0
    return torch.from_numpy(scaled)


def _answers(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Best label and its probability, both (row, problem)."""
    probabilities = _probabilities(scores)
    if scores.shape[2] == 1:
        second = probabilities[:, :, 0]
        return (second > 0.5).short(), second.maximum(1 - second)
    best = probabilities.max(dim=2)
    return best.indices.short(), best.values


class _Losses(NamedTuple):
    """The losses of problems that are solved together, each over its own rows."""

    features: Tensor
    """(row, width + 1)"""
    targets: Tensor
    """(row, class): 1 where the row has that label."""
    shares: Tensor
    """(row, problem): weight of a row in the mean."""

    def slope(self, scores: Tensor) -> Tensor:
        """Gradient of the loss by each score: (row, problem, class)."""
        return (_probabilities(scores) - self.targets[:, None]) * self.shares[:, :, None]

    def curvature(self, scores: Tensor) -> float:
        """Second derivative of the loss by a score: p(1 - p) on average."""
        probabilities = _probabilities(scores)
        return float((probabilities * (1 - probabilities) * self.shares[:, :, None]).sum(dim=0).mean())

    def along(self, scores: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
        """First and second derivative of the loss along the direction `moved` of the scores, (problem,)."""
        pull = _probabilities(scores) * moved
        bend = (pull * (moved - (pull if moved.shape[2] == 1 else pull.sum(dim=2, keepdim=True)))).sum(dim=2)
        first = ((pull - self.targets[:, None] * moved).sum(dim=2) * self.shares).sum(dim=0)
        return first, (bend * self.shares).sum(dim=0)


def _path(losses: _Losses, covariance: Tensor) -> Iterator[Tensor]:
    """Weights (width + 1, problem, class) of each strength in turn."""
    import torch

    width, single = len(covariance), losses.targets.shape[1] == 1
    # With zero weights, the bias gives each label its frequency; labels without rows are nearly excluded.
    frequencies = (losses.shares.T @ losses.targets).clamp(1e-6, 1 - 1e-6)
    weights = torch.zeros(width, *frequencies.shape)
    weights[-1] = frequencies.logit() if single else frequencies.log()
    for strength in STRENGTHS:
        # The penalty of a difference v of two weight vectors is |v/2|^2 + |v/2|^2.
        penalty = torch.full((width, 1, 1), strength / 2 if single else strength)
        penalty[-1] = 0.0
        weights = _minimum(losses, covariance, penalty, weights)
        yield weights


def _minimum(losses: _Losses, covariance: Tensor, penalty: Tensor, weights: Tensor) -> Tensor:
    """Minimise all losses together by preconditioned conjugate gradients (Polak-Ribière), starting at
    `weights`; directions that do not descend are replaced by the preconditioned gradient."""
    import torch

    scores = _times(losses.features, weights)
    curvature = max(losses.curvature(scores), 1e-6)
    factor = torch.linalg.cholesky(curvature * covariance + torch.diag(penalty.flatten()))
    before = direction = torch.zeros_like(weights)
    length = torch.ones(weights.shape[1])
    for _ in range(_STEPS):
        gradient = _times(losses.features.T, losses.slope(scores)) + penalty * weights
        downhill = torch.cholesky_solve(-gradient.flatten(1), factor).unflatten(1, gradient.shape[1:])
        turn = _dot(downhill, before - gradient) / length
        length = -_dot(downhill, gradient)
        waiting = length > 2 * TOLERANCE
        if not waiting.any():
            return weights
        direction = downhill + turn.clamp_min(0)[:, None] * direction
        direction = torch.where((_dot(direction, gradient) < 0)[:, None], direction, downhill)
        moved = _times(losses.features, direction)
        step = _step(
            losses, scores, moved, _dot(penalty * weights, direction), _dot(penalty * direction, direction)
        )
        step = torch.where(waiting, step, 0.0)[:, None]
        weights, scores, before = weights + step * direction, scores + step * moved, gradient
    raise RuntimeError(
        f"logistic regression: {float(length.max()) / 2:.1e} nats above the minimum after {_STEPS} steps"
    )


def _step(losses: _Losses, scores: Tensor, moved: Tensor, slope: Tensor, bend: Tensor) -> Tensor:
    """Step lengths, (problem,), at which the slope is at most a quarter of the initial one: a line search by
    Newton's method with brackets.

    The scores along the line are known, so no pass over the features is needed.

    Args:
        losses: of the problems.
        scores: at the start.
        moved: their direction.
        slope: first derivative of the penalty at the start, (problem,).
        bend: second derivative of the penalty, (problem,).
    """
    import torch

    step = low = torch.zeros_like(slope)
    high = torch.full_like(slope, torch.inf)
    gentle = torch.zeros_like(slope)
    for again in range(5):
        first, second = losses.along(scores + step[:, None] * moved, moved)
        first, second = first + slope + step * bend, second + bend
        if again and (first.abs() <= gentle).all():
            break
        gentle = gentle if again else first.abs() / 4
        low, high = torch.where(first < 0, step, low), torch.where(first < 0, high, step)
        newton = step - first / second
        middle = torch.where(high.isinf(), 2 * step, (low + high) / 2)
        step = torch.where((newton > low) & (newton < high), newton, middle)
    return step


def _probabilities(scores: Tensor) -> Tensor:
    """Probabilities (row, problem, class); for two classes those of the second alone."""
    import torch

    return torch.sigmoid(scores) if scores.shape[2] == 1 else torch.softmax(scores, dim=2)


def _times(matrix: Tensor, columns: Tensor) -> Tensor:
    """(a, b) times (b, problem, class), as one matrix product."""
    product: Tensor = (matrix @ columns.flatten(1)).unflatten(1, columns.shape[1:])
    return product


def _dot(first: Tensor, second: Tensor) -> Tensor:
    """Inner products of each problem, from (width, problem, class)."""
    return (first * second).sum(dim=(0, 2))
