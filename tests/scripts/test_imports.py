"""The scripts import each other without circles; imports inside functions count."""

from __future__ import annotations

import ast

from tests.paths import SCRIPTS

MODULES = {path.stem: path for path in sorted(SCRIPTS.glob("*.py"))}


def imported(name: str) -> set[str]:
    """The other scripts that a script imports anywhere."""
    found = set[str]()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found & set(MODULES)


def test_there_is_no_import_circle_between_scripts() -> None:
    needs = {name: imported(name) for name in MODULES}
    assert needs["league_peers"] == {"league_setup"}
    done = set[str]()
    while ready := {name for name in needs if name not in done and needs[name] <= done}:
        done |= ready
    assert not set(needs) - done
