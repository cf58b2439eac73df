"""Spaces around signs: guessed, and nothing but spaces changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.detokenize import respaced
from sentrep.data.tokenization.tokenizer import Tokenizer


@pytest.mark.parametrize(
    ("cut", "wanted"),
    [
        ("brown- forman inc", "brown-forman inc"),
        ("98. 8 pct at 10: 30, 7, 000", "98.8 pct at 10:30, 7,000"),
        ("it' s theirs, we' ve said don' t", "it's theirs, we've said don't"),
        ("the u. s. said", "the u.s. said"),
        ("of< camco inc>", "of <camco inc>"),
        ("a( b) c", "a (b) c"),
        ("he said. she", "he said. she"),
        ("yes, no", "yes, no"),
        ("$ 5 and # 3", "$5 and #3"),
        ("", ""),
    ],
)
def test_as_a_reader_would(cut: str, wanted: str) -> None:
    assert respaced(cut) == wanted
    assert respaced(wanted) == wanted


@given(st.text(alphabet="ab7.,-'<>()$ /:", max_size=40))
def test_nothing_but_spaces_changes(text: str) -> None:
    assert respaced(text).replace(" ", "") == text.replace(" ", "")


def test_where_every_space_is_known_nothing_is_guessed() -> None:
    sentences = ["-LRB- the cat -RRB- 98. 8"] * 20
    made = Tokenizer.train(sentences, TokenizerConfig("spaces", vocab=50, lowercase=False))
    assert made.decode(made.encode(sentences[0])) == sentences[0]
