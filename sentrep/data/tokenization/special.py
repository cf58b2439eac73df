"""Which tokens of a vocabulary stand for no text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sentrep.data.normalization import SPECIAL

if TYPE_CHECKING:
    import tokenizers

WORD_MARK = "▁"
"""Marks the beginning of a word. As a token of its own it stands before characters that are unknown or
rare."""


def special_ids(tokenizer: tokenizers.Tokenizer) -> set[int]:
    """Ids of the special tokens, whether the library knows them as such or they only stand in the
    vocabulary."""
    added = tokenizer.get_added_tokens_decoder()
    found = {number for number, token in added.items() if token.special}
    named = {tokenizer.token_to_id(token) for token in SPECIAL}
    return found | {int(number) for number in named if number is not None}


def weightless_ids(tokenizer: tokenizers.Tokenizer) -> list[int]:
    """Ids of the tokens that say nothing about a text: special ones, the unknown one, and a bare word mark.

    They have zero rows in a bag of tokens, so that a text of nothing else has the zero vector.
    """
    found = special_ids(tokenizer)
    for token in (_unknown(tokenizer), WORD_MARK):
        number = None if token is None else tokenizer.token_to_id(token)
        if number is not None:
            found.add(int(number))
    return sorted(found)


def _unknown(tokenizer: tokenizers.Tokenizer) -> str | None:
    model = json.loads(tokenizer.to_str())["model"]
    if model.get("unk_id") is not None:  # Unigram
        return str(model["vocab"][model["unk_id"]][0])
    token = model.get("unk_token")
    return None if token is None else str(token)
