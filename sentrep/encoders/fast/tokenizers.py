"""Whether tokenizer.json alone reads texts as transformers does.

Some classes of transformers build their tokenizer from tokenizer_config.json and take only the vocabulary
from tokenizer.json. Where both say the same, tokenizer.json suffices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import tokenizers

from sentrep.encoders.fast.description import UnsupportedError

_AS_SAVED = ("PreTrainedTokenizerFast", "TokenizersBackend")
_BERT = ("BertTokenizer", "DistilBertTokenizer", "MPNetTokenizer")
_OF_TYPE = {
    "bert": "BertTokenizer", "distilbert": "BertTokenizer", "mpnet": "MPNetTokenizer",
    "roberta": "RobertaTokenizer",
}  # fmt: skip
"""The class where tokenizer_config.json names none."""


def check_tokenizer(tokenizer: tokenizers.Tokenizer, reading: Mapping[str, Any], model_type: str) -> None:
    """Check that a tokenizer reads texts as transformers does.

    Args:
        tokenizer: of tokenizer.json.
        reading: content of tokenizer_config.json.
        model_type: of the model.

    Raises:
        UnsupportedError: it may not.
    """
    named = str(reading.get("tokenizer_class") or _OF_TYPE.get(model_type))
    name = named if named in _AS_SAVED else named.removesuffix("Fast")
    spec = json.loads(tokenizer.to_str())
    expected = _bert(reading) if name in _BERT else _roberta(reading) if name == "RobertaTokenizer" else None
    if expected is None and name not in _AS_SAVED:
        raise UnsupportedError(f"the tokenizer class {named}")
    for part, wanted in (expected or {}).items():
        given = {key: (spec[part] or {}).get(key) for key in wanted}
        if given != wanted:
            raise UnsupportedError(f"a tokenizer.json whose {part} differs from tokenizer_config.json")
    if reading.get("truncation_side", "right") != "right" or _more_tokens(tokenizer, reading):
        raise UnsupportedError("a tokenizer_config.json with settings that tokenizer.json lacks")


def _bert(reading: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What BERT's class builds, as far as it may differ."""
    return {
        "model": {"type": "WordPiece", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": reading.get("tokenize_chinese_chars", True),
            "strip_accents": reading.get("strip_accents"),
            "lowercase": reading.get("do_lower_case", True),
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
    }


def _roberta(reading: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        "model": {"type": "BPE"},
        "pre_tokenizer": {
            "type": "ByteLevel",
            "add_prefix_space": reading.get("add_prefix_space", False),
        },
    }


def _more_tokens(tokenizer: tokenizers.Tokenizer, reading: Mapping[str, Any]) -> bool:
    """Whether there are added tokens that tokenizer.json does not have."""
    added = reading.get("added_tokens_decoder") or {}
    return any(tokenizer.token_to_id(token["content"]) != int(number) for number, token in added.items())
