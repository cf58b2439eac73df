"""The report's page: whatever texts contain, a page it stays, small and closed to the world."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sentrep.evaluation import Model
from sentrep.evaluation.report import Run, sentences, write_report
from sentrep.evaluation.report.page import render
from tests.evaluation.report.report_toy import NASTY, data_of, topical, word_sum


class Elements(HTMLParser):
    """The elements of a page and what the scripts hold, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.scripts, self.policy = list[str](), list[str](), ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "meta" and ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] in ("script", "style"):
            self.scripts.append(data)


def test_texts_stay_texts(tmp_path: Path) -> None:
    plain = write_report([], tmp_path / "plain.html", model=word_sum(), sentences=topical(7))
    page = write_report([], tmp_path / "nasty.html", model=word_sum(), sentences=NASTY)
    seen = Elements(page.read_text(encoding="utf-8"))
    assert seen.tags == Elements(plain.read_text(encoding="utf-8")).tags
    assert seen.tags.count("script") == 2
    shown = data_of(page)["sentences"]["texts"]
    assert shown[:5] == NASTY[:5]
    assert shown[5] == "half a pair ? and\x00 more"
    assert shown[6] == f"a & b \\u003c {'long ' * 200}"[: sentences.CUT].rstrip() + "…"


def test_only_our_own_script_may_run_and_nothing_is_fetched(tmp_path: Path) -> None:
    text = write_report([], tmp_path / "report.html", runs=[Run("a", [{"step": 1, "loss": 1.0}])]).read_text(
        encoding="utf-8"
    )
    seen = Elements(text)
    style, _, script = (part for part in seen.scripts if part.strip())
    for part, kind in ((style, "style-src"), (script, "script-src")):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in seen.policy
    assert "default-src 'none'" in seen.policy
    assert "unsafe" not in seen.policy
    assert not re.search(
        r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(|<link|fetch\(|XMLHttpRequest|innerHTML|eval\(",
        text,
    )


class Wide:
    """Vectors that nothing makes smaller."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.random.default_rng(len(texts)).standard_normal((len(texts), 256)).astype(np.float32)


def test_the_page_is_small_and_says_how_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    monkeypatch.setattr(
        sentences, "places_on_map", lambda vectors, seed: random.integers(0, 1001, (len(vectors), 2))
    )
    vocabulary = [f"word{number}" for number in range(4000)]
    texts = [" ".join(random.choice(vocabulary, 25)) for _ in range(2500)]
    page = write_report([], tmp_path / "report.html", model=Model("wide", "wide", Wide()), sentences=texts)
    assert len(data_of(page)["sentences"]["texts"]) == 2000
    assert 1e6 < page.stat().st_size < 3e6
    assert f"{page.stat().st_size / 1e6:.1f} MB" in page.read_text(encoding="utf-8")


def test_scripts_are_short_and_shown_in_full() -> None:
    folder = Path(sentences.__file__).parent / "assets"
    page = render({}).decode()
    for file in folder.iterdir():
        lines = file.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 250, file.name
        assert max(map(len, lines)) <= 134 or file.suffix == ".css", file.name
        assert file.suffix == ".html" or lines[-1] in page, f"{file.name} is not on the page"
