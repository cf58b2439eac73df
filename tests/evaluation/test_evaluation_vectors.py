"""Vectors as tasks want them: of length 1, nothing but numbers, each text embedded once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sentrep.evaluation import bm25
from sentrep.evaluation import vectors as module
from sentrep.evaluation.vectors import pair_cosines, unit_vectors
from tests.errors import refuses
from tests.evaluation.toy import Letters


def test_unit_vectors_are_unit_or_zero_and_the_model_s_own_stay_untouched() -> None:
    vectors = np.array([[3, 4], [np.nan, 1], [np.inf, 0], [0, 0]], dtype=np.float32)

    class Given:
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return vectors

    np.testing.assert_allclose(unit_vectors(Given(), list("abcd")), [[0.6, 0.8], [0, 0], [0, 0], [0, 0]])
    assert vectors[0].tolist() == [3, 4]
    with refuses(ValueError):
        unit_vectors(Given(), ["one text"])
    with refuses(TypeError):
        unit_vectors(bm25().implementation, ["one text"])


@pytest.mark.parametrize("at_once", [2, 4096])
def test_pairs_are_embedded_once_and_their_cosines_are_those_of_numpy(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    class Counted(Letters):
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            asked.extend(texts)
            return super().encode(texts)

    monkeypatch.setattr(module, "_PAIRS_AT_ONCE", at_once)
    pairs = [("abc", "abd"), ("abd", "xy"), ("abc", "abc"), ("aab", "abb"), ("?", "abc")]
    found = pair_cosines(Counted(), pairs)
    for (first, second), cosine in zip(pairs[:-1], found, strict=False):
        u, v = Letters().encode([first, second]).astype(float)
        assert cosine == pytest.approx(u @ v / np.linalg.norm(u) / np.linalg.norm(v), abs=1e-6)
    assert found[-1] == 0, "a text without letters is the zero vector"
    assert asked == ["abc", "abd", "xy", "aab", "abb", "?"]
