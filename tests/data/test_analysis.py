"""Index terms: words in any script, stems, and stop words."""

from __future__ import annotations

import pytest

from sentrep.data.analysis import Analysis, languages, words
from sentrep.utils.errors import InputError


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The govern\u00adment said", "The government said"),
        ("\ufeffThe\u200bgovernment said", "The government said"),
        ("caf\u00e9", "cafe\u0301"),
        ("ｔｈｅ ﬁne", "the fine"),
        ("शब्द\u200b", "शब्द"),
        ("star\ufe0fs", "stars"),
        ("İstanbul", "istanbul"),
    ],
)
def test_what_looks_alike_has_the_same_terms(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("किताब", "कुतुब"), ("কিতাব", "কুতুব"), ("כָּתַב", "כִּתֵּב"), ("كَتَبَ", "كُتِبَ"), ("புத்தகம்", "பத்திகம்")],
)
def test_marks_tell_words_apart(one: str, other: str) -> None:
    assert len(words(one)) == len(words(other)) == 1
    assert words(one) != words(other)


def test_english_is_cut_to_stems_without_stop_words() -> None:
    assert Analysis("en")("The runners were running, don't they?") == ["runner", "run"]
    assert Analysis("english").name == Analysis("EN").name != Analysis().name


@pytest.mark.parametrize("language", languages())
def test_every_language_has_a_stemmer(language: str) -> None:
    assert Analysis(language)("zebra42") == Analysis(language)("ZEBRA42")
    assert Analysis(language).name.endswith(language)


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        Analysis("englsh")
    assert refused.value.setting == "language"
    assert "english" in str(refused.value)
