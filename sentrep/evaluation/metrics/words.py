"""Texts as words, whether or not their script puts spaces between them."""

from __future__ import annotations

import re

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
"""Chinese and Japanese characters, for use between the brackets of a regular expression: each counts as a
word."""

_WRITTEN = re.compile(rf"[{CJK}]|[^\s{CJK}]+")
_PLAIN = re.compile(rf"[{CJK}]|[^\W_{CJK}]+")
_BETWEEN = re.compile(rf"(?<=[{CJK}]) (?=[{CJK}])")


def written_words(text: str) -> list[str]:
    """What stands between spaces, signs included; Chinese and Japanese by character.

    >>> written_words("The U.S. , he said: 42% 狗在叫。")
    ['The', 'U.S.', ',', 'he', 'said:', '42%', '狗', '在', '叫', '。']
    """
    return _WRITTEN.findall(text)


def plain_words(text: str) -> list[str]:
    """Runs of letters and digits in lower case; Chinese and Japanese by character. ROUGE counts these.

    >>> plain_words("The U.S. , he said: 42% 狗在叫。")
    ['the', 'u', 's', 'he', 'said', '42', '狗', '在', '叫']
    """
    return _PLAIN.findall(text.lower())


def first_written(text: str, count: int) -> str:
    """The text as far as its first `count` written words go."""
    return _first(_WRITTEN, text, count)


def first_plain(text: str, count: int) -> str:
    """The text as far as its first `count` plain words go."""
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
