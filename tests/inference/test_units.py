"""Units of text: their ids, their fields, and the questions that are made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import sentrep
from sentrep.api.embedding import embed_corpus
from sentrep.api.evaluation import tasks_of
from sentrep.api.indexes import index_embedded, open_index
from sentrep.cli.main import main
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import sentences
from sentrep.inference.units import Record, Units
from sentrep.utils.errors import InputError
from tests.errors import refuses
from tests.pages import TOPICS, page, saved, word_encoder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "docs"
    place.mkdir()
    for topic in TOPICS:
        (place / f"{topic}.md").write_text(page(topic, 40))
    return place


def records(folder: Path, units: Units) -> list[Record]:
    return list(units.records(CorpusConfig((str(folder),))))


def test_sentences_are_those_of_the_corpus(folder: Path) -> None:
    found = records(folder, Units("sentence"))
    assert [(each.id, each.text) for each in found] == list(sentences(str(folder)))
    assert {each.fields["title"] for each in found} == {f"All about {topic}" for topic in TOPICS}


def test_passages_and_documents_hold_the_same_text(folder: Path) -> None:
    passages, wholes = records(folder, Units()), records(folder, Units("document"))
    assert len(wholes) == len(TOPICS)
    for whole in wholes:
        parts = [each for each in passages if each.id.rpartition("#")[0] == whole.id]
        assert len(parts) > 1
        assert [each.id.rpartition("#")[2] for each in parts] == [str(n + 1) for n in range(len(parts))]
        assert "".join(each.text for each in parts) == whole.text


def test_passages_for_questions_hold_every_sentence_once(folder: Path) -> None:
    documents = list(Units().held_out(CorpusConfig((str(folder),))))
    assert len(documents) == len(TOPICS)
    for document in documents:
        assert [sentence for passage in document.passages for sentence in passage] == document.sentences


@pytest.mark.parametrize("unit", ["sentence", "passage", "document"])
def test_questions_are_made_of_the_unit(folder: Path, unit: str) -> None:
    for topic in range(30):  # as many documents as questions need
        (folder / f"more-{topic}.md").write_text(page(f"thing {topic}", 4))
    tasks = tasks_of(heldout=folder, units=Units(unit)).tasks  # type: ignore[arg-type]
    kinds = {task.name.rpartition(": ")[2] for task in tasks}
    assert {"title to body", "inverse cloze"} <= kinds
    assert (f"next {unit}" in kinds) == (unit != "document")
    cloze = next(task for task in tasks if task.name.endswith("inverse cloze"))
    longest = max(text.count(".") for text in cloze.documents)  # type: ignore[attr-defined]
    assert (longest > 8) == (unit == "document")


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(InputError) as error:
        Units("passages")  # type: ignore[arg-type]
    assert error.value.setting == "unit"


def test_contexts_are_of_sentences(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        embed_corpus("run", ["one text here", "and another"], tmp_path / "out", units=Units(), context=True)
    assert error.value.setting == "context"


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_fields_come_back_with_hits_of_an_index_of_vectors(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(word_encoder(), tmp_path / "model")
    table(Path(f"records.{suffix}"))
    command = f"embed model --input records.{suffix} --out vectors --id-field key --title-field name"
    assert main(f"{command} --keep-fields shelf --unit document".split()) == 0
    assert main(["index", "vectors", "--out", "index"]) == 0
    capsys.readouterr()
    assert main(["search", "index", "sailing", "--k", "1", "--json"]) == 0
    hit = json.loads(capsys.readouterr().out)
    assert hit["id"] == "k-sailing"
    assert hit["fields"] == {"title": "On sailing", "shelf": "1"}
    again = open_index("index", verify=True)
    assert again("chess", k=1)[0].fields == {"title": "On chess", "shelf": "4"}  # type: ignore[union-attr]


def table(file: Path) -> None:
    """A record for each topic, with columns of unusual names."""
    rows = [
        {
            "key": f"k-{topic}",
            "name": f"On {topic}",
            "text": f"The {topic} text is here.",
            "shelf": str(number),
        }
        for number, topic in enumerate(TOPICS)
    ]
    if file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif file.suffix == ".csv":
        lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
        file.write_text("\n".join(lines) + "\n")
    else:
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), file)


def test_texts_without_fields_need_no_file_for_them(tmp_path: Path) -> None:
    saved(word_encoder(), tmp_path / "model")
    embed_corpus(tmp_path / "model", ["sailing text", "chess text"], tmp_path / "vectors")
    index = index_embedded(tmp_path / "vectors", tmp_path / "index")
    assert not list((tmp_path / "index").glob("fields*"))
    assert index.search(sentrep.embed(tmp_path / "model", "sailing"), 1)[0][0].fields == {}


def test_damaged_fields_are_refused(tmp_path: Path) -> None:
    saved(word_encoder(), tmp_path / "model")
    table(tmp_path / "records.jsonl")
    embed_corpus(tmp_path / "model", tmp_path / "records.jsonl", tmp_path / "vectors")
    index_embedded(tmp_path / "vectors", tmp_path / "index")
    file = tmp_path / "index" / "fields.utf8"
    file.write_bytes(file.read_bytes().replace(b"{", b"[", 1))
    with pytest.raises(InputError):
        open_index(tmp_path / "index")("sailing")


@pytest.mark.parametrize(
    ("setting", "words", "overlap"),
    [("words", 0, 0), ("words", -3, 0), ("overlap", 9, 9), ("overlap", 9, -1)],
)
def test_sizes_of_passages_that_cannot_be_are_said_at_once(
    setting: str, words: int, overlap: int, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with refuses(setting=setting):
        Units(words=words, overlap=overlap)
    sizes = ["--words", str(words), "--overlap", str(overlap)]
    for command in (["index", "nowhere", "--input"], ["build"]):
        assert main([*command, str(folder), "--out", str(tmp_path / "out"), *sizes]) == 1
        assert f"--{setting} {words if setting == 'words' else overlap}:" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()
    assert Units("document", words=0, overlap=9).unit == "document"
