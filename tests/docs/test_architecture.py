"""The page and the picture of the architecture show the layers and packages that there are."""

from __future__ import annotations

import re

from tests import test_layers
from tests.paths import ROOT

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
PICTURE = (ROOT / "docs/images/layers.svg").read_text(encoding="utf-8")
PACKAGES = {path.parent.name for path in (ROOT / "sentrep").glob("*/__init__.py")}
LAYERS = [{name for name in layer if not name.startswith("__")} for layer in test_layers.LAYERS]
TOP_DOWN = [layer for layer in reversed(LAYERS) if layer]


def test_the_table_has_the_layers_that_are_enforced() -> None:
    rows = re.findall(r"^\| \d+ \| (.+) \|$", PAGE, re.MULTILINE)
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == TOP_DOWN


def test_the_picture_has_the_layers_that_are_enforced() -> None:
    rows = re.findall(r'font-weight="bold">([^<]+)<', PICTURE)
    assert [set(row.split(" · ")) for row in rows] == TOP_DOWN


def test_the_tree_shows_every_package_and_no_other() -> None:
    tree = PAGE[PAGE.index("sentrep/\n") :].split("```")[0]
    assert set(re.findall(r"^  (\w+)/", tree, re.MULTILINE)) == PACKAGES


def test_files_that_pages_name_exist() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "eval").glob("*.md")]
    path = re.compile(r"`((?:sentrep|scripts|tests|docs|eval|examples)/[\w/.-]+\.\w+)`")
    named = [(page.name, name) for page in pages for name in path.findall(page.read_text("utf-8"))]
    assert named
    for page, name in named:
        assert (ROOT / name).exists(), f"{page} names {name}"
