"""Passages: whole sentences of one section, offsets that point at their text."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.source import Piece, ReadReport, read
from sentrep.data.splitting.passages import Heading, assemble, count_words, find_blocks, find_code, passages
from sentrep.data.splitting.punkt import Punkt
from sentrep.data.splitting.segment import Segmenter
from sentrep.utils.errors import InputError

SEGMENTER = Segmenter(Punkt())
PROSE = " ".join(f"Sentence number {number} has six words." for number in range(60))

LINES = st.sampled_from(
    [
        "One two. Three four five.",
        "| a | b |",
        "a\tb",
        "```",
        "# x",
        "他走了。她来了！",
        "ใครมา?",
        "",
        "  ",
        "Six…",
        "!",
    ]
)
TEXTS = st.lists(LINES, max_size=30).map("\n".join) | st.text(max_size=200)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[Heading]]:
    text = draw(TEXTS)
    offsets = sorted(set(draw(st.lists(st.integers(0, len(text)), max_size=4))))
    return text, [(offset, (f"Heading {offset}",)) for offset in offsets]


@given(documents(), st.integers(1, 30), st.integers(1, 30))
def test_passages_cover_every_character_once(
    document: tuple[str, list[Heading]], words: int, block: int
) -> None:
    text, headings = document
    found = passages(text, SEGMENTER.spans(text), headings, passage_words=words, block_words=block)
    assert "".join(passage.text for passage in found) == text
    assert all(text[passage.start : passage.end] == passage.text for passage in found)
    assert all(left.end == right.start for left, right in pairwise(found))
    assert [passage.number for passage in found] == list(range(len(found)))


@given(documents(), st.integers(2, 30), st.data())
def test_overlapping_passages_cover_every_character(
    document: tuple[str, list[Heading]], words: int, data: st.DataObject
) -> None:
    text, headings = document
    overlap = data.draw(st.integers(1, words - 1))
    sentences = SEGMENTER.spans(text)
    plain = passages(text, sentences, headings, passage_words=words)
    found = passages(text, sentences, headings, passage_words=words, passage_overlap=overlap)
    covered = {at for passage in found for at in range(passage.start, passage.end)}
    assert covered == set(range(len(text)))
    assert all(text[passage.start : passage.end] == passage.text for passage in found)
    assert all(left.start < right.start and left.end < right.end for left, right in pairwise(found))
    assert {passage.headings for passage in found} == {passage.headings for passage in plain}


@given(documents(), st.integers(1, 30))
def test_no_passage_runs_over_a_heading(document: tuple[str, list[Heading]], words: int) -> None:
    text, headings = document
    for passage in passages(text, SEGMENTER.spans(text), headings, passage_words=words):
        letters = [at for at in range(passage.start, passage.end) if not text[at].isspace()]
        above = {max((offset for offset, _ in headings if offset <= at), default=None) for at in letters}
        assert len(above) <= 1
        if letters:
            assert passage.headings == dict(headings).get(above.pop(), ())


def test_passages_are_whole_sentences_of_about_the_size() -> None:
    sentences = SEGMENTER.spans(PROSE)
    found = passages(PROSE, sentences, document="a", title="Numbers", passage_words=60)
    starts = {start for start, _ in sentences}
    assert all(passage.start in starts for passage in found)
    assert all(abs(count_words(passage.text) - 60) <= 3 for passage in found)
    assert {(passage.document, passage.title) for passage in found} == {("a", "Numbers")}
    assert [passage.previous for passage in found] == [None, *range(len(found) - 1)]
    assert [passage.following for passage in found] == [*range(1, len(found)), None]


def test_overlap_repeats_whole_sentences_of_the_section() -> None:
    half = len(PROSE) // 2
    headings: list[Heading] = [(half, ("B",))]
    found = passages(PROSE, SEGMENTER.spans(PROSE), headings, passage_words=60, passage_overlap=13)
    pairs = list(pairwise(found))
    assert {left.headings == right.headings for left, right in pairs} == {True, False}
    for left, right in pairs:
        repeated = PROSE[right.start : left.end]
        if left.headings == right.headings:
            assert repeated.count("Sentence") == 2
        else:
            assert not repeated


def test_a_short_rest_joins_the_passage_before_it() -> None:
    text = " ".join(["Four words in it."] * 31)
    found = passages(text, SEGMENTER.spans(text), passage_words=40)
    assert [count_words(passage.text) for passage in found] == [40, 40, 44]


def test_tables_and_code_stay_whole_up_to_a_limit() -> None:
    table = "| a | 1. Two. |\n" * 10
    code = "```\nx = 1. \nprint(x)! Yes.\n```\n"
    text = f"{PROSE}\n{table}\nThen.\n{code}The end."
    assert [text[start:end] for start, end in find_blocks(text)] == [table, code]
    sentences = SEGMENTER.spans(text)
    for block in (table, code):
        assert sum(block in passage.text for passage in passages(text, sentences, passage_words=20)) == 1
    small = passages(text, sentences, passage_words=20, block_words=10)
    assert all(table not in passage.text for passage in small)
    assert all(passage.text.count("|") % 3 == 0 for passage in small)


def test_characters_count_where_there_are_no_spaces() -> None:
    text = "他昨天去了市场。" * 40
    found = passages(text, SEGMENTER.spans(text), passage_words=80)
    assert len(found) == 4
    assert all(passage.text.endswith("。") for passage in found)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("passage_words", 0), ("passage_overlap", -1), ("passage_overlap", 120), ("block_words", 0)],
)
def test_impossible_sizes_are_refused(setting: str, value: int) -> None:
    with pytest.raises(InputError) as error:
        passages("One.", [(0, 4)], **{setting: value})  # type: ignore[arg-type]
    assert error.value.setting == setting


def test_pieces_of_a_document_are_joined(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "guide.md"
    file.write_text(
        "# Guide\n\nIt is short. Read it.\n\n## Rice\n\nWash it.\n\n### Water\n\nBoil it. Stir.\n"
    )
    pieces = list(read(CorpusConfig((str(file),)), ReadReport()))
    text, sentences, headings = assemble(pieces, SEGMENTER)
    assert {"Read it.", "Wash it.", "Stir."} <= {text[start:end] for start, end in sentences}
    found = passages(text, sentences, headings, document=pieces[0].id, title=pieces[0].title)
    assert [passage.headings[-1] for passage in found] == ["Guide", "Rice", "Water"]
    assert [passage.text.split()[-1] for passage in found] == ["it.", "it.", "Stir."]


def test_lines_are_sentences_where_the_reader_says_so() -> None:
    pieces = [Piece(0, "a", "", "One. Two\n!!\n three  four ", True), Piece(0, "a", "", "Five. Six.", False)]
    text, sentences, headings = assemble(pieces, SEGMENTER)
    assert [text[start:end] for start, end in sentences] == ["One. Two", "three  four", "Five.", "Six."]
    assert headings == []


def test_underlines_of_headings_are_no_fences() -> None:
    assert find_code("Usage\n~~~~~\nRun it.\n\nOptions\n~~~~~~~\nThere are none.\n") == []
    assert find_code("~~~\na\n~~~\n") == [(0, 10)]
    assert find_code("```python\n```not the end\n```\nText.") == [(0, 29)]


def test_the_time_grows_with_the_text_and_not_with_its_square() -> None:
    """Two tab-separated lines in turn with prose: 10,000 tables."""
    part = "a\tb\tc\nd\te\tf\n\nSome prose here.\n\n"
    text = part * 10_000
    sentences = [(at, at + 16) for at in range(14, len(text), len(part))]
    began = time.process_time()
    assert len(find_blocks(text)) == 10_000
    passages(text, sentences)
    assert time.process_time() - began < 10


def test_a_sentence_within_a_block_is_no_place_to_cut() -> None:
    text = "One is here.\n\na\tb\nTwo is. So\tc\n\nThree is here."
    sentences = [(0, 12), (18, 25), (26, 30), (32, 46)]
    found = passages(text, sentences, passage_words=1)
    assert [each.text.strip() for each in found] == ["One is here.", "a\tb\nTwo is. So\tc", "Three is here."]
