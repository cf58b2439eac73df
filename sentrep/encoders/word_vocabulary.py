"""The vocabulary of a tokenizer of whole words, and how to extend it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tokenizers import Tokenizer

from sentrep.data.normalization import SPECIAL
from sentrep.utils.errors import InputError, opt


class WordVocabulary:
    """The vocabulary of a tokenizer of whole words, and how to extend it."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.spec: dict[str, Any] = json.loads(tokenizer.to_str())
        kind = self.spec["model"]["type"]
        if kind != "WordLevel":
            raise InputError(
                f"this model's vocabulary is made of pieces of words ({kind}), which read every "
                "word already; only one of whole "
                f"words ({opt('tokenizer')} word) can be expanded"
            )
        self.marks = {*SPECIAL, *(token["content"] for token in self.spec["added_tokens"])}
        self.places: dict[str, int] = {
            word: place for word, place in self.spec["model"]["vocab"].items() if word not in self.marks
        }

    def admits(self, word: str) -> bool:
        """Whether `word` can occur in a text after the tokenizer's normalisation.

        An upper-case word cannot occur if case is folded, nor a word that the tokenizer cuts in two.
        Words with an underscore are phrases.
        """
        return "_" not in word and word not in self.marks and cut_words(self.tokenizer, word) == [word]

    def extended(self, words: Iterable[str], begin: int) -> Tokenizer:
        """Returns the same tokenizer with more words, numbered from `begin`.

        The words are added to the model itself: an "added token" of the library would also be found
        inside longer words.
        """
        places = {**self.spec["model"]["vocab"], **{word: place for place, word in enumerate(words, begin)}}
        return Tokenizer.from_str(json.dumps({**self.spec, "model": {**self.spec["model"], "vocab": places}}))


def cut_words(tokenizer: Tokenizer, text: str) -> list[str]:
    """Returns the words of a text as the vocabulary looks them up."""
    normal = tokenizer.normalizer.normalize_str(text) if tokenizer.normalizer else text
    return (
        [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)]
        if tokenizer.pre_tokenizer
        else [normal]
    )
