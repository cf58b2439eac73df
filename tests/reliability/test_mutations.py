"""Mutated folders: each is refused, or what is read of it is right. Nothing else ever happens."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentrep.data.store.store import Store
from sentrep.embedding import Embedded
from sentrep.search import Index, ModelStamp, folder
from sentrep.utils.blocks import stamp_files
from sentrep.utils.errors import InputError
from sentrep.utils.manifest import MANIFEST, FileStamp, Manifest
from tests.reliability import work

pytestmark = pytest.mark.slow
MUTATIONS = work.repetitions(300, 1500)


@pytest.fixture(scope="module", params=["ivf", "hnsw", "flat", "embed", "store"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A folder of some kind."""
    kind = str(request.param)
    place = work.lay_out(tmp_path_factory.mktemp(kind) / "place")
    if kind in ("embed", "store"):
        work.do(kind, place)
        root = place / work.OUT
        return kind, root if kind == "embed" else next(root.iterdir())
    vectors, texts = work.vectors_of(1)[:600], [f"text {number}" for number in range(600)]
    Index.build(vectors, texts=texts, out=place / work.OUT, model=ModelStamp("toy", "1"), kind=kind)  # type: ignore[arg-type]
    return kind, place / work.OUT


def read_index(path: Path) -> Any:
    index = Index.open(path)
    assert index.texts is not None
    hits = index.search(work.vectors_of(1)[:20], 5)
    return hits, list(index.ids), list(index.texts), index.info


def read_embedded(path: Path) -> Any:
    embedded = Embedded.open(path)
    return embedded.array().tobytes(), list(embedded.ids()), list(embedded.texts()), embedded.info


def read_store(path: Path) -> Any:
    store = Store.open(path, verify=True)
    texts = [store.sentences_of(number) for number in range(len(store.documents) - 1)]
    return np.array(store.ids).tobytes(), texts, store.token_counts().tolist()


READ: dict[str, Callable[[Path], Any]] = {"embed": read_embedded, "store": read_store}


def test_no_mutation_gives_a_wrong_result(
    bundle: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, path = bundle
    read = READ.get(kind, read_index)
    expected, draw, outcomes = read(path), work.draws(kind), Counter[str]()
    for number in range(-(-MUTATIONS // 5)):
        copy = tmp_path / "copy"
        shutil.copytree(path, copy)
        change = mutate(copy, draw)
        try:
            outcomes["right" if read(copy) == expected else f"WRONG: {number} {change}"] += 1
        except InputError:
            outcomes["refused"] += 1
        shutil.rmtree(copy)
    with capsys.disabled():
        print(f"\n{kind}: {dict(outcomes)} of {outcomes.total()} mutations")
    assert set(outcomes) <= {"right", "refused"}
    assert outcomes["refused"] > outcomes.total() / 4


def test_no_mutation_with_right_checksums_gives_a_traceback(bundle: tuple[str, Path], tmp_path: Path) -> None:
    """As an attacker would do it; of FAISS's own file, rebuilding is the answer."""
    kind, path = bundle
    if kind in READ:
        return
    draw = work.draws(kind)
    for _ in range(-(-MUTATIONS // 5)):
        copy = tmp_path / "copy"
        shutil.copytree(path, copy)
        shutil.copy(copy / MANIFEST, tmp_path / "manifest")
        mutate(copy, draw, spare=(MANIFEST, folder.FAISS, folder.BLOCKS))
        shutil.copy(tmp_path / "manifest", copy / MANIFEST)
        restamp(copy, draw)
        with suppress(InputError):
            read_index(copy)
        shutil.rmtree(copy)


def mutate(path: Path, draw: random.Random, spare: tuple[str, ...] = ()) -> str:
    """Change one file of a folder; what was done."""
    files = sorted(file for file in path.iterdir() if file.name not in spare)
    file = draw.choice(files)
    content = bytearray(file.read_bytes())
    how = draw.choice(["bit", "byte", "range", "cut", "grow", "empty", "remove", "swap", "shift"])
    place = draw.randrange(max(1, len(content)))
    end = min(len(content), place + draw.randint(1, 300))
    if how == "bit" and content:
        content[place] ^= 1 << draw.randrange(8)
    elif how == "byte" and content:
        content[place] = draw.randrange(256)
    elif how == "range":
        content[place:end] = draw.randbytes(end - place)
    elif how == "cut":
        del content[place:]
    elif how == "grow":
        content += draw.randbytes(draw.randint(1, 100))
    elif how == "empty":
        content.clear()
    elif how == "shift":
        content[place:end] = content[place:end][::-1]
    elif how == "swap":
        content = bytearray(draw.choice(files).read_bytes())
    file.unlink() if how == "remove" else file.write_bytes(content)
    return f"{how} {file.name} {place}"


def restamp(path: Path, draw: random.Random) -> None:
    """Write a manifest with right checksums for whatever is there, now and then with another number in it."""
    record = json.loads((path / MANIFEST).read_text())
    content = record["content"]
    if draw.random() < 0.5:
        key = draw.choice(sorted(content))
        content[key] = draw.choice([0, -1, 3, 10**12, "x", None, [], {}, 1.5, True, "float32", {"effort": 0}])
    names = [name for name in record["files"] if name != folder.BLOCKS]
    there = [name for name in names if (path / name).is_file()]
    stamps = stamp_files(path, there, folder.BLOCKS)
    stamps |= {name: FileStamp(1, "0") for name in names if name not in there}
    Manifest(record["kind"], record["format_version"], content, stamps).write(path)
