"""The list of methods."""

from __future__ import annotations

import dataclasses

import pytest

from sentrep.encoders.config import EncoderConfig
from sentrep.inference.summarizer import Summarizing
from sentrep.inference.tree_parser import MakesTrees
from sentrep.methods.base import Method
from sentrep.methods.registry import METHODS, configured, entry
from sentrep.utils.errors import InputError


@pytest.mark.parametrize("name", METHODS)
def test_every_entry_is_a_method_with_settings_that_have_defaults(name: str) -> None:
    assert issubclass(entry(name).load(), Method)
    assert dataclasses.is_dataclass(entry(name).config())
    assert entry(name).config.__doc__
    assert name == name.lower().replace("_", "-")


@pytest.mark.parametrize("name", METHODS)
def test_what_comes_next_is_what_a_method_does(name: str) -> None:
    method, verb = entry(name).load(), entry(name).then.split()[1]
    assert (verb == "summarize") == issubclass(method, Summarizing)
    assert (verb == "parse") == issubclass(method, MakesTrees)


def test_a_typo_gets_the_nearest_name() -> None:
    with pytest.raises(InputError, match="no method is called 'quickthought'; did you mean 'quick-thought'"):
        entry("quickthought")
    with pytest.raises(InputError, match=r"there are: .*quick-thought"):
        entry("zzz")


def test_settings_of_another_method_are_refused() -> None:
    settings = entry("quick-thought").config
    assert configured("quick-thought", None) == settings()
    assert configured("quick-thought", settings(window=2)).window == 2
    with pytest.raises(InputError, match="quick-thought takes settings of"):
        configured("quick-thought", EncoderConfig())
