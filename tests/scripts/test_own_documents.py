"""The tables of own_documents.py: means of columns, and paired tests on the columns that both models have."""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pytest

from tests.paths import SCRIPTS


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("own_documents_rows")


def test_columns_weigh_alike_whatever_their_size(rows: ModuleType) -> None:
    items = {"a": np.ones(10), "b": np.zeros(1000)}
    assert rows.weighted(items, ["a", "b"]).mean() == pytest.approx(0.5)


def test_means_and_tests_are_of_the_columns_that_there_are(rows: ModuleType) -> None:
    table = rows.Table(
        {"x": {"a": np.ones(200), "b": np.ones(50)}, "y": {"a": np.arange(200) % 2.0}},
    )
    assert table.mean("x") == pytest.approx(100)
    assert table.mean("y") == pytest.approx(50)
    assert "| y | 50.0 | – | 50.0 |" in table.markdown()
    row = table.tests([("x", "y")]).splitlines()[-1]
    assert row.startswith("| x − y | +50.0 |")
    assert row.endswith("| < .001 | 1 / 0 / 0 |")
