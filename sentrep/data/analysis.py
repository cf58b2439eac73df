"""Texts to index terms: what BM25 counts.

The plain analysis normalises a text, lowers its case and cuts it into words; a run of a script without spaces
gives its characters and all pairs of neighbours. A stemming analysis then leaves out the stop words of a
language and cuts the endings of its words (Snowball).

Reference: Porter, "Snowball: a language for stemming algorithms", 2001.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

from sentrep.data.normalization import JOINERS, marks, normalize
from sentrep.data.words import UNSPACED
from sentrep.utils.errors import InputError, nearest, opt

VERSION = 3
"""Raised with every change that gives a text other terms; it is stored with indexes and scores."""

_MARKS = marks()
_UNIT = re.compile(rf"[{UNSPACED}][{_MARKS}]*")
_LETTER = rf"[^\W{UNSPACED}]"
_RUN = re.compile(rf"(?:[{UNSPACED}][{_MARKS}]*)+|{_LETTER}(?:{_LETTER}|[{_MARKS}{JOINERS}])*")
_ASCII = re.compile(r"\w+", re.ASCII)


@dataclass(frozen=True)
class Analysis:
    """A way from a text to its terms.

    Attributes:
        language: whose Snowball stemmer and stop words are used, by its English name or two-letter code;
            empty for words as they stand.

    Raises:
        InputError: there is no stemmer for the language.

    >>> Analysis()("The cat's 2 hats"), Analysis("english")("The cat's 2 hats")
    (['the', 'cat', 's', '2', 'hats'], ['cat', '2', 'hat'])
    """

    language: str = ""

    def __post_init__(self) -> None:
        if self.language:
            object.__setattr__(self, "language", _language(self.language))

    def __call__(self, text: str) -> list[str]:
        """The terms of a text, in its order."""
        terms = words(text)
        if not self.language:
            return terms
        return [self._stem(term) for term in terms if term not in self._stop_words]

    @property
    def name(self) -> str:
        """Identifies the analysis: equal names give equal terms."""
        return f"words-{VERSION}" + (f" snowball {self.language}" if self.language else "")

    @cached_property
    def _stop_words(self) -> frozenset[str]:
        return stop_words(self.language)

    @cached_property
    def _stem(self) -> Callable[[str], str]:
        import Stemmer

        stem: Callable[[str], str] = Stemmer.Stemmer(self.language).stemWord
        return lru_cache(1 << 16)(stem)


def words(text: str) -> list[str]:
    """Lower-case words; of scripts without spaces the characters and the pairs of neighbouring characters.

    >>> words("The cat's 2 hats")
    ['the', 'cat', 's', '2', 'hats']
    >>> words("狗在叫 किताब")
    ['狗', '在', '叫', '狗在', '在叫', 'किताब']
    """
    if text.isascii():
        return _ASCII.findall(text.lower())
    terms: list[str] = []
    for run in _RUN.findall(_lower(normalize(text))):
        units = _UNIT.findall(run)
        terms += [*units, *map("".join, pairwise(units))] if units else [run]
    return terms


def _lower(text: str) -> str:
    """The text in lower case, the capital İ of Turkish as i; Python adds a combining dot to it."""
    return text.lower().replace("i\u0307", "i")


def stop_words(language: str) -> frozenset[str]:
    """The stop words of a language, by its English name; none where there is no list of them.

    >>> "the" in stop_words("english"), stop_words("basque")
    (True, frozenset())
    """
    from bm25s import stopwords

    listed = stopwords.STOPWORDS_EN_PLUS if language == "english" else _listed(stopwords, language)
    return frozenset(term for word in listed for term in words(word))


def _listed(lists: Any, language: str) -> Sequence[str]:
    found: Sequence[str] = getattr(lists, f"STOPWORDS_{language.upper()}", ())
    return found


def singular(word: str) -> str:
    """An English plural in lower case as its singular (Harman, "How effective is suffixing?", 1991: the S
    stemmer).

    >>> singular("ponies"), singular("glass")
    ('pony', 'glass')
    """
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word[:-1] if word.endswith("s") and not word.endswith(("us", "ss")) else word


def check_language(language: str) -> None:
    """Check a language before any work is done.

    Args:
        language: a name or code; 'auto' is detected later, '' stands for no stemming.

    Raises:
        InputError: there is no stemmer for it.

    >>> check_language("auto"), check_language("de")
    (None, None)
    """
    if language != "auto":
        Analysis(language)


def languages() -> list[str]:
    """English names of the languages that have a stemmer."""
    import Stemmer

    return [name for name in Stemmer.algorithms() if name not in _VARIANTS]


_VARIANTS = ("porter", "lovins", "dutch_porter")
_CODES = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "cs": "czech", "el": "greek", "fa": "persian", "st": "sesotho", "hi": "hindi",
    "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    "yi": "yiddish",
}  # fmt: skip


def _language(name: str) -> str:
    found, known = _CODES.get(name.lower(), name.lower()), languages()
    if found not in known:
        raise InputError(f"{opt('language')} {name}: no stemmer for it; {nearest(found, known)}")
    return found
