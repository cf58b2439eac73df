"""Agreement with a table of 300 sentences in 44 languages, beside NLTK's Punkt and pySBD."""

from __future__ import annotations

import pysbd
import pytest
from nltk.tokenize.punkt import PunktSentenceTokenizer
from pysbd.languages import LANGUAGE_CODES

from sentrep.data.splitting.segment import Segmenter
from tests.data.splitting.boundaries import Paragraph, f1, read_table

PARAGRAPHS = read_table()


@pytest.mark.parametrize("kept", [False, True])
def test_better_than_punkt_of_nltk_and_pysbd(kept: bool) -> None:
    segmenter = Segmenter.train(paragraph.text for paragraph in PARAGRAPHS)
    punkt = PunktSentenceTokenizer("\n\n".join(paragraph.text for paragraph in PARAGRAPHS))
    part = [paragraph for paragraph in PARAGRAPHS if paragraph.kept == kept]
    ours = f1(part, lambda paragraph: segmenter.split(paragraph.text))
    nltk = f1(part, lambda paragraph: punkt.tokenize(paragraph.text))
    rules = f1(part, by_pysbd)
    name = "kept" if kept else "open"
    print(f"\nF1 of boundaries, {name} part: sentrep {ours:.1f}, NLTK Punkt {nltk:.1f}, pySBD {rules:.1f}")
    assert ours > 97
    assert ours > max(nltk, rules)


def by_pysbd(paragraph: Paragraph) -> list[str]:
    language = paragraph.language if paragraph.language in LANGUAGE_CODES else "en"
    found: list[str] = pysbd.Segmenter(language=language, clean=False).segment(paragraph.text)
    return found


def test_the_table_is_large_and_whole() -> None:
    assert len({paragraph.language for paragraph in PARAGRAPHS}) >= 25
    assert sum(len(paragraph.sentences) for paragraph in PARAGRAPHS) >= 200
    kept = sum(len(paragraph.sentences) for paragraph in PARAGRAPHS if paragraph.kept)
    assert kept >= 200 / 3


def test_no_paragraph_loses_text() -> None:
    segmenter = Segmenter.train(paragraph.text for paragraph in PARAGRAPHS)
    for paragraph in PARAGRAPHS:
        found = segmenter.split(paragraph.text)
        assert "".join("".join(found).split()) == "".join(paragraph.text.split())
