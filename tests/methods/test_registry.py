"""The list of methods."""

from __future__ import annotations

import dataclasses

import pytest

from sentrep.encoders.config import EncoderConfig
from sentrep.methods import capabilities
from sentrep.methods.base import Method
from sentrep.methods.capabilities import HasContext, HasSummarizer, HasTrees
from sentrep.methods.registry import METHODS, configured, entry, methods_with
from sentrep.utils.errors import InputError
from tests.errors import refuses

CAPABILITIES = [each for name, each in vars(capabilities).items() if name.startswith("Has")]


@pytest.mark.parametrize("name", METHODS)
def test_every_entry_is_a_method_with_settings_that_have_defaults(name: str) -> None:
    assert issubclass(entry(name).load(), Method)
    assert dataclasses.is_dataclass(entry(name).config())
    assert entry(name).config.__doc__
    assert name == name.lower().replace("_", "-")


@pytest.mark.parametrize("name", METHODS)
def test_the_registry_lists_the_capabilities_that_the_class_has(name: str) -> None:
    method = entry(name).load()
    assert set(entry(name).capabilities) == {each for each in CAPABILITIES if issubclass(method, each)}


@pytest.mark.parametrize("name", METHODS)
def test_the_next_command_fits_the_capabilities(name: str) -> None:
    method, verb = entry(name).load(), entry(name).then.split()[1]
    assert (verb == "summarize") == issubclass(method, HasSummarizer)
    assert (verb == "parse") == issubclass(method, HasTrees)


def test_methods_are_found_by_capability() -> None:
    assert methods_with(HasContext) == ["cpc"]
    assert "urnng" in methods_with(HasTrees)


def test_a_typo_gets_the_nearest_name() -> None:
    with pytest.raises(InputError, match="did you mean 'quick-thought'"):
        entry("quickthought")
    with refuses(setting="method"):
        entry("zzz")


def test_settings_of_another_method_are_refused() -> None:
    settings = entry("quick-thought").config
    assert configured("quick-thought", None) == settings()
    assert configured("quick-thought", settings(window=2)).window == 2
    with refuses(setting="settings"):
        configured("quick-thought", EncoderConfig())
