"""Small models and tasks that the evaluation tests share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sentrep.evaluation import Embeds, Model, Retrieval
from sentrep.evaluation.result import fingerprint


class Letters:
    """Counts letters: a bag with 26 words."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.array(
            [[text.count(chr(97 + letter)) for letter in range(26)] for text in texts], dtype=np.float32
        )


class Constant:
    """A collapsed model: the same vector whatever the text. One number repeated, a NaN for instance, or a
    whole vector."""

    def __init__(self, value: float | np.ndarray) -> None:
        self.vector = np.full(8, value) if isinstance(value, float) else value

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.tile(self.vector, (len(texts), 1)).astype(np.float32)


class OneDirection:
    """A model of rank one: every text lies on one line, at a length of its own."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        direction = np.random.default_rng(0).standard_normal(48)
        return (np.array([[1.0 + len(text) + text.count("a") / 7] for text in texts]) * direction).astype(
            np.float32
        )


COLLAPSED: dict[str, Embeds] = {
    "constant": Constant(1.0),
    "wide constant": Constant(np.ones(384)),
    "wide random constant": Constant(np.random.default_rng(0).standard_normal(1200)),
    "nan": Constant(float("nan")),
    "zero": Constant(0.0),
    "rank one": OneDirection(),
}
"""Every way of telling no text from another: at chance on each task."""


class Saved:
    """A model whose weights are a file in a folder: vectors are hashed texts, mixed by the weights."""

    def __init__(self, folder: Path) -> None:
        self.weights = np.load(folder / "weights.npy", allow_pickle=False)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return (Letters().encode(texts) @ self.weights).astype(np.float32)


def saved_model(folder: Path) -> Model:
    return Model(folder.name, fingerprint([(folder / "weights.npy").read_bytes()]), Saved(folder))


def letters() -> Model:
    return Model("letters", "letters-1", Letters())


def words_task(count: int = 60, queries: int = 20, seed: int = 0) -> Retrieval:
    """Find a word of random letters from another order of the same letters."""
    random = np.random.default_rng(seed)
    documents = ["".join(chr(97 + letter) for letter in random.integers(0, 26, 9)) for _ in range(count)]
    asked = ["".join(random.permutation(list(document))) for document in documents[:queries]]
    return Retrieval("anagrams", asked, documents, [{number: 1.0} for number in range(queries)])
