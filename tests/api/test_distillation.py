"""Distillation reads a corpus, and asks its teacher once for each text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

import sentrep
from sentrep import api
from sentrep.methods.distill.config import DistillConfig
from sentrep.utils.errors import InputError
from tests import toy


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Twenty documents of some sentences."""
    documents = [[" ".join(sentence) + "." for sentence in document] for document in toy.documents(20)]
    lines = [json.dumps({"id": str(number), "text": text}) for number, text in enumerate(documents)]
    (tmp_path / "texts.jsonl").write_text("\n".join(lines))
    return tmp_path / "texts.jsonl"


@pytest.mark.slow
def test_a_second_width_takes_the_kept_vectors(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = api.baseline("hashing", corpus, tmp_path / "teacher", width=32, cache=tmp_path / "cache")
    asked = list[str]()
    from sentrep.inference.loading import encoding

    class Watched:
        def __init__(self, encoder: Any, *settings: Any) -> None:
            self.encode = encoding(encoder, *settings)

        def __call__(self, texts: Sequence[str]) -> Any:
            asked.extend(texts)
            return self.encode(texts)

    monkeypatch.setattr("sentrep.api.distillation.encoding", Watched)

    def distilled(width: int | None) -> SentenceTransformer:
        out = tmp_path / f"bag-{width}"
        settings = DistillConfig(steps=20, batch_size=16, width=width)
        sentrep.distill(teacher, corpus, out, settings=settings, cache=tmp_path / "cache")
        return SentenceTransformer(str(out), device="cpu")

    full, passages = distilled(None), {text for text in asked if " " in text}
    assert full.get_embedding_dimension() == 32
    assert passages
    asked.clear()
    narrow = distilled(8)
    assert narrow.get_embedding_dimension() == 8
    assert not passages & set(asked)
    texts = sorted(passages)
    wide, short = full.encode(texts), narrow.encode(texts)
    others = ~np.eye(len(texts), dtype=bool)
    assert np.corrcoef((wide @ wide.T)[others], (short @ short.T)[others])[0, 1] > 0.5


def test_a_bag_wider_than_its_teacher_is_refused(corpus: Path, tmp_path: Path) -> None:
    teacher = api.baseline("hashing", corpus, tmp_path / "teacher", width=8, cache=tmp_path / "cache")
    with pytest.raises(InputError) as error:
        sentrep.distill(
            teacher, corpus, tmp_path / "bag", settings=DistillConfig(width=9), cache=tmp_path / "cache"
        )
    assert error.value.setting == "width"
