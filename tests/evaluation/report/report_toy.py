"""Sentences and models to draw, and the data of a page."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sentrep.evaluation import Model
from sentrep.evaluation.report import words

TOPICS = (
    "ship harbour sail anchor crew",
    "bread oven flour yeast baker",
    "goal striker referee pitch keeper",
)
NASTY = [
    "</script><script>window.pwned = 1</script>", "<img src=x onerror='window.pwned = 2'>", "<!-- no comment",
    "[[data]] [[script]]", "北京是中国的首都。", "half a pair \ud83d and\x00 more",
    "a & b \u2028 \\u003c " + "long " * 200,
]  # fmt: skip

TRAINED = "quick-thought (settings 0a1b2c)"
"""The method that a result of a trained run records."""


class WordSum:
    """A bag of words: each word has a vector of its own, and a sentence is their sum. Topics share a part."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.array(
            [sum((self._word(word) for word in words.words(text)), np.zeros(48)) for text in texts],
            dtype=np.float32,
        )

    def _word(self, word: str) -> np.ndarray:
        topic = next((number for number, topic in enumerate(TOPICS) if word in topic.split()), None)
        own = np.random.default_rng(int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)).standard_normal(
            48
        )
        return own if topic is None else own + 3 * np.random.default_rng(topic).standard_normal(48)


class Corner(WordSum):
    """A lone word is strange to it: all of them lie near one place, where no sentence is."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        lone = np.array([[len(text.split()) == 1] for text in texts])
        return np.where(lone, 30 * np.ones(48) - super().encode(texts), super().encode(texts)).astype(
            np.float32
        )


class WholeText(WordSum):
    """Of a text as a whole: its words say nothing."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self._word(text) for text in texts], dtype=np.float32)


def word_sum() -> Model:
    return Model("runs/bag/model", "bag-1", WordSum())


def topical(count: int, seed: int = 0) -> list[str]:
    """Sentences of five words, of one topic each."""
    random = np.random.default_rng(seed)
    return [
        " ".join(random.choice(TOPICS[number % 3].split(), 5)) + f" {random.integers(200)}"
        for number in range(count)
    ]


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>',
        page.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data
