"""Spaces where people put them: what a vocabulary of words and signs does not remember.

A sign has no mark that says whether a space stood before it, and a word always has one. So "all-star" comes
back as "all- star" and "98.8" as "98. 8". What follows guesses as a reader would; letters and digits stay as
they are."""

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
    """Words and signs with the spaces that they usually have.

    >>> respaced("liberty all- star' s 98. 8 pct of< camco inc> in the u. s.( don' t)")
    "liberty all-star's 98.8 pct of <camco inc> in the u.s. (don't)"
    """
    for pattern, instead in RULES:
        text = pattern.sub(instead, text)
    return text
