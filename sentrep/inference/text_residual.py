"""What a tokenizer loses of a sentence, coded beside its tokens: the case of words, and other changes.

A tokenizer trained here decodes to lower case and plain quotation marks. A sentence is its decoded tokens
with the case of each word restored, and, where that is not enough, a list of replaced stretches of letters.
All of it is coded by adaptive models, so what never occurs takes nearly no bytes.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from sentrep.modules.range_coder import AdaptiveModel, RangeDecoder, RangeEncoder

SAME, CASED, CHANGED = range(3)
"""Kinds of sentences: decoded as they are, after the case of words, or after further changes."""
LOWER, CAPITAL, UPPER = range(3)
WORD = re.compile(r"[^\W\d_]+")
ENDS = re.compile(r"[.!?:]\W*$")


class Change(NamedTuple):
    """One replaced stretch of a text."""

    skipped: int
    """Letters that are kept since the last change."""
    removed: int
    inserted: bytes
    """UTF-8."""


class ResidualCoder:
    """Codes sentences given what their tokens decode to. Encoder and decoder each have one, and code the
    same sentences in the same order."""

    def __init__(self) -> None:
        self.kind = AdaptiveModel(3, (64, 64, 16))
        self.case = [
            AdaptiveModel(3, (8, 56, 1)),
            AdaptiveModel(3, (128, 8, 1)),
            AdaptiveModel(3, (64, 64, 8)),
        ]
        self.numbers, self.letters = AdaptiveModel(256), {0: AdaptiveModel(256)}

    def encode(self, encoder: RangeEncoder, decoded: str, sentence: str) -> None:
        """Writes what is needed to turn `decoded` into `sentence`."""
        if decoded == sentence:
            self.kind.encode(encoder, SAME)
            return
        cases = cases_of(decoded, sentence)
        cased = with_cases(decoded, cases)
        self.kind.encode(encoder, CASED if cased == sentence else CHANGED)
        for context, case in zip(contexts(decoded), cases, strict=True):
            self.case[context].encode(encoder, case)
        if cased != sentence:
            self._encode_changes(encoder, changes(cased, sentence))

    def decode(self, decoder: RangeDecoder, decoded: str) -> str:
        """Reads it; returns the sentence."""
        kind = self.kind.decode(decoder)
        if kind == SAME:
            return decoded
        cases = [self.case[context].decode(decoder) for context in contexts(decoded)]
        cased = with_cases(decoded, cases)
        return cased if kind == CASED else changed(cased, self._decode_changes(decoder))

    def _encode_changes(self, encoder: RangeEncoder, found: list[Change]) -> None:
        self._encode_number(encoder, len(found))
        for change in found:
            for number in (change.skipped, change.removed, len(change.inserted)):
                self._encode_number(encoder, number)
            before = 0
            for byte in change.inserted:
                self._letters(before).encode(encoder, byte)
                before = byte

    def _decode_changes(self, decoder: RangeDecoder) -> list[Change]:
        found = []
        for _ in range(self._decode_number(decoder)):
            skipped, removed, size = (self._decode_number(decoder) for _ in range(3))
            inserted = bytearray()
            for _ in range(size):
                inserted.append(self._letters(inserted[-1] if inserted else 0).decode(decoder))
            found.append(Change(skipped, removed, bytes(inserted)))
        return found

    def _letters(self, before: int) -> AdaptiveModel:
        """The model of a byte after another."""
        return self.letters.setdefault(before, AdaptiveModel(256))

    def _encode_number(self, encoder: RangeEncoder, number: int) -> None:
        while number >= 255:
            self.numbers.encode(encoder, 255)
            number -= 255
        self.numbers.encode(encoder, number)

    def _decode_number(self, decoder: RangeDecoder) -> int:
        total = 0
        while (part := self.numbers.decode(decoder)) == 255 and total < LARGEST:
            total += part
        return total + part


LARGEST = 1 << 24
"""Larger numbers occur in damaged data only."""


def cases_of(decoded: str, sentence: str) -> list[int]:
    """Returns the case that each word of `decoded` has in `sentence`, where it is found there.

    >>> cases_of("he met nasa", "He met NASA") == [CAPITAL, LOWER, UPPER]
    True
    """
    found, place = [], 0
    for match in WORD.finditer(decoded):
        word = match.group()
        start = place = max(0, sentence.lower().find(word.lower(), place)) or place
        there = sentence[start : start + len(word)]
        shapes = [word, _capital(word), word.upper()]
        found.append(shapes.index(there) if there in shapes else LOWER)
        place = start + len(word) if there.lower() == word.lower() else place
    return found


def contexts(decoded: str) -> list[int]:
    """Returns for each word whether it is the first (0), another (1), or follows the end of a sentence (2).

    >>> contexts("yes. he did")
    [0, 2, 1]
    """
    found = [2 if ENDS.search(decoded[: match.start()]) else 1 for match in WORD.finditer(decoded)]
    return [0, *found[1:]] if found else []


def with_cases(decoded: str, cases: list[int]) -> str:
    """Returns the text with its words in these cases.

    >>> with_cases("he met them", [CAPITAL, LOWER, UPPER])
    'He met THEM'
    """
    parts = iter(cases)

    def shaped(match: re.Match[str]) -> str:
        word, case = match.group(), next(parts)
        return word if case == LOWER else _capital(word) if case == CAPITAL else word.upper()

    return WORD.sub(shaped, decoded)


def changes(before: str, after: str) -> list[Change]:
    """Returns what turns one text into another.

    >>> changes("don' t go", "don't go")
    [Change(skipped=4, removed=1, inserted=b'')]
    """
    if len(before) * len(after) > MOST_COMPARED:
        return [Change(0, len(before), utf8(after))]
    found, place = [], 0
    for kind, first, last, start, stop in SequenceMatcher(None, before, after, False).get_opcodes():
        if kind != "equal":
            found.append(Change(first - place, last - first, utf8(after[start:stop])))
            place = last
    return found


def changed(before: str, found: list[Change]) -> str:
    """Returns the text after the changes."""
    parts, place = [], 0
    for change in found:
        parts += [before[place : place + change.skipped], change.inserted.decode("utf-8", "surrogatepass")]
        place += change.skipped + change.removed
    return "".join(parts) + before[place:]


MOST_COMPARED = 1 << 22
"""Texts whose lengths have a larger product are replaced as a whole."""


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def utf8(text: str) -> bytes:
    """A text in UTF-8, with lone surrogates."""
    return text.encode("utf-8", "surrogatepass")
