"""Index folders: held against exact search, damage, hostile hands, other models and their own
approximations."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from sentrep.search import Hit, Index, ModelStamp, folder, kinds, top_k
from sentrep.utils.errors import InputError

MODEL = ModelStamp("toy", "aaaa1111", "runs/toy/model")
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


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_every_kind_finds_the_neighbours_with_exact_scores(
    kind: kinds.Kind, dtype: str, tmp_path: Path
) -> None:
    vectors, queries = clustered(4000), clustered(100, seed=3)
    built = Index.build(vectors, out=tmp_path / "i", model=MODEL, kind=kind, dtype=dtype)
    index = Index.open(tmp_path / "i")
    assert len(index) == len(built) == 4000
    stored = unit(vectors).astype(dtype)
    scores, expected = top_k(stored, unit(queries), 10)
    hits = index.search(queries, 10)
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


def test_auto_is_flat_while_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kinds.choose("auto", kinds.FLAT_BELOW - 1) == "flat"
    assert kinds.choose("auto", kinds.FLAT_BELOW) == "hnsw"
    assert Index.build(clustered(50), out=tmp_path / "a", model=MODEL).manifest.kind == "flat"
    monkeypatch.setattr(kinds, "FLAT_BELOW", 40)
    assert Index.build(clustered(50), out=tmp_path / "b", model=MODEL).manifest.kind == "hnsw"


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf"])
@pytest.mark.parametrize("count", [1, 2, 11])
def test_few_vectors_and_more_wanted_than_there_are(kind: kinds.Kind, count: int, tmp_path: Path) -> None:
    index = Index.build(clustered(count), out=tmp_path / "i", model=MODEL, kind=kind)
    for row in index.search(clustered(3), 50):
        assert sorted(int(hit.id) for hit in row) == list(range(count))
    assert index.search(np.empty((0, 32), dtype=np.float32), 5) == []


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_any_string_is_an_id_or_a_text(kind: kinds.Kind, tmp_path: Path) -> None:
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
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_zero_vectors_stay_zero_and_resemble_nothing(tmp_path: Path) -> None:
    vectors = clustered(100)
    vectors[[3, 50]] = 0
    index = Index.build(vectors, out=tmp_path / "i", model=MODEL)
    assert index.manifest.zero_vectors == 2
    np.testing.assert_array_equal(index.vectors[3], 0)
    assert index.search(np.stack([vectors[3], vectors[4]]), 1)[0] == []
    assert index.search(vectors[4], 1)[0][0].id == "4"
    with pytest.raises(InputError, match="all 5 vectors are zero"):
        Index.build(np.zeros((5, 3)), out=tmp_path / "z", model=MODEL)


def test_ties_are_in_the_order_of_the_rows(tmp_path: Path) -> None:
    vectors = np.repeat(clustered(3), 200, axis=0)
    flat = Index.build(vectors, out=tmp_path / "f", model=MODEL)
    for group, row in enumerate(flat.search(vectors[::200], 20)):
        assert [int(hit.id) for hit in row] == list(range(200 * group, 200 * group + 20))
    # An approximate kind does not see all that are equal, but gives the same ones each time, in the order of
    # their rows.
    near = Index.build(vectors, out=tmp_path / "h", model=MODEL, kind="hnsw")
    first, second = (near.search(vectors[::200], 20) for _ in range(2))
    assert first == second
    for row in first:
        assert [int(hit.id) for hit in row] == sorted(int(hit.id) for hit in row)


def test_another_model_is_refused(tmp_path: Path) -> None:
    index = Index.build(clustered(20), out=tmp_path / "i", model=MODEL)
    index.check_model("aaaa1111")
    with pytest.raises(
        InputError, match=r"toy \(content aaaa1111\), not with content bbbb2222.*runs/toy/model"
    ):
        index.check_model("bbbb2222")
    with pytest.raises(InputError, match="queries are 31 wide"):
        index.search(np.ones((1, 31)), 1)


@pytest.mark.parametrize("change", ["flip", "cut", "grow", "remove"])
@pytest.mark.parametrize("name", [folder.MANIFEST, *folder.files_of("hnsw", True)])
def test_damage_is_found_before_faiss_reads(
    name: str, change: str, tmp_path: Path, hnsw_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(hnsw_folder, tmp_path / "i")
    monkeypatch.setattr(faiss, "read_index", lambda *_: pytest.fail("a damaged folder reached FAISS"))
    path = tmp_path / "i" / name
    content = bytearray(path.read_bytes())
    if change == "remove":
        path.unlink()
    elif change == "flip":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(content[:-1] if change == "cut" else bytes(content) + b"!")
    with pytest.raises(InputError, match=name if change != "remove" else "is missing|is not a search index"):
        Index.open(tmp_path / "i")


@pytest.fixture(scope="module")
def hnsw_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hnsw") / "i"
    Index.build(
        clustered(200), map(str, range(200)), map(str, range(200)), out=path, model=MODEL, kind="hnsw"
    )
    return path


def rewrite_manifest(path: Path, **changes: object) -> None:
    """What an enemy would do: change the manifest and make its checksum right."""
    content = {**json.loads((path / folder.MANIFEST).read_text()), **changes}
    content.pop("checksum")
    content["checksum"] = folder._checksum(content)
    (path / folder.MANIFEST).write_text(json.dumps(content))


def test_hostile_folders(tmp_path: Path, hnsw_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "i"
    shutil.copytree(hnsw_folder, path)
    rewrite_manifest(path, format=2)
    with pytest.raises(InputError, match="format 2, but this sentrep reads format 1"):
        Index.open(path)
    rewrite_manifest(path, format=1, count=199)
    with pytest.raises(InputError, match="is not as it was written"):
        Index.open(path)
    rewrite_manifest(path, count=200, files={"../../secret": {"bytes": 0, "sha256": ""}})
    with pytest.raises(InputError, match="is not as it was written"):
        Index.open(path)
    np.save(path / folder.VECTORS, np.array([[{}]], dtype=object), allow_pickle=True)
    rewrite_manifest(path, files=folder.stamp_files(path, folder.files_of("hnsw", True)))
    with pytest.raises(InputError, match=r"vectors\.npy is not as it was written"):
        Index.open(path)
    shutil.copy(hnsw_folder / folder.VECTORS, path)
    (path / folder.FAISS).write_bytes(b"IxMp" + b"\xff" * 1000)
    rewrite_manifest(path, files=folder.stamp_files(path, folder.files_of("hnsw", True)))
    monkeypatch.setattr(faiss, "read_index", lambda *_: pytest.fail("rebuild must not read index.faiss"))
    assert Index.open(path, rebuild=True).search(clustered(200)[7], 1)[0][0].id == "7"


def test_opening_loads_into_memory(hnsw_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[object, ...]] = []
    read = faiss.read_index
    monkeypatch.setattr(faiss, "read_index", lambda *given: calls.append(given) or read(*given))
    Index.open(hnsw_folder)
    assert calls == [(str(hnsw_folder / folder.FAISS),)], "IO_FLAG_MMAP ends the process at the first search"


@pytest.mark.parametrize("kind", ["hnsw", "ivf"])
def test_an_index_that_does_not_find_its_own_vectors_is_not_saved(
    kind: kinds.Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = kinds.make
    monkeypatch.setattr(
        kinds, "make", lambda kind, vectors, chosen: make(kind, np.roll(vectors, 1, axis=0), chosen)
    )
    with pytest.raises(InputError, match=r"finds only .* build with kind flat"):
        Index.build(clustered(2000), out=tmp_path / "i", model=MODEL, kind=kind)
    assert list(tmp_path.iterdir()) == []


def test_ids_that_slip_on_the_way_to_disk_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = folder.Strings.write

    def slip(path: Path, name: str, strings: Any) -> int:
        ids = list(strings)
        return write(path, name, ids[1:] + ids[:1])

    monkeypatch.setattr(folder.Strings, "write", staticmethod(slip))
    with pytest.raises(RuntimeError, match="differ from those written"):
        Index.build(clustered(50), out=tmp_path / "i", model=MODEL)
    assert list(tmp_path.iterdir()) == []


def test_build_names_what_is_wrong(tmp_path: Path) -> None:
    out, ten = tmp_path / "i", clustered(10)
    with pytest.raises(InputError, match="no vectors"):
        Index.build(np.empty((0, 4)), out=out, model=MODEL)
    with pytest.raises(InputError, match="no vectors"):
        Index.build(iter([]), out=out, model=MODEL)
    with pytest.raises(InputError, match="there are 3 ids for 10 vectors"):
        Index.build(ten, ["a", "b", "c"], out=out, model=MODEL)
    with pytest.raises(InputError, match="there are 11 texts for 10 vectors"):
        Index.build(ten, texts=map(str, range(11)), out=out, model=MODEL)
    with pytest.raises(InputError, match="number 1 is not a string but 7"):
        Index.build(ten[:2], ["a", 7], out=out, model=MODEL)  # type: ignore[list-item]
    with pytest.raises(InputError, match="row 10 is 3 wide"):
        Index.build(iter([ten, np.ones((1, 3))]), out=out, model=MODEL)
    with pytest.raises(InputError, match="row 12 has a NaN"):
        Index.build(
            iter([ten, np.where(np.arange(5)[:, None] == 2, np.nan, np.ones((5, 32)))]), out=out, model=MODEL
        )
    with pytest.raises(InputError, match="choose auto, flat, hnsw or ivf"):
        Index.build(ten, out=out, model=MODEL, kind="flt")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="not 'int8'"):
        Index.build(ten, out=out, model=MODEL, dtype="int8")
    with pytest.raises(InputError, match="which model"):
        Index.build(ten, out=out)
    assert list(tmp_path.iterdir()) == [], "a failed build leaves nothing behind"


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    out = tmp_path / "i"
    Index.build(clustered(10), out=out, model=MODEL)
    with pytest.raises(InputError, match="already holds an index"):
        Index.build(clustered(20), out=out, model=MODEL)
    with pytest.raises(InputError, match="no vectors"):
        Index.build(iter([]), out=out, model=MODEL, overwrite=True)
    assert len(Index.open(out)) == 10, "a failed build must leave the old index alone"
    assert len(Index.build(clustered(20), out=out, model=MODEL, overwrite=True)) == 20
    assert len(Index.open(out)) == 20
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("…")
    with pytest.raises(InputError, match="not a search index"):
        Index.build(clustered(20), out=tmp_path / "mine", model=MODEL, overwrite=True)
    with pytest.raises(InputError, match="is not a search index"):
        Index.open(tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["i", "mine"]
