"""The store: what it holds, that it is found again, built again when damaged, and never grows in memory."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.reading.source import ReadReport, gather
from sentrep.data.store import build, worker_pool
from sentrep.data.store.store import Store, prepare, read_documents
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.utils.arrays import GrowingArray
from sentrep.utils.errors import InputError
from sentrep.utils.locks import writer
from sentrep.utils.manifest import MANIFEST
from tests.errors import refuses
from tests.paths import ROOT

DOCUMENTS = {
    "rain": ("Rain", ["It rained.", "We stayed in.", "Then it stopped."]),
    "noise": ("Noise", []),
    "snow": ("", ["Dr. No saw snow.", "“Is it snow?” he asked."]),
    "雨": ("雨の日", ["雨が降った。", "「はい。」と言った。", "晴れた。"]),
}
SMALL = TokenizerConfig("bpe", vocab=200, max_tokens=8)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    with gzip.open(folder / "all.jsonl.gz", "wt", encoding="utf-8") as file:
        for name, (title, sentences) in DOCUMENTS.items():
            text = " ".join(sentences) or "* * *"
            file.write(json.dumps({"id": name, "title": title, "text": text}) + "\n")
        file.write("{\n")
    return folder


def prepared(corpus: Path, tokenizer: TokenizerConfig | Tokenizer = SMALL, **options: str) -> Store:
    return prepare(CorpusConfig((str(corpus),), **options), tokenizer, corpus.parent / "cache")  # type: ignore[arg-type]


def test_a_store_holds_the_corpus(corpus: Path) -> None:
    found = prepared(corpus)
    kept = {
        name: entry for name, entry in DOCUMENTS.items() if entry[1]
    }  # a document without a sentence is none
    assert [found.name(d) for d in range(3)] == list(kept)
    assert [found.title(d) for d in range(3)] == [title for title, _ in kept.values()]
    assert [found.sentences_of(d) for d in range(3)] == [sentences for _, sentences in kept.values()]
    assert found.documents.tolist() == [0, 3, 5, 8]
    assert (len(found), found.sentences) == (8, 8)
    assert found.sentence(4) == "“Is it snow?” he asked."
    assert found.ids.dtype == np.uint16
    assert not found.ids.flags.writeable
    for i in range(len(found)):
        ids = found.ids[found.offsets[i] : found.offsets[i + 1]].tolist()
        assert ids == found.tokenizer.encode(found.sentence(i))[:8]
    assert found.truncated == sum(len(found.tokenizer.encode(found.sentence(i))) > 8 for i in range(8)) > 0
    assert found.tokens == len(found.ids) == found.offsets[-1]
    assert found.report["problems"] == {"wrong JSON line": 1, "text without a letter or digit": 1}
    assert "all.jsonl.gz:5" in found.report["examples"]["wrong JSON line"][0]
    with pytest.raises(IndexError):
        found.sentence(8)


def test_a_store_is_found_again_and_only_by_the_same_work(corpus: Path) -> None:
    first = prepared(corpus)
    again = prepared(corpus)
    assert (first.reused, again.reused) == (False, True)
    assert again.fingerprint == first.fingerprint
    others = {
        prepared(corpus, TokenizerConfig("bpe", vocab=201, max_tokens=8)).fingerprint,
        prepared(corpus, TokenizerConfig("word", vocab=200, max_tokens=8)).fingerprint,
        prepared(corpus, SMALL, split="lines").fingerprint,
        prepared(corpus, first.tokenizer).fingerprint,
    }
    assert prepared(corpus, SMALL, hub_split="test").reused  # says nothing about files
    (corpus / "more.txt").write_text("More rain.")
    others.add(prepared(corpus).fingerprint)
    assert len(others | {first.fingerprint}) == 6
    assert sorted(path.name for path in (corpus.parent / "cache").iterdir()) == sorted(
        others | {first.fingerprint}
    )


def test_the_same_corpus_gives_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    ones = [prepare(CorpusConfig((str(corpus),)), SMALL, tmp_path / name).path for name in ("a", "b")]
    one, other = ({file.name: file.read_bytes() for file in path.iterdir()} for path in ones)
    assert one.pop(MANIFEST)  # says how long it took
    assert other.pop(MANIFEST)
    assert one == other
    assert set(build.FILES) <= set(one)


@pytest.mark.parametrize("name", [*build.FILES, MANIFEST])
@pytest.mark.parametrize("damage", ["missing", "short", "empty", "flipped"])
def test_a_damaged_store_is_built_again(corpus: Path, name: str, damage: str) -> None:
    found = prepared(corpus)
    file, whole = found.path / name, (found.path / name).read_bytes()
    del found
    if damage == "missing":
        file.unlink()
    elif damage == "flipped":
        middle = len(whole) // 2
        file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    else:
        file.write_bytes(whole[:-3] if damage == "short" else b"")
    with pytest.raises(InputError):
        Store.open(file.parent, verify=True)
    again = prepared(corpus)
    assert not again.reused
    assert [again.sentence(i) for i in range(3)] == DOCUMENTS["rain"][1]
    if name != MANIFEST:
        assert file.read_bytes() == whole


def test_an_interrupted_build_leaves_nothing(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "_write_ids", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepared(corpus)
    assert list((corpus.parent / "cache").iterdir()) == []


def test_a_store_that_another_process_builds_is_refused_or_waited_for(corpus: Path) -> None:
    built = prepared(corpus)
    kept = built.path.with_name("kept")
    built.path.rename(kept)
    with writer(built.path, "prepare"):
        with pytest.raises(InputError) as caught:
            prepared(corpus)
        assert caught.value.setting == "wait"
        assert str(os.getpid()) in str(caught.value)
        waiting = ThreadPoolExecutor(1).submit(
            prepare, CorpusConfig((str(corpus),)), SMALL, corpus.parent / "cache", wait=True
        )
        kept.rename(built.path)
    assert waiting.result(60).reused
    assert [path.name for path in built.path.parent.iterdir()] == [built.path.name]


def test_token_counts(corpus: Path) -> None:
    found = prepared(corpus)
    counts = found.token_counts()
    assert counts.tolist() == np.bincount(found.ids, minlength=found.tokenizer.vocab_size).tolist()


def test_a_corpus_without_words_is_an_input_error(corpus: Path) -> None:
    (corpus / "all.jsonl.gz").unlink()
    (corpus / "a.txt").write_text("* * *")
    with refuses(place="corpus"):
        prepared(corpus)


def test_held_out_documents_are_read_without_a_store(corpus: Path) -> None:
    report = ReadReport()
    config = CorpusConfig((str(corpus),))
    wanted = [(name, title, sentences) for name, (title, sentences) in DOCUMENTS.items() if sentences]
    assert [(d.id, d.title, d.sentences) for d in read_documents(config, report=report)] == wanted
    assert report.documents == 3
    assert [d.sentences for d in read_documents(config, prepared(corpus).segmenter)] == [
        s for _, _, s in wanted
    ]


@pytest.fixture(scope="module")
def long_text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough for several requests of each job."""
    file = tmp_path_factory.mktemp("long") / "long.txt"
    file.write_text(
        "\n\n".join(
            f"Mr. A{i} came. “Did {'he ' * (i % 50)}go?” he asked — “Größe {i}.”" for i in range(6_000)
        )
    )
    return file


@pytest.mark.slow
def test_several_processes_work_as_one_does(
    long_text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = []
    for count in (1, 3):
        monkeypatch.setattr(worker_pool, "cores", lambda count=count: count)
        stores.append(prepare(CorpusConfig((str(long_text),)), SMALL, tmp_path / str(count)))
    assert stores[0].sentences == 12_000
    for name in ("text.utf8", "ids.bin", "documents.npy", "tokenizer.json", "segmenter.json"):
        assert (stores[0].path / name).read_bytes() == (stores[1].path / name).read_bytes(), name


@pytest.mark.slow
def test_a_script_needs_no_guard(long_text: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path; from sentrep.data.store import worker_pool; from "
        "sentrep.data.store.store import *\n"
        "worker_pool.cores = lambda: 2; print('once')\n"
        f"print(len(prepare(CorpusConfig(({str(long_text)!r},)), TokenizerConfig('word'), "
        f"Path({str(tmp_path / 'c')!r}))))\n"
    )
    path = str(ROOT)
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.stdout == "once\n12000\n"


def test_a_process_that_dies_is_explained(
    long_text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_pool, "cores", lambda: 2)
    started = worker_pool._Worker.__init__

    def start_and_die(self: worker_pool._Worker, job: str, setup: dict[str, str], alone: bool) -> None:
        started(self, job, setup, alone)
        self._process.kill()
        self._process.wait()

    monkeypatch.setattr(worker_pool._Worker, "__init__", start_and_die)
    with pytest.raises(InputError, match=r"prepares text ended early, exit status -9"):
        prepare(CorpusConfig((str(long_text),)), SMALL, tmp_path / "cache")


PEAK = """
import resource, sys
from sentrep.data.config import CorpusConfig
from sentrep.data.reading.source import ReadReport, read
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
report = ReadReport()
characters = sum(len(piece.text) for piece in read(CorpusConfig((sys.argv[1],)), report))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, characters, dict(report.problems))
"""


@pytest.mark.parametrize(("kind", "megabytes"), [("txt", 12), ("md", 140), ("jsonl", 140)])
def test_a_line_of_two_hundred_megabytes_is_not_held(tmp_path: Path, kind: str, megabytes: int) -> None:
    part = b"It was a long line indeed and went on. " * 2_560
    file = tmp_path / f"line.{kind}.gz"
    with gzip.open(file, "wb", compresslevel=1) as out:
        out.write(b'{"text": "Short."}\n{"text": "' if kind == "jsonl" else b"")
        for _ in range(2_100):
            out.write(part)
        out.write(b'"}\n{"text": "Short again."}\n' if kind == "jsonl" else b"\nShort again.")
    done = subprocess.run([sys.executable, "-c", PEAK, str(file)], capture_output=True, text=True, check=True)
    grown, characters, problems = done.stdout.split(" ", 2)
    assert int(grown) < megabytes * 1024
    # A plain text is cut; a record or a line of Markdown is read whole, or not at all.
    assert int(characters) == {"txt": pytest.approx(2_100 * len(part), rel=1e-4), "md": 12, "jsonl": 18}[kind]
    assert ("value too large" in problems) == (kind != "txt")


def test_arrays_grow_on_disk(tmp_path: Path) -> None:
    with GrowingArray(tmp_path / "a.npy") as array:
        for start in range(0, 100_000, 1000):
            array.append(np.arange(start, start + 1000))
    assert np.array_equal(np.load(tmp_path / "a.npy", allow_pickle=False), np.arange(100_000))


def test_samples_are_even() -> None:
    found = build._evenly((str(i) * 10 for i in range(100_000)), 2_000)
    places = np.diff([int(text[: len(text) // 10]) for text in found])
    assert len(set(places.tolist())) == 1
    assert 1_000 < sum(map(len, found)) <= 4_000


def test_of_many_slow_files_some_train_the_segmenter(tmp_path: Path) -> None:
    for number in range(build.SLOW_FILES + 1):
        (tmp_path / f"{number:03}.html").write_text(
            "<p></p>" if number % 2 == 0 else "<p>It works, e.g. so.</p>"
        )
    (tmp_path / "a.txt").write_text("It works.")
    corpus = CorpusConfig((str(tmp_path),))
    files = gather(corpus, tmp_path, ReadReport())
    assert len(build._fewer(files)) < len(files)
    assert files[0] in build._fewer(files)
    only_html = [file for file in files if file.format == "html"]
    assert build.train_segmenter(only_html, corpus).sentences("It works. So it is.", False)
