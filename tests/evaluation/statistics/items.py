"""Items with many ties, as tasks score them."""

from __future__ import annotations

import numpy as np


def pairs(n: int, noise: float, seed: int = 0) -> np.ndarray:
    """Items (predicted, gold, subset) with many ties, two subsets of unequal size."""
    random = np.random.default_rng(seed)
    gold = random.integers(0, 6, n).astype(float)
    predicted = np.round(gold + noise * random.standard_normal(n), 1)
    return np.stack([predicted, gold, (np.arange(n) >= n // 3).astype(float)], axis=1)


def ranked(n: int, noise: float, seed: int) -> np.ndarray:
    """Items (score, wanted) with many ties."""
    random = np.random.default_rng(seed)
    wanted = (np.arange(n) % 3 == 0).astype(float)
    return np.stack([np.round(wanted + noise * random.standard_normal(n), 1), wanted], axis=1)
