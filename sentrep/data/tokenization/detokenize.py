"""Restores the spaces around punctuation that a vocabulary of words and punctuation marks does not store.

Words have a mark for a preceding space, punctuation marks have none. So "all-star" is decoded as "all-
star" and "98.8" as "98. 8". The rules here remove and add spaces; they never change letters or digits.
"""

from __future__ import annotations

import re

_RULES = [
    (r"(?<=\w)([-/]) (?=\w)", r"\1"),  # all-star, and/or
    (r"(?<=\d)([.:]) (?=\d)", r"\1"),  # 98.8, 10:30
    (r"(?<=\d), (?=\d{3}\b)", ","),  # 7,000
    (r"(?<=\w)' (?=(?:s|t|d|m|re|ve|ll)\b)", "'"),  # star's, don't
    (r"\b(\w)\. (?=\w\.)", r"\1."),  # u.s.
    (r"(?<=[^\s<(\[{])([<(\[{])", r" \1"),
    (r"([<(\[{$£€#]) (?=\w)", r"\1"),
]
RULES = [(re.compile(pattern), instead) for pattern, instead in _RULES]


def respaced(text: str) -> str:
    """Returns a text of words and punctuation with the usual spaces.

    >>> respaced("liberty all- star' s 98. 8 pct of< camco inc> in the u. s.( don' t)")
    "liberty all-star's 98.8 pct of <camco inc> in the u.s. (don't)"
    """
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    return text
