"""The index of documents: search against a plain computation, changes against a fresh build, crashes,
damage."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sentrep.search.documents import Document, DocumentIndex, Passage, changes
from sentrep.search.documents.passages import context
from sentrep.utils.errors import InputError
from tests.errors import refuses
from tests.search.documents.collection import MODEL, create, documents, encode


def ids_and_scores(index: DocumentIndex, query: str, **how: object) -> dict[str, tuple[float, ...]]:
    """All hits by id: equal scores may be ordered differently by indexes that grew differently."""
    return {hit.id: tuple(np.round(hit.scores[:3], 4)) for hit in index.search(query, 10_000, **how)}  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_search_equals_a_plain_computation(tmp_path: Path, mode: str) -> None:
    given = documents(40)
    index = create(tmp_path / "index", given)
    texts = {f"{d.id}#{n}": context(d, p) for d, parts in given for n, p in enumerate(parts, 1)}
    vectors = encode(list(texts.values()))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths = np.array([len(text.split()) for text in texts.values()])
    for query in ("w1 w2 w3", "w7 w7 title"):
        vector = encode([query])[0]
        dense = vectors @ (vector / np.linalg.norm(vector))
        lexical = np.zeros(len(texts))
        for term in query.split():
            tf = np.array([text.split().count(term) for text in texts.values()])
            df = (tf > 0).sum()
            idf = np.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
            lexical += idf * tf / (tf + 1.5 * (0.25 + 0.75 * lengths / lengths.mean()))
        scaled = [(each - each.min()) / (each.max() - each.min()) for each in (dense, lexical)]
        expected = {"hybrid": (scaled[0] + scaled[1]) / 2, "dense": dense, "lexical": lexical}[mode]
        hits = index.search(query, 12, mode=mode)  # type: ignore[arg-type]
        assert [hit.scores.score for hit in hits] == pytest.approx(sorted(expected)[::-1][:12], abs=1e-4)
        assert [hit.id for hit in hits[:1]] == [list(texts)[int(expected.argmax())]]


def test_hits_point_at_their_text(tmp_path: Path) -> None:
    given = documents(20)
    full = {document.id: "\n".join(part.text for part in parts) for document, parts in given}
    hits = create(tmp_path / "index", given).search("w5 w9", 30)
    assert hits
    for hit in hits:
        assert full[hit.document.id][slice(*hit.span)] == hit.text
        assert hit.heading[0] == "Part"
        number = int(hit.id.rsplit("#", 1)[1])
        parts = [part.text for part in {d.id: p for d, p in given}[hit.document.id]]
        assert hit.previous == (parts[number - 2] if number > 1 else None)
        assert hit.following == (parts[number] if number < len(parts) else None)


def test_ranks_say_why(tmp_path: Path) -> None:
    index = create(tmp_path / "index", documents(30))
    hits = index.search("w3 w4", 20)
    assert hits
    for hit in hits:
        dense = [each.id for each in index.search("w3 w4", 1000, mode="dense")]
        lexical = [each.id for each in index.search("w3 w4", 1000, mode="lexical")]
        assert hit.scores.dense_rank == dense.index(hit.id) + 1
        assert hit.scores.lexical_rank == (lexical.index(hit.id) + 1 if hit.id in lexical else None)


def test_filters_leave_only_what_matches(tmp_path: Path) -> None:
    index = create(tmp_path / "index", documents(30))
    hits = index.search("w1 w2", 100, filters={"kind": "odd"})
    assert hits
    assert {hit.document.fields["kind"] for hit in hits} == {"odd"}
    assert len(set(hits)) == len(hits)
    assert {hit.document for hit in hits} <= {document for document, _ in documents(30)}
    assert {hit.document.id for hit in index.search("w1", 100, filters={"file": "3.txt"})} == {"d0-3"}
    assert index.search("w1", filters={"kind": "none"}) == []
    assert index.search("w1", filters={"absent": "None"}) == []


def test_a_filter_takes_a_file_by_its_path_or_the_end_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [str(tmp_path / "a" / "[1]*.md"), str(tmp_path / "b" / "notes.md"), "notes.md", ""]
    given = [(Document(str(number), file=file), [Passage("w1")]) for number, file in enumerate(files)]
    index = create(tmp_path / "index", given)
    monkeypatch.chdir(tmp_path / "index")
    for name, expected in (
        ("[1]*.md", "0"), ("a/[1]*.md", "0"), ("../a/[1]*.md", "0"), (files[0], "0"), ("*.md", ""),
        ("notes.md", "12"), ("./notes.md", "12"), ("b/notes.md", "1"), ("otes.md", ""), ("/notes.md", ""),
        ("", "3"), (".", ""), ("b", ""),
    ):  # fmt: skip
        found = index.search("w1", 9, filters={"file": name})
        assert sorted(hit.document.id for hit in found) == list(expected), name


def test_a_query_of_unknown_words_finds_nothing(tmp_path: Path) -> None:
    index = create(tmp_path / "index", documents(5))
    assert index.search("unknown", mode="dense") == []
    assert index.search("unknown") == []


def test_a_query_without_words_finds_nothing(tmp_path: Path) -> None:
    index = create(tmp_path / "index", documents(3))
    index.encode = lambda texts: np.ones((len(texts), 16), np.float32)
    assert index.search("\N{SLIGHTLY SMILING FACE}")
    for query in ("", " \n", "?!", "\N{IDEOGRAPHIC FULL STOP}"):
        assert index.search(query) == []


@pytest.mark.slow
def test_random_changes_equal_a_fresh_build(tmp_path: Path) -> None:
    """100 random adds, replacements and removals."""
    random = np.random.default_rng(5)
    index, state = create(tmp_path / "grown"), dict[str, tuple[Document, list[Passage]]]()
    for step in range(100):
        if state and random.random() < 0.4:
            gone = random.choice(sorted(state), min(len(state), 3), replace=False).tolist()
            index.remove(ids=gone)
            for name in gone:
                del state[name]
        else:
            new = documents(int(random.integers(1, 6)), seed=step)
            if state and random.random() < 0.3:  # one document is changed
                old = str(random.choice(sorted(state)))
                new[0] = (Document(old, "changed"), new[0][1])
            index.add(new)
            state |= {document.id: (document, parts) for document, parts in new}
    fresh = create(tmp_path / "fresh", list(state.values()))
    again = DocumentIndex.open(tmp_path / "grown", str.split, encode, verify=True)
    assert {document.id for document in again.documents()} == set(state)
    assert len(again) == len(fresh)
    for query in ("w1 w2", "w30 w31 w32", "changed w5"):
        for mode in ("hybrid", "dense", "lexical"):
            assert ids_and_scores(again, query, mode=mode) == ids_and_scores(fresh, query, mode=mode)
    assert len(again.manifest.segments) < 10


def test_a_crash_leaves_the_old_state_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that a change writes is once the last."""
    given, more = documents(12), documents(4, seed=1)
    create(tmp_path / "before", given)
    create(tmp_path / "after", given).add(more)
    old, new = (
        ids_and_scores(DocumentIndex.open(tmp_path / name, str.split, encode), "w1 w2")
        for name in ("before", "after")
    )

    class Killed(BaseException):
        pass

    for die_at in range(1, 12):
        shutil.copytree(tmp_path / "before", tmp_path / f"copy-{die_at}")
        index = DocumentIndex.open(tmp_path / f"copy-{die_at}", str.split, encode)
        calls = 0

        def dying(original, die_at=die_at):  # type: ignore[no-untyped-def]
            def call(*arguments, **named):  # type: ignore[no-untyped-def]
                nonlocal calls
                calls += 1
                if calls == die_at:
                    raise Killed
                return original(*arguments, **named)

            return call

        with monkeypatch.context() as patched:
            patched.setattr(changes.Index, "build", dying(changes.Index.build))
            patched.setattr(changes.LexicalSegment, "write", dying(changes.LexicalSegment.write))
            patched.setattr(changes.PassageStore, "write", dying(changes.PassageStore.write))
            patched.setattr(changes, "whole", dying(changes.whole))
            patched.setattr(changes, "_sweep", dying(changes._sweep))
            with contextlib.suppress(Killed):
                index.add(more)
        found = ids_and_scores(
            DocumentIndex.open(tmp_path / f"copy-{die_at}", str.split, encode, verify=True), "w1 w2"
        )
        assert found in (old, new)
        DocumentIndex.open(tmp_path / f"copy-{die_at}", str.split, encode).add(more)
        left = {each.name for each in (tmp_path / f"copy-{die_at}").iterdir()}
        manifest = DocumentIndex.open(tmp_path / f"copy-{die_at}", str.split).manifest
        assert left == {
            "manifest.json",
            *(entry.name for entry in manifest.segments),
            *filter(None, [manifest.removed]),
        }


def test_damage_and_other_formats_are_refused(tmp_path: Path) -> None:
    create(tmp_path / "index", documents(6)).remove(ids=["d0-1"])
    file = tmp_path / "index" / "manifest.json"
    content = json.loads(file.read_text())
    for change in ({"format_version": 0}, {"content": {}}, {"kind": "vectors"}, {"files": None}):
        file.write_text(json.dumps(content | change))
        with pytest.raises(InputError):
            DocumentIndex.open(tmp_path / "index", str.split)
    file.write_text(json.dumps(content))
    DocumentIndex.open(tmp_path / "index", str.split, verify=True)
    for name in (
        "postings.rows.npy",
        "documents.utf8",
        "headings.utf8",
        "removed-*.npy",
        "dense/vectors.npy",
    ):
        target = next(each for each in (tmp_path / "index").rglob("*") if each.match(name))
        kept = target.read_bytes()
        target.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        with pytest.raises(InputError):
            DocumentIndex.open(tmp_path / "index", str.split, verify=True)
        target.write_bytes(kept)


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    """An index that was opened before another one changed the folder goes on from the change."""
    first = create(tmp_path / "index", documents(6))
    second = DocumentIndex.open(tmp_path / "index", str.split, encode)
    first.add(documents(3, seed=1))
    second.add(documents(3, seed=2))
    first.remove(ids=["d2-0"])
    names = {document.id for document in DocumentIndex.open(tmp_path / "index", str.split).documents()}
    assert names == {
        document.id for seed, count in ((0, 6), (1, 3), (2, 3)) for document, _ in documents(count, seed)
    } - {"d2-0"}


def test_one_document_and_copies(tmp_path: Path) -> None:
    one = [(Document("only"), [Passage("w1 w2")])]
    assert [hit.id for hit in create(tmp_path / "one", one).search("w1")] == ["only#1"]
    copies = [(Document(f"c{number}"), [Passage("w1 w2")]) for number in range(300)]
    hits = create(tmp_path / "copies", copies).search("w1", 300)
    assert {hit.document.id for hit in hits} == {f"c{number}" for number in range(300)}
    assert create(tmp_path / "none").search("w1") == []


def test_what_cannot_be_is_an_input_error(tmp_path: Path) -> None:
    index = create(tmp_path / "index", documents(3))
    with refuses(setting="documents"):
        index.add([(Document("x"), [Passage("w1")]), (Document("x"), [Passage("w2")])])
    for wrong in ({"k": 0}, {"mode": "other"}, {"dense_weight": 2.0}):
        with pytest.raises(InputError) as error:
            index.search("w1", **wrong)  # type: ignore[arg-type]
        assert error.value.setting in wrong
    with pytest.raises(InputError):
        DocumentIndex.create(tmp_path / "index", MODEL, str.split, analysis="spaces")
    with pytest.raises(InputError):
        DocumentIndex.open(tmp_path / "index", str.split).search("w1")
    assert DocumentIndex.open(tmp_path / "index", str.split).search("w1", mode="lexical") is not None


def test_a_filter_may_begin_with_a_tilde(tmp_path: Path) -> None:
    index = create(tmp_path / "index", documents(2))
    assert index.search("w1 w2", filters={"file": "~$report.docx"}) == []
