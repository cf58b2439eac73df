"""BM25 against bm25s, and segments against one build."""

from __future__ import annotations

from pathlib import Path

import bm25s
import numpy as np
import pytest

from sentrep.search.lexical import BM25, LexicalSegment
from sentrep.utils.errors import InputError

WORDS = [f"w{number}" for number in range(60)]


def texts(count: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(WORDS) + 1)
    share /= share.sum()
    return [" ".join(random.choice(WORDS, random.integers(1, 30), p=share)) for _ in range(count)]


def segment(folder: Path, given: list[str]) -> LexicalSegment:
    folder.mkdir()
    assert LexicalSegment.write(folder, given, str.split) == len(given)
    return LexicalSegment(folder, len(given))


def test_scores_equal_bm25s(tmp_path: Path) -> None:
    documents, queries = texts(200), texts(30, seed=1)
    ours = BM25([segment(tmp_path / "all", documents)])
    theirs = bm25s.BM25(k1=1.5, b=0.75, method="lucene")
    tokens = [document.split() for document in documents]
    theirs.index(tokens, show_progress=False)
    vocab = set().union(*tokens)
    for query in queries:
        known = [word for word in query.split() if word in vocab]
        assert np.allclose(ours.scores(query.split()), theirs.get_scores(known), rtol=1e-4, atol=1e-5)


def test_segments_and_removals_equal_one_build(tmp_path: Path) -> None:
    documents = texts(120)
    parts = [documents[:50], documents[50:53], [], documents[53:]]
    segments = [segment(tmp_path / str(number), part) for number, part in enumerate(parts)]
    removed = np.zeros(120, bool)
    removed[[0, 7, 51, 119]] = True
    kept = [document for document, gone in zip(documents, removed, strict=True) if not gone]
    grown, fresh = BM25(segments, removed), BM25([segment(tmp_path / "fresh", kept)])
    for query in texts(20, seed=2):
        scores = grown.scores(query.split())
        assert (scores[removed] == 0).all()
        assert np.array_equal(scores[~removed], fresh.scores(query.split()))


def test_unknown_terms_and_nothing_score_zero(tmp_path: Path) -> None:
    index = BM25([segment(tmp_path / "one", ["a b", ""])])
    assert index.scores(["never"]).tolist() == [0, 0]
    assert index.scores([]).tolist() == [0, 0]
    assert BM25([]).scores(["a"]).tolist() == []
    assert index.scores(["a"])[0] > 0


@pytest.mark.parametrize(("k1", "b"), [(-1.0, 0.5), (1.0, 1.5)])
def test_impossible_parameters_are_refused(k1: float, b: float) -> None:
    with pytest.raises(InputError):
        BM25([], k1=k1, b=b)
