"""Which tokens of a vocabulary stand for no text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sentrep.data.normalization import SPECIAL

if TYPE_CHECKING:
    import tokenizers

WORD_MARK = "▁"
"""Marks the beginning of a word. It is a separate token before unknown or rare characters."""


def special_ids(tokenizer: tokenizers.Tokenizer) -> set[int]:
    """Returns the ids of the special tokens, whether they are registered in the library or are only in the
    vocabulary."""
    added = tokenizer.get_added_tokens_decoder()
    found = {number for number, token in added.items() if token.special}
    named = {tokenizer.token_to_id(token) for token in SPECIAL}
    return found | {int(number) for number in named if number is not None}


def weightless_ids(tokenizer: tokenizers.Tokenizer) -> list[int]:
    """Returns the ids of tokens without content: special tokens, the unknown token, and a single word
    mark.

    They have zero rows in a bag of tokens, so that a text of these tokens alone has the zero vector.
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
