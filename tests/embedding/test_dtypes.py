"""Vectors stored in smaller forms: what comes back, what is lost, and that nobody gets them unasked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sentrep.embedding import embed_texts, embed_to_folder
from sentrep.embedding.dtypes import DTYPES, kept_neighbours, narrowed, restore, store
from sentrep.search import Index, top_k
from sentrep.utils.errors import InputError
from tests.embedding.encoders import STAMP, contents, encode, pairs, texts
from tests.errors import refuses


def drawn(count: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 100))
def test_what_is_stored_comes_back_within_the_rounding_of_its_form(count: int, width: int, seed: int) -> None:
    vectors = drawn(count, width, seed) * np.geomspace(1e-3, 1e3, width, dtype=np.float32)
    back = {dtype: restore(store(vectors, dtype), dtype, width) for dtype in DTYPES}
    np.testing.assert_array_equal(back["float32"], vectors)
    np.testing.assert_allclose(back["float16"], vectors, rtol=1e-3, atol=1e-7)
    step = np.abs(vectors).max(axis=0) / 127
    assert (np.abs(back["int8"] - vectors) <= 0.5001 * step).all()
    np.testing.assert_array_equal(back["binary"], np.where(vectors > 0, 1, -1))


def others(rows: list[int], own: int) -> list[int]:
    """The ten nearest without the query itself."""
    return [row for row in rows if row != own][:10]


def test_a_dimension_of_zeros_stays_zero() -> None:
    vectors = drawn(5, 4)
    vectors[:, 2] = 0
    np.testing.assert_array_equal(restore(store(vectors, "int8"), "int8", 4)[:, 2], 0)


@pytest.mark.parametrize(("dtype", "bytes_a_vector"), [("float16", 16), ("int8", 8), ("binary", 1)])
def test_a_folder_holds_the_smaller_form(dtype: str, bytes_a_vector: int, tmp_path: Path) -> None:
    embedded = embed_to_folder(encode, pairs(25), tmp_path / "e", stamp=STAMP, shard=10, dtype=dtype)
    stored = np.load(tmp_path / "e" / "vectors-00001.npy")
    assert stored.nbytes == 10 * bytes_a_vector
    each = [encode(texts(25)[first : first + 10]) for first in (0, 10, 20)]
    expected = np.concatenate([restore(store(vectors, dtype), dtype, 8) for vectors in each])
    np.testing.assert_array_equal(embedded.array(), expected)
    assert [len(chunk) for chunk in embedded.vectors(6)] == [6, 4, 6, 4, 5]
    if dtype == "int8":
        scales = np.load(tmp_path / "e" / "scales-00001.npy")
        np.testing.assert_array_equal(stored * scales, expected[10:20])


def test_the_neighbours_kept_are_those_of_a_naive_count() -> None:
    vectors = drawn(300, 24)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    stored = restore(store(vectors, "binary"), "binary", 24) / np.float32(24**0.5)
    asked = np.linspace(0, 299, 200).astype(int)
    near = [top_k(each, unit[asked], 11)[1] for each in (unit, stored)]
    shared = [
        len(set(others(one, own)) & set(others(other, own)))
        for own, one, other in zip(asked, near[0].tolist(), near[1].tolist(), strict=True)
    ]
    naive = np.mean(shared) / 10
    assert kept_neighbours(vectors, "binary") == pytest.approx(naive, abs=0.01)
    assert kept_neighbours(vectors, "float32") == 1
    assert 0.9 < kept_neighbours(vectors, "int8") <= 1
    assert kept_neighbours(vectors[:1], "int8") == 1


@pytest.mark.parametrize("dtype", ["int8", "binary"])
def test_a_lossy_form_is_named_with_its_loss_by_folder_and_index(dtype: str, tmp_path: Path) -> None:
    embedded = embed_to_folder(encode, pairs(200), tmp_path / "e", stamp=STAMP, dtype=dtype)
    share = kept_neighbours(encode(texts(200)), dtype)
    assert embedded.info.kept_neighbours == share
    index = Index.build(embedded, out=tmp_path / "i")
    for storage in (embedded.storage, index.info.storage):
        assert dtype in storage
        assert f"{share:.1%}" in storage
    plain = embed_to_folder(encode, pairs(200), tmp_path / "p", stamp=STAMP)
    assert plain.storage == Index.build(plain, out=tmp_path / "j").info.storage == ""


def test_fewer_dimensions_at_length_one_and_queries_cut_likewise(tmp_path: Path) -> None:
    expected = encode(texts(60))[:, :5]
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    embedded = embed_to_folder(encode, pairs(60), tmp_path / "e", stamp=STAMP, dimensions=5)
    np.testing.assert_allclose(embedded.array(), expected, atol=1e-6)
    np.testing.assert_allclose(embed_texts(encode, texts(60), dimensions=5), expected, atol=1e-6)
    assert (embedded.width, embedded.truncated) == (5, True)
    index = Index.build(embedded, out=tmp_path / "i")
    whole = index.search(encode(texts(60)), 3)
    for wide, narrow in zip(whole, index.search(expected, 3), strict=True):
        assert [hit.id for hit in wide] == [hit.id for hit in narrow]
    assert [hits[0].id for hits in whole] == [name for name, _ in pairs(60)]
    with pytest.raises(InputError) as caught:
        embed_to_folder(encode, pairs(6), tmp_path / "f", stamp=STAMP, dimensions=9)
    assert caught.value.setting == "dimensions"
    untouched = Index.build(
        embed_to_folder(encode, pairs(9), tmp_path / "g", stamp=STAMP), out=tmp_path / "h"
    )
    with refuses(setting="queries"):
        untouched.search(np.ones((1, 9)), 1)


def test_zero_vectors_are_cut_without_an_error() -> None:
    np.testing.assert_array_equal(narrowed(np.zeros((2, 3), np.float32), 2), 0)


@pytest.mark.parametrize("change", [{"dtype": "int8"}, {"dimensions": 3}, {"format": "parquet"}])
def test_work_in_another_form_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    embed_to_folder(encode, pairs(20), tmp_path / "e", stamp=STAMP, shard=10)
    before = contents(tmp_path / "e")
    with refuses(setting="overwrite", place="e"):
        embed_to_folder(encode, pairs(20), tmp_path / "e", stamp=STAMP, shard=10, **change)  # type: ignore[arg-type]
    assert contents(tmp_path / "e") == before
    embed_to_folder(encode, pairs(20), tmp_path / "e", stamp=STAMP, shard=10, overwrite=True, **change)  # type: ignore[arg-type]
    embed_to_folder(encode, pairs(20), tmp_path / "f", stamp=STAMP, shard=10, **change)  # type: ignore[arg-type]
    assert contents(tmp_path / "e") == contents(tmp_path / "f")
