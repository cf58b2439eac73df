"""Embedding into memory and into a folder: order, resuming after a kill, refusals, and the way into an
index."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sentrep.embedding import Embedded, embed, embed_texts, embed_to_folder
from sentrep.search import Index, ModelStamp
from sentrep.utils.errors import InputError
from tests.errors import refuses
from tests.paths import ROOT

STAMP = {"model": "aaaa1111", "model_name": "toy", "source": "cccc2222"}


def encode(texts: list[str]) -> NDArray[np.float32]:
    """A vector that depends on its text alone."""
    return np.stack(
        [np.random.default_rng(list(text.encode("utf-8", "replace"))).standard_normal(8) for text in texts]
    ).astype("f")


def pairs(count: int) -> Iterator[tuple[str, str]]:
    return ((f"id {number}", f"sentence {number} é\n") for number in range(count))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Counting:
    """An encoder that remembers what it was asked for."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        self.seen += texts
        return encode(texts)


def test_texts_in_memory_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "PIECE", 7)
    texts = [text for _, text in pairs(40)]
    vectors = embed_texts(encode, iter(texts))
    np.testing.assert_array_equal(vectors, encode(texts))
    assert vectors.dtype == np.float32


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=30), st.integers(1, 12))
def test_any_strings_come_back(
    tmp_path_factory: pytest.TempPathFactory, items: list[tuple[str, str]], shard: int
) -> None:
    out = tmp_path_factory.mktemp("any") / "e"
    embedded = embed_to_folder(encode, iter(items), out, stamp=STAMP, shard=shard)
    assert len(embedded) == len(items)
    assert list(zip(embedded.ids(), embedded.texts(), strict=True)) == items
    np.testing.assert_array_equal(embedded.array(), encode([text for _, text in items]))


def test_a_lone_surrogate_comes_back(tmp_path: Path) -> None:
    embedded = embed_to_folder(encode, [("\udcff", "\ud800 x")], tmp_path / "e", stamp=STAMP)
    assert (*embedded.ids(), *embedded.texts()) == ("\udcff", "\ud800 x")


def test_shards_and_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "PIECE", 4)
    out = tmp_path / "e"
    embedded = embed_to_folder(encode, pairs(25), out, stamp=STAMP, shard=10)
    assert sorted(contents(out)) == [
        "manifest.json",
        *(f"texts-0000{number}.jsonl" for number in range(3)),
        *(f"vectors-0000{number}.npy" for number in range(3)),
    ]
    assert [len(chunk) for chunk in embedded.vectors(6)] == [6, 4, 6, 4, 5]
    np.testing.assert_array_equal(
        np.concatenate(list(embedded.vectors(6))), encode([text for _, text in pairs(25)])
    )
    assert (len(embedded), embedded.width, embedded.stamp) == (25, 8, STAMP)


def test_float16(tmp_path: Path) -> None:
    embedded = embed_to_folder(encode, pairs(12), tmp_path / "e", stamp=STAMP, dtype="float16")
    assert np.load(tmp_path / "e" / "vectors-00000.npy").dtype == np.float16
    np.testing.assert_array_equal(
        embedded.array(), encode([text for _, text in pairs(12)]).astype(np.float16)
    )
    with pytest.raises(InputError) as error:
        embed_to_folder(
            lambda texts: np.full((len(texts), 2), 1e5),
            pairs(2),
            tmp_path / "f",
            stamp=STAMP,
            dtype="float16",
        )
    assert error.value.setting == "dtype"


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_embedding as t
from sentrep.embedding import embed_to_folder

calls = 0
def encode(texts):
    global calls
    calls += 1
    if calls == 4:
        os._exit(9)
    return t.encode(texts)

embed_to_folder(encode, t.pairs(55), Path(sys.argv[2]), stamp=t.STAMP, shard=10)
"""


def test_killed_in_the_fourth_shard_and_resumed_is_byte_identical(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path / "killed")]
    root = str(ROOT)
    assert subprocess.run(command, env={**os.environ, "PYTHONPATH": root}, check=False).returncode == 9
    with refuses(place="killed"):
        Embedded.open(tmp_path / "killed")
    again = Counting()
    embed_to_folder(again, pairs(55), tmp_path / "killed", stamp=STAMP, shard=10)
    assert again.seen == [text for _, text in pairs(55)][30:], "finished shards must not be encoded again"
    embed_to_folder(encode, pairs(55), tmp_path / "whole", stamp=STAMP, shard=10)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


@pytest.mark.parametrize("renames", range(1, 9))
def test_stopped_at_any_rename_and_resumed_is_byte_identical(
    renames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of two shards renames eight files: an empty manifest, twice texts, vectors and manifest, the
    finished manifest."""
    count, replace = 0, Path.replace

    def dies(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == renames:
            raise OSError("the power went")
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with pytest.raises(OSError, match="the power went"):
            embed_to_folder(encode, pairs(15), tmp_path / "stopped", stamp=STAMP, shard=10)
    embed_to_folder(encode, pairs(15), tmp_path / "stopped", stamp=STAMP, shard=10)
    embed_to_folder(encode, pairs(15), tmp_path / "whole", stamp=STAMP, shard=10)
    assert contents(tmp_path / "stopped") == contents(tmp_path / "whole")


def test_control_c_keeps_finished_shards_and_says_how_to_go_on(tmp_path: Path) -> None:
    def interrupted(texts: list[str]) -> NDArray[np.float32]:
        if "20" in texts[0]:
            raise KeyboardInterrupt
        return encode(texts)

    with pytest.raises(KeyboardInterrupt, match=r"20 sentences are kept in .*the same command goes on"):
        embed_to_folder(interrupted, pairs(45), tmp_path / "e", stamp=STAMP, shard=10)
    again = Counting()
    assert len(embed_to_folder(again, pairs(45), tmp_path / "e", stamp=STAMP, shard=10)) == 45
    assert len(again.seen) == 25


def test_a_finished_folder_is_not_encoded_again(tmp_path: Path) -> None:
    embed_to_folder(encode, pairs(20), tmp_path / "e", stamp=STAMP, shard=10)
    before, again = contents(tmp_path / "e"), Counting()
    moved = {**STAMP, "model_path": "elsewhere", "model_name": "the same under another name"}
    embed_to_folder(again, pairs(20), tmp_path / "e", stamp=moved, shard=10)
    assert again.seen == []
    assert contents(tmp_path / "e") == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stamp": {**STAMP, "model": "other"}}, "begun with model 'aaaa1111', now it is 'other'"),
        ({"stamp": {**STAMP, "source": "other"}}, "begun with source"),
        ({"stamp": {"model": "aaaa1111"}}, "begun with source 'cccc2222', now it is None"),
        ({"dtype": "float16"}, "begun with dtype"),
        ({"shard": 11}, "begun with shard"),
        (
            {"texts": [("id 0", "another sentence"), *list(pairs(20))[1:]]},
            "other texts than sentences 1 to 10",
        ),
        (
            {"texts": [*list(pairs(20))[:19], ("another id", "sentence 19 é\n")]},
            "other texts than sentences 11 to 20",
        ),
        ({"texts": list(pairs(12))}, "other texts than sentences 11 to 20"),
    ],
)
def test_other_work_is_refused_unless_overwritten(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    asked: dict[str, object] = {"texts": list(pairs(20)), "stamp": STAMP, "shard": 10}
    embed_to_folder(encode, out=tmp_path / "e", **asked)  # type: ignore[arg-type]
    before, asked = contents(tmp_path / "e"), {**asked, **change}
    with refuses(setting="overwrite", place="e"):
        embed_to_folder(encode, out=tmp_path / "e", **asked)  # type: ignore[arg-type]
    assert contents(tmp_path / "e") == before
    embed_to_folder(encode, out=tmp_path / "e", overwrite=True, **asked)  # type: ignore[arg-type]
    embed_to_folder(encode, out=tmp_path / "fresh", **asked)  # type: ignore[arg-type]
    assert contents(tmp_path / "e") == contents(tmp_path / "fresh")


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("…")
    Index.build(np.eye(3), out=tmp_path / "index", model=ModelStamp("toy", "a"))
    for overwrite in (False, True):
        for name in ("mine", "index"):
            before = contents(tmp_path / name)
            with pytest.raises(InputError):
                embed_to_folder(encode, pairs(3), tmp_path / name, stamp=STAMP, overwrite=overwrite)
            assert contents(tmp_path / name) == before
    with refuses(place="mine"):
        Embedded.open(tmp_path / "mine")


def test_damage_is_found(tmp_path: Path) -> None:
    embed_to_folder(encode, pairs(20), tmp_path / "e", stamp=STAMP, shard=10)
    path = tmp_path / "e" / "vectors-00001.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    opened = Embedded.open(tmp_path / "e")  # sizes alone, by default
    assert len(list(opened.texts())) == 20
    with refuses(place="vectors-00001.npy"):
        opened.array()
    with refuses(place="vectors-00001.npy"):
        Embedded.open(tmp_path / "e", verify=True)
    path.write_bytes(content[:-1])
    with refuses(place="vectors-00001.npy"):
        Embedded.open(tmp_path / "e")
    path.unlink()
    with refuses(place="vectors-00001.npy"):
        Embedded.open(tmp_path / "e")
    (tmp_path / "e" / "manifest.json").write_text("{")
    with refuses(place="manifest.json"):
        Embedded.open(tmp_path / "e")


def test_mistakes_are_named(tmp_path: Path) -> None:
    with refuses(setting="texts"):
        embed_texts(encode, "a sentence")
    with refuses(setting="texts"):
        embed_to_folder(encode, "ab", tmp_path / "a", stamp=STAMP)  # type: ignore[arg-type]
    with refuses(setting="texts"):
        embed_to_folder(encode, ["ab", "cd"], tmp_path / "a", stamp=STAMP)  # type: ignore[list-item]
    with refuses(setting="texts"):
        embed_to_folder(encode, [("a", "b"), ("c", None)], tmp_path / "a", stamp=STAMP)  # type: ignore[list-item]
    with refuses(setting="texts"):
        embed_texts(encode, ["a", None])  # type: ignore[list-item]
    with refuses(setting="texts"):
        embed_texts(encode, [])
    with refuses(setting="texts"):
        embed_to_folder(encode, [], tmp_path / "b", stamp=STAMP)
    with refuses(setting="model"):
        embed_texts(lambda texts: np.array([[1.0], [2.0], [np.nan]]), ["a", "b", "c"])
    with refuses(setting="model"):
        embed_texts(lambda texts: np.ones((1, 4)), ["a", "b"])
    with refuses(setting="dtype"):
        embed_to_folder(encode, pairs(3), tmp_path / "c", stamp=STAMP, dtype="int4")
    with pytest.raises(InputError) as error:
        embed_to_folder(encode, pairs(3), tmp_path / "c", stamp=STAMP, shard=0)
    assert error.value.setting == "shard"


def test_a_model_that_changes_its_width_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "PIECE", 5)
    widths = iter([3, 3, 4])
    with refuses(setting="model"):
        embed_to_folder(
            lambda texts: np.ones((len(texts), next(widths))),
            pairs(15),
            tmp_path / "e",
            stamp=STAMP,
            shard=10,
        )


def test_memory_is_that_of_a_shard(tmp_path: Path) -> None:
    def wide(texts: list[str]) -> NDArray[np.float32]:
        return np.ones((len(texts), 256), dtype=np.float32)

    tracemalloc.start()
    embed_to_folder(wide, pairs(20_000), tmp_path / "e", stamp=STAMP, shard=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * 1000 * 256 * 4, "20 shards were written; memory must be that of a few copies of one"


@pytest.mark.parametrize("dimensions", [0, -1, 9])
def test_a_wrong_number_of_dimensions_spoils_no_folder(tmp_path: Path, dimensions: int) -> None:
    for embedded in ("new", "again"):
        with refuses(setting="dimensions"):
            embed_to_folder(encode, pairs(5), tmp_path / "e", stamp=STAMP, dimensions=dimensions)
        assert embedded == "again" or (tmp_path / "e").exists() == (dimensions > 0)
    made = embed_to_folder(encode, pairs(5), tmp_path / "e", stamp=STAMP, dimensions=2, dtype="float16")
    assert (len(made), made.width, made.info.dtype) == (5, 2, "float16")
    with refuses(setting="overwrite", place="e"):
        embed_to_folder(encode, pairs(5), tmp_path / "e", stamp=STAMP, dimensions=3, dtype="float16")


def test_wrong_dimensions_are_refused_before_a_text_is_encoded() -> None:
    with refuses(setting="dimensions"):
        embed_texts(lambda texts: pytest.fail("encoded"), ["a"], dimensions=0)


@pytest.mark.parametrize("kind", ["flat", "hnsw", "binary"])
def test_a_folder_becomes_an_index(tmp_path: Path, kind: str) -> None:
    embedded = embed_to_folder(encode, pairs(500), tmp_path / "e", stamp=STAMP, shard=64)
    index = Index.build(embedded, out=tmp_path / "i", kind=kind)  # type: ignore[arg-type]
    assert (index.info.model, index.info.corpus) == (ModelStamp("toy", "aaaa1111"), "cccc2222")
    hit = index.search(encode(["sentence 77 é\n"]), 3)[0][0]
    assert (hit.id, hit.text, hit.rank) == ("id 77", "sentence 77 é\n", 1)
    with refuses(setting="model"):
        Index.build(embedded, out=tmp_path / "j", model=ModelStamp("other", "dddd"))
