"""Characters and pairs of neighbours as tokens, for scripts without spaces.

Without a dictionary, Chinese, Japanese, Thai, Lao, Khmer and Burmese have no words that a bag could count. As
in the index of BM25, their place is taken by characters and pairs of neighbouring characters: "ABC" has the
tokens A, B, C, AB and BC. The tokenizers library cuts a text into pieces that do not overlap, so the text is
changed before: each character is written three times, with separators between. Of "A|A|AB|B|BC|C|C" the
pieces A, AB, B, BC and C are taken, where a single character has a separator on either side.

Reference: Nie, Gao, Zhang & Zhou, "On the use of words and n-grams for Chinese information retrieval", 2000.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from sentrep.data.normalization import JOINERS
from sentrep.data.tokenization.charsmap import charsmap
from sentrep.data.words import UNSPACED

if TYPE_CHECKING:
    import tokenizers

SEPARATOR = "\u001f"
"""A control character, which no normalised text holds."""


@cache
def paired_characters() -> str:
    """All letters of scripts without spaces up to U+FFFF. Rarer ones are tokens by themselves."""
    unspaced = re.compile(f"[々〆〇{UNSPACED}]")
    letters = (chr(point) for point in range(0x0E00, 0xFB00) if unicodedata.category(chr(point))[0] in "LN")
    return "".join(filter(unspaced.match, letters))


def has_paired(words: Iterable[str]) -> bool:
    """Whether a word holds a character that is paired.

    >>> has_paired(["the", "狗"]), has_paired(["the", "dog"])
    (True, False)
    """
    # Half-width Katakana are full-width ones after normalisation.
    paired = re.compile(f"[々〆〇{UNSPACED}\uff66-\uff9d]")
    return any(not word.isascii() and paired.search(word) for word in words)


def pairing_steps() -> list[tokenizers.normalizers.Normalizer]:
    """Steps of normalisation that write each paired character three times, with separators between."""
    from tokenizers import Regex, normalizers

    paired = paired_class()
    return [
        normalizers.Replace(Regex(rf"(?<=[{paired}])[\u0300-\u07ff&&\p{{M}}]+"), ""),
        normalizers.Precompiled(_thrice()),
    ]


def pieces() -> str:
    """A pattern of the characters and pairs in a text after these steps.

    Marks stand behind the last copy of their character, so a pair has those of its first character, and a
    single character has none. The last character of a run is a token once more where it has marks.
    """
    paired, marks = paired_class(), rf"[\p{{M}}{JOINERS}]"
    single = rf"(?<={SEPARATOR})[{paired}](?={SEPARATOR})"
    pair = rf"[{paired}]{marks}*+[{paired}]"
    last = rf"(?<={SEPARATOR})[{paired}]{marks}++(?![{paired}])"
    return rf"{single}|{pair}|{last}"


@cache
def _thrice() -> bytes:
    return charsmap({letter: SEPARATOR.join(letter * 3) for letter in paired_characters()})


@cache
def paired_class() -> str:
    """The paired characters as ranges, for use between the brackets of a regular expression."""
    ranges: list[list[str]] = []
    for letter in paired_characters():
        if ranges and ord(letter) == ord(ranges[-1][1]) + 1:
            ranges[-1][1] = letter
        else:
            ranges.append([letter, letter])
    return "".join(f"{first}-{last}" for first, last in ranges)
