"""The report of a corpus: what it says of planted duplicates, groups and odd texts, and how it draws it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import sentrep
from sentrep.cli.main import main
from sentrep.utils.errors import InputError
from tests.evaluation.report.browser import CHROMIUM, Page, browsing
from tests.evaluation.report.report_toy import NASTY, data_of
from tests.mining.test_anomalies import CITY, FARM, texts

ODD = "quasars emit gravitational radiation beyond measure"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (apt-get install chromium)")


def corpus() -> list[str]:
    own = list(dict.fromkeys([*texts(FARM, 40, 0), *texts(CITY, 40, 1)]))
    return [*own, own[0], own[1], ODD]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    return sentrep.report(corpus=[*corpus(), *NASTY], out=folder / "report.html")


def test_the_page_tells_of_duplicates_odd_texts_clusters_and_terms(tmp_path: Path) -> None:
    file = tmp_path / "corpus.jsonl"
    lines = [json.dumps({"id": f"d{n}", "text": text}) for n, text in enumerate(corpus())]
    file.write_text("\n".join(lines), encoding="utf-8")
    assert main(["report", "--corpus", str(file), "--out", str(tmp_path / "page.html")]) == 0
    held = data_of(tmp_path / "page.html")["corpus"]
    assert held["duplicates"]["counts"]["exact"] == 2
    assert held["duplicates"]["dropped"] == sum(held["duplicates"]["counts"].values())
    assert ODD in [each["text"] for each in held["odd"][:3]]
    assert {term["term"] for term in held["terms"]} & set(FARM)
    assert sum(each["size"] for each in held["clusters"]) == len(corpus()) == held["texts"]
    assert len(held["map"]["places"]) == len(held["map"]["texts"]) == len(held["map"]["region"])
    assert set(held["map"]["ids"]) == {f"d{n}" for n in range(len(corpus()))}


def test_the_same_corpus_gives_the_same_page(tmp_path: Path) -> None:
    pages = [sentrep.report(corpus=corpus(), out=tmp_path / f"{n}.html").read_bytes() for n in range(2)]
    assert pages[0] == pages[1]


def test_of_many_texts_a_sample_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentrep.api.corpus_report.SAMPLE", 30)
    monkeypatch.setattr("sentrep.api.corpus_report.ON_MAP", 20)
    held = data_of(sentrep.report(corpus=corpus(), out=tmp_path / "page.html"))["corpus"]
    assert held["texts"] == len(corpus())
    assert sum(each["size"] for each in held["clusters"]) == held["sample"] == 30
    assert len(held["map"]["places"]) == 20


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"corpus": ["one"]}, "corpus"),
        ({"against": ["a b"]}, "against"),
        ({"model": "minilm"}, "input"),
        ({"input": ["one"]}, "model"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, given: dict[str, object], setting: str) -> None:
    with pytest.raises(InputError) as error:
        sentrep.report(out=tmp_path / "page.html", **given)  # type: ignore[arg-type]
    assert error.value.setting == setting


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as made:
        made.scheme("light")
        yield made


@pytest.mark.slow
@needs_browser
def test_a_cluster_and_a_term_are_shown_on_the_map(browser: Page, page: Path) -> None:
    browser.size(1200, 900)
    browser.open(page)
    browser.click(".clusters li:nth-child(2) button")
    size = browser.run("data.corpus.map.region.filter((own) => own === 1).length")
    assert browser.run("document.querySelectorAll('.map .near').length") == size > 5
    browser.click(".panel .lines li:first-child button")
    assert browser.run("document.querySelectorAll('.map .picked').length") == 1
    assert "cluster 2" in browser.run("document.querySelector('.panel').textContent")
    browser.run("document.querySelector('.terms li button').click()")
    term = browser.run("document.querySelector('.terms b').textContent")
    assert browser.run("document.getElementById('find').value") == term
    inside = browser.run(
        f"data.corpus.map.texts.filter((text) => text.toLowerCase().includes({term!r})).length"
    )
    assert browser.run("document.querySelectorAll('.map .near').length") == inside > 0


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("width", [360, 420, 1200])
def test_the_page_fits_the_window_asks_nobody_and_runs_no_text(browser: Page, page: Path, width: int) -> None:
    browser.size(width, 900)
    browser.open(page, "cluster=0")
    assert browser.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert browser.run("window.pwned === undefined")
    assert all(url.startswith(("file:", "about:")) for url in browser.requests.values())
    assert not browser.errors
    numbers = "[...document.querySelectorAll('.map .number')].map((each) => each.getBoundingClientRect())"
    apart = f"""{numbers}.every((one, place, all) => all.slice(place + 1).every((other) =>
        one.right <= other.left || other.right <= one.left || one.bottom <= other.top + 4
        || other.bottom <= one.top + 4))"""
    assert browser.run(apart)
