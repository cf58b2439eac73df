"""What the tests of word models share."""

from __future__ import annotations

from typing import Any

import numpy as np

from sentrep.baselines.config import WordModelConfig
from sentrep.data.store.store import Store

SMALL = WordModelConfig(width=16, min_count=1, epochs=20, sample=0.001)
"""Learns the toy corpus in a second."""


def sentences(store: Store) -> list[str]:
    return [store.sentence(number) for number in range(len(store))]


def cosines(vectors: Any) -> Any:
    vectors = np.asarray(vectors, dtype=np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return vectors @ vectors.T
