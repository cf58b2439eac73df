"""`build` from a folder to a searchable index, and what it does with too little text."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

import sentrep
from sentrep.pipelines.build import pipeline
from sentrep.search.fusion import STRONG
from sentrep.utils.errors import InputError
from sentrep.utils.locks import writer
from tests.errors import refuses


def write(folder: Path, count: int) -> Path:
    """Pages about one of twelve topics each, with a heading for each paragraph."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        topic = number % 12
        lines = [f"# Page {number} about topic{topic}", ""]
        for part in range(4):
            words = [f"topic{topic}word{random.integers(30)}" for _ in range(4)]
            own = f"page{number}part{part}"
            lines += [f"## Part {part}", "", f"The {words[0]} and the {words[1]} are in {own}. "
                      f"They say {words[2]} to {own} again. So {words[3]} ends the part.", ""]  # fmt: skip
        (folder / f"{number:03}.md").write_text("\n".join(lines))
    return folder


@pytest.mark.slow
def test_a_folder_becomes_a_measured_index(tmp_path: Path) -> None:
    folder, said = write(tmp_path / "docs", 150), list[str]()
    built = sentrep.build(folder, tmp_path / "out", teacher=None, say=said.append)
    assert built.compared is not None
    assert not any(line.startswith("left out") for line in said)
    dense = ("collection table", "quick-thought")
    names = {"BM25", *dense, *(f"{name} + BM25" for name in dense)}
    assert {line.split("  ")[0].rstrip("*") for line in built.compared.table.splitlines()[3:]} == names
    assert built.compared.choice.chosen.name in names
    assert built.compared.verdict.startswith("Chosen: ")
    hit = built.search.search("page77part2", 1, mode="lexical")[0]
    assert Path(hit.document.file).name == "077.md"
    assert hit.heading[-1] == "Part 2"
    assert built.search.index.fusion == built.compared.vectors.dense.fusion
    assert (tmp_path / "out" / "report.html").stat().st_size > 1000
    again = sentrep.open_index(tmp_path / "out" / "index")
    assert [each.id for each in again.search("topic3word5", 5)] == [  # type: ignore[union-attr]
        each.id for each in built.search.search("topic3word5", 5)
    ]
    assert np.isfinite(
        SentenceTransformer(str(tmp_path / "out" / "model"), device="cpu").encode(["topic3word5"])
    ).all()
    with pytest.raises(InputError):
        sentrep.build(folder, tmp_path / "out")


@pytest.mark.parametrize("count", [1, 3])
def test_too_little_text_is_indexed_and_not_measured(tmp_path: Path, count: int) -> None:
    said = list[str]()
    built = sentrep.build(write(tmp_path / "few", count), tmp_path / "out", say=said.append)
    assert built.compared is None
    assert any(line.startswith("not measured") for line in said)
    assert Path(built.search.search("page0part2", 1)[0].document.file).name == "000.md"


def test_with_too_little_text_the_index_gets_the_model_of_which_most_is_expected(tmp_path: Path) -> None:
    few, said = write(tmp_path / "few", 3), list[str]()
    public = sentrep.baseline("untrained", few, tmp_path / "public", width=24)
    built = sentrep.build(few, tmp_path / "out", teacher=f"public={tmp_path / 'public'}", say=said.append)
    assert "the index gets public and BM25" in said
    assert built.search.index.fusion == STRONG
    indexed = SentenceTransformer(str(tmp_path / "out" / "model"), device="cpu")
    np.testing.assert_allclose(indexed.encode(["page1"]), public.encode(["page1"]), atol=1e-6)


def test_records_are_read_by_the_names_of_their_fields(tmp_path: Path) -> None:
    rows = [f"ticket {at},The {at}th page is empty.,open" for at in range(3)]
    (tmp_path / "tickets.csv").write_text("\n".join(["subject,body,status", *rows]) + "\n")
    with refuses():
        sentrep.build(tmp_path / "tickets.csv", tmp_path / "out", teacher=None)
    built = sentrep.build(
        tmp_path / "tickets.csv", tmp_path / "out", teacher=None, text_field="body", title_field="subject"
    )
    hit = built.search.search("2th page", 1, mode="lexical", filters={"status": "open"})[0]
    assert (hit.document.title, hit.text) == ("ticket 2", "The 2th page is empty.")


@pytest.mark.slow
def test_the_command_takes_the_names_of_fields(tmp_path: Path) -> None:
    file = tmp_path / "tickets.json"
    file.write_text('[{"body": "The page is empty."}, {"body": "A file is lost."}]')
    for command in ("build", "quickstart"):
        run = [
            sys.executable,
            "-m",
            "sentrep",
            command,
            str(tmp_path / "tickets.json"),
            "--text-field",
            "body",
        ]
        subprocess.run([*run, "--out", str(tmp_path / command)], check=True, cwd=tmp_path)
        assert sentrep.search(tmp_path / command / "index", "lost", k=1)[0].text == "A file is lost."


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError):
        sentrep.build(tmp_path / "none", tmp_path / "other", say=lambda _: None)


def test_a_language_without_a_stemmer_is_an_error_before_anything_is_read(tmp_path: Path) -> None:
    unread = tmp_path / "absent.txt"
    with refuses(setting="language"):
        sentrep.build(unread, tmp_path / "out", teacher=None, language="klingon")
    with refuses(setting="language"):
        sentrep.index("minilm", tmp_path / "index", input=unread, language="klingon")


def test_the_documents_are_read_once(tmp_path: Path) -> None:
    """A file that changes while models are compared is in the index as it was read, and the next update
    finds the change."""
    folder = write(tmp_path / "docs", 3)

    def say(line: str) -> None:
        if line.startswith("read"):
            (folder / "001.md").write_text("# Another page\n\nOnly zebras are here.\n")

    built = sentrep.build(folder, tmp_path / "out", teacher=None, say=say)
    assert Path(built.search.search("page1part2", 1)[0].document.file).name == "001.md"
    assert not built.search.search("zebras", 1, mode="lexical")
    done, search = sentrep.update(tmp_path / "out" / "index", folder)
    assert (done.new, done.changed, done.deleted, done.unchanged) == (0, 1, 0, 2)
    assert Path(search.search("zebras", 1)[0].document.file).name == "001.md"


def test_files_that_build_did_not_make_are_not_replaced(tmp_path: Path) -> None:
    folder, out = write(tmp_path / "few", 2), tmp_path / "out"
    for name in ("results.jsonl", "report.html", "model/config.json", "items/a.npy"):
        file = out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
        with refuses(place=out / name.split("/")[0]):
            sentrep.build(folder, out, teacher=None, overwrite=True)
        assert file.read_text() == "mine"
        shutil.rmtree(out)
    (out / "models").mkdir(parents=True)
    (out / "notes.txt").write_text("mine")
    sentrep.build(folder, out, teacher=None, say=lambda _: None)
    assert {file.name for file in out.iterdir()} == {"index", "model", "models", "notes.txt"}


def test_an_interrupted_build_leaves_the_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = write(tmp_path / "docs", 2), tmp_path / "docs" / "out"
    sentrep.build(folder, out, teacher=None, say=lambda _: None)
    (folder / "new.md").write_text("# Another page\n\nOnly zebras are here.\n")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "index_source_documents", stop)
        with pytest.raises(KeyboardInterrupt):
            sentrep.build(folder, out, teacher=None, overwrite=True, say=lambda _: None)
    old = sentrep.search(out / "index", "page1part2", k=1)[0]
    assert Path(old.document.file).name == "001.md"  # type: ignore[union-attr]
    built = sentrep.build(folder, out, teacher=None, overwrite=True, say=lambda _: None)
    assert {Path(document.file).name for document in built.search.index.documents()} == {
        "000.md",
        "001.md",
        "new.md",
    }
    assert {file.name for file in out.iterdir()} == {"index", "model"}


def test_documents_that_all_resemble_the_one_held_out_are_indexed(tmp_path: Path) -> None:
    """Six versions of one long document: nothing is left to fit models to."""
    random, said = np.random.default_rng(0), list[str]()
    paragraphs = [" ".join(f"word{random.integers(5000)}" for _ in range(119)) + " end." for _ in range(40)]
    (tmp_path / "docs").mkdir()
    for number in range(6):
        (tmp_path / "docs" / f"{number}.txt").write_text("\n\n".join([*paragraphs, f"Version {number}."]))
    built = sentrep.build(tmp_path / "docs", tmp_path / "out", teacher=None, say=said.append)
    assert built.compared is None
    assert any(line.startswith("not measured") for line in said)
    assert len(built.search.search(paragraphs[7][:60], 3)[0].also) == 5


def test_one_process_builds_into_a_folder(tmp_path: Path) -> None:
    folder, out = write(tmp_path / "few", 2), tmp_path / "out"
    with writer(out, "build"), refuses(place=out):
        sentrep.build(folder, out, teacher=None)


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with refuses(place=tmp_path / "file" / "out"):
        sentrep.build(write(tmp_path / "few", 2), tmp_path / "file" / "out", teacher=None, say=_unexpected)


def _unexpected(line: str) -> None:
    raise AssertionError(line)


def test_the_commands_that_are_named_next_can_be_pasted(tmp_path: Path) -> None:
    notes = tmp_path / "my notes"
    notes.mkdir()
    (notes / "a.txt").write_text("The ladder is in the attic.")
    said: list[str] = []
    built = sentrep.build(notes, tmp_path / "an index", teacher="none", say=said.append)
    search, update = (shlex.split(line.removeprefix("next")) for line in said[-2:])
    assert search[:3] == ["sentrep", "search", str(built.out / "index")]
    assert update == ["sentrep", "update", str(built.out / "index"), str(notes)]
    sentrep.build(["The ladder is in the attic."], tmp_path / "other", teacher="none", say=said.append)
    assert said[-1].endswith("index FILES")
