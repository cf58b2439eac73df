"""The Python examples of the pages on mining give what the pages show."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.docs.pages import blocks
from tests.paths import ROOT

PAGES = [
    page
    for name in ("terms", "duplicates", "anomalies", "clusters", "corpus_report")
    if (page := ROOT / "docs" / f"{name}.md").is_file()
]
_SHOWN = re.compile(r"^```\n\n((?:    [^\n]*\n)+)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_prints_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (source,) = blocks(page, "python")
    shown = _SHOWN.search(page.read_text(encoding="utf-8"))
    assert shown is not None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, str(page), "exec"), {})
    assert printed.getvalue().split("\n") == re.sub("^    ", "", shown[1], flags=re.MULTILINE).split("\n")
