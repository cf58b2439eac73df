"""Examples in docstrings that use ``sentrep.`` run in a folder with texts and small runs, see
tests/toy_folder.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from _pytest.doctest import DoctestItem


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("docstrings")


@pytest.fixture(autouse=True)
def _examples_run_in_the_toy_folder(
    request: pytest.FixtureRequest, doctest_namespace: dict[str, Any]
) -> None:
    if not isinstance(request.node, DoctestItem) or request.node.dtest is None:
        return
    source = "".join(example.source for example in request.node.dtest.examples)
    if "sentrep." not in source:
        return
    import sentrep
    from tests.toy_folder import prepare

    folder: Path = request.getfixturevalue("toy_folder")
    monkeypatch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SENTREP_CACHE", str(folder / "cache"))
    doctest_namespace |= {"sentrep": sentrep, "Path": Path}
    prepare(folder, source)
