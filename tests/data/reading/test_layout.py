"""Telling corpora that are split already from prose, and cutting text into portions."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.layout import recognise
from sentrep.data.reading.portions import portions
from sentrep.data.reading.source import ReadReport, read
from sentrep.data.reading.wrapping import unwrap
from tests.data.reading.layouts import JOINED, SEPARATE
from tests.data.reading.readers import texts_of

PROSE = (
    "The village lay in a hollow between two hills, and nobody who lived there had ever seen the sea. "
    "“Is it far?” the boy would ask. His grandmother did not know. She had once met "
    "Mr. Hale, who had been a sailor; "
    "he had spoken of waves as high as the church tower, and of fish that flew. It was a long time ago! "
)


def lines_of(*paragraphs: str, width: int) -> str:
    return "\n\n".join("\n".join(textwrap.wrap(paragraph, width)) for paragraph in paragraphs)


SENTENCES = [
    "The cat sat.",
    "Was it glad, one wondered?",
    "“It was.”",
    "Mr. Hale agreed with all of that, more or less.",
    "The end!",
]
SHAPES = {
    "sentences": ("\n".join(SENTENCES * 20), "lines"),
    "tokenised sentences": (
        "\n".join(["the cat sat on the mat .", "was it glad ?", "it was , he said ."] * 9),
        "lines",
    ),
    "sentences in documents": ("\n\n".join(["\n".join(SENTENCES)] * 9), "lines"),
    "Chinese sentences": (
        "\n".join(["他走了。", "你为什么不去呢？", "“我不知道。”", "天黑了，路上没有人。"] * 5),
        "lines",
    ),
    "wrapped at 72": (lines_of(PROSE * 3, PROSE * 2, width=72), "wrapped"),
    "wrapped at 40": (lines_of(PROSE, PROSE * 2, width=40), "wrapped"),
    "wrapped Chinese": (
        "\n".join(textwrap.wrap("他说他要走了，可是谁也不知道他往哪里去。天黑了，路上没有人。" * 20, 28)),
        "wrapped",
    ),
    "a paragraph a line": ("\n".join([PROSE.strip()] * 30), "paragraphs"),
    "one line": (PROSE * 30, "paragraphs"),
    "a line, a blank": ("\n\n".join(SENTENCES * 9), "paragraphs"),
    "headlines": (
        "\n".join(
            ["Ad sales boost profit", "Dollar gains on Greenspan speech and much else besides", "Yukos"] * 9
        ),
        "paragraphs",
    ),
    "nothing": ("", "paragraphs"),
}


@pytest.mark.parametrize("kind", ["txt", "jsonl", "csv", "parquet"])
@pytest.mark.parametrize("name", [*SEPARATE, *JOINED])
def test_the_texts_of_many_layouts_are_found(tmp_path: Path, name: str, kind: str) -> None:
    apart = SEPARATE.get(name, "")
    text, wanted = JOINED.get(name) or (apart, [*filter(None, apart.split("\n"))])
    file = tmp_path / f"x.{kind}"
    if kind == "parquet":
        pyarrow.parquet.write_table(pyarrow.table({"text": [text]}), file)
    elif kind == "csv":
        file.write_text('text\n"' + text.replace('"', '""') + '"\n')
    else:
        file.write_text(text if kind == "txt" else json.dumps({"text": text}))
    texts, report = texts_of(file)
    assert texts == wanted
    assert report.clean
    assert report.assumed_counts.total() == 1
    assert any(str(file) in line for line in report.lines())


@pytest.mark.parametrize("split", ["lines", "paragraphs", "wrapped"])
def test_a_layout_that_is_named_is_not_assumed(tmp_path: Path, split: str) -> None:
    (tmp_path / "x.txt").write_text("Some words that\ngo on here.\nMore.\nStill more.\nAnd more.")
    texts, report = texts_of(tmp_path, split=split)
    assert texts[0].startswith("Some words that go on here." if split == "wrapped" else "Some words that")
    assert not report.assumed


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_recognised(name: str) -> None:
    text, shape = SHAPES[name]
    assert recognise(text) == shape


def test_unwrapping_joins_lines_and_keeps_paragraphs() -> None:
    wrapped = lines_of(PROSE * 3, PROSE, width=60)
    assert unwrap(wrapped) == f"{(PROSE * 3).strip()}\n\n{PROSE.strip()}"
    assert unwrap("天黑了，\n路上没有人\n也没有灯。") == "天黑了，路上没有人也没有灯。"


_SIGNS = [
    ">",
    "> ",
    ">  ",
    "\t",
    " ",
    "-",
    "* ",
    "1.",
    "|",
    "`",
    "\u3000",
    "中",
    "word",
    "END.",
    "go on and on ",
]


@given(st.lists(st.lists(st.sampled_from(_SIGNS), max_size=5).map("".join), max_size=8).map("\n".join))
def test_unwrapping_takes_any_lines_and_keeps_all_letters(text: str) -> None:
    recognise(text)
    letters = [sign for sign in text if sign.isalnum()]
    assert [sign for sign in unwrap(text) if sign.isalnum()] == letters


def test_a_line_of_quotation_marks_alone_is_no_error() -> None:
    assert "goes on" in unwrap("A sentence that is long and\n>  >  \ngoes on in the next line.")


def test_blank_lines_part_the_documents_of_a_split_corpus(tmp_path: Path) -> None:
    file = tmp_path / "split.txt"
    file.write_text("\n\n\n".join(["\n".join(SENTENCES)] * 3))
    pieces = list(read(CorpusConfig((str(file),)), ReadReport()))
    assert [(p.document, p.id, p.text, p.lines) for p in pieces] == [
        (i, f"split.txt#{i + 1}", "\n".join(SENTENCES), True) for i in range(3)
    ]
    prose = list(read(CorpusConfig((str(file),), split="prose"), ReadReport()))
    assert [(p.document, p.lines) for p in prose] == [(0, False)]
    file.write_text("no stop here\nnor here\n\nbut another document")
    declared = list(read(CorpusConfig((str(file),), split="lines"), ReadReport()))
    assert [(p.document, p.text) for p in declared] == [
        (0, "no stop here\nnor here"),
        (1, "but another document"),
    ]


def test_documents_of_a_long_split_corpus_survive_the_cuts(tmp_path: Path) -> None:
    documents = [
        "\n".join(f"Document {d} says sentence {i}." for i in range(1 + 700 * (d % 4))) for d in range(24)
    ]
    file = tmp_path / "split.txt"
    file.write_text("\n\n".join(documents))
    found: dict[int, list[str]] = {}
    for piece in read(CorpusConfig((str(file),)), ReadReport()):
        assert piece.lines
        found.setdefault(piece.document, []).append(piece.text)
    assert ["\n".join(parts) for parts in found.values()] == documents


@given(st.lists(st.text(alphabet="ab .。\n", max_size=60), max_size=20), st.integers(3, 40))
def test_portions_are_bounded_and_lose_nothing_but_white_space(blocks: list[str], most: int) -> None:
    found = list(portions(blocks, most))
    assert all(0 < len(portion.text) <= most for portion in found)
    squeezed = "".join("".join(portion.text for portion in found).split())
    assert squeezed == "".join("".join(blocks).split())


BROKEN = """The commission talked about inter-
national law, about well-
known facts, a self-
made man and what is un-
certain, in an envi-
ronment of soft\xad
ware. Later it saw that international law is a well-known thing, and uncertain, and that
the self of man was not made."""


def test_words_that_a_hyphen_cuts_are_joined() -> None:
    joined = unwrap(BROKEN, edge=20)
    for whole in ("international law,", "well-known facts", "a self-made man", "is uncertain,", "software."):
        assert whole in joined
    assert "an environment" in joined  # as this text cuts words


def test_a_hyphen_that_stands_for_the_rest_of_a_word_keeps_its_space() -> None:
    assert (
        unwrap("Vor- und Nachteile der Ein-\nund Ausgabe.", 12) == "Vor- und Nachteile der Ein- und Ausgabe."
    )
    assert unwrap("There were two-\nand threefold ones.", 12) == "There were two- and threefold ones."


def test_hyphens_stay_in_a_text_that_cuts_no_words() -> None:
    text = "He was a well-\nknown man, and well-known too was the far-\nreaching plan."
    assert unwrap(text, edge=20) == "He was a well-known man, and well-known too was the far-reaching plan."
