"""Parquet shards: what databases find in them is what an index finds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentrep.embedding import Embedded, embed_to_folder
from sentrep.search import Index
from sentrep.utils.errors import InputError
from tests.embedding.encoders import STAMP, contents, encode, texts
from tests.errors import refuses

ITEMS = [(f"id {row}", text, {"page": str(row)}) for row, text in enumerate(texts(50))]


@pytest.fixture
def embedded(tmp_path: Path) -> Embedded:
    return embed_to_folder(encode, iter(ITEMS), tmp_path / "e", stamp=STAMP, shard=20, format="parquet")


def table_of(folder: Path) -> pa.Table:
    """All shards as one table."""
    return pa.concat_tables([pq.read_table(path) for path in sorted(folder.glob("*.parquet"))])


def neighbours(tmp_path: Path, embedded: Embedded, k: int = 5) -> list[list[str]]:
    """The ids that an exact index finds for the first ten texts."""
    index = Index.build(embedded, out=tmp_path / "i", kind="flat")
    return [[hit.id for hit in hits] for hits in index.search(encode(texts(10)), k)]


@pytest.mark.parametrize("lists", [False, True])
def test_columns_compression_and_one_row_group_a_shard(lists: bool, tmp_path: Path) -> None:
    format = "parquet-list" if lists else "parquet"
    embed_to_folder(encode, iter(ITEMS), tmp_path / "e", stamp=STAMP, shard=20, format=format)
    assert sorted(contents(tmp_path / "e")) == [
        "manifest.json", *(f"vectors-0000{number}.parquet" for number in range(3)),
    ]  # fmt: skip
    wanted = pa.list_(pa.float32()) if lists else pa.list_(pa.float32(), 8)
    for number, count in enumerate([20, 20, 10]):
        file = pq.ParquetFile(tmp_path / "e" / f"vectors-0000{number}.parquet")
        assert (file.num_row_groups, file.metadata.num_rows) == (1, count)
        assert file.schema_arrow.names == ["id", "text", "metadata", "vector"]
        kind = file.schema_arrow.field("vector").type
        assert kind == wanted or kind.value_type == pa.float32()
        assert isinstance(kind, pa.FixedSizeListType) is not lists
        columns = [file.metadata.row_group(0).column(place) for place in range(4)]
        assert {column.compression for column in columns} == {"ZSTD"}
    rows = table_of(tmp_path / "e").to_pylist()
    assert [(row["id"], row["text"], json.loads(row["metadata"])) for row in rows] == ITEMS
    np.testing.assert_array_equal([row["vector"] for row in rows], encode(texts(50)))


def test_it_is_read_and_indexed_as_other_folders_are(tmp_path: Path, embedded: Embedded) -> None:
    plain = embed_to_folder(encode, iter(ITEMS), tmp_path / "p", stamp=STAMP, shard=20)
    np.testing.assert_array_equal(embedded.array(), plain.array())
    assert list(embedded.items()) == list(plain.items()) == ITEMS
    Index.build(plain, out=tmp_path / "j", kind="flat")
    index = Index.build(embedded, out=tmp_path / "i", kind="flat")
    assert contents(tmp_path / "i") == contents(tmp_path / "j")
    assert index.search(encode(texts(50)[7:8]), 1)[0][0].id == "id 7"


def test_begun_again_it_goes_on_and_is_byte_identical(tmp_path: Path) -> None:
    def stopped(some: list[str]) -> object:
        if texts(50)[20] in some:
            raise KeyboardInterrupt
        return encode(some)

    with pytest.raises(KeyboardInterrupt):
        embed_to_folder(stopped, iter(ITEMS), tmp_path / "a", stamp=STAMP, shard=20, format="parquet")  # type: ignore[arg-type]
    for place in ("a", "b"):
        embed_to_folder(encode, iter(ITEMS), tmp_path / place, stamp=STAMP, shard=20, format="parquet")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_what_is_no_unicode_is_replaced(tmp_path: Path) -> None:
    items = [("\udcff", "\ud800 x 😀")]
    embedded = embed_to_folder(encode, items, tmp_path / "e", stamp=STAMP, format="parquet")
    assert (*embedded.ids(), *embedded.texts()) == ("\ufffd", "\ufffd x 😀")


@pytest.mark.parametrize("dtype", ["float16", "int8", "binary"])
def test_other_forms_are_refused(dtype: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        embed_to_folder(encode, ITEMS, tmp_path / "e", stamp=STAMP, format="parquet", dtype=dtype)
    assert caught.value.setting == "dtype"
    with pytest.raises(InputError) as caught:
        embed_to_folder(encode, ITEMS, tmp_path / "e", stamp=STAMP, format="parket")
    assert caught.value.setting == "format"


def test_damage_is_found(tmp_path: Path, embedded: Embedded) -> None:
    path = tmp_path / "e" / "vectors-00001.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for read in (embedded.array, lambda: list(embedded.items())):
        with refuses(place="vectors-00001.parquet"):
            read()


def test_fields_that_are_no_texts_are_named(tmp_path: Path) -> None:
    with refuses(setting="texts"):
        embed_to_folder(encode, [("id 9", "x", {"a": 2})], tmp_path / "e", stamp=STAMP)  # type: ignore[dict-item]


def test_duckdb_finds_the_same_neighbours(tmp_path: Path, embedded: Embedded) -> None:
    duckdb = pytest.importorskip("duckdb")
    query = (
        f"SELECT id FROM '{tmp_path}/e/*.parquet' "
        "ORDER BY array_cosine_similarity(vector::FLOAT[8], ?::FLOAT[8]) DESC LIMIT 5"
    )
    with duckdb.connect() as database:
        found = [
            [row[0] for row in database.execute(query, [vector.tolist()]).fetchall()]
            for vector in encode(texts(10))
        ]
        page = f"SELECT id FROM '{tmp_path}/e/*.parquet' WHERE metadata->>'page' = '33'"
        assert database.execute(page).fetchall() == [("id 33",)]
    assert found == neighbours(tmp_path, embedded)


def test_lancedb_finds_the_same_neighbours(tmp_path: Path, embedded: Embedded) -> None:
    lancedb = pytest.importorskip("lancedb")
    table = lancedb.connect(tmp_path / "lance").create_table("sentences", table_of(tmp_path / "e"))
    found = [
        [row["id"] for row in table.search(vector).distance_type("cosine").limit(5).to_list()]
        for vector in encode(texts(10))
    ]
    assert found == neighbours(tmp_path, embedded)
