"""The one normalisation: the same in Python and in a saved tokenizer, and blind to what nobody sees."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import normalizers

from sentrep.data.normalization import (
    SPECIAL,
    normalize,
    tokenizer_steps,
    without_surrogates,
    word_preserving_steps,
)

INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200e\u200f\u202a\u202e\u2060\u2063\u2066\u2069\ufe0e\ufe0f\ufeff\U000e0041"
)
OLD_LETTERS = st.characters(exclude_categories=("Cs", "Co", "Cn", "Lm"), max_codepoint=0x1FAFF)
MIXED = st.text(
    st.one_of(OLD_LETTERS, st.sampled_from(INVISIBLE + "\u200b\u200c\u200dक्षبa é👩🏽♂")), max_size=12
)
NEWER_THAN_THE_LIBRARY = "\u32ff\ua7f2\ua7f3\ua7f4\uab69"


@pytest.mark.parametrize("sign", INVISIBLE)
def test_invisible_characters_are_removed(sign: str) -> None:
    assert normalize(f"{sign}eco{sign}nomic{sign}") == "economic"


@pytest.mark.parametrize(
    "sign", ["\u200b", "\x00", "\x1f", "\x7f", "\x9f", "\u3164", "\uffa0", "\u2800", "\u00a0"]
)
def test_invisible_spaces_are_spaces(sign: str) -> None:
    assert normalize(f"The{sign}government") == "The government"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("ක්\u200dෂ", "ක්\u200dෂ"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("🧑🏽\u200d🚀", "🧑🏽\u200d🚀"),
        ("eco\u200cnomic\u200d", "economic"),
        ("می\u200c .", "می ."),
        ("\u200dक", "क"),
    ],
)
def test_joiners_stay_where_a_script_needs_them(text: str, wanted: str) -> None:
    assert normalize(text) == wanted


@given(MIXED)
def test_a_saved_tokenizer_normalises_in_the_same_way(text: str) -> None:
    if any(sign in NEWER_THAN_THE_LIBRARY or unicodedata.category(sign) == "Cn" for sign in text):
        return
    assert normalizers.Sequence(tokenizer_steps()).normalize_str(text) == normalize(text)


@given(st.text(max_size=20))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


def test_surrogates_can_be_encoded_afterwards() -> None:
    assert without_surrogates("half \ud83d emoji") == "half \ufffd emoji"
    normalize("\udfff").encode()


@given(
    st.lists(st.text(st.characters(exclude_categories=("Z", "Cc", "Cs")), min_size=1, max_size=5), max_size=6)
)
def test_words_that_were_cut_before_stay_as_many(words: list[str]) -> None:
    found = normalizers.Sequence(word_preserving_steps()).normalize_str(" ".join(words))
    assert len(found.split(" ")) == max(1, len(words))


@pytest.mark.parametrize("token", SPECIAL)
def test_a_word_is_no_special_token(token: str) -> None:
    assert normalizers.Sequence(word_preserving_steps()).normalize_str(token) != token
