"""Saved models in plain sentence-transformers: finite vectors for empty, blank, single and unknown texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from tests.encoders.test_batching import made

KINDS: dict[str, dict[str, Any]] = {
    "bag": {"kind": "bag"},
    "bag with layers": {"kind": "bag", "layers": 2},
    "saturated bag": {"kind": "bag", "saturation": 0.5},
    "lstm mean": {"kind": "lstm"},
    "lstm max": {"kind": "lstm", "pooling": "max"},
    "lstm last": {"kind": "lstm", "pooling": "last"},
    "lstm max one way": {"kind": "lstm", "pooling": "max", "bidirectional": False},
    "gru mean": {"kind": "gru"},
    "gru max": {"kind": "gru", "pooling": "max"},
    "gru last": {"kind": "gru", "pooling": "last"},
    "conv mean": {"kind": "conv"},
    "conv max": {"kind": "conv", "pooling": "max"},
    "transformer mean": {"kind": "transformer"},
    "transformer max": {"kind": "transformer", "pooling": "max"},
}
BATCHES = (
    [""],
    ["", ""],
    ["   "],
    ["\u200b"],
    ["", "common1 common2"],
    ["common1"],
    ["zzzz"],
    ["[PAD]"],
    ["[UNK] [UNK]"],
)


@pytest.mark.parametrize("name", KINDS)
def test_every_text_has_a_finite_vector(name: str, tmp_path: Path) -> None:
    encoder = made(**KINDS[name])
    before = encode(encoder, ["common1 common2"])
    folder.save(encoder, tmp_path / "model")
    opened = [folder.load(tmp_path / "model")]
    if folder.is_stock(encoder):
        opened.append(SentenceTransformer(str(tmp_path / "model"), device="cpu"))
    for model in opened:
        for batch in BATCHES:
            vectors = model.encode(batch, show_progress_bar=False)
            assert np.isfinite(vectors).all(), batch
            assert np.isfinite(encode(model, batch)).all(), batch
        assert np.allclose(model.encode(["common1 common2"], show_progress_bar=False), before, atol=1e-5)
        assert np.allclose(encode(model, ["common1 common2"]), before, atol=1e-5)
    if name.startswith(("bag", "saturated")):
        for model in opened:
            assert not model.encode(["", "zzzz", "[PAD] [UNK]"], show_progress_bar=False).any()


@pytest.mark.parametrize("name", KINDS)
def test_a_run_folder_opens_its_model_in_plain_sentence_transformers(name: str, tmp_path: Path) -> None:
    encoder = made(**KINDS[name])
    folder.save(encoder, tmp_path / "run" / "model")
    (tmp_path / "run" / "run.json").write_text("{}")
    assert folder.link(tmp_path / "run" / "model", tmp_path / "run") == folder.is_stock(encoder)
    texts = ["common1 common2", ""]
    assert np.allclose(encode(folder.load(tmp_path / "run"), texts), encode(encoder, texts), atol=1e-5)
    if folder.is_stock(encoder):
        plain = SentenceTransformer(str(tmp_path / "run"), device="cpu")
        assert np.allclose(
            plain.encode(texts[:1], show_progress_bar=False), encode(encoder, texts[:1]), atol=1e-5
        )
        assert np.isfinite(plain.encode([""], show_progress_bar=False)).all()
