"""`sentrep expand` and the function behind it: from a folder and a file of vectors to a folder that knows
more words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sentrep import api
from sentrep.cli.main import main
from sentrep.encoders import serialization as folder
from sentrep.encoders.token_table import inner_tokenizer
from sentrep.utils.errors import InputError
from tests import toy
from tests.encoders.test_batching import made
from tests.encoders.test_expansion import KNOWN, NEW, on_a_map, written
from tests.errors import refuses


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, word vectors and a text in it."""
    monkeypatch.chdir(tmp_path)
    folder.save(on_a_map(kind="gru"), tmp_path / "gru")
    written(tmp_path / "v.bin", [*NEW, *KNOWN])
    (tmp_path / "text.txt").write_text("common1 unheard7 common2.\nunheard21 unheard7 nothing\n")
    return tmp_path


def test_from_a_model_and_vectors_to_a_larger_model(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["expand", "gru", "v.bin", "--out", "more", "--limit", "20"]) == 0
    told = capsys.readouterr()
    size = sum(file.stat().st_size for file in (home / "more").iterdir()) / 1e6
    lines = [line.split(maxsplit=1) for line in told.out.splitlines()]
    assert [first for first, _ in lines] == ["shared", "R2", "added", "model", "next"]
    assert lines[0][1].startswith(f"{len(KNOWN)} words")
    assert lines[1][1].startswith("1.000 on held-out")
    assert lines[2][1] == "20 words"
    assert lines[3][1] == f"more, {size:.1f} MB"
    assert "warning" not in told.err
    opened = api.load("more")
    assert inner_tokenizer(opened).encode("unheard19 unheard20").ids == [len(toy.WORDS) + 19, 1]
    for command in lines[4][1].split("; "):
        words = (
            command.replace("FILES", "text.txt --split lines")
            .replace("INDEX", "index")
            .replace('"words"', "unheard7")
        )
        assert main(words.split()[1:]) == 0
    assert "unheard7" in capsys.readouterr().out.splitlines()[-1]


def test_combined_encoders_stay_on_their_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoders = [made("bag"), made("bag")]
    monkeypatch.setattr("sentence_transformers.base.model.get_device_name", lambda: "meta")
    api.combine(encoders, tmp_path / "both")
    assert {each.device.type for encoder in encoders for each in encoder.parameters()} == {"cpu"}


def test_only_words_of_some_files(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "few.txt").write_text("unheard3 common1 unheard5\n")
    assert main(["expand", "gru", "v.bin", "--out", "more", "--words-of", "few.txt", "text.txt"]) == 0
    assert "added    4 words" in capsys.readouterr().out
    known = inner_tokenizer(api.load("more"))
    assert [
        known.token_to_id(word) is None
        for word in ("unheard3", "unheard5", "unheard7", "unheard21", "unheard8")
    ] == [False] * 4 + [True]


def test_two_tables_are_told_apart_and_a_useless_map_is_doubted(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.save(made("bag"), home / "random")
    api.combine(["gru", "random"], "both")
    assert main(["expand", "both", "v.bin", "--out", "more"]) == 0
    told = capsys.readouterr()
    assert told.out.count("shared   540 words") == 2
    assert "(token table 2)" in told.out
    assert told.err.count("warning: the map explains 0.0% of what tells rows of unseen words apart") == 1
    assert "(token table 2)" in told.err
    assert api.load("more").get_embedding_dimension() == 128


def test_on_the_fly_nothing_is_written(home: Path) -> None:
    texts = ["common1 unheard3", "unheard4 unheard5"]
    before = sorted(home.iterdir())
    there = api.expand("gru", "v.bin", texts=texts)
    assert there.fits[0].added == 3
    assert sorted(home.iterdir()) == before
    assert np.allclose(
        api.embed(there.encoder, texts),
        api.embed(api.expand("gru", "v.bin", "whole").encoder, texts),
        atol=1e-6,
    )
    assert api.expand("gru", "v.bin", texts=["unheard3"], words_of=["text.txt"]).fits[0].added == 3
    assert api.expand("gru", "v.bin", texts=[]).fits[0].added == 0
    with pytest.raises(InputError) as error:
        api.expand("gru", "v.bin", texts="unheard3")
    assert error.value.setting == "texts"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("expand gru nowhere.bin --out x", "nowhere.bin: no such file of word vectors"),
        ("expand gru v.bin --out gru", "gru exists and is not empty"),
        ("expand gru v.bin --out x --limit 0", "--limit 0"),
        ("expand gru v.bin --out x --words-of nowhere.txt", "nowhere.txt"),
        ("expand nowhere/model/here v.bin --out x", "nowhere/model/here"),
        ("expand v.bin v.bin --out x", "a model is a folder"),
        ("expand gru text.txt --out x", "text.txt:1: 0 numbers"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    home: Path, command: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 1
    told = capsys.readouterr().err.splitlines()
    assert len([line for line in told if line.startswith("sentrep: ") and words in line]) == 1
    assert not (home / "x").exists()


def test_what_lies_at_out_is_seen_before_any_work(home: Path) -> None:
    with refuses(place=home):
        api.expand("nowhere", "nowhere", home)
