"""Fusion in evaluation ranks as the index of documents does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from sentrep.evaluation.models.hybrid import hybrid
from sentrep.evaluation.task import Model
from sentrep.search import ModelStamp
from sentrep.search.documents import Document, DocumentIndex, Passage
from sentrep.search.lexical import BM25, LexicalSegment

WORDS = [f"w{number}" for number in range(50)]


class Sums:
    """Sums of random word vectors."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        table = np.random.default_rng(0).standard_normal((len(WORDS), 12))
        vectors = [sum((table[WORDS.index(word)] for word in text.split()), np.zeros(12)) for text in texts]
        return np.array(vectors, np.float32)


class Words:
    """BM25 by the postings of the index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[np.ndarray]:
        self.folder.mkdir()
        count = LexicalSegment.write(self.folder, documents, str.split)
        scorer = BM25([LexicalSegment(self.folder, count)])
        yield from (scorer.scores(query.split()) for query in queries)


def test_the_order_is_that_of_the_index(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    texts = [" ".join(random.choice(WORDS, random.integers(2, 15))) for _ in range(150)]
    queries = [" ".join(random.choice(WORDS, 3)) for _ in range(10)]
    index = DocumentIndex.create(
        tmp_path / "index", ModelStamp("sums", "x"), str.split, analysis="spaces", encode=Sums().encode
    )
    index.add([(Document(str(number)), [Passage(text)]) for number, text in enumerate(texts)])
    model = hybrid(Model("sums", "a", Sums()), Model("words", "b", Words(tmp_path / "postings")))
    for query, scores in zip(queries, model.implementation.rank(texts, queries), strict=True):  # type: ignore[union-attr]
        found = index.search(query, 150)
        assert np.allclose([hit.scores.score for hit in found], np.sort(scores)[::-1], atol=1e-5)
        assert int(found[0].document.id) == int(np.argmax(scores))


def test_without_vectors_words_decide_and_candidates_are_bounded(tmp_path: Path) -> None:
    class Zeros:
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return np.zeros((len(texts), 4), np.float32)

    model = hybrid(Model("zeros", "a", Zeros()), Model("words", "b", Words(tmp_path / "postings")))
    (scores,) = model.implementation.rank(["w1 w2", "w3", "w1"], ["w1"])  # type: ignore[union-attr]
    assert scores[2] == 1.0
    assert scores[1] == 0.0
