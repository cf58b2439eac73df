"""Presets: which one a run has, what is given stands, and what is recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import SentenceTransformer

from sentrep import api
from sentrep.cli.main import main
from sentrep.data.config import TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.quick_thought.config import QuickThoughtConfig
from sentrep.methods.quick_thought.presets import PRESETS
from sentrep.methods.registry import METHODS
from sentrep.training.config import TrainingConfig
from sentrep.training.run_file import read_run
from sentrep.utils.errors import InputError
from sentrep.utils.settings import route
from tests import toy

PARTS: dict[str, Any] = {
    "settings": QuickThoughtConfig,
    "encoder": EncoderConfig,
    "training": TrainingConfig,
    "tokenizer": TokenizerConfig,
}
QUICK: dict[str, Any] = {
    "steps": 2, "batch_size": 64, "width": 16, "tokenizer": "word", "vocab": 300, "device": "cpu",
    "tracker": "none", "validation": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("name", PRESETS.values)
def test_every_value_of_a_preset_is_a_valid_setting(name: str) -> None:
    found = route(PRESETS.settings(name, set()), PARTS)
    assert found["encoder"].encoder == "bag"


def test_methods_without_presets_have_none() -> None:
    for method in METHODS.values():
        assert method.presets.chosen(None, "bag", set()) in {"", method.presets.default}
    with pytest.raises(InputError) as error:
        api.train("infomax", corpus=["a b.", "c d."], out="x", preset="search")
    assert error.value.setting == "preset"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("presets")
    toy.write_corpus(made / "corpus.jsonl", 300)
    return made


def train(place: Path, out: str, **options: Any) -> dict[str, Any]:
    run = api.train(corpus=place / "corpus.jsonl", out=place / out, cache=place / "cache", **options).run
    return read_run(run.path)


def test_what_is_given_stands_and_the_rest_is_of_the_preset(place: Path) -> None:
    record = train(place, "similarity", preset="similarity", word_dropout=0.4, **QUICK)
    assert record["preset"] == "similarity"
    assert record["settings"]["word_dropout"] == 0.4
    assert record["settings"]["weight_lr"] == PRESETS.values["similarity"]["weight_lr"]
    assert record["training"]["steps"] == 2
    assert record["encoder"]["width"] == 16
    assert record["encoder"]["warm_start"] == "ppmi"


def test_the_default_preset_is_for_a_bag_of_which_nothing_else_is_asked(place: Path) -> None:
    assert train(place, "default", **QUICK)["preset"] == PRESETS.default
    few = {name: value for name, value in QUICK.items() if name != "width"}
    assert train(place, "gru", encoder="gru", width=16, **few)["preset"] == "paper"
    whole = TrainingConfig(steps=1, device="cpu", tracker="none", validation=0.0)
    record = train(place, "whole", training=whole, width=16, tokenizer="word")
    assert (record["preset"], record["encoder"]["warm_start"]) == ("paper", "none")


@pytest.mark.parametrize("wrong", [{"preset": "serch"}, {"preset": "search", "encoder": "gru"}])
def test_a_preset_that_cannot_be(place: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        train(place, "wrong", **wrong)
    assert error.value.setting == "preset"


def test_a_library_that_is_missing_is_named_before_the_corpus_is_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gensim", None)
    with pytest.raises(InputError, match="pip install 'gensim"):
        train(place, "general", preset="general", **QUICK)
    assert not (place / "general").exists()


def test_the_length_that_is_given_replaces_that_of_the_preset() -> None:
    assert "most_steps" not in PRESETS.settings("similarity", {"epochs"})
    assert "warm_start" not in PRESETS.settings("similarity", {"vectors"})


def test_the_command_takes_presets_and_options_beside_them(place: Path) -> None:
    out = place / "command"
    words = (
        "--preset similarity --steps 1 --width 16 --tokenizer word --vocab 300 --segment-length 3 "
        "--batch-size 64 --tracker none --validation 0 --device cpu"
    )
    command = ["train", "quick-thought", "--corpus", str(place / "corpus.jsonl"), "--out", str(out)]
    assert main([*command, *words.split(), "--cache", str(place / "cache")]) == 0
    record = read_run(out)
    assert (record["preset"], record["training"]["segment_length"]) == ("similarity", 3)
    assert record["settings"]["word_dropout"] == PRESETS.values["similarity"]["word_dropout"]
    assert SentenceTransformer(str(out / "model")).encode(["a cat"]).shape == (1, 16)
    assert main([*command, "--preset", "serch"]) == 1


def test_documents_of_one_sentence_have_a_preset(tmp_path: Path) -> None:
    texts = [f"Ticket about printer {number % 7} and paper {number % 5}." for number in range(300)]
    trained = api.train(corpus=texts, out=tmp_path / "run", preset="short-texts", width=16, cache=tmp_path)
    assert trained.encoder.encode(["A printer."]).shape == (1, 16)
    with pytest.raises(InputError) as error:
        api.train(corpus=texts, out=tmp_path / "refused", width=16, cache=tmp_path)
    assert "short-texts" in str(error.value)
