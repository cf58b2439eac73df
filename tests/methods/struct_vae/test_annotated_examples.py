"""Pairs of sentences and meanings, read from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.methods.struct_vae.annotated_examples import AnnotatedExamples, read_annotated_examples
from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.transition import TransitionSystem
from sentrep.utils.errors import InputError
from tests import toy
from tests.errors import refuses
from tests.methods.struct_vae.test_grammar import HOUSE, write

PAIRS = [
    {"text": "common1 common2", "logical_form": "(Switch to=On device=Heating)"},
    {"text": "common3", "logical_form": '(Ask about=(Lamp room="common3 common4"))'},
    {"text": "common1 common2 common5", "logical_form": "Ask"},
]


def read(
    place: Path, lines: list[str], used: int | None = None, longest: int = 9, max_actions: int = 9
) -> AnnotatedExamples:
    file = place / "my.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    tokenizer = Tokenizer(toy.tokenizer())
    system = TransitionSystem(Grammar.read(write(place, HOUSE)), tokenizer.vocab_size, max_actions)
    return read_annotated_examples(str(file), system, tokenizer, used, longest)


def test_sentences_and_derivations(tmp_path: Path) -> None:
    found, stop = read(tmp_path, [*map(json.dumps, PAIRS), ""]), len(toy.WORDS)
    common = toy.WORDS.index("common0")
    assert found.texts.lengths.tolist() == [2, 1, 3]
    assert found.texts.ids[1, 0] == common + 3
    assert found.derivations.mask.sum(2).flatten().tolist() == [4, 6, 2]
    assert found.derivations.actions[1, 0].tolist() == [
        stop + 2,
        stop + 5,
        common + 3,
        common + 4,
        stop,
        stop,
    ]
    assert found.derivations.actions[0, 0].tolist() == [stop + 1, stop + 3, stop + 6, stop, stop, stop]


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
def test_only_a_newline_ends_a_line(sign: str, tmp_path: Path) -> None:
    pair = {"text": f"common1{sign}common2", "logical_form": "Ask"}
    found = read(tmp_path, [json.dumps(pair, ensure_ascii=False), json.dumps(PAIRS[1])])
    assert found.texts.lengths.tolist() == [2, 1]


def test_some_of_them(tmp_path: Path) -> None:
    found = read(tmp_path, [*map(json.dumps, PAIRS)])
    last = found.select(torch.tensor([2]))
    assert last.derivations.actions.shape == (1, 1, 2)
    assert sorted(found.sample(2).texts.lengths.tolist()) in ([1, 2], [1, 3], [2, 3])
    assert len(found.sample(9).texts.ids) == 3
    assert len(read(tmp_path, [*map(json.dumps, PAIRS)], used=1).texts.ids) == 1
    assert read(tmp_path, [*map(json.dumps, PAIRS)], longest=2).texts.lengths.tolist() == [2, 1]
    assert read(tmp_path, [*map(json.dumps, PAIRS)], max_actions=5).texts.lengths.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "my.jsonl:2: not JSON"),
        ('["a"]', "my.jsonl:2: expected a record with two strings"),
        ('{"text": "a"}', "my.jsonl:2: expected a record with two strings"),
        (
            '{"text": "a", "logical_form": "(Ask abut=Heating)"}',
            "my.jsonl:2: expected [)] or a field of Ask; did you mean 'about'",
        ),
    ],
)
def test_what_is_no_pair_is_refused_with_its_line(line: str, says: str, tmp_path: Path) -> None:
    with refuses(place="my.jsonl:2"):
        read(tmp_path, [json.dumps(PAIRS[0]), line])


def test_nothing_left_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, [json.dumps(PAIRS[0])], max_actions=3)
    assert error.value.setting == "pairs"
    with pytest.raises(InputError) as error:
        read_annotated_examples(
            "nowhere.jsonl",
            TransitionSystem(Grammar.read(write(tmp_path, HOUSE)), 2, 9),
            Tokenizer(toy.tokenizer()),
            None,
            9,
        )
    assert error.value.setting == "pairs"
