"""Docstrings are found, cleaned and held out, and nothing that is held out is taught."""

from __future__ import annotations

import functools
import random
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentrep.data.docstrings import harvest as docstrings
from sentrep.data.docstrings import markup as docstring_markup
from sentrep.data.docstrings.harvest import Docstring, harvest, hold_out
from sentrep.data.overlap import overlapping_pairs, word_shingles, words
from tests.errors import refuses

MODULE = '''"""Tools for trees.

They grow. They fall (e.g. in autumn), see :class:`~garden.Leaf`.
"""
print("never executed"); raise SystemExit

class Leaf:
    """One leaf."""

    if True:
        def fall(self, speed, *, wind=0):
            r"""Let the leaf go.

            Parameters
            ----------
            speed : float
                How fast, in ``m/s``.
            wind : int, optional
                Wind. Defaults to 0.

            >>> leaf.fall(3)
            'down'
            """
            def inner():
                """Inner text is found too."""
            "not a docstring"

async def grow():
    "Grow, slowly."
'''


def test_harvest_finds_every_definition_without_running_anything(tmp_path: Path) -> None:
    (tmp_path / "garden").mkdir()
    (tmp_path / "garden" / "__init__.py").write_text(MODULE)
    found = {item.name: item for item in harvest([tmp_path])}
    assert list(found) == [
        "garden",
        "garden.Leaf",
        "garden.Leaf.fall",
        "garden.Leaf.fall.inner",
        "garden.grow",
    ]
    assert found["garden"].sentences == (
        "Tools for trees.",
        "They grow.",
        "They fall (e.g. in autumn), see garden.Leaf.",
    )
    assert found["garden.Leaf.fall"].summary == "Let the leaf go."
    assert found["garden.Leaf.fall"].body == (
        "speed : float How fast, in m/s.",
        "wind : int, optional Wind.",
        "Defaults to 0.",
    )


def test_bad_files_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docstrings, "LARGEST_FILE", 50_000)
    (tmp_path / "a_good.py").write_text('"""A good one.\n\nWith \\d in it."""')
    (tmp_path / "b_syntax.py").write_text('"""Bad."""\ndef f(:')
    (tmp_path / "c_null.py").write_bytes(b'"""Bad."""\0')
    (tmp_path / "d_encoding.py").write_bytes(b'"""Bad \xff."""')
    (tmp_path / "e_cookie.py").write_bytes(b'# -*- coding: klingon -*-\n"""Bad."""')
    (tmp_path / "f_deep.py").write_text('"""Bad."""\nx = ' + "-" * 40_000 + "1")
    (tmp_path / "g_huge.py").write_text('"""Huge."""' + "\n" * 50_000)
    (tmp_path / "h_latin.py").write_bytes(b'# coding: latin-1\n"""Caf\xe9 text."""')
    (tmp_path / "i_surrogate.py").write_text('"""Lone \\ud800 surrogate."""')
    (tmp_path / "j_link.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "skipped.py").write_text('"""Tests are skipped."""')
    with warnings.catch_warnings(), caplog.at_level("INFO"):
        warnings.simplefilter("error")
        found = harvest([tmp_path])
    assert [item.summary for item in found] == ["A good one.", "Café text.", "Lone surrogate."]
    assert "left out: 7 files" in caplog.text


def test_nothing_found_says_where(tmp_path: Path) -> None:
    (tmp_path / "empty.py").touch()
    with refuses(place=tmp_path):
        harvest([tmp_path])


def test_exact_copies_are_kept_once_and_many_processes_find_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docstrings, "FILES_A_TASK", 2)
    for number in range(6):
        (tmp_path / f"m{number}.py").write_text(f'"""Number {number // 2} of them."""')
    alone, together = harvest([tmp_path], processes=1), harvest([tmp_path], processes=2)
    assert alone == together
    assert [item.name for item in alone] == ["m0", "m2", "m4"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("One two.  Three four!\nFive six", ["One two.", "Three four!", "Five six"]),
        (
            "Sum.\n\nArgs:\n    x (int): The first,\n        continued.\n    y: The second.\n",
            ["Sum.", "x (int): The first, continued.", "y: The second."],
        ),
        ("Sum.\n\n:param x: the first\n:returns: the sum", ["Sum.", "x: the first", "the sum"]),
        ("Title\n=====\n\nText *here*, **there** and ``code``.", ["Text here, there and code."]),
        ("Do it::\n\n    x = code()\n    more\n\nAfter that.", ["Do it:", "After that."]),
        ("Do it.\n\n.. versionadded:: 1.2\n   New words.\n.. note:: Mind this.", ["Do it.", "Mind this."]),
        ("Do it.\n\n```python\nx = code()\n```\nAfter `text <http://x.y>`_.", ["Do it.", "After text."]),
        ("f(x, y) -> int\n\nReturn it.", ["Return it."]),
        ("Lists:\n\n- one thing\n- another\n  thing\n", ["Lists:", "one thing", "another thing"]),
        (
            "Cf. Smith et al. 2020, i.e. Fig. 3 of it. Then more.",
            ["Cf. Smith et al. 2020, i.e. Fig. 3 of it.", "Then more."],
        ),
        ("---\n***\n1 2 3", []),
    ],
)
def test_markup_goes_and_words_stay(raw: str, expected: list[str]) -> None:
    assert docstring_markup.sentences(raw) == expected


@given(st.text(alphabet=st.sampled_from("ab .:*`-_=#>\n\t()[]<>1é\ud800"), max_size=80) | st.text())
@example("¹¼")
def test_any_text_becomes_clean_sentences(raw: str) -> None:
    for sentence in docstring_markup.sentences(raw):
        sentence.encode("utf-8")
        assert sentence == sentence.strip()
        assert "\n" not in sentence
        assert any(word.isalpha() for word in sentence)


def test_overlap_agrees_with_a_double_loop() -> None:
    draw = random.Random(0)
    texts = [" ".join(draw.choices("abcd", k=draw.randint(0, 9))) for _ in range(60)]
    for share in (0.3, 0.6, 1.0):
        expected = [
            (i, j)
            for i, one in enumerate(texts)
            for j, other in enumerate(texts)
            if (common := len(word_shingles(one, 3) & word_shingles(other, 3)))
            and common >= share * len(word_shingles(one, 3)) - 1e-6
        ]
        assert sorted(overlapping_pairs(texts, texts, share, 3)) == expected


def _made_up(count: int, seed: int = 0) -> list[Docstring]:
    """Documents of random words, a third of them like earlier ones: the same summary or name, a word changed,
    text around it."""
    draw = random.Random(seed)
    vocabulary = [f"word{number}" for number in range(400)]
    made: list[Docstring] = []
    for number in range(count):
        name = f"package.module{number % 7}.Class{number}.method"
        if made and draw.random() < 0.33:
            original = draw.choice(made)
            body = list(original.body)
            body[-1] = " ".join((*body[-1].split()[:-1], "changed"))
            kind = draw.randrange(4)
            summary = original.summary if kind == 0 else " ".join(draw.choices(vocabulary, k=8))
            fresh = tuple(" ".join(draw.choices(vocabulary, k=12)) for _ in range(3))
            body = list(fresh) if kind in (0, 2) else [*body, *fresh] if kind == 1 else body
            made.append(Docstring(original.name if kind == 2 else name, summary, tuple(body)))
        else:
            made.append(
                Docstring(
                    name,
                    " ".join(draw.choices(vocabulary, k=8)),
                    tuple(" ".join(draw.choices(vocabulary, k=12)) for _ in range(3)),
                )
            )
    return made


@functools.cache
def _grams(text: str, length: int) -> frozenset[tuple[str, ...]]:
    found = words(text)
    return frozenset(tuple(found[i : i + length]) for i in range(max(len(found) - length + 1, 1)))


def _share_told(text: str, other: str, length: int) -> float:
    """By loops over all pairs, to differ from the way of the code."""
    return len(_grams(text, length) & _grams(other, length)) / len(_grams(text, length))


def _assert_honest(train: list[Docstring], bodies: list[Docstring]) -> None:
    for held in bodies:
        for other in [*train, *(body for body in bodies if body is not held)]:
            assert _share_told(held.body_text, " ".join(other.sentences), 3) < docstrings.NEAR
            assert _share_told(held.summary, other.summary, 2) < docstrings.NEAR


def test_nothing_held_out_is_taught_nor_any_near_duplicate() -> None:
    made = _made_up(300)
    split = hold_out(made, queries=20, candidates=100, seed=3)
    _assert_honest(split.train, split.bodies)
    assert not {item.name for item in split.train} & {item.name for item in split.bodies}
    assert 100 < len(split.train) < len(made) - 110  # copies were dropped, but not everything
    assert split.bodies[:20] == split.queries
    development = hold_out(split.train, queries=10, candidates=20, seed=4)
    _assert_honest(development.train, [*development.bodies])
    assert not {item.name for item in development.bodies} & {item.name for item in split.bodies}


def test_split_is_a_function_of_the_seed() -> None:
    made = _made_up(120)
    assert hold_out(made, 5, 20, seed=1) == hold_out(made, 5, 20, seed=1)
    assert hold_out(made, 5, 20, seed=1).bodies != hold_out(made, 5, 20, seed=2).bodies


def test_only_substantial_docstrings_are_held_out() -> None:
    long = ("it has ten words of its own to be found by", "and then ten more of them in another line here")
    assert docstrings.substantial(Docstring("m.f", "Find this thing.", long))
    assert not docstrings.substantial(Docstring("m.f", "Find.", long))
    assert not docstrings.substantial(Docstring("m.f", "Find this thing.", ("short", "body")))
    assert not docstrings.substantial(
        Docstring("m.f", "Find this thing.", (*long, "We find this thing here."))
    )
    assert not docstrings.substantial(Docstring("m.f", "x (int): The first of them.", long))


def test_asking_for_too_much_is_refused() -> None:
    with refuses(setting="candidates"):
        hold_out(_made_up(30), queries=10, candidates=40)
    with refuses(setting="queries"):
        hold_out(_made_up(30), queries=10, candidates=5)


def test_the_standard_library_has_enough_to_show() -> None:
    root = Path(sys.modules["email"].__file__ or "").parent
    found = harvest([root], processes=1)
    assert len(found) > 200
    assert all(item.summary for item in found)
    assert not [
        item for item in found if any(">>>" in sentence or "----" in sentence for sentence in item.sentences)
    ]
