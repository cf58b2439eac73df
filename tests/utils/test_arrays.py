"""Arrays on disk that are damaged, of another shape, or hostile."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentrep.utils.arrays import GrowingArray, mapped
from sentrep.utils.errors import InputError


@settings(max_examples=300)
@given(st.integers(0, 140), st.binary(min_size=1, max_size=20))
def test_any_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: int, change: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "array.npy"
    np.save(path, np.arange(5))
    content = bytearray(path.read_bytes())
    content[place : place + len(change)] = change
    path.write_bytes(content[: 128 + 40])
    with suppress(InputError):
        assert mapped(path, (5,), "int64").shape == (5,)


def test_other_shapes_types_and_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    for array in (np.arange(4), np.arange(5.0), np.arange(5)[None], np.array([{}] * 5)):
        np.save(path, array, allow_pickle=True)
        with pytest.raises(InputError):
            mapped(path, (5,), "int64")
    np.savez(tmp_path / "many.npz", np.arange(5))
    with pytest.raises(InputError):
        mapped(tmp_path / "many.npz", (5,), "int64")


def test_an_array_of_rows_grows(tmp_path: Path) -> None:
    with GrowingArray(tmp_path / "rows.npy", "float16", 3) as array:
        array.append(np.ones((2, 3)))
        array.append(np.zeros((1, 3)))
    assert len(array) == 3
    assert mapped(tmp_path / "rows.npy", (3, 3), "float16").tolist() == [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
