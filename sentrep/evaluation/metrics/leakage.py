"""How well a newly trained classifier predicts a label from vectors: what they still represent of it.

An adversary that was trained together with the vectors says little: vectors are adapted to it. So a fresh
classifier with hidden layers is trained on some vectors and measured on others.

Reference:
    "Adversarial removal of demographic attributes from text data", Elazar & Goldberg, EMNLP 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

HIDDEN = 256
"""Width of the hidden layers."""
BATCH = 256
EPOCHS = 40
"""Passes over the data; those weights are kept that do best on the held-out tenth."""
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-3


class Leakage(NamedTuple):
    """Accuracy of a fresh classifier on the vectors that it was not trained on."""

    accuracy: float
    chance: float
    """Accuracy of always answering the most frequent label of the training vectors."""


def leakage(
    vectors: NDArray[np.float32],
    labels: NDArray[np.int64],
    test_vectors: NDArray[np.float32],
    test_labels: NDArray[np.int64],
    seed: int = 0,
) -> Leakage:
    """Trains a classifier with two hidden layers and measures it.

    Args:
        vectors: (row, width), to train on.
        labels: (row,) integers from 0.
        test_vectors: (row, width), to measure on, from other documents.
        test_labels: their labels.
        seed: of the weights and of the order.

    >>> random = np.random.default_rng(0)
    >>> labels = np.arange(400) % 2
    >>> vectors = (random.normal(size=(400, 4)) + 4 * labels[:, None]).astype(np.float32)
    >>> found = leakage(vectors[:300], labels[:300], vectors[300:], labels[300:])
    >>> found.accuracy > 0.9, found.chance
    (True, 0.5)
    """
    import torch

    from sentrep.modules.adversary import VectorClassifier
    from sentrep.modules.random_state import seeded

    centre = vectors.mean(0)
    scale = vectors.std(0).clip(1e-9)
    read, asked = (torch.from_numpy((part - centre) / scale).float() for part in (vectors, test_vectors))
    known = torch.from_numpy(labels)
    with seeded(seed):
        order = torch.randperm(len(read))
        classifier = VectorClassifier(read.shape[1], HIDDEN, int(labels.max()) + 1)
        held, used = order[: len(order) // 10], order[len(order) // 10 :]
        _fit(classifier, read[used], known[used], read[held], known[held])
    with torch.no_grad():
        guess = classifier(asked).argmax(1).numpy()
    chance = float((test_labels == np.bincount(labels).argmax()).mean())
    return Leakage(float((guess == test_labels).mean()), chance)


def _fit(
    classifier: nn.Module, vectors: Tensor, labels: Tensor, held_vectors: Tensor, held_labels: Tensor
) -> None:
    """Trains the classifier in place and loads its best weights."""
    import torch

    optimizer = torch.optim.AdamW(classifier.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    best, kept = -1.0, classifier.state_dict()
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(vectors)).split(BATCH):
            loss = torch.nn.functional.cross_entropy(classifier(vectors[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            right = float((classifier(held_vectors).argmax(1) == held_labels).float().mean())
        if right > best:
            best = right
            kept = {name: value.clone() for name, value in classifier.state_dict().items()}
    classifier.load_state_dict(kept)
