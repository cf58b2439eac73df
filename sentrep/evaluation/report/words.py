"""Estimate of the vector of any sentence from its words, for a page without the model.

Each word gets a vector such that the sum over a sentence's words has the direction of the model's vector of
the sentence. It is a ridge regression from bags of words to sentence vectors that shrinks towards the model's
vectors of single words. Those alone are not enough: a model of whole sentences often gives all single words
nearly the same vector.
"""

from __future__ import annotations

import base64
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.vectors import to_unit, unit_vectors
from sentrep.utils.capabilities import Embeds, Vectors

WORDS = 3000
"""Known words: the most frequent."""

WIDTH = 192
"""Dimensions kept, of a byte each: 5,000 rows of them make 1.3 MB of page."""

RIDGE = 0.3
LEFT_OUT = 200
"""Number of sentences on which the estimate is tested."""

NEAREST = 5
_CHINESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


def words(text: str) -> list[str]:
    """Words in lower case; of Chinese and Japanese, which have no spaces, characters and pairs of them. The
    page does the same.

    >>> words("It isn't 北京市.")
    ['it', 'isn', 't', '北', '京', '北京', '市', '京市']
    """
    text = _CHINESE.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", text.lower())
    return "".join(letter if unicodedata.category(letter)[0] in "LMN" else " " for letter in text).split()


def readable(word: str) -> bool:
    """Whether a word is meaningful on its own."""
    return len(word) > 3 or (len(word) == 2 and bool(_CHINESE.match(word)))


def typed(implementation: Embeds, texts: Sequence[str], vectors: Vectors, seed: int = 0) -> dict[str, Any]:
    """Vectors of words and sentences for the page, as bytes, and their accuracy.

    `agreement` is the mean number of the model's `NEAREST` nearest sentences that the estimate finds for
    held-out sentences; None if there are too few sentences to measure it.
    """
    left_out = np.zeros(len(texts), dtype=bool)
    left_out[np.random.default_rng(seed).permutation(len(texts))[: min(LEFT_OUT, len(texts) // 10)]] = True
    kept = [text for text, out in zip(texts, left_out, strict=True) if not out]
    vocabulary = [
        word for word, _ in Counter(word for text in kept for word in words(text)).most_common(WORDS)
    ]
    if not vocabulary:
        return {}
    basis = np.linalg.svd(vectors[~left_out], full_matrices=False)[2][:WIDTH].T
    narrow = vectors @ basis
    known = _fitted(
        unit_vectors(implementation, vocabulary) @ basis, _bags(kept, vocabulary), narrow[~left_out]
    )
    tried = int(left_out.sum())
    guessed = _bags([text for text, out in zip(texts, left_out, strict=True) if out], vocabulary) @ _bytes(
        known
    ).astype(np.float32)
    agreement = (
        _agreement(vectors[left_out], vectors[~left_out], guessed, _bytes(narrow[~left_out]))
        if tried >= 10
        else None
    )
    return {
        "words": vocabulary,
        "width": basis.shape[1],
        "wordVectors": base64.b64encode(_bytes(known).tobytes()).decode(),
        "sentenceVectors": base64.b64encode(_bytes(narrow).tobytes()).decode(),
        "agreement": agreement,
        "tried": tried,
        "nearest": NEAREST,
    }


def _fitted(prior: Vectors, bags: Vectors, wanted: Vectors) -> Vectors:
    """Word vectors (word, width), near `prior`, whose sums over `bags` (sentence, word) come near `wanted`
    (sentence, width)."""
    errors = wanted - bags @ prior
    # Sentences are fewer than words, so the normal equations are solved on their side.
    dual = np.linalg.solve(bags @ bags.T + RIDGE * np.eye(len(bags), dtype=bags.dtype), errors)
    fitted: Vectors = (prior + bags.T @ dual).astype(np.float32)
    return fitted


def _bags(texts: Sequence[str], vocabulary: Sequence[str]) -> Vectors:
    """Counts of words, (sentence, word), at length 1."""
    places = {word: number for number, word in enumerate(vocabulary)}
    bags = np.zeros((len(texts), len(vocabulary)), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in words(text):
            if word in places:
                bags[row, places[word]] += 1
    return to_unit(bags)


def _agreement(true: Vectors, candidates: Vectors, guessed: Vectors, narrow: NDArray[np.int8]) -> float:
    """How many of the nearest candidates by the model are the nearest by the guess too; as the page computes
    it."""
    wanted = np.argsort(-(true @ candidates.T), axis=1, kind="stable")[:, :NEAREST]
    found = np.argsort(-(to_unit(guessed) @ to_unit(narrow.astype(np.float32)).T), axis=1, kind="stable")[
        :, :NEAREST
    ]
    return float(
        np.mean([len(set(a) & set(b)) for a, b in zip(wanted.tolist(), found.tolist(), strict=True)])
    )


def _bytes(vectors: Vectors) -> NDArray[np.int8]:
    """Scale to -127 to 127; cosines do not depend on the scale."""
    scaled: NDArray[np.int8] = np.rint(127 * vectors / max(float(np.abs(vectors).max()), 1e-9)).astype(
        np.int8
    )
    return scaled


def _pairs(run: str) -> list[str]:
    return [run[0], *(part for first, second in itertools.pairwise(run) for part in (second, first + second))]
