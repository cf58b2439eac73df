"""Each public name has an example in its docstring; `pytest sentrep` runs them."""

from __future__ import annotations

import doctest
import inspect

import pytest

import sentrep


@pytest.mark.parametrize("name", sentrep.__all__)
def test_every_public_name_has_an_example_that_runs(name: str) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(getattr(sentrep, name)) or "")
    assert examples, f"write an example of {name} into its docstring; it runs in tests/toy_folder.py"
    assert not any(doctest.SKIP in example.options for example in examples)
    assert any(example.want for example in examples)
