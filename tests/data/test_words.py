"""Words in scripts with spaces and without, and beginnings that are cut at words."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from sentrep.data.analysis import words as analyzed
from sentrep.data.normalization import marks, normalize
from sentrep.data.words import first_plain, first_written, joined, plain_words, written_words

MIXED = "用GN-2型染料,  the U.S. 'dyes' (ひらがな)。"


def test_every_sign_is_in_some_written_word() -> None:
    assert "".join(written_words(MIXED)) == MIXED.replace(" ", "")
    assert written_words(MIXED)[:6] == ["用", "GN-2", "型", "染", "料", ","]


def test_plain_words_are_letters_and_digits() -> None:
    assert plain_words(MIXED) == [*("用", "gn", "2", "型", "染", "料", "the", "u", "s", "dyes"), *"ひらがな"]
    assert plain_words("Ünder_score, naïve; Ωmega ½") == ["ünder", "score", "naïve", "ωmega", "1", "2"]
    assert plain_words("?! …") == []


@pytest.mark.parametrize("count", range(16))
def test_beginnings_hold_as_many_words_as_asked_for(count: int) -> None:
    for words, first in ((written_words, first_written), (plain_words, first_plain)):
        beginning = first(MIXED, count)
        assert words(beginning) == words(MIXED)[:count]
        assert MIXED.startswith(beginning)


def test_joined_words_are_written_as_their_script_is() -> None:
    assert joined(["染", "料", "GN", "和", "oil", "prices", "ひ", "ら"]) == "染料 GN 和 oil prices ひら"
    assert joined([]) == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("किताब कुतुब", ["किताब", "कुतुब"]),  # Devanagari
        ("কিতাব বাংলা", ["কিতাব", "বাংলা"]),  # Bengali
        ("புத்தகம்", ["புத்தகம்"]),  # Tamil
        ("שָׁלוֹם עוֹלָם", ["שָׁלוֹם", "עוֹלָם"]),  # pointed Hebrew
        ("كِتَابٌ كُتُبٌ", ["كِتَابٌ", "كُتُبٌ"]),  # pointed Arabic
        ("می‌خواهم", ["می‌خواهم"]),  # Persian with a non-joiner
        ("cafe\u0301 x\u0304y", ["café", "x\u0304y"]),  # decomposed Latin, without a composed form at the end
    ],
)
def test_words_keep_their_marks(text: str, wanted: list[str]) -> None:
    assert plain_words(text) == [normalize(word) for word in wanted]


@pytest.mark.parametrize("text", ["ภาษาไทย", "ភាសាខ្មែរ", "ພາສາລາວ", "မြန်မာစာ", "日本語", "中文", "𠀀𠀁"])
def test_scripts_without_spaces_are_cut_into_characters_with_their_marks(text: str) -> None:
    units = plain_words(text)
    assert "".join(units) == normalize(text)
    assert len(units) > 1
    assert not any(re.match(f"[{marks()}]", unit) for unit in units)
    assert set(units) | {a + b for a, b in pairwise(units)} == set(analyzed(text))
