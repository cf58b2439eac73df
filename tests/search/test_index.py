"""Index folders: compared with exact search, damaged, hostile, of other models, and with copies."""

from __future__ import annotations

import errno
import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sentrep.search import Hit, Index, ModelStamp, copies, folder, kinds, structure, top_k
from sentrep.search.kind_names import KINDS, Kind
from sentrep.search.stored import ArrayVectors
from sentrep.utils.blocks import stamp_files
from sentrep.utils.errors import InputError, ReadWarning
from sentrep.utils.manifest import MANIFEST, FileStamp, Manifest
from sentrep.utils.strings import Strings
from tests.errors import refuses

MODEL = ModelStamp("toy", "aaaa1111", "runs/toy/model")
APPROXIMATE = KINDS[1:]
ODD_IDS = ["", "line\nbreak", "\u2028", "数", "é", "🙂", "\x00", "\ud800", "a" * 5000, "../../etc", "id"]


def clustered(count: int, width: int = 32, clusters: int = 40, seed: int = 0) -> NDArray[np.float32]:
    """Points around centres, as sentences lie around topics; uniform noise would be unlike any real input."""
    random = np.random.default_rng(seed)
    centres = 2 * random.standard_normal((clusters, width))
    return (centres[random.integers(0, clusters, count)] + random.standard_normal((count, width))).astype(
        np.float32
    )


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_every_kind_finds_the_neighbours_with_exact_scores(kind: Kind, dtype: str, tmp_path: Path) -> None:
    vectors, queries = clustered(4000), clustered(100, seed=3)
    built = Index.build(vectors, out=tmp_path / "i", model=MODEL, kind=kind, dtype=dtype)
    index = Index.open(tmp_path / "i")
    assert len(index) == len(built) == 4000
    stored = unit(vectors).astype(dtype)
    scores, expected = top_k(stored, unit(queries), 10)
    hits = index.search(queries, 10, effort=2000 if kind == "binary" else None)  # 32 bits are few
    found = [[int(hit.id) for hit in row] for row in hits]
    recall = np.mean(
        [len(set(row) & set(truth)) / 10 for row, truth in zip(found, expected.tolist(), strict=True)]
    )
    if kind == "flat":
        assert found == expected.tolist()
        assert [[hit.score for hit in row] for row in hits] == scores.tolist()
    assert recall >= 0.97
    for query, row in zip(unit(queries), hits, strict=True):
        assert [hit.rank for hit in row] == list(range(1, 11))
        assert row[0].text is None
        own = [
            float(np.float32(stored[int(hit.id)].astype(np.float64) @ query.astype(np.float64)))
            for hit in row
        ]
        assert [hit.score for hit in row] == own == sorted(own, reverse=True)
    if kind != "binary":
        assert [hit.id for hit in built.search(queries[:1], 10)[0]] == [hit.id for hit in hits[0]]


def test_effort_buys_recall(tmp_path: Path) -> None:
    vectors, queries = clustered(6000, clusters=6000), clustered(200, clusters=200, seed=3)
    index = Index.build(vectors, out=tmp_path / "i", model=MODEL, kind="ivf")
    truth = top_k(unit(vectors), unit(queries), 10)[1].tolist()

    def recall(effort: int) -> float:
        hits = index.search(queries, 10, effort=effort)
        return float(
            np.mean([len({int(h.id) for h in r} & set(t)) for r, t in zip(hits, truth, strict=True)]) / 10
        )

    assert recall(1) < recall(8) < recall(120)
    assert recall(120) >= 0.98  # every cell; what is missing then is the quantiser's doing


@pytest.mark.parametrize("width", [1, 7, 8, 13, 64, 384])
def test_binary_scores_the_nearest_by_hamming_distance(width: int, tmp_path: Path) -> None:
    vectors, queries = clustered(600, width), clustered(20, width, seed=3)
    Index.build(vectors, out=tmp_path / "i", model=MODEL, kind="binary")
    index = Index.open(tmp_path / "i")
    rows, scores = np.unique(vectors, axis=0, return_index=True)[1], unit(queries) @ unit(vectors).T
    for query, hits, score in zip(queries, index.search(queries, 600, effort=1), scores, strict=True):
        assert sorted(int(hit.id) for hit in hits) == sorted(rows.tolist())
        np.testing.assert_allclose([hit.score for hit in hits], -np.sort(-score), atol=1e-5)
        distances = ((query > 0) != (vectors > 0)).sum(axis=1)
        near = index.search(query, 1, effort=40)[0][0]
        assert distances[int(near.id)] <= np.sort(distances)[39]


def test_binary_is_never_chosen_by_itself() -> None:
    for count in (10, 100_000, 10**9):
        assert "binary" not in [choice.kind for choice in kinds.choices("auto", count, 384)]


def test_auto_goes_by_the_memory_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = kinds.structure_bytes("ivf", 10**6, 384)
    for memory, kind in ((needed, "ivf"), (needed - 1, "ivf-pq")):
        choice = kinds.choices("auto", 10**6, 384, memory=memory)[0]
        assert choice.kind == kind
        assert "GB" in choice.reason
    monkeypatch.setattr(kinds, "FLAT_BELOW", 1000)
    vectors = clustered(2000)
    index = Index.build(vectors, out=tmp_path / "i", model=MODEL, memory=1000)
    assert index.info.kind == "ivf-pq"
    assert [hits[0].id for hits in index.search(vectors[:50], 1)] == [str(row) for row in range(50)]


@pytest.mark.parametrize("kind", APPROXIMATE)
def test_the_structure_is_as_large_as_said(kind: Kind, tmp_path: Path) -> None:
    Index.build(clustered(4000, 64), out=tmp_path / "i", model=MODEL, kind=kind)
    said, found = kinds.structure_bytes(kind, 4000, 64), (tmp_path / "i" / folder.FAISS).stat().st_size
    assert 0.8 * said < found < (2 if kind == "ivf-pq" else 1.3) * said  # cells of PQ are padded to 32


def test_auto_is_flat_while_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds.choices("auto", kinds.FLAT_BELOW - 1, 8)[0].kind == "flat"
    assert [choice.kind for choice in kinds.choices("auto", kinds.FLAT_BELOW, 8)] == ["ivf", "flat"]
    assert Index.build(clustered(50), out=tmp_path / "a", model=MODEL).info.kind == "flat"
    monkeypatch.setattr(kinds, "FLAT_BELOW", 40)
    assert Index.build(clustered(50), out=tmp_path / "b", model=MODEL).info.kind == "ivf"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 11])
def test_few_vectors_and_more_wanted_than_there_are(kind: Kind, count: int, tmp_path: Path) -> None:
    index = Index.build(clustered(count), out=tmp_path / "i", model=MODEL, kind=kind)
    found = [sorted(int(hit.id) for hit in row) for row in index.search(clustered(3), 50)]
    assert found == [list(range(count))] * 3
    assert index.search(np.empty((0, 32), dtype=np.float32), 5) == []


@pytest.mark.parametrize("kind", ["flat", "hnsw", "binary"])
def test_any_string_is_an_id_or_a_text(kind: Kind, tmp_path: Path) -> None:
    vectors = np.eye(len(ODD_IDS), dtype=np.float32)
    Index.build(vectors, ODD_IDS, iter(ODD_IDS[::-1]), out=tmp_path / "i", model=MODEL, kind=kind)
    index = Index.open(tmp_path / "i")
    assert [index.search(vector, 1)[0][0] for vector in vectors] == [
        Hit(name, 1.0, text, 1) for name, text in zip(ODD_IDS, ODD_IDS[::-1], strict=True)
    ]
    assert list(index.ids) == ODD_IDS


def test_chunks_and_one_array_make_the_same_folder(tmp_path: Path) -> None:
    vectors = clustered(1000)
    Index.build(vectors, out=tmp_path / "a", model=MODEL)
    Index.build((vectors[i : i + 77] for i in range(0, 1000, 77)), out=tmp_path / "b", model=MODEL)
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab")
    assert len(one) > 1
    assert one == other


def test_zero_vectors_stay_zero_and_resemble_nothing(tmp_path: Path) -> None:
    vectors = clustered(100)
    vectors[[3, 50]] = 0
    index = Index.build(vectors, out=tmp_path / "i", model=MODEL)
    assert index.info.zero_vectors == 2
    np.testing.assert_array_equal(index.vectors[3], 0)
    assert index.search(np.stack([vectors[3], vectors[4]]), 1)[0] == []
    assert index.search(vectors[4], 1)[0][0].id == "4"
    with refuses(setting="vectors"):
        Index.build(np.zeros((5, 3)), out=tmp_path / "z", model=MODEL)


def test_ties_are_in_the_order_of_the_rows(tmp_path: Path) -> None:
    vectors = np.repeat(clustered(3), 200, axis=0)
    flat = Index.build(vectors, out=tmp_path / "f", model=MODEL)
    for group, row in enumerate(flat.search(vectors[::200], 20)):
        assert [int(hit.id) for hit in row] == list(range(200 * group, 200 * group + 20))
    for kind in APPROXIMATE:
        near = Index.build(vectors, out=tmp_path / kind, model=MODEL, kind=kind)
        assert near.search(vectors[::200], 300) == flat.search(vectors[::200], 300)


def test_queries_of_another_width_are_refused(tmp_path: Path) -> None:
    index = Index.build(clustered(20), out=tmp_path / "i", model=MODEL)
    with refuses(setting="queries"):
        index.search(np.ones((1, 31)), 1)


def search_all(path: Path, **options: Any) -> list[list[Hit]]:
    """Open an index and read everything that is in it."""
    index = Index.open(path, **options)
    assert index.texts is not None
    assert list(index.ids) == list(index.texts) == [str(number) for number in range(200)]
    return index.search(clustered(200), 10)


@pytest.mark.parametrize("change", ["flip", "cut", "grow", "remove"])
@pytest.mark.parametrize("name", [MANIFEST, folder.BLOCKS, *folder.files_of("hnsw", True)])
def test_damage_is_found_before_it_is_used(
    name: str, change: str, tmp_path: Path, hnsw_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(hnsw_folder, tmp_path / "i")
    if name == folder.FAISS:
        monkeypatch.setattr(faiss, "read_index", lambda *_: pytest.fail("a damaged file reached FAISS"))
    path = tmp_path / "i" / name
    content = bytearray(path.read_bytes())
    if change == "remove":
        path.unlink()
    elif change == "flip":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(content[:-1] if change == "cut" else bytes(content) + b"!")
    for options in ({}, {"verify": True}):
        with pytest.raises(InputError) as caught:
            search_all(tmp_path / "i", **options)
        assert name in str(caught.value)
    with pytest.raises(InputError):
        Index.open(tmp_path / "i", verify=True)


def test_opening_reads_what_is_needed_only(
    tmp_path: Path, hnsw_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damage far away from what is read stays unseen until it is read, or until all is verified."""
    vectors = clustered(20_000)
    Index.build(vectors, out=tmp_path / "i", model=MODEL, kind="ivf")
    path = tmp_path / "i" / folder.VECTORS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    index = Index.open(tmp_path / "i")
    near = index.search(vectors[0], 1, effort=1)[0][0]
    assert near.id == "0"
    with refuses(place="vectors.npy"):
        index.search(vectors[-1], 1)
    with refuses(place="vectors.npy"):
        Index.open(tmp_path / "i", verify=True)


@pytest.fixture(scope="module")
def hnsw_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hnsw") / "i"
    Index.build(
        clustered(200), map(str, range(200)), map(str, range(200)), out=path, model=MODEL, kind="hnsw"
    )
    return path


def rewrite_manifest(path: Path, files: dict[str, Any] | None = None, /, **changes: object) -> None:
    """What an attacker would do: change the manifest and make its checksum right."""
    record = json.loads((path / MANIFEST).read_text())
    found = Manifest(
        record["kind"],
        record["format_version"],
        {**record["content"], **changes},
        {name: FileStamp(*stamp) for name, stamp in record["files"].items()} if files is None else files,
    )
    found.write(path)


def restamp(path: Path) -> None:
    rewrite_manifest(path, stamp_files(path, folder.files_of("hnsw", True), folder.BLOCKS))


def test_hostile_folders(tmp_path: Path, hnsw_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "i"
    shutil.copytree(hnsw_folder, path)
    for change in (
        {"count": 199}, {"count": -1}, {"count": 10**15}, {"count": "200"}, {"width": 31}, {"kind": "pickle"},
        {"model": None},
        {"dtype": "object"}, {"different": 0}, {"different": 201}, {"parameters": {"effort": -1}},
        {"parameters": []}, {"parameters": {}}, {"parameters": {"links": 32}},
        {"parameters": {"effort": "9"}},
        {"files": {}, "x": 1},
    ):  # fmt: skip
        rewrite_manifest(path, None, **change)
        with pytest.raises(InputError):
            search_all(path)
        shutil.copy(hnsw_folder / MANIFEST, path)
    rewrite_manifest(path, {"../../secret": FileStamp(0, "")})
    with refuses(place="manifest.json"):
        Index.open(path)
    shutil.copy(hnsw_folder / MANIFEST, path)
    for rows in (np.full(200, 200), np.full(200, -1), np.full(200, 2**62)):
        np.save(path / folder.ROWS, rows)
        restamp(path)
        with refuses(place="copies.rows.npy"):
            search_all(path)
    shutil.copy(hnsw_folder / folder.ROWS, path)
    np.save(path / folder.STARTS, np.arange(201)[::-1].copy())
    restamp(path)
    with refuses(place="copies.starts.npy"):
        search_all(path)
    shutil.copy(hnsw_folder / folder.STARTS, path)
    np.save(path / folder.VECTORS, np.array([[{}]], dtype=object), allow_pickle=True)
    restamp(path)
    with refuses(place="vectors.npy"):
        Index.open(path)
    shutil.copy(hnsw_folder / folder.VECTORS, path)
    (path / folder.FAISS).write_bytes(b"IxMp" + b"\xff" * 1000)
    restamp(path)
    monkeypatch.setattr(faiss, "read_index", lambda *_: pytest.fail("rebuild must not read index.faiss"))
    assert Index.open(path, rebuild=True).search(clustered(200)[7], 1)[0][0].id == "7"


def test_an_older_format_is_refused_with_the_command_that_makes_it_anew(tmp_path: Path) -> None:
    Index.build(clustered(10), out=tmp_path / "i", model=MODEL)
    record = json.loads((tmp_path / "i" / MANIFEST).read_text())
    for old in ({**record, "format_version": 1}, {"format": 1, "kind": "flat"}):
        (tmp_path / "i" / MANIFEST).write_text(json.dumps(old))
        with refuses(place="i"):
            Index.open(tmp_path / "i")
    assert len(Index.build(clustered(20), out=tmp_path / "i", model=MODEL, overwrite=True)) == 20


def test_opening_loads_nothing_and_searching_loads_into_memory(
    hnsw_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[object, ...]] = []
    read = faiss.read_index
    monkeypatch.setattr(faiss, "read_index", lambda *given: calls.append(given) or read(*given))
    index = Index.open(hnsw_folder)
    assert calls == []
    for _ in range(2):
        index.search(clustered(1), 1)
    assert calls == [(str(hnsw_folder / folder.FAISS),)], "IO_FLAG_MMAP ends the process at the first search"


class Shifted:
    """Vectors whose rows have slipped by one: what is built of them finds nothing."""

    def __init__(self, vectors: Any) -> None:
        self.inner, self.width = vectors, vectors.width

    def __len__(self) -> int:
        return len(self.inner)

    def chunks(self) -> Any:
        return (np.roll(chunk, 1, axis=0) for chunk in self.inner.chunks())

    def take(self, rows: Any) -> Any:
        return self.inner.take(rows)


def spoil(monkeypatch: pytest.MonkeyPatch, *kinds_that_fail: str, error: Exception | None = None) -> None:
    """Have some kinds find nothing of what is put into them, or raise an error."""
    make = kinds.make

    def spoilt(kind: str, vectors: Any, *rest: Any) -> Any:
        if kind in kinds_that_fail and error is not None:
            raise error
        return make(kind, Shifted(vectors) if kind in kinds_that_fail else vectors, *rest)

    monkeypatch.setattr(kinds, "make", spoilt)


@pytest.mark.parametrize("kind", APPROXIMATE)
def test_a_kind_that_was_asked_for_and_does_not_find_its_own_vectors_is_not_saved(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, kind)
    with pytest.raises(InputError) as caught:
        Index.build(clustered(2000), out=tmp_path / "i", model=MODEL, kind=kind)
    assert caught.value.setting == "kind"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [None, RuntimeError("std::bad_alloc"), MemoryError()])
def test_auto_takes_the_next_kind_where_one_fails_and_says_so(
    error: Exception | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "FLAT_BELOW", 1000)
    spoil(monkeypatch, "ivf", error=error)
    vectors = clustered(2000)
    with pytest.warns(ReadWarning, match="ivf"):
        index = Index.build(vectors, out=tmp_path / "i", model=MODEL)
    assert index.info.kind == "flat"
    assert "ivf" in index.info.reason
    assert [hits[0].id for hits in index.search(vectors[:50], 1)] == [str(row) for row in range(50)]


def test_auto_does_not_take_another_kind_because_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(kinds, "FLAT_BELOW", 1000)
    monkeypatch.setattr(structure, "to_disk", full)
    with refuses(place=tmp_path):
        Index.build(clustered(2000), out=tmp_path / "i", model=MODEL)
    assert list(tmp_path.iterdir()) == []


def with_copies(count: int, different: int, width: int = 64) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Vectors of which a tenth are copies of `different` others, and which are copies."""
    vectors = clustered(count, width, 400)
    copies = np.random.default_rng(1).random(count) < 0.1
    vectors[copies] = clustered(different, width, seed=9)[np.arange(copies.sum()) % different]
    return vectors, copies


@pytest.mark.slow
def test_copies_do_not_hide_what_is_beside_them(tmp_path: Path) -> None:
    vectors, copies = with_copies(60_000, 3)
    index = Index.build(vectors, out=tmp_path / "i", model=MODEL)
    assert (index.info.kind, index.info.different) == ("ivf", (~copies).sum() + 3)
    rows = np.flatnonzero(~copies)
    found = [int(hits[0].id) for hits in index.search(vectors[rows], 1)]
    assert found == rows.tolist()
    rows = np.flatnonzero(copies)
    for number in range(3):
        hits = index.search(vectors[rows[number]], 3000)[0]
        assert [int(hit.id) for hit in hits[: len(rows[number::3])]] == rows[number::3].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["auto", "hnsw", "ivf", "binary"])
def test_all_equal(kind: Kind, tmp_path: Path) -> None:
    count = 60_000 if kind == "auto" else 10_000
    index = Index.build(np.ones((count, 16)), out=tmp_path / "i", model=MODEL, kind=kind)
    for k in (1, 10, 5000):
        hits = index.search(np.ones(16), k)[0]
        assert [(int(hit.id), hit.rank) for hit in hits] == [(row, row + 1) for row in range(k)]
        assert {hit.score for hit in hits} == {1.0}


@pytest.mark.parametrize("kind", KINDS)
def test_many_copies_of_one(kind: Kind, tmp_path: Path) -> None:
    vectors = np.concatenate([clustered(500), np.repeat(clustered(1, seed=5), 10_000, axis=0)])
    vectors = np.random.default_rng(0).permutation(vectors)
    exact = Index.build(vectors, out=tmp_path / "f", model=MODEL, kind="flat")
    index = Index.build(vectors, out=tmp_path / "i", model=MODEL, kind=kind)
    queries = np.concatenate([clustered(500), clustered(1, seed=5)])
    assert index.search(queries, 20) == exact.search(queries, 20) or kind != "flat"
    assert [hits[0] for hits in index.search(queries, 1)] == [hits[0] for hits in exact.search(queries, 1)]
    assert index.search(queries[-1], 30) == exact.search(queries[-1], 30)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.sampled_from(["float32", "float16"]))
def test_groups_are_the_equal_rows(members: list[int], dtype: str) -> None:
    vectors = clustered(7, 3).astype(dtype)[members]
    groups = copies.group(ArrayVectors(vectors))
    expected: dict[int, list[int]] = {}
    for row, member in enumerate(members):
        expected.setdefault(member, []).append(row)
    found = [groups.rows[a:b].tolist() for a, b in itertools.pairwise(groups.starts)]
    assert found == list(expected.values())


def test_a_collision_of_hashes_merges_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_hash", lambda rows: np.zeros(len(rows), np.uint64))
    groups = copies.group(ArrayVectors(np.array([[1.0], [2.0], [1.0], [3.0]], np.float32)))
    # The first rows of each hash are compared exactly; what differs from them stands alone.
    assert [groups.rows[a:b].tolist() for a, b in itertools.pairwise(groups.starts)] == [[0, 2], [1], [3]]


def test_ids_that_slip_on_the_way_to_disk_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Strings.write

    def slip(path: Path, name: str, strings: Any) -> int:
        ids = list(strings)
        return write(path, name, ids[1:] + ids[:1])

    monkeypatch.setattr(Strings, "write", staticmethod(slip))
    with refuses(RuntimeError):
        Index.build(clustered(50), out=tmp_path / "i", model=MODEL)
    assert list(tmp_path.iterdir()) == []


def test_build_names_what_is_wrong(tmp_path: Path) -> None:
    out, ten = tmp_path / "i", clustered(10)
    with refuses(setting="vectors"):
        Index.build(np.empty((0, 4)), out=out, model=MODEL)
    with refuses(setting="vectors"):
        Index.build(iter([]), out=out, model=MODEL)
    with refuses(setting="ids"):
        Index.build(ten, ["a", "b", "c"], out=out, model=MODEL)
    with refuses(setting="texts"):
        Index.build(ten, texts=map(str, range(11)), out=out, model=MODEL)
    with refuses(setting="ids"):
        Index.build(ten[:2], ["a", 7], out=out, model=MODEL)  # type: ignore[list-item]
    with refuses(setting="vectors"):
        Index.build(iter([ten, np.ones((1, 3))]), out=out, model=MODEL)
    with refuses(setting="vectors"):
        Index.build(
            iter([ten, np.where(np.arange(5)[:, None] == 2, np.nan, np.ones((5, 32)))]), out=out, model=MODEL
        )
    with refuses(setting="kind"):
        Index.build(ten, out=out, model=MODEL, kind="flt")  # type: ignore[arg-type]
    with refuses(setting="dtype"):
        Index.build(ten, out=out, model=MODEL, dtype="int8")
    with refuses(setting="model"):
        Index.build(ten, out=out)
    assert list(tmp_path.iterdir()) == [], "a failed build leaves nothing behind"


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "i"
    Index.build(clustered(10), out=out, model=MODEL)
    with refuses(setting="overwrite", place="i"):
        Index.build(clustered(20), out=out, model=MODEL)
    with refuses(setting="vectors"):
        Index.build(iter([]), out=out, model=MODEL, overwrite=True)
    assert len(Index.open(out)) == 10, "a failed build must leave the old index alone"
    assert len(Index.build(clustered(20), out=out, model=MODEL, overwrite=True)) == 20
    assert len(Index.open(out)) == 20
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("…")
    with refuses(place="mine"):
        Index.build(clustered(20), out=tmp_path / "mine", model=MODEL, overwrite=True)
    with refuses(place="mine"):
        Index.open(tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["i", "mine"]
