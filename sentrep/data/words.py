"""Words of a text in any script, for ROUGE, BM25 and the baselines.

A word is a run of letters, digits and combining marks. Scripts without spaces (Chinese, Japanese, Thai, Lao,
Khmer, Burmese and their neighbours) are cut into characters, each with the marks that belong to it.
"""

from __future__ import annotations

import re

from sentrep.data.normalization import JOINERS, marks, normalize

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f\U00030000-\U000323af"
"""Chinese and Japanese characters, for use between the brackets of a regular expression."""

SOUTHEAST_ASIAN = (
    "\u0e01-\u0e30\u0e32-\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2-\u0eb3\u0ebd\u0ec0-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065-\u1066\u106e-\u1070\u1075-\u1081\u108e"
    "\u1780-\u17b3\u17d7\u17dc\u1950-\u196d\u1970-\u1974\u1980-\u19ab\u19b0-\u19c9\u1a00-\u1a16\u1a20-\u1a54"
    "\ua9e0-\ua9e4\ua9e6-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a\uaa7e-\uaaaf\uaab1\uaab5-\uaab6\uaab9-\uaabd"
    "\uaac0\uaac2\uaadb-\uaadd"
)
"""Letters of Thai, Lao, Khmer, Burmese and of other scripts of Southeast Asia that are written without
spaces."""

UNSPACED = CJK + SOUTHEAST_ASIAN
"""Characters of the scripts that are written without spaces."""

_MARKS = marks()
_UNIT = rf"[{UNSPACED}][{_MARKS}]*"
_LETTER = rf"[^\W_{UNSPACED}]"
_WORD = rf"{_LETTER}(?:{_LETTER}|[{_MARKS}{JOINERS}])*"
_PLAIN = re.compile(rf"{_UNIT}|{_WORD}")
_WRITTEN = re.compile(rf"{_UNIT}|[^\s{UNSPACED}]+")
_BETWEEN = re.compile(rf"(?<=[{UNSPACED}{_MARKS}]) (?=[{UNSPACED}])")


def plain_words(text: str) -> list[str]:
    """Words in lower case, normalised; of scripts without spaces the characters. ROUGE counts these.

    >>> plain_words("The U.S. , he said: 42% 狗在叫。 किताब")
    ['the', 'u', 's', 'he', 'said', '42', '狗', '在', '叫', 'किताब']
    """
    return _PLAIN.findall(normalize(text).lower())


def written_words(text: str) -> list[str]:
    """What stands between spaces, punctuation included; of scripts without spaces the characters.

    >>> written_words("The U.S. , he said: 42% 狗在叫。")
    ['The', 'U.S.', ',', 'he', 'said:', '42%', '狗', '在', '叫', '。']
    """
    return _WRITTEN.findall(text)


def first_written(text: str, count: int) -> str:
    """The text up to the end of its first `count` written words."""
    return _first(_WRITTEN, text, count)


def first_plain(text: str, count: int) -> str:
    """The text up to the end of its first `count` plain words."""
    return _first(_PLAIN, text, count)


def joined(words: list[str]) -> str:
    """Words as a text, without spaces where the script has none.

    >>> joined(["GN", "和", "染", "料"])
    'GN 和染料'
    """
    return _BETWEEN.sub("", " ".join(words))


def _first(words: re.Pattern[str], text: str, count: int) -> str:
    end = 0
    for _, found in zip(range(count), words.finditer(text), strict=False):
        end = found.end()
    return text[:end].strip()
