"""A token for texts without tokens, so that stock modules never receive an empty text.

Stock max pooling returns -inf for a text without tokens, and a stock transformer raises an error for a
batch of such texts. A tokenizer cannot make a token of the empty string, but of a space. So a saved
model gets a prompt of one space, which changes no other text, and its tokenizer replaces a text of
spaces by one character, which is usually unknown.
"""

from __future__ import annotations

from typing import Any

from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import WordEmbeddings
from tokenizers import Regex, Tokenizer, normalizers

PROMPT = {"text": " "}
"""Prompts of a model whose tokenizer was changed by `with_blank_token`."""
_BLANK = r"\A\s+\z"
_SIGN = "∅"


def with_blank_token(tokenizer: Tokenizer) -> Tokenizer:
    """Returns a copy of the tokenizer that reads a text of spaces alone as one character."""
    copy = Tokenizer.from_str(tokenizer.to_str())
    step = normalizers.Replace(Regex(_BLANK), _SIGN)
    copy.normalizer = normalizers.Sequence([step] if copy.normalizer is None else [copy.normalizer, step])
    return copy


def guard(encoder: SentenceTransformer) -> None:
    """Adds the blank token and the prompt to an encoder of stock modules for which an empty text has no
    token.

    Encoders with their own prompts, and those whose tokenizer puts special tokens around every text,
    are not changed.
    """
    first: Any = encoder[0]
    if encoder.default_prompt_name or not isinstance(first, Transformer | WordEmbeddings):
        return
    outer = first.tokenizer.tokenizer if isinstance(first, WordEmbeddings) else first.tokenizer
    inner = getattr(outer, "backend_tokenizer", None)
    if not isinstance(inner, Tokenizer) or inner.encode("").ids or not _ignores_spaces(inner):
        return
    if not inner.encode(PROMPT["text"]).ids:  # the step is added once, however often the encoder is saved
        inner.normalizer = with_blank_token(inner).normalizer
    encoder.prompts = {**encoder.prompts, **PROMPT}
    encoder.default_prompt_name = next(iter(PROMPT))


def _ignores_spaces(tokenizer: Tokenizer) -> bool:
    return bool(tokenizer.encode(" a").ids == tokenizer.encode("a").ids)
