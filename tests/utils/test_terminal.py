"""Text of others on a terminal."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.utils.terminal import (
    cut_end,
    cut_middle,
    printable,
    replace_what_cannot_be_encoded,
    width,
    wrapped,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 数 🙂", "plain é 数 🙂"),
        ("two\nlines\tand\r\nmore", "two lines and more"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\x07b\x08c\x7f\x9b", "a\\x07b\\x08c\\x7f\\x9b"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\ud800", "\\ud800"),
        ("家\u200dx", "家\u200dx"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_that_is_shown_controls_the_terminal(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in shown)
    shown.encode()


def test_what_an_encoding_lacks_is_replaced() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    replace_what_cannot_be_encoded(stream)
    stream.write("naïve")
    stream.seek(0)
    assert stream.buffer.getvalue() == b"na?ve"  # type: ignore[attr-defined]


@pytest.mark.parametrize("cut", [cut_end, cut_middle])
@given(st.text(), st.integers(3, 40))
def test_a_cut_text_fits(cut: Callable[[str, int], str], text: str, limit: int) -> None:
    short = cut(text, limit)
    assert width(short) <= limit
    assert short == text or "…" in short


def test_a_combining_mark_stays_with_its_letter_and_takes_no_column() -> None:
    assert cut_end("cafe\N{COMBINING ACUTE ACCENT} noir", 5) == "cafe\N{COMBINING ACUTE ACCENT}…"


@given(st.text(), st.integers(2, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, limit: int) -> None:
    lines = wrapped(text, limit)
    assert all(width(line) <= limit for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
