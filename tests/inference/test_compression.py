"""Compression: every text comes back byte for byte, damaged files are refused, codes have their size."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from sentrep import api
from sentrep.data.config import TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.inference.code_file import Block
from sentrep.inference.compression import Compressor
from sentrep.inference.text_residual import ResidualCoder, changed, changes
from sentrep.methods.registry import METHODS
from sentrep.modules.range_coder import RangeDecoder, RangeEncoder
from sentrep.training.config import TrainingConfig
from tests import toy
from tests.errors import refuses

SMALL = {"decoder_width": 32, "decoder_token_width": 16, "samples": 0}


def train(place: Path, method: str, **settings: Any) -> Path:
    api.train(
        method,
        corpus=toy.write_corpus(place / "corpus.jsonl", 60),
        out=place / method,
        encoder=EncoderConfig("bag", width=32),
        tokenizer=TokenizerConfig("bpe", vocab=400, max_tokens=24),
        settings=METHODS[method].config(**SMALL | settings),
        training=TrainingConfig(steps=4, batch_size=64, device="cpu", tracker="none", validation=0.0),
        cache=place / "cache",
    )
    return place / method


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("codes"), "vq-vae", code_levels=3, codebook_size=8)


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("lm"), "vae", latent_width=0)


def texts(count: int = 150) -> list[str]:
    """Sentences of the corpus in several cases, empty ones, and random letters of all kinds."""
    dice, alphabet = random.Random(0), "abcXYZ äßÉ 中文。 “’'-\t .,!?0\u200b\U0001f600"
    found = ["", " ", "It's THE End. And then?", "a" * 300, "\ud800", "McDonald met NASA's Émile."]
    found += [" ".join(sentence).capitalize() + "." for document in toy.documents(8) for sentence in document]
    found += ["".join(dice.choices(alphabet, k=dice.randint(0, 60))) for _ in range(count - len(found))]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("run", ["codes", "language_model"])
def test_every_text_comes_back(run: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path, given = request.getfixturevalue(run), texts()
    written = api.compress(path, given, tmp_path / "x.sz")
    assert api.decompress(path, tmp_path / "x.sz") == given
    assert written.bytes == (tmp_path / "x.sz").stat().st_size
    assert api.compress(path, [], tmp_path / "none.sz").sentences == 0
    assert api.decompress(path, tmp_path / "none.sz") == []


@pytest.mark.slow
def test_a_damaged_file_is_refused(language_model: Path, tmp_path: Path) -> None:
    api.compress(language_model, texts(70), tmp_path / "x.sz")
    data, dice, damaged = (tmp_path / "x.sz").read_bytes(), random.Random(0), tmp_path / "y.sz"
    places = [*range(0, 46, 3), *(dice.randrange(46, len(data)) for _ in range(20))]
    for place in places:
        damaged.write_bytes(data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :])
        with refuses(place="y.sz"):
            api.decompress(language_model, damaged)
    for content in (data[:-1], data[:20], data + b"x", b"", b"text"):
        damaged.write_bytes(content)
        with refuses(place="y.sz"):
            api.decompress(language_model, damaged)


@pytest.mark.slow
def test_lossy_codes_have_a_byte_a_level_and_come_back_as_generated(codes: Path, tmp_path: Path) -> None:
    given = [" ".join(sentence) for document in toy.documents(4) for sentence in document]
    written = api.compress(codes, given, tmp_path / "x.sz", lossy=True)
    assert written.bytes == 3 * len(given) + 46 + 14 * (1 + len(given) // 64)
    found = api.decompress(codes, tmp_path / "x.sz")
    assert len(found) == len(given)
    assert found == api.decompress(codes, tmp_path / "x.sz")


@pytest.mark.slow
def test_a_language_model_has_no_lossy_codes(language_model: Path, tmp_path: Path) -> None:
    with refuses(setting="lossy"):
        api.compress(language_model, ["a b"], tmp_path / "x.sz", lossy=True)
    assert not (tmp_path / "x.sz").exists()


@pytest.mark.slow
@pytest.mark.parametrize("lost", [1, 2])
def test_texts_that_cannot_be_restored_are_counted(
    lost: int, codes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(self: Compressor, block: Block) -> list[str]:
        if lost == 2:
            raise ValueError("a sentence does not end")
        return ["a b", "c"]

    monkeypatch.setattr(Compressor, "_decoded", decoded)
    with refuses(setting="lossy") as error:
        api.compress(codes, ["a b", "c d"], tmp_path / "x.sz")
    assert str(error.value).startswith(f"{lost} ")


@pytest.mark.slow
def test_another_model_is_refused(codes: Path, language_model: Path, tmp_path: Path) -> None:
    api.compress(codes, ["a b"], tmp_path / "x.sz")
    with refuses(place="x.sz"):
        api.decompress(language_model, tmp_path / "x.sz")


def test_residuals_are_cheap_where_nothing_is_lost_but_the_first_capital() -> None:
    coder, encoder = ResidualCoder(), RangeEncoder()
    for _ in range(200):
        coder.encode(encoder, "he had met them.", "He had met them.")
    data = encoder.finish()
    assert len(data) < 150
    again, decoder = ResidualCoder(), RangeDecoder(data)
    assert all(again.decode(decoder, "he had met them.") == "He had met them." for _ in range(200))


def test_changes_turn_any_text_into_any_other() -> None:
    dice = random.Random(1)
    for _ in range(200):
        before, after = ("".join(dice.choices("ab“é ", k=dice.randint(0, 12))) for _ in range(2))
        assert changed(before, changes(before, after)) == after
