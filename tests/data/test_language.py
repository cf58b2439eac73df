"""The language of a corpus is found from a few sentences, and none where no stemmer fits."""

from __future__ import annotations

import pytest

from sentrep.data.language import guess_language

TEXTS = {
    "english": "This is a text about the weather. It was cold in the morning, but the sun came out at noon. ",
    "german": "Das ist ein Text über das Wetter. Am Morgen war es kalt, aber die Sonne kam am Mittag "
    "heraus. ",
    "french": "Ceci est un texte sur le temps. Il faisait froid le matin, mais le soleil est sorti à midi. ",
    "spanish": "Este es un texto sobre el tiempo. Hacía frío por la mañana, pero el sol salió al mediodía. ",
    "dutch": "Dit is een tekst over het weer. Het was koud in de ochtend, maar de zon kwam in de middag. ",
    "russian": "Это текст о погоде. Утром было холодно, но в полдень вышло солнце, и все были этому рады. ",
    "": "天气很冷，但是中午太阳出来了。大家都很高兴，一起去公园里散步。",
}


@pytest.mark.parametrize("language", TEXTS)
def test_languages_are_told_apart(language: str) -> None:
    assert guess_language([TEXTS[language]] * 10) == language


def test_codes_and_few_words_have_no_language() -> None:
    assert guess_language(["x1 = y2 + z3; q"] * 50) == ""
    assert guess_language(["the cat"]) == ""
