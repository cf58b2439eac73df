"""constraints.txt has the version of every library that the code and its tests import."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.paths import ROOT

FOLDERS = ("sentrep", "tests", "scripts", "examples")


def normalized(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(file: Path) -> Iterator[str]:
    """Top-level modules that a file imports, at whatever place in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_imported_is_pinned(folder: str) -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normalized(line.split("==")[0]) for line in lines if "==" in line}
    found = {name for file in (ROOT / folder).rglob("*.py") for name in imported(file)}
    assert found
    distributions = packages_distributions()
    third_party = found - sys.stdlib_module_names - {"sentrep"}
    missing = {
        name
        for name in third_party
        if name in distributions and not pinned & set(map(normalized, distributions[name]))
    }
    assert not missing, f"{folder} imports {sorted(missing)}; add their versions to constraints.txt"


def test_no_library_is_pinned_twice() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    names = [normalized(line.split("==")[0]) for line in lines if "==" in line]
    assert len(names) == len(set(names))
