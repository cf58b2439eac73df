"""An index fuses both searches as it was made to, also after it was opened again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sentrep.search.documents import DocumentIndex
from sentrep.search.fusion import USUAL, WEAK
from tests.search.documents.collection import MODEL, documents, encode


def made(path: Path, settings: dict[str, object]) -> DocumentIndex:
    index = DocumentIndex.create(path, MODEL, str.split, analysis="test", encode=encode, settings=settings)
    index.add(documents(40))
    return DocumentIndex.open(path, str.split, encode)


def test_scores_are_fused_as_the_index_says(tmp_path: Path) -> None:
    index = made(tmp_path / "index", {"fusion": WEAK._asdict()})
    assert index.fusion == WEAK
    hits = index.search("w1 w2 w3", 10_000)
    dense, lexical = (np.array([hit.scores[column] for hit in hits]) for column in (1, 2))
    scaled = [(each - each.mean()) / each.std() for each in (dense, lexical)]
    expected = scaled[0] / 3 + 2 * scaled[1] / 3
    assert [hit.scores.score for hit in hits] == pytest.approx(expected.tolist(), abs=1e-4)


def test_a_weight_that_is_asked_for_counts(tmp_path: Path) -> None:
    index = made(tmp_path / "index", {"fusion": WEAK._asdict()})
    hits = index.search("w1 w2 w3", 10_000, dense_weight=1.0)
    assert [hit.id for hit in hits[:5]] == [hit.id for hit in index.search("w1 w2 w3", 5, mode="dense")]


def test_without_a_setting_the_usual_fusion_counts(tmp_path: Path) -> None:
    assert made(tmp_path / "index", {}).fusion == USUAL
