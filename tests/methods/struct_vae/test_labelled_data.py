"""Pairs of sentences and meanings, read from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.labelled_data import Meanings, read_meanings
from sentrep.methods.struct_vae.transition import Machine
from sentrep.utils.errors import InputError
from tests import toy
from tests.methods.struct_vae.test_grammar import HOUSE, write

PAIRS = [
    {"text": "common1 common2", "meaning": "(Switch to=On device=Heating)"},
    {"text": "common3", "meaning": '(Ask about=(Lamp room="common3 common4"))'},
    {"text": "common1 common2 common5", "meaning": "Ask"},
]


def read(
    place: Path, lines: list[str], used: int | None = None, longest: int = 9, at_most: int = 9
) -> Meanings:
    file = place / "my.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer = Tokenizer(toy.tokenizer())
    machine = Machine(Grammar.read(write(place, HOUSE)), tokenizer.vocab_size, at_most)
    return read_meanings(str(file), machine, tokenizer, used, longest)


def test_sentences_and_derivations(tmp_path: Path) -> None:
    found, stop = read(tmp_path, [*map(json.dumps, PAIRS), ""]), len(toy.WORDS)
    common = toy.WORDS.index("common0")
    assert found.texts.lengths.tolist() == [2, 1, 3]
    assert found.texts.ids[1, 0] == common + 3
    assert found.derived.alive.sum(2).flatten().tolist() == [4, 6, 2]
    assert found.derived.actions[1, 0].tolist() == [stop + 2, stop + 5, common + 3, common + 4, stop, stop]
    assert found.derived.actions[0, 0].tolist() == [stop + 1, stop + 3, stop + 6, stop, stop, stop]


def test_some_of_them(tmp_path: Path) -> None:
    found = read(tmp_path, [*map(json.dumps, PAIRS)])
    last = found.rows(torch.tensor([2]))
    assert last.derived.actions.shape == (1, 1, 2)
    assert sorted(found.draw(2).texts.lengths.tolist()) in ([1, 2], [1, 3], [2, 3])
    assert len(found.draw(9).texts.ids) == 3
    assert len(read(tmp_path, [*map(json.dumps, PAIRS)], used=1).texts.ids) == 1
    assert read(tmp_path, [*map(json.dumps, PAIRS)], longest=2).texts.lengths.tolist() == [2, 1]
    assert read(tmp_path, [*map(json.dumps, PAIRS)], at_most=5).texts.lengths.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "my.jsonl:2: not JSON"),
        ('["a"]', "my.jsonl:2: expected a record with two texts"),
        ('{"text": "a"}', "my.jsonl:2: expected a record with two texts"),
        (
            '{"text": "a", "meaning": "(Ask abut=Heating)"}',
            "my.jsonl:2: expected [)] or a field of Ask; did you mean 'about'",
        ),
    ],
)
def test_what_is_no_pair_is_refused_with_its_line(line: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        read(tmp_path, [json.dumps(PAIRS[0]), line])


def test_nothing_left_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pair to learn from that has at most 9 tokens and 3 actions"):
        read(tmp_path, [json.dumps(PAIRS[0])], at_most=3)
    with pytest.raises(InputError, match="no such file"):
        read_meanings(
            "nowhere.jsonl",
            Machine(Grammar.read(write(tmp_path, HOUSE)), 2, 9),
            Tokenizer(toy.tokenizer()),
            None,
            9,
        )
