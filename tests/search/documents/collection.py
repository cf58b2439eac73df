"""Random documents of 80 words, an encoder that knows these, and an index of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sentrep.search import ModelStamp
from sentrep.search.documents import Document, DocumentIndex, Passage

WORDS = [f"w{number}" for number in range(80)]
MODEL = ModelStamp("toy", "hash")


def encode(texts: Sequence[str]) -> np.ndarray:
    """Sums of random word vectors, seeded by the word; zero for a text without known words."""
    vectors = np.zeros((len(texts), 16), np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        for word in text.split():
            if word.startswith("w"):
                seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4])
                vector += np.random.default_rng(seed).standard_normal(16)
    return vectors


def documents(count: int, seed: int = 0) -> list[tuple[Document, list[Passage]]]:
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        parts, end = [], 0
        for _ in range(random.integers(1, 5)):
            text = " ".join(random.choice(WORDS, random.integers(3, 12)))
            parts.append(Passage(text, end, end + len(text), ("Part", str(len(parts)))))
            end += len(text) + 1
        kind = "even" if number % 2 == 0 else "odd"
        made.append(
            (Document(f"d{seed}-{number}", f"title {number}", f"{number}.txt", fields={"kind": kind}), parts)
        )
    return made


def create(path: Path, given: Sequence[tuple[Document, list[Passage]]] = ()) -> DocumentIndex:
    index = DocumentIndex.create(path, MODEL, str.split, analysis="spaces", encode=encode)
    index.add(given)
    return index
