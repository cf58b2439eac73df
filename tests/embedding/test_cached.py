"""Vectors that are computed once for a model and a list of texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sentrep.embedding import cached_vectors
from tests.embedding.encoders import encode, texts


class Counting:
    """An encoder that counts its texts, and is interrupted after some of them."""

    def __init__(self, last: int = 10**9) -> None:
        self.count, self.last = 0, last

    def __call__(self, given: list[str]) -> NDArray[np.float32]:
        if self.count + len(given) > self.last:
            raise KeyboardInterrupt
        self.count += len(given)
        return encode(given)


def array(encode: Counting, given: list[str], folder: Path, model: str = "one") -> NDArray[np.float32]:
    return cached_vectors(encode, given, folder, model=model, shard=10).array()


def test_texts_are_computed_once_for_each_model(tmp_path: Path) -> None:
    given, first, again = texts(35), Counting(), Counting()
    expected = encode(given)
    np.testing.assert_array_equal(array(first, given, tmp_path), expected)
    np.testing.assert_array_equal(array(again, given, tmp_path), expected)
    assert (first.count, again.count) == (35, 0)
    np.testing.assert_array_equal(array(again, given, tmp_path, "another"), expected)
    np.testing.assert_array_equal(array(again, given[:-1], tmp_path), expected[:-1])
    assert again.count == 35 + 34


def test_an_interrupted_call_goes_on_after_the_last_shard(tmp_path: Path) -> None:
    given, rest = texts(35), Counting()
    with pytest.raises(KeyboardInterrupt):
        array(Counting(last=20), given, tmp_path)
    np.testing.assert_array_equal(array(rest, given, tmp_path), encode(given))
    assert rest.count == 15


def test_a_damaged_folder_is_computed_anew(tmp_path: Path) -> None:
    given, again = texts(25), Counting()
    array(Counting(), given, tmp_path)
    (file, *_) = sorted(tmp_path.glob("*/*.npy"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    np.testing.assert_array_equal(array(again, given, tmp_path), encode(given))
    assert again.count == 25
