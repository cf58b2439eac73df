"""A distilled bag: stock, close to its teacher on its own texts, and able to read new words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from sentrep.encoders import serialization
from sentrep.encoders.batching import encode
from sentrep.methods.distill.config import DistillConfig
from sentrep.methods.distill.fitting import fit, token_texts
from tests import toy
from tests.errors import refuses

WIDTH = 16


def teacher(texts: Sequence[str]) -> np.ndarray:
    """Sums of letter vectors, so that every text has one."""
    table = np.random.default_rng(0).standard_normal((256, WIDTH)).astype(np.float32)
    vectors = [sum((table[ord(sign) % 256] for sign in text), np.zeros(WIDTH, np.float32)) for text in texts]
    return np.array(vectors, np.float32)


def texts(count: int = 120) -> list[str]:
    return [" ".join(word for sentence in document for word in sentence) for document in toy.documents(count)]


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)


def test_the_bag_is_stock_and_gives_the_teachers_vectors(tmp_path: Path) -> None:
    given = texts()
    encoder = fit(given, teacher(given), teacher, DistillConfig(steps=150, batch_size=64, lr=1e-2))
    serialization.save(encoder, tmp_path / "bag")
    plain = SentenceTransformer(str(tmp_path / "bag"), device="cpu")
    vectors = plain.encode(given)
    assert cosines(vectors, teacher(given)).mean() > 0.95
    assert np.allclose(vectors, encode(encoder, given), atol=1e-5)
    assert np.isfinite(plain.encode(["", "zzz unseen"])).all()


def test_every_token_has_a_text() -> None:
    encoder = fit(texts(30), teacher(texts(30)), teacher, DistillConfig(steps=0))
    from sentrep.data.tokenization.tokenizer import Tokenizer

    tokenizer = Tokenizer(encoder[0].tokenizer)
    assert all(token_texts(tokenizer))
    assert len(token_texts(tokenizer)) == encoder[0].embedding.weight.shape[0]


def test_unequal_numbers_are_refused() -> None:
    with refuses(setting="vectors"):
        fit(["a", "b"], np.zeros((1, 4), np.float32), teacher)
    with refuses(setting="texts"):
        fit([], np.zeros((0, 4), np.float32), teacher)
