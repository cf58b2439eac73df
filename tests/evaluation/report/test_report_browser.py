"""The report in a real browser: it draws itself, answers to pointer and keyboard, and asks nobody for
anything."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sentrep.evaluation import Model, ResultStore, evaluate, random_vectors
from sentrep.evaluation.report import Run, write_report
from sentrep.evaluation.report.words import words
from tests.evaluation.report.browser import CHROMIUM, Page, browsing
from tests.evaluation.report.report_toy import NASTY, TRAINED, data_of, topical, word_sum
from tests.evaluation.toy import Constant, letters, words_task

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)"),
]

CHINESE = ["北京市很大，人很多。", "上海也很大。", "今天天气很好。"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything on it."""
    folder = tmp_path_factory.mktemp("report")
    store = ResultStore(folder / "results.jsonl")
    tasks = [words_task(), words_task(seed=1)]
    tasks[1].name = "<b>others</b>"
    for model in (random_vectors(), letters(), Model("flat", "flat-1", Constant(1.0), TRAINED)):
        evaluate(model, tasks, store)
    history = [
        {"step": step, "loss": 5 / step, "valid_loss": 6 / step, "valid_mean_cosine": 0.5}
        for step in range(1, 21)
    ]
    runs = [
        Run("runs/a/model", history),
        Run("runs/b/model", [{**line, "loss": float("nan")} for line in history]),
    ]
    sentences = [*NASTY, *CHINESE, *topical(60)]
    return write_report(
        [store.path], folder / "report.html", runs=runs, model=word_sum(), sentences=sentences
    )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as page:
        page.size(1280, 900)
        page.scheme("light")
        yield page


@pytest.fixture
def page(browser: Page, report: Path) -> Iterator[Page]:
    """The report, freshly opened; whatever the test did to it, nothing may have gone wrong in it."""
    browser.errors.clear()
    browser.open(report)
    yield browser
    assert browser.errors == []
    assert set(browser.requests.values()) <= {report.absolute().as_uri(), "about:blank"}


def texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.innerText.trim())"
    )
    return found


def test_everything_is_drawn_and_texts_stay_texts(page: Page, report: Path) -> None:
    assert texts(page, "h2") == [
        "League table",
        "Training",
        "Sentences",
        "Worst failures",
        "How it was measured",
    ]
    assert texts(page, "#verdict") == [data_of(report)["league"]["verdict"]]
    assert texts(page, "#training-warnings p") == data_of(report)["league"]["training_warnings"]
    assert len(texts(page, ".league tbody tr")) == 3
    assert page.run("document.querySelectorAll('.map .dot').length") == len(
        data_of(report)["sentences"]["texts"]
    )
    assert (
        page.run("document.querySelectorAll('.heat i').length")
        == len(data_of(report)["sentences"]["heat"]["sentences"]) ** 2
    )
    assert "<b>others</b>" in texts(page, ".league th button")
    assert page.run("window.pwned") is None
    assert page.run("document.images.length") == 0


def test_no_other_script_runs(browser: Page, report: Path) -> None:
    """Even where somebody slips one in: the page's own policy is what is tried here, so its complaint is no
    error."""
    browser.open(report)
    browser.run(
        "void document.body.append(Object.assign(document.createElement('script'), "
        "{ textContent: 'window.pwned = 3' }))"
    )
    browser.run(
        "new Promise((done) => "
        "{ const i = new Image(); i.onerror = done; i.src = 'https://example.org/x.png'; }).then(() => 0)"
    )
    assert browser.run("window.pwned") is None
    assert any("Content Security Policy" in error for error in browser.errors)
    assert not any(url.startswith("http") for url in browser.requests.values())


def test_columns_sort_and_the_address_remembers(page: Page, report: Path) -> None:
    column = data_of(report)["league"]["groups"][0]["tasks"][0]["columns"]["nDCG@10"]
    models = [model["name"] for model in data_of(report)["league"]["models"]]
    best_first = sorted(models, key=lambda name: -column["cells"][models.index(name)][0])
    page.click(".league th:nth-child(3) button")
    assert [re.sub(r"^\S\s*", "", name) for name in texts(page, ".league tbody th")] == best_first
    assert page.run("document.querySelector('.league th:nth-child(3)').ariaSort") == "descending"
    page.press("Enter")
    assert [re.sub(r"^\S\s*", "", name) for name in texts(page, ".league tbody th")] == best_first[::-1]
    assert page.run("location.hash") == "#sort0=-3"
    page.open(report, "sort0=-3")
    assert [re.sub(r"^\S\s*", "", name) for name in texts(page, ".league tbody th")] == best_first[::-1]


def test_metrics_are_chosen(page: Page, report: Path) -> None:
    page.run(
        "(() => "
        "{ const s = document.querySelector('.group select'); s.value = 'MRR@10'; "
        "s.dispatchEvent(new Event('change')); })()"
    )
    cell = data_of(report)["league"]["groups"][0]["tasks"][0]["columns"]["MRR@10"]["cells"][1]
    assert texts(page, ".league tbody tr:nth-child(2) .value")[0] == f"{cell[0]:.3f}".lstrip("0")
    page.open(report, "metric0=R%401")
    assert texts(page, ".league th small")[2:4] == ["R@1", "R@1"]


def test_alarms_and_details_are_told_to_pointer_and_keyboard(page: Page, report: Path) -> None:
    assert any(
        "flat on anagrams: all vectors point the same way" in line for line in texts(page, ".alarms li")
    )
    page.move(".league tbody tr:nth-child(3) .score")
    assert "⚠ all vectors point the same way" in texts(page, "#tip")[0]
    page.run("document.querySelector('.league th:last-child button').focus()")
    page.press("Tab")
    page.press("ArrowRight")
    page.press("ArrowDown")
    (tooltip,) = texts(page, "#tip")
    assert tooltip.startswith("letters on anagrams")
    assert "20 items" in tooltip
    assert "beats random, flat" in tooltip
    page.press("Escape")
    assert page.run("document.getElementById('tip').hidden")


def test_curves_are_read_off(page: Page) -> None:
    page.move(".chart")
    (tooltip,) = texts(page, "#tip")
    step = int(re.search(r"step (\d+)", tooltip)[1])  # type: ignore[index]
    assert re.search(rf"a\s+training\s+{5 / step:.3g}0*\s", tooltip)
    assert re.search(r"b\s+training\s+nan", tooltip)
    page.run("document.querySelector('.chart').focus()")
    page.press("ArrowLeft")
    assert f"step {step - 1}" in texts(page, "#tip")[0]
    assert any("b, training: not a number at step 1." in caption for caption in texts(page, "figcaption"))
    page.click(".runs button:nth-child(2)")
    page.move(".chart")
    assert "nan" not in texts(page, "#tip")[0]
    assert page.run("location.hash") == "#hide=1"


def test_a_chosen_sentence_shows_its_neighbours(page: Page, report: Path) -> None:
    shown = data_of(report)["sentences"]
    page.open(report, "pick=12")
    near, cosines = shown["neighbours"][12]
    assert texts(page, "blockquote") == [shown["texts"][12]]
    assert texts(page, ".neighbours .short") == [shown["texts"][number] for number in near]
    assert texts(page, ".cosine")[0] == f"{cosines[0] / 1000:.3f}".lstrip("0")
    assert (
        page.run("document.querySelectorAll('.map .near').length")
        == len(near)
        == page.run("document.querySelectorAll('.ties line').length")
    )
    page.click(".neighbours li:nth-child(2) button")
    assert texts(page, "blockquote") == [shown["texts"][near[1]]]
    x, y = page.run(
        "(() => "
        "{ const b = document.querySelector('.map').getBoundingClientRect(); return [b.width, b.height]; })()"
    )
    page.run("document.querySelector('.map').focus()")
    moved = [texts(page, "blockquote")[0]]
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.press(key)
        moved.append(texts(page, "blockquote")[0])
    assert len(set(moved)) > 2
    assert x > y > 200


def test_the_map_tells_and_takes_a_dot(page: Page, report: Path) -> None:
    page.click(".map .dot:nth-of-type(20) path")
    chosen = int(page.run("new URLSearchParams(location.hash.slice(1)).get('pick')"))
    assert texts(page, "blockquote") == texts(page, "#tip") == [data_of(report)["sentences"]["texts"][chosen]]


def test_regions_are_told_apart_by_shape_as_well_as_by_colour(page: Page, report: Path) -> None:
    shown = data_of(report)["sentences"]
    looks = page.run(
        "[...document.querySelectorAll('.dot')].map((dot) => [dot.classList[1], "
        "dot.firstChild.getAttribute('d')])"
    )
    pairs = set(zip(shown["region"], map(tuple, looks), strict=True))
    regions = len(shown["labels"])
    assert len(pairs) == len({look for _, look in pairs}) == regions > 4, "each region has a look of its own"
    assert len({shape for _, (_, shape) in pairs}) == 4
    assert texts(page, ".names li") == [
        f"{'●■▲◆'[number % 4]} {label}" for number, label in enumerate(shown["labels"]) if label
    ]


def test_names_of_regions_do_not_cover_dots(page: Page) -> None:
    overlaps = """[...document.querySelectorAll('.names li')].flatMap((name) => {
        const a = name.getBoundingClientRect();
        return [...document.querySelectorAll('.dot path')].filter((dot) => {
            const b = dot.getBoundingClientRect();
            return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        });
    }).length"""
    assert page.run("document.querySelectorAll('.names li').length") > 0
    assert page.run(overlaps) == 0


@pytest.mark.parametrize("typed", ["the Anchor of a SHIP, at the harbour!", "北京市很大", "qqq anchor"])
def test_what_is_typed_is_guessed_as_python_would(page: Page, report: Path, typed: str) -> None:
    shown = data_of(report)["sentences"]
    made = shown["typed"]
    table, rows = (
        np.frombuffer(base64.b64decode(made[name]), dtype=np.int8).reshape(-1, made["width"]).astype(float)
        for name in ("wordVectors", "sentenceVectors")
    )
    known = [made["words"].index(word) for word in words(typed) if word in made["words"]]
    total = table[known].sum(axis=0)
    cosines = rows @ total / np.linalg.norm(rows, axis=1) / np.linalg.norm(total)
    page.click("#type")
    page.type(typed)
    assert texts(page, ".words")[0].split() == words(typed)
    assert texts(page, ".words s") == [word for word in words(typed) if word not in made["words"]]
    found = [float(text.replace("−", "-")) for text in texts(page, ".cosine")]
    assert found == pytest.approx(sorted(cosines, reverse=True)[: len(found)], abs=6e-4)
    assert "This page has no model in it" in texts(page, ".neighbours .note")[0]


def test_unknown_words_and_nothing_typed_are_said(page: Page) -> None:
    page.click("#type")
    page.type("qqqq")
    assert "None of these words is known." in texts(page, ".neighbours")[0]
    page.run(
        "(() => "
        "{ const i = document.getElementById('type'); i.value = ''; i.dispatchEvent(new Event('input')); })()"
    )
    assert texts(page, ".neighbours li") == []
    assert page.run("location.hash") == ""


def _lightness(page: Page) -> float:
    page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
    colour = page.run("getComputedStyle(document.body).backgroundColor")
    return float(np.mean([int(part) for part in re.findall(r"\d+", colour)[:3]]))


def test_light_and_dark_follow_the_system_until_told_otherwise(browser: Page, report: Path) -> None:
    browser.scheme("dark")
    browser.open(report)
    assert _lightness(browser) < 60
    browser.click("#theme")
    assert _lightness(browser) > 200
    assert browser.run("location.hash") == "#theme=light"
    browser.scheme("light")
    browser.open(report)
    assert _lightness(browser) > 200
    browser.open(report, "theme=dark")
    assert _lightness(browser) < 60


@pytest.mark.parametrize("width", [360, 420])
def test_the_league_table_is_whole_in_a_narrow_window(browser: Page, report: Path, width: int) -> None:
    browser.size(width, 800)
    browser.open(report)
    cells = "[...document.querySelectorAll('#league th, #league td, #league button')]"
    outside = "each.getBoundingClientRect().right > document.documentElement.clientWidth"
    hidden = "each.scrollWidth > each.clientWidth"
    assert browser.run(f"{cells}.filter((each) => {outside}).length") == 0
    boxes = "[...document.querySelectorAll('#league .scroll')]"
    assert browser.run(f"{boxes}.filter((each) => {hidden}).length") == 0
    browser.click(".league th:nth-child(3) button")
    assert browser.run("location.hash") == "#sort0=3"
    browser.size(1280, 900)


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_no_window_is_too_narrow(browser: Page, report: Path, width: int) -> None:
    browser.size(width, 800)
    browser.open(report, "pick=3")
    assert browser.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    browser.size(1280, 900)


def test_every_control_has_a_name(page: Page) -> None:
    controls = "[...document.querySelectorAll('button, input, select, [tabindex]')]"
    named = "each.textContent.trim() || each.labels?.length || each.closest('[aria-label]')"
    assert page.run(f"{controls}.length") > 40
    assert page.run(f"{controls}.filter((each) => !({named})).length") == 0
