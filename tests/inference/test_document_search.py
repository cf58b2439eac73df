"""An index of documents with its model: reading, hits, and keeping up with files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sentrep.api.documents import index_documents, open_documents
from sentrep.cli.hits import as_json, as_text
from sentrep.encoders.serialization import Encoder
from sentrep.inference.document_search import DocumentSearch
from sentrep.inference.units import Units
from sentrep.utils.errors import InputError
from tests.pages import TOPICS, page, saved, word_encoder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return word_encoder()


@pytest.fixture
def model(encoder: Encoder, tmp_path: Path) -> Path:
    return saved(encoder, tmp_path / "model")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "docs"
    place.mkdir()
    for topic in TOPICS:
        (place / f"{topic}.md").write_text(page(topic, 4))
    return place


def found(search: DocumentSearch, query: str, **how: object) -> list[str]:
    return [Path(hit.document.file).stem for hit in search.search(query, **how)]  # type: ignore[arg-type]


def test_passages_are_found_with_file_heading_and_text(model: Path, folder: Path, tmp_path: Path) -> None:
    search = index_documents(model, folder, tmp_path / "index")
    again = open_documents(tmp_path / "index", verify=True)
    hit = again.search("sailing text number 2", k=1)[0]
    assert Path(hit.document.file) == (folder / "sailing.md").resolve()
    assert hit.document.title == "All about sailing"
    assert "sailing text number 2" in hit.text
    queries = ["sailing text number 2", TOPICS[0]]
    assert again.many(iter(queries), 2, mode="lexical") == [
        again.search(query, 2, mode="lexical") for query in queries
    ]
    assert again.many([]) == []
    assert hit.heading[-1] == "Sailing part 2"
    assert len(search) == len(again)
    start, end = again.best_sentence("it ends", hit)
    assert "ends" in hit.text[start:end]


def test_a_hit_as_text_and_as_json(model: Path, folder: Path, tmp_path: Path) -> None:
    search = index_documents(model, folder, tmp_path / "index")
    hit = search.search("chess 1", k=1)[0]
    best = search.best_sentence("chess 1", hit)
    shown = as_text(hit, best)
    assert "All about chess > Chess part 1" in shown
    assert f"chess.md:{hit.span[0]}-{hit.span[1]}" in shown
    assert shown.count("**") == 2
    assert json.loads(as_json(hit, best))["file"] == hit.document.file
    bare = replace(hit, heading=(), document=replace(hit.document, title=""))
    assert as_text(bare, best).splitlines()[0] == " 1. chess.md"


@pytest.mark.parametrize("unit", ["sentence", "passage", "document"])
def test_units(model: Path, folder: Path, tmp_path: Path, unit: str) -> None:
    search = index_documents(model, folder, tmp_path / "index", units=Units(unit))  # type: ignore[arg-type]
    hits = search.search("music 3", k=100)
    if unit == "document":
        assert len(search) == len(TOPICS)
    if unit == "sentence":
        assert all(hit.text.count(".") <= 1 for hit in hits)
        assert len(search) > 12 * len(TOPICS)


def test_add_remove_update_follow_the_files(model: Path, folder: Path, tmp_path: Path) -> None:
    search = index_documents(model, folder, tmp_path / "index")
    before = len(search)
    (folder / "extra.md").write_text(page("pottery", 2))
    assert search.add(str(folder / "extra.md")) > 0
    assert found(search, "pottery", mode="lexical")[0] == "extra"
    assert search.remove(files=(str((folder / "extra.md").resolve()),)) > 0
    assert len(search) == before
    (folder / "chess.md").write_text(page("weaving", 4))
    (folder / "music.md").unlink()
    done = search.update(folder)
    assert (done.new, done.changed, done.deleted, done.unchanged) == (1, 1, 1, len(TOPICS) - 2)
    assert found(search, "weaving", mode="lexical")[0] == "chess"
    assert found(search, "music", mode="lexical") == []
    assert found(search, "pottery", mode="lexical")[0] == "extra"
    again = search.update(folder)
    assert (again.new, again.changed, again.deleted, again.added) == (0, 0, 0, 0)
    fresh = index_documents(model, folder, tmp_path / "fresh")
    for query in ("weaving 2", "sailing text"):
        one, other = (
            {hit.document.file + str(hit.span) for hit in each.search(query, 5)} for each in (search, fresh)
        )
        assert one == other


def test_what_cannot_be_is_said(model: Path, folder: Path, tmp_path: Path, encoder: Encoder) -> None:
    index_documents(model, folder, tmp_path / "index")
    with pytest.raises(InputError) as error:
        index_documents(model, folder, tmp_path / "index")
    assert error.value.setting == "overwrite"
    with pytest.raises(InputError):
        index_documents(model, folder, folder)
    with pytest.raises(InputError) as error:
        Units("paragraph")  # type: ignore[arg-type]
    assert error.value.setting == "unit"
    with pytest.raises(InputError):
        open_documents(tmp_path / "index").remove(ids=("nobody",))
    other = tmp_path / "other"
    from sentrep.data.tokenization.tokenizer import Tokenizer
    from sentrep.encoders import serialization
    from sentrep.encoders.static import static_encoder

    weights = np.array(encoder[0].embedding.weight.detach()) + 1
    import torch

    serialization.save(static_encoder(Tokenizer(encoder[0].tokenizer), torch.from_numpy(weights)), other)
    with pytest.raises(InputError) as error:
        open_documents(tmp_path / "index", other)
    assert error.value.setting == "model"


def test_nothing_readable_and_one_document(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        index_documents(model, tmp_path / "empty", tmp_path / "index")
    assert not (tmp_path / "index").exists()
    (tmp_path / "one.txt").write_text("The cooking text is here.")
    assert len(index_documents(model, tmp_path / "one.txt", tmp_path / "index")) == 1


def test_fields_of_records_come_back_with_hits_and_filter(model: Path, tmp_path: Path) -> None:
    lines = [json.dumps({"id": topic, "text": page(topic, 2), "kind": topic[0]}) for topic in TOPICS]
    (tmp_path / "pages.jsonl").write_text("\n".join(lines) + "\n")
    search = index_documents(model, tmp_path / "pages.jsonl", tmp_path / "index")
    hits = search.search("text number 1", k=50, filters={"kind": "c"})
    assert {hit.document.id for hit in hits} == {"cooking", "chess"}
    assert {hit.document.fields["kind"] for hit in hits} == {"c"}


def as_html(markdown: str) -> str:
    """The page as HTML, with the same words."""
    from markdown_it import MarkdownIt

    return f"<html><head><title>x</title></head><body>{MarkdownIt().render(markdown)}</body></html>"


def test_a_page_as_html_and_as_text_is_found_once(model: Path, folder: Path, tmp_path: Path) -> None:
    (folder / "copy.html").write_text(as_html((folder / "chess.md").read_text()))
    search = index_documents(model, folder, tmp_path / "index")
    both = search.search("chess 1", k=4, repeats=True)
    assert {Path(hit.document.file).name for hit in both[:2]} == {"chess.md", "copy.html"}
    assert all(hit.also == () for hit in both)
    hits = search.search("chess 1", k=4)
    assert len(hits) == 4
    assert [hit.rank for hit in hits] == [1, 2, 3, 4]
    assert len({" ".join(hit.text.split()) for hit in hits}) == 4
    assert hits[0].id == both[0].id
    assert [document.id for document in hits[0].also] == [both[1].document.id]
    assert search.search("chess 1", k=1) == hits[:1]
    shown, record = as_text(hits[0], (0, 1)), json.loads(as_json(hits[0], (0, 1)))
    assert f"also in {both[1].document.file}" in " ".join(shown.split())
    assert record["also"] == [both[1].document.id]


def test_hits_with_equal_words_do_not_displace_others(model: Path, folder: Path, tmp_path: Path) -> None:
    """However many copies there are, k different passages are found if there are so many."""
    for number in range(20):
        (folder / f"copy-{number}.md").write_text((folder / "chess.md").read_text().upper())
    search = index_documents(model, folder, tmp_path / "index")
    hits = search.search("chess 1", k=6)
    assert len({hit.text.lower() for hit in hits}) == len(hits) == 6
    assert len(hits[0].also) == 20
    everything = search.search("chess 1", k=len(search))
    assert len(everything) < len(search.search("chess 1", k=len(search), repeats=True))


def test_an_index_and_its_model_move_together(model: Path, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    model = model.rename(tmp_path / "out" / "model")
    expected = found(index_documents(model, folder, tmp_path / "out" / "index"), "chess")
    moved = (tmp_path / "out").rename(tmp_path / "moved")
    assert found(open_documents(moved / "index"), "chess") == expected
    (moved / "model").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError) as error:
        open_documents(moved / "index")
    assert error.value.setting == "model"
