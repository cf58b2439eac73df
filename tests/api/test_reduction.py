"""`reduce` from a saved model to a smaller one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

import sentrep
from sentrep.api.reduction import REDUCTION
from sentrep.cli.main import main
from sentrep.encoders import serialization
from sentrep.utils.errors import InputError
from tests import toy
from tests.encoders.test_batching import made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reduction")
    serialization.save(made("bag"), folder / "bag")
    toy.write_corpus(folder / "corpus.jsonl", 60)
    return folder


TEXTS = [" ".join(sentence) for document in toy.documents(20) for sentence in document]


@pytest.mark.parametrize("by", ["pca", "whiten", "itq"])
def test_vectors_are_reduced_by_a_stock_module(home: Path, by: str, tmp_path: Path) -> None:
    reduced = sentrep.reduce(home / "bag", home / "corpus.jsonl", tmp_path / "out", by=by, width=5)
    assert reduced.width == 5
    plain = SentenceTransformer(str(tmp_path / "out"))
    ours = sentrep.embed(tmp_path / "out", TEXTS)
    assert ours.shape == (len(TEXTS), 5)
    np.testing.assert_allclose(plain.encode(TEXTS), ours, atol=1e-5)


def test_all_axes_of_pca_keep_distances(home: Path, tmp_path: Path) -> None:
    wide = serialization.load(home / "bag").get_embedding_dimension()
    sentrep.reduce(home / "bag", home / "corpus.jsonl", tmp_path / "out", keep=1.0, width=None)
    before, after = sentrep.embed(home / "bag", TEXTS), sentrep.embed(tmp_path / "out", TEXTS)
    assert after.shape[1] <= wide
    corpus = [" ".join(sentence) + "." for document in toy.documents(60) for sentence in document]
    mean = sentrep.embed(home / "bag", corpus).mean(axis=0)
    expected = before - mean
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(after @ after.T, expected @ expected.T, atol=1e-4)


def test_the_eigenvalues_are_recorded(home: Path, tmp_path: Path) -> None:
    reduced = sentrep.reduce(home / "bag", home / "corpus.jsonl", tmp_path / "out", keep=0.5)
    recorded = json.loads((tmp_path / "out" / REDUCTION).read_text())
    assert recorded["eigenvalues"] == reduced.eigenvalues
    assert reduced.kept(reduced.width) >= 0.5 > reduced.kept(reduced.width - 1)
    assert reduced.kept(len(reduced.eigenvalues)) == pytest.approx(1.0)


@pytest.mark.slow
def test_deep_is_stock_and_compared_with_pca(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentrep.encoders.deep_map.STEPS", 30)
    reduced = sentrep.reduce(home / "bag", home / "corpus.jsonl", tmp_path / "out", by="deep", width=3)
    assert reduced.recall.keys() == {"pca", "deep"}
    plain = SentenceTransformer(str(tmp_path / "out"))
    np.testing.assert_allclose(plain.encode(TEXTS), sentrep.embed(tmp_path / "out", TEXTS), atol=1e-5)


def test_the_command_prints_a_table(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    given = ["reduce", str(home / "bag"), "--corpus", str(home / "corpus.jsonl"), "--out", str(out)]
    assert main([*given, "--width", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "axes"
    shares = [float(line.split()[1]) for line in lines[1:] if line.startswith("  ")]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"width": 4, "keep": 0.5}, "width"),
        ({"width": 10_000}, "width"),
        ({"keep": 2.0}, "keep"),
        ({"texts": 1}, "texts"),
        ({"by": "svd"}, "by"),
        ({"by": "abtt", "width": 3}, "width"),
    ],
)
def test_settings_that_do_not_fit(
    home: Path, tmp_path: Path, options: dict[str, object], setting: str
) -> None:
    with pytest.raises(InputError) as refused:
        sentrep.reduce(home / "bag", home / "corpus.jsonl", tmp_path / "out", **options)  # type: ignore[arg-type]
    assert refused.value.setting == setting
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_taken_is_refused(home: Path) -> None:
    with pytest.raises(InputError):
        sentrep.reduce(home / "bag", home / "corpus.jsonl", home / "bag")


def test_one_sentence_is_too_few(tmp_path: Path, home: Path) -> None:
    (tmp_path / "one.txt").write_text("common1 common2.\n")
    with pytest.raises(InputError):
        sentrep.reduce(home / "bag", tmp_path / "one.txt", tmp_path / "out")


def test_the_auto_encoder_reconstructs_more_than_the_mean() -> None:
    from sentrep.encoders.deep_map import apply, fit_deep

    vectors = np.random.default_rng(0).normal(size=(400, 6)).astype(np.float32) @ np.diag([3, 3, 1, 1, 1, 1])
    vectors = (vectors + 5).astype(np.float32)
    found = fit_deep(vectors, 2, steps=400)
    left = ((vectors - apply(found.decoder, apply(found.encoder, vectors))) ** 2).sum()
    assert left < 0.6 * ((vectors - vectors.mean(axis=0)) ** 2).sum()
