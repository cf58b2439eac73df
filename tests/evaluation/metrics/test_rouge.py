"""ROUGE: equal to a public implementation, to naive counting, and to what has been measured on Gigaword."""

from __future__ import annotations

import gzip
import json
from functools import cache

import numpy as np
import pytest

from sentrep.evaluation.metrics.rouge import (
    Overlap,
    common_subsequence,
    first_bytes,
    rouge_l,
    rouge_n,
    rouge_words,
)
from sentrep.evaluation.models.extractive import lead
from sentrep.evaluation.task import Summarizes
from tests.paths import SHARED_DATA

DATA = SHARED_DATA
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the working copy")

# Summary, reference, F1 of ROUGE-1, 2, L as rouge-score 0.1.2 (use_stemmer=True, nltk 3.10.4) has them. Its
# full precision is met on 2,296 further pairs: leads and content words of Reuters and Gigaword against their
# headlines.
PUBLIC = [
    ("Oil prices rose sharply on Monday after the cartel agreed to cut its output",
     "oil prices rise as cartel cuts output",
     0.47619, 0.105263, 0.47619),
    ("the minister said talks about fishing rights would be resumed next week",
     "Fishing-rights talks to resume",
     0.470588, 0.133333, 0.352941),
    ("the cat sat on the mat", "the mat sat on the cat", 1.0, 0.8, 0.666667),
    ("U.S. shares fell 3.5 pct, their largest daily loss in nine years",
     "US shares suffer biggest daily fall for nine years",
     0.347826, 0.095238, 0.347826),
    ("Generalizations of running dogs' happiness, relational and conditional",
     "happy dogs ran generally under conditions",
     0.571429, 0.0, 0.285714),
    ("a a a b b c", "a b b b c c", 0.666667, 0.6, 0.666667),
    ("police, police and more police", "more police", 0.571429, 0.4, 0.571429),
    ("the company's profits doubled", "nothing of the kind", 0.222222, 0.0, 0.222222),
    ("It's 1987: 42 ships lay idle off Piraeus", "42 ships idle in 1987", 0.571429, 0.166667, 0.428571),
    ("dying flies tied the skies, lies!", "die fly tie sky lie", 0.727273, 0.222222, 0.727273),
]  # fmt: skip

# The same of every 25th article of the dev part of summ-reuters-headline: its first 14 words against its
# headline.
REUTERS = [
    (0, 0.235294, 0.133333, 0.235294), (25, 0.363636, 0.1, 0.363636), (50, 0.315789, 0.117647, 0.315789),
    (75, 0.666667, 0.363636, 0.666667), (100, 0.636364, 0.4, 0.636364), (125, 0.315789, 0.117647, 0.315789),
    (150, 0.090909, 0.0, 0.090909), (175, 0.380952, 0.105263, 0.380952), (200, 0.571429, 0.210526, 0.571429),
    (225, 0.521739, 0.285714, 0.434783), (250, 0.0, 0.0, 0.0), (275, 0.086957, 0.0, 0.086957),
]  # fmt: skip


def _all(summary: str, *references: str) -> list[Overlap]:
    mine, theirs = rouge_words(summary), [rouge_words(reference) for reference in references]
    return [rouge_n(mine, theirs, 1), rouge_n(mine, theirs, 2), rouge_l(mine, theirs)]


def _f1(summary: str, *references: str) -> list[float]:
    return [each.f1 for each in _all(summary, *references)]


@pytest.mark.parametrize(("summary", "reference", "one", "two", "longest"), PUBLIC)
def test_equals_a_public_implementation(
    summary: str, reference: str, one: float, two: float, longest: float
) -> None:
    assert _f1(summary, reference) == pytest.approx([one, two, longest], abs=1e-6)


@needs_data
def test_equals_a_public_implementation_on_real_pairs() -> None:
    with gzip.open(DATA / "summ-reuters-headline" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line, _ in zip(lines, range(300), strict=False)]
    leads = _written(14, [record["article"] for record in records])
    found = [_all(summary, record["summary"]) for summary, record in zip(leads, records, strict=True)]
    for row, *wanted in REUTERS:
        assert [each.f1 for each in found[int(row)]] == pytest.approx(wanted, abs=1e-6), row
    means = np.mean([[each.f1 for each in three] for three in found], axis=0)
    assert means == pytest.approx([0.31298831, 0.11985748, 0.29511085], abs=1e-8)
    assert np.mean([three[0].recall for three in found]) == pytest.approx(0.48547547, abs=1e-8)


@needs_data
def test_the_first_eight_words_have_on_gigaword_what_they_are_known_to_have() -> None:
    with gzip.open(DATA / "summ-gigaword-test" / "test.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    leads = _written(8, [record["article"] for record in records])
    found = [_f1(summary, record["summary"]) for summary, record in zip(leads, records, strict=True)]
    assert len(found) == 1933
    assert 100 * np.mean(found, axis=0) == pytest.approx([21.46, 7.40, 20.09], abs=0.05)


def _written(count: int, articles: list[str]) -> list[str]:
    implementation = lead(count).implementation
    assert isinstance(implementation, Summarizes)
    return implementation.summarize(articles)


@pytest.mark.parametrize("seed", range(20))
def test_equals_naive_counting(seed: int) -> None:
    random = np.random.default_rng(seed)
    summary, *references = ["".join(random.choice(list("abcd"), random.integers(1, 90))) for _ in range(3)]
    for n in (1, 2, 3):
        hits, wanted = 0, 0
        grams = [summary[at : at + n] for at in range(len(summary) - n + 1)]
        for reference in references:
            theirs = [reference[at : at + n] for at in range(len(reference) - n + 1)]
            wanted += len(theirs)
            for gram in grams:
                if gram in theirs:
                    theirs.remove(gram)
                    hits += 1
        found = rouge_n(summary, references, n)
        assert found == pytest.approx((hits / max(wanted, 1), hits / max(2 * len(grams), 1)))
    for reference in references:
        assert common_subsequence(summary, reference) == _longest(summary, reference)


def _longest(first: str, second: str) -> int:
    """The textbook's recursion."""

    @cache
    def longest(i: int, j: int) -> int:
        if i == len(first) or j == len(second):
            return 0
        if first[i] == second[j]:
            return 1 + longest(i + 1, j + 1)
        return max(longest(i + 1, j), longest(i, j + 1))

    return longest(0, 0)


def test_several_references_are_pooled_as_the_script_does() -> None:
    one, two, longest = _all("the dog barks", "the dog", "a dog barks loud")
    assert one == (4 / 6, 4 / 6)  # hits 2 + 2; of 2 + 4 words wanted, and of 3 + 3 given
    assert two == (2 / 4, 2 / 4)
    assert longest == (4 / 6, 4 / 6)
    assert _all("the dog barks", "the dog", "the dog") == _all("the dog barks", "the dog")


def test_nothing_shared_and_nothing_there() -> None:
    for summary, reference in (("a b", "c d"), ("", "a b"), ("?!", "a b"), ("a b", "..."), ("", "")):
        assert _all(summary, reference) == [(0, 0)] * 3
        assert _f1(summary, reference) == [0, 0, 0]


def test_words_of_every_script() -> None:
    assert rouge_words("Naïve RUNNING_cats 3.5% don't") == ["naïv", "run", "cat", "3", "5", "don", "t"]
    assert rouge_words("GN型染料，α-淀粉酶") == ["gn", "型", "染", "料", "α", "淀", "粉", "酶"]
    assert rouge_words("カメラは速い。") == ["カ", "メ", "ラ", "は", "速", "い"]
    assert _f1("北京大学", "北京的大学") == pytest.approx([8 / 9, 4 / 7, 8 / 9])


def test_bytes_may_cut_a_word_but_no_letter() -> None:
    assert first_bytes("a" * 80, 75) == "a" * 75
    assert first_bytes("狗" * 30, 76) == "狗" * 25
    assert first_bytes("short", 75) == "short"
    assert first_bytes("a\ud800b", 75) == "ab"  # half a letter, as broken JSON may hold it


@pytest.mark.parametrize(
    ("one", "other"), [("किताब", "कुतुब"), ("কিতাব", "কুতুব"), ("كَتَبَ", "كُتِبَ"), ("שָׁלוֹם", "שִׁלוּם")]
)
def test_marks_tell_words_apart(one: str, other: str) -> None:
    assert rouge_n(rouge_words(one), [rouge_words(other)], 1).f1 == 0
    assert rouge_n(rouge_words(one), [rouge_words(one)], 1).f1 == 1


def test_invisible_characters_and_composed_accents_count_nothing() -> None:
    summary, reference = rouge_words("\ufeffThe cafe\u0301 eco\u00adnomic"), rouge_words("The café economic")
    assert rouge_n(summary, [reference], 1).f1 == 1
