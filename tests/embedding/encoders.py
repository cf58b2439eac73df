"""Encoders and texts for the tests of embedding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests import toy

STAMP = {"model": "aaaa1111", "model_name": "toy", "source": "cccc2222"}


def encode(texts: list[str]) -> NDArray[np.float32]:
    """A vector that depends on its text alone."""
    return np.stack([_vector(text) for text in texts])


def pairs(count: int) -> Iterator[tuple[str, str]]:
    """Ids and texts."""
    return ((f"id {number}", f"sentence {number} é\n") for number in range(count))


def texts(count: int) -> list[str]:
    """The texts of `pairs`."""
    return [text for _, text in pairs(count)]


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _vector(text: str) -> NDArray[np.float32]:
    draw = np.random.default_rng(list(text.encode("utf-8", "replace")))
    return draw.standard_normal(8).astype(np.float32)


def saved_bag(folder: Path) -> str:
    """A model folder of a bag with random vectors."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    rows = torch.randn(len(toy.WORDS), 8, generator=torch.Generator().manual_seed(3))
    SentenceTransformer(modules=[StaticEmbedding(toy.tokenizer(), embedding_weights=rows)]).save(str(folder))
    return str(folder)
