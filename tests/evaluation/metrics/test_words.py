"""Words in scripts with spaces and without, and beginnings that are cut at words."""

from __future__ import annotations

import pytest

from sentrep.evaluation.metrics.words import first_plain, first_written, joined, plain_words, written_words

MIXED = "用GN-2型染料,  the U.S. 'dyes' (ひらがな)。"


def test_every_sign_is_in_some_written_word() -> None:
    assert "".join(written_words(MIXED)) == MIXED.replace(" ", "")
    assert written_words(MIXED)[:6] == ["用", "GN-2", "型", "染", "料", ","]


def test_plain_words_are_letters_and_digits() -> None:
    assert plain_words(MIXED) == [*("用", "gn", "2", "型", "染", "料", "the", "u", "s", "dyes"), *"ひらがな"]
    assert plain_words("Ünder_score, naïve; Ωmega ½") == ["ünder", "score", "naïve", "ωmega", "½"]
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
