"""Options that several commands share: they say the same as the settings in Python that they stand for."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
from typing import Any, get_type_hints

import pytest

from sentrep.cli.options import Access, Reading, ReadingLines
from sentrep.data.config import CorpusConfig


def explanations(settings: type[Any]) -> dict[str, str]:
    """The text below each field of a dataclass."""
    definition = ast.parse(inspect.getsource(settings)).body[0]
    assert isinstance(definition, ast.ClassDef)
    return {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in itertools.pairwise(definition.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


@pytest.mark.parametrize("options", [Reading, ReadingLines, Access])
def test_options_of_reading_are_those_of_a_corpus(options: type[Any]) -> None:
    names = {field.name for field in dataclasses.fields(options)} - {"strict"}
    for aspect in (explanations, get_type_hints, vars):
        ours, theirs = aspect(options), aspect(CorpusConfig)
        assert {name: ours[name] for name in names} == {name: theirs[name] for name in names}
