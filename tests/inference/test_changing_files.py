"""An index of documents follows its files: equal names, empty files, other fields, and damage on the way."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

import sentrep
from sentrep.api.documents import index_documents, open_documents
from sentrep.data.config import CorpusConfig
from sentrep.inference.document_search import DocumentSearch
from sentrep.utils import files
from tests.errors import refuses
from tests.pages import saved, word_encoder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return saved(word_encoder(), tmp_path / "model")


def write(place: Path, *words: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(" ".join(words))
    return place


def ids(search: DocumentSearch) -> list[str]:
    return sorted(document.id for document in search.index.documents())


def names(search: DocumentSearch) -> list[str]:
    return sorted(Path(document.file).parent.name for document in search.index.documents())


def test_files_of_one_name_in_two_folders_are_two_documents(model: Path, tmp_path: Path) -> None:
    for place in ("p", "q", "r"):
        write(tmp_path / place / "a.txt", f"The sailing of {place} is good.")
    search = index_documents(model, [tmp_path / "p", tmp_path / "q"], tmp_path / "index")
    assert names(search) == ["p", "q"]
    assert len(set(ids(search))) == 2
    count, search = sentrep.add(tmp_path / "index", tmp_path / "r" / "a.txt")
    assert (count, names(search)) == (1, ["p", "q", "r"])
    done, search = sentrep.update(tmp_path / "index", [tmp_path / "p", tmp_path / "r"])
    assert (done.new, done.changed, done.deleted, done.unchanged) == (0, 0, 0, 2)
    write(tmp_path / "r" / "a.txt", "Now chess is better.")
    done, search = sentrep.update(tmp_path / "index", [tmp_path / "p", tmp_path / "q", tmp_path / "r"])
    assert (done.changed, names(search)) == (1, ["p", "q", "r"])
    assert sum("chess" in hit.text for hit in search.search("chess", 3)) == 1


def test_a_file_that_is_added_again_replaces_all_of_itself(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "s.jsonl"
    file.write_text("".join(json.dumps({"text": f"Sailing text {number}."}) + "\n" for number in range(3)))
    search = index_documents(model, file, tmp_path / "index")
    assert len(ids(search)) == 3
    file.write_text('{"text": "Chess alone."}\n')
    assert search.add(file) == 1
    assert len(ids(search)) == 1


def test_records_of_one_id_in_two_files_are_two_documents(model: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.csv", "id,text\n17,The sailing is good.\n")
    write(docs / "b.csv", "id,text\n17,The chess is good.\n")
    search = index_documents(model, docs, tmp_path / "index")
    assert ids(search) == ["17", "17 (2)"]
    write(docs / "b.csv", "id,text\n17,The garden is good.\n")
    done, search = sentrep.update(tmp_path / "index", docs)
    assert (done.changed, done.added, done.removed) == (1, 1, 1)
    assert sorted(hit.text for hit in search.search("good", 5)) == [
        "The garden is good.",
        "The sailing is good.",
    ]
    sentrep.add(tmp_path / "index", write(tmp_path / "c.csv", "id,text\n17,The music is good.\n"))
    assert len(ids(open_documents(tmp_path / "index"))) == 3


@pytest.mark.parametrize("change", ["emptied", "deleted", "nothing", "all deleted"])
def test_an_update_without_any_text_to_read(model: Path, tmp_path: Path, change: str) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.txt", "The sailing is good.")
    write(docs / "b.txt", "The chess is good.")
    write(docs / "empty.txt", "")
    search = index_documents(model, docs, tmp_path / "index")
    if change == "emptied":
        write(docs / "b.txt", "")
    if change in ("deleted", "all deleted"):
        (docs / "b.txt").unlink()
    if change == "all deleted":
        (docs / "a.txt").unlink()
    done, search = sentrep.update(tmp_path / "index", docs)
    left = {"emptied": ["a.txt"], "deleted": ["a.txt"], "nothing": ["a.txt", "b.txt"], "all deleted": []}
    assert ids(search) == left[change]
    assert done.removed == 2 - len(left[change])


def test_how_files_were_read_is_remembered(model: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "b.json", json.dumps([{"body": "The sailing is good.", "name": "One"}]))
    write(docs / "c.csv", "body,name\nThe chess is good.,Two\n")
    reading = {"text_field": "body", "title_field": "name"}
    index_documents(model, docs, tmp_path / "index", **reading)  # type: ignore[arg-type]
    done, search = sentrep.update(tmp_path / "index", docs)
    assert (done.unchanged, done.deleted) == (2, 0)
    write(docs / "c.csv", "body,name\nThe chess is good.,Two\nThe garden is green.,Three\n")
    done, search = sentrep.update(tmp_path / "index", docs)
    assert (done.changed, done.added, done.removed) == (1, 2, 1)
    count, search = sentrep.add(tmp_path / "index", write(tmp_path / "d.csv", "body,name\nA new one.,Four\n"))
    assert {document.title for document in search.index.documents()} == {"One", "Two", "Three", "Four"}
    other = write(tmp_path / "e.csv", "words,name\nA fifth.,Five\n")
    count, search = sentrep.add(tmp_path / "index", other, text_field="words")
    assert count == 1
    assert open_documents(tmp_path / "index").reading == reading


def test_a_file_that_cannot_be_read_stays_as_it_was(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.txt", "The sailing is good.")
    bad = write(docs / "b.txt", "The chess is good.")
    search = index_documents(model, docs, tmp_path / "index")

    def refused(path: Path) -> str:
        if Path(path).name == "b.txt":
            raise PermissionError(13, "Permission denied")
        return files.sha256(path)

    monkeypatch.setattr("sentrep.inference.document_search.sha256", refused)
    bad.write_text("")
    done = search.update(str(docs))
    assert (done.unchanged, ids(search)) == (2, ["a.txt", "b.txt"])


def test_a_strict_update_leaves_the_index_as_it_was(model: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.txt", "The sailing is good.")
    index_documents(model, docs, tmp_path / "index")
    (docs / "b.txt").write_bytes(b"The chess is g\xffod.")
    with refuses():
        sentrep.update(tmp_path / "index", docs, strict=True)
    assert ids(open_documents(tmp_path / "index")) == ["a.txt"]


def test_words_that_the_model_does_not_know(model: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.txt", "The sailing is good.")
    write(docs / "b.txt", "4711 qqq.")
    search = index_documents(model, docs, tmp_path / "index")
    assert search.add(write(tmp_path / "c.txt", "4712 zzz.")) == 1
    assert [hit.document.id for hit in search.search("zzz", 1)] == ["c.txt"]
    assert search.remove(ids="a.txt") == 1
    assert ids(search) == ["b.txt", "c.txt"]
    assert [hit.document.id for hit in search.search("qqq", 1, mode="lexical")] == ["b.txt"]


def test_an_open_index_follows_changes_of_another_process(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "The sailing is good.")
    index_documents(model, tmp_path / "a.txt", tmp_path / "index")
    reader, writer = open_documents(tmp_path / "index"), open_documents(tmp_path / "index")
    writer.add(write(tmp_path / "b.txt", "The chess is good."))
    assert [hit.document.id for hit in reader.search("chess", 1)] == ["b.txt"]


def test_what_is_added_from_python(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "The sailing is good.")
    search = index_documents(model, tmp_path / "a.txt", tmp_path / "index")
    assert search.add([str(write(tmp_path / "b.txt", "The chess is good."))]) == 1
    assert search.add([{"id": "7", "text": "The garden is green."}]) == 1
    assert search.remove(files=tmp_path / "b.txt") == 1
    assert ids(search) == ["7", "a.txt"]
    for wrong in (None, ["sailing"], 3):
        with refuses(setting="text"):
            search.search(wrong)  # type: ignore[arg-type]
    with refuses(setting="k"):
        search.search("sailing", "3")  # type: ignore[arg-type]


def test_what_was_made_in_the_folder_itself_is_not_read(model: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.txt", "The sailing is good.")
    saved(word_encoder(), docs / "model")
    index_documents(model, docs, docs / "out" / "index")
    write(docs / "out" / "report.html", "<p>The chess is good.</p>")
    sentrep.embed_corpus(model, docs / "a.txt", docs / "vectors")
    with pytest.warns(sentrep.ReadWarning, match="folder that sentrep wrote, not read: 3"):
        done, search = sentrep.update(docs / "out" / "index", docs)
    assert (done.new, done.unchanged, ids(search)) == (0, 1, ["a.txt"])


def test_documents_in_memory_replace_those_with_their_ids(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "The sailing is good.")
    search = index_documents(model, tmp_path / "a.txt", tmp_path / "index")
    assert search.add([{"id": "7", "text": "The music is old."}]) == 1
    assert search.add([{"id": "7", "text": "The music is new."}]) == 1
    assert ids(search) == ["7", "a.txt"]
    hit = search.search("music", 1, mode="lexical")[0]
    assert (hit.text, hit.document.file) == ("The music is new.", "")


def test_add_takes_what_train_takes(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "The sailing is good.")
    search = index_documents(model, tmp_path / "a.txt", tmp_path / "index")
    assert search.add([["The music is here.", "The music is there."]]) == 1
    assert search.add(f"The cooking text {number}." for number in range(2)) == 2
    assert search.add(iter(list(search.read(CorpusConfig((str(tmp_path / "a.txt"),)))))) == 1
    assert search.add([]) == 0
    assert len(search) == 4


def test_a_record_with_the_name_of_a_file_is_another_document(model: Path, tmp_path: Path) -> None:
    write(tmp_path / "docs" / "notes.txt", "The sailing is good.")
    write(tmp_path / "docs" / "meta.csv", "id,text\nnotes.txt,The music is good.\n")
    search = index_documents(model, tmp_path / "docs", tmp_path / "index")
    assert len(set(ids(search))) == 2


def test_a_file_that_is_damaged_stays_as_it_was(model: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    with gzip.open(write(docs / "a.jsonl.gz"), "wt") as file:
        file.write('{"text": "The sailing is good."}\n')
    write(docs / "b.txt", "The music is good.")
    index_documents(model, docs, tmp_path / "index")
    (docs / "a.jsonl.gz").write_bytes((docs / "a.jsonl.gz").read_bytes()[:5])
    (docs / "b.txt").write_bytes(b"\0\1\2" * 1000)
    for _ in range(2):
        done, _ = sentrep.update(tmp_path / "index", docs)
        assert (done.changed, done.removed, done.unchanged) == (0, 0, 2)
    assert sentrep.add(tmp_path / "index", docs)[0] == 0
    assert len(ids(open_documents(tmp_path / "index"))) == 2


def test_a_file_without_text_is_never_new(model: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.txt", "The sailing is good.")
    write(docs / "empty.txt", "")
    index_documents(model, docs, tmp_path / "index")
    done, _ = sentrep.update(tmp_path / "index", docs)
    assert (done.new, done.changed, done.unchanged) == (0, 0, 1)


def test_adding_a_file_that_was_emptied_removes_its_text(model: Path, tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.txt", "The sailing is good.")
    write(docs / "b.txt", "The music is good.")
    index_documents(model, docs, tmp_path / "index")
    write(docs / "b.txt", "")
    _, search = sentrep.add(tmp_path / "index", docs)
    assert ids(search) == ["a.txt"]


def test_an_index_that_was_made_anew_is_followed_or_refused(model: Path, tmp_path: Path) -> None:
    """A process holds an index open while another one replaces it, by one of the same model or of another."""
    write(tmp_path / "a.txt", "The sailing is good.")
    write(tmp_path / "b.txt", "The chess and the music are good.")
    search = index_documents(model, tmp_path / "a.txt", tmp_path / "index")
    index_documents(model, tmp_path / "b.txt", tmp_path / "index", overwrite=True)
    assert search.search("music", 1)[0].document.id == "b.txt"
    narrow = saved(word_encoder(8), tmp_path / "narrow")
    index_documents(narrow, tmp_path / "a.txt", tmp_path / "index", overwrite=True)
    with refuses(place=tmp_path / "index"):
        search.add(tmp_path / "b.txt")
    assert ids(open_documents(tmp_path / "index")) == ["a.txt"]


def test_files_of_a_folder_that_may_not_be_entered_stay(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = tmp_path / "docs"
    write(docs / "a.txt", "The sailing is good.")
    write(docs / "secret" / "b.txt", "The music is good.")
    index_documents(model, docs, tmp_path / "index")
    real = Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        if "secret" in path.parts[:-1]:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **how)

    monkeypatch.setattr(Path, "stat", stat)
    done, search = sentrep.update(tmp_path / "index", docs)
    assert (done.deleted, ids(search)) == (0, ["a.txt", "secret/b.txt"])
