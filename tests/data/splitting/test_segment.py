"""Splitting into sentences: Punkt's decisions held against NLTK's, and what is done around them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize.punkt import PunktLanguageVars, PunktParameters, PunktSentenceTokenizer

from sentrep.data.splitting.abbreviations import ABBREVIATIONS
from sentrep.data.splitting.punkt import Punkt
from sentrep.data.splitting.quotes import straight
from sentrep.data.splitting.segment import LONGEST, Segmenter
from tests.errors import refuses
from tests.paths import SHARED_DATA

NOVELS = SHARED_DATA / "corpus-novels" / "heldout.jsonl.gz"

TEXT = (
    "The committee met in Geneva on Jan. 5 at 3 p.m. and agreed. It was late. The U.S. delegation left "
    "early! Prof. A. B. Smith of the Dept. of Physics (a friend) disagreed... He said so. Costs rose 5.4 "
    'pct. Was it so? Nobody knew. J. Bach wrote it. She asked "Why?" and left. (He stayed.) "Go '
    'on." They did; etc. The '
    "end. See fig. 3, i.e. the left one. No. 5 is alive. "
)
ENGLISH_TEXT = (
    TEXT
    + "\n\n"
    + TEXT.replace("It was late", "it rained")
    + " the rain fell. nobody went. We saw him. we left. It ended."
)


class OneStopAtATime(PunktSentenceTokenizer):
    """NLTK's splitter; but where it asks whether a context holds any boundary, this asks about the stop in
    question."""

    def _slices_from_text(self, text):  # type: ignore[no-untyped-def]
        words = PunktLanguageVars().word_tokenize
        begun = 0
        for match, context in self._match_potential_end_contexts(text):
            behind = match.group("after_tok")
            this, that = words(context[: len(context) - len(behind)])[-1], words(behind.strip())[0]
            if self.text_contains_sentbreak(f"{this} {that}"):
                yield slice(begun, match.end())
                begun = match.start("next_tok") if match.group("next_tok") else match.end()
        yield slice(begun, len(text.rstrip()))


def nltk_of(segmenter: Segmenter, kind: type[PunktSentenceTokenizer]) -> PunktSentenceTokenizer:
    punkt, parameters = segmenter._punkt, PunktParameters()
    parameters.abbrev_types = set(punkt.abbreviations)
    parameters.collocations = set(punkt.collocations)
    parameters.sent_starters = set(punkt.starters)
    parameters.ortho_context.update(punkt.contexts)
    return kind(parameters)


def by_punkt(segmenter: Segmenter, paragraph: str) -> list[str]:
    """Split by Punkt's decisions alone, about the stops that NLTK asks about."""
    cuts = [0, *_cuts_of_punkt(segmenter._punkt, paragraph), len(paragraph)]
    found = [paragraph[a:b].strip() for a, b in pairwise(cuts)]
    return [sentence for sentence in found if sentence]


NARROW = re.compile(r"""[.?!](?=[ )";}\]*:@'({\[!?])""")
CLOSING = re.compile(r""" ?["')\]}]+(?: |(?=--)|$)""")


def _cuts_of_punkt(punkt: Punkt, text: str) -> Iterator[int]:
    begun = end = 0
    for stop in [*NARROW.finditer(text), None]:
        word = text.rfind(" ", end, stop.start()) + 1 if stop else len(text)
        if end and word and punkt.ends_sentence(text, begun, end):
            closing = CLOSING.match(text, end)
            yield closing.end() if closing else end
        if stop:
            begun, end = word or begun, stop.end()


def real_paragraphs() -> list[str]:
    if not NOVELS.exists():
        pytest.skip(f"no {NOVELS.name} under ../shared/data")
    with gzip.open(NOVELS, "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"][:400_000] for line in file]
    folded = [" ".join(paragraph.split()) for text in texts for paragraph in text.split("\n\n")]
    return [straight(paragraph) for paragraph in folded][::5]


def test_decisions_are_those_of_nltk_on_real_text() -> None:
    paragraphs = real_paragraphs()
    segmenter = Segmenter.train(paragraphs[::4])
    assert len(segmenter._punkt.contexts) > 3_000
    reference = nltk_of(segmenter, OneStopAtATime)
    for paragraph in paragraphs:
        assert by_punkt(segmenter, paragraph) == reference.tokenize(paragraph)
    assert len(paragraphs) > 1_500


@pytest.mark.slow
def test_where_unmodified_nltk_differs_it_splits_after_an_abbreviation() -> None:
    paragraphs = real_paragraphs()[:2_000]
    segmenter = Segmenter.train(paragraphs)
    theirs = nltk_of(segmenter, PunktSentenceTokenizer)
    both = [(by_punkt(segmenter, paragraph), theirs.tokenize(paragraph)) for paragraph in paragraphs]
    different = [(ours, nltk) for ours, nltk in both if ours != nltk]
    assert different
    for ours, nltk in different:
        extra = [sentence for sentence in nltk if sentence not in ours]
        assert len(nltk) > len(ours)
        assert any(
            sentence.split()[-1].lstrip("\"'(").rstrip(".").lower() in ABBREVIATIONS for sentence in extra
        )


@pytest.mark.parametrize("learnt", [True, False])
def test_decisions_are_those_of_nltk_on_hard_text(learnt: bool) -> None:
    segmenter = Segmenter.train([ENGLISH_TEXT] * 120) if learnt else Segmenter(Punkt())
    reference = nltk_of(segmenter, OneStopAtATime)
    for paragraph in ENGLISH_TEXT.split("\n\n"):
        folded = " ".join(paragraph.split())
        assert by_punkt(segmenter, folded) == reference.tokenize(folded)


WORDS = """ab A.B. Mr. mr. U.S. 5. 3.4 ... ? ! ." .) "( Zeit, x-y. -- — 'tis I"""


@given(st.lists(st.sampled_from(WORDS.split()), max_size=25))
def test_decisions_are_those_of_nltk_on_any_text(words: list[str]) -> None:
    punkt = Punkt(
        contexts={"zeit": 1 << 2, "ab": 1 << 5, "i": 1 << 1}, collocations=frozenset({("##number##", "ab")})
    )
    segmenter = Segmenter(punkt)
    paragraph = " ".join(words)
    assert by_punkt(segmenter, paragraph) == nltk_of(segmenter, OneStopAtATime).tokenize(paragraph)


CASES = {
    "“Good morning, Mr. Holmes.” He sat down.": ["“Good morning, Mr. Holmes.”", "He sat down."],
    "“Stop!” she cried. “Is it far?” he asked.": ["“Stop!” she cried.", "“Is it far?” he asked."],
    "“Stop!”—and she ran. ‘No.’ Dr. No left.": ["“Stop!”—and she ran.", "‘No.’", "Dr. No left."],
    "It is . . . far. Go!": ["It is ... far.", "Go!"],
    "One.\ntwo  three.\n \nFour\n\n\n—\n\n5": ["One.", "two three.", "Four —", "5"],
    "他走了。“你好！”他说。真的吗？！「はい。」と言った。": [
        "他走了。",
        "“你好！”他说。",
        "真的吗？！",
        "「はい。」と言った。",
    ],
    "“我……”他说，“不知道。”": ["“我……”他说，“不知道。”"],
    "你好!我是王。我……不去": ["你好!", "我是王。", "我……不去"],
    "The tokenised one said : `` Go . '' Then it left .": [
        "The tokenised one said : `` Go . ''",
        "Then it left .",
    ],
    "": [],
    " \n\n * * * \n\n": [],
}


@pytest.mark.parametrize("text", CASES)
def test_sentences(text: str) -> None:
    assert Segmenter(Punkt()).split(text) == CASES[text]


def test_lines_are_taken_as_they_are() -> None:
    segmenter = Segmenter(Punkt())
    assert segmenter.sentences("One. Two.\n  three  four \n\n!!\n5", lines=True) == [
        "One. Two.",
        "three four",
        "5",
    ]


def test_what_has_no_stop_is_cut_at_white_space() -> None:
    words = [f"word{i}" for i in range(3000)]
    found = Segmenter(Punkt()).split(" ".join(words))
    assert max(map(len, found)) <= LONGEST
    assert min(map(len, found[:-1])) > LONGEST // 2
    assert " ".join(found).split() == words
    assert [len(piece) for piece in Segmenter(Punkt()).split("x" * 4500)] == [2000, 2000, 500]


def test_abbreviations_of_the_corpus_are_learnt_but_not_from_a_few_lines() -> None:
    text = "".join(
        f"The Abt. Nord met Herr {name} there. We saw the Abt. Ost of {name} again. They ate. "
        for name in ("Abel", "Beck")
    )
    assert "abt" in Segmenter.train([text] * 700)._punkt.abbreviations
    assert Segmenter.train([text])._punkt.abbreviations == ABBREVIATIONS
    assert Segmenter.train([]).split("It works. It does.") == ["It works.", "It does."]


def test_parameters_survive_json_and_nothing_else_is_taken_for_them() -> None:
    segmenter = Segmenter.train([ENGLISH_TEXT] * 120)
    saved = segmenter.to_json()
    assert Segmenter.from_json(saved).to_json() == saved
    assert Segmenter.from_json(saved).split(ENGLISH_TEXT) == segmenter.split(ENGLISH_TEXT)
    for wrong in (
        "",
        "{}",
        "[1]",
        '{"abbreviations": 3, "collocations": [], "starters": [], "contexts": {}}',
    ):
        with refuses(setting="text"):
            Segmenter.from_json(wrong)


MARKS = "aB1ßЖ .!?…。”“\"'«»„‘’()[]-—•\n，،。؟।አ中あกක\u200d😀"


@given(st.text(max_size=80) | st.text(alphabet=st.sampled_from(MARKS), max_size=80))
def test_every_character_is_in_one_sentence(text: str) -> None:
    segmenter = Segmenter(Punkt())
    found = segmenter.split(text)
    letters = any(map(str.isalnum, text))
    assert "".join("".join(found).split()) == ("".join(text.split()) if letters else "")
    assert all(sentence == " ".join(sentence.split()) for sentence in found)
    assert all(any(map(str.isalnum, sentence)) for sentence in found if len(sentence) < LONGEST)


@given(st.text(max_size=80) | st.text(alphabet=st.sampled_from(MARKS), max_size=80))
def test_spans_are_the_sentences(text: str) -> None:
    segmenter = Segmenter(Punkt())
    spans, found = segmenter.spans(text), segmenter.split(text)
    bare = ["".join(text[start:stop].split()) for start, stop in spans]
    assert bare == ["".join(sentence.split()) for sentence in found]
    assert all(text[start:stop].strip() == text[start:stop] for start, stop in spans)
