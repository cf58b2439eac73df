"""Summarization: the metrics by hand, the lead of equal length, and how articles are read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from sentrep.evaluation import Model, Result, ResultStore, compare, evaluate, read_examples, read_items
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.evaluation.metrics.rouge import rouge_l, rouge_n, rouge_words
from sentrep.evaluation.models.extractive import content, lead, lead_like
from sentrep.evaluation.suite import tasks_from
from sentrep.evaluation.task import Summarizes
from sentrep.evaluation.tasks.summarization import (
    Summarization,
    Summarized,
    is_summarization,
    read_summarization,
)
from tests.errors import refuses
from tests.evaluation.toy import Letters, words_task
from tests.paths import SHARED_DATA

DATA = SHARED_DATA

METRICS = [
    *("R-1", "R-2", "R-L", "R-1 recall at 75 bytes", "R-1 over lead", "R-2 over lead", "R-L over lead"),
    *("words", "prefix copy", "novelty", "distinct-1", "distinct-2", "repetition"),
]


class Says:
    """A summarizer whose summaries are given."""

    def __init__(self, *summaries: str) -> None:
        self.summaries = list(summaries)

    def summarize(self, texts: Sequence[str]) -> list[str]:
        return self.summaries


def _values(task: Summarization, *summaries: str) -> dict[str, float]:
    done = evaluate(Model("says", "says", Says(*summaries)), [task])
    assert not done.failed, done.failed
    return {result.metric: result.value for result in done.results}


def _task(count: int = 40) -> Summarization:
    """Articles of random words whose summary is every third of the first twelve."""
    random = np.random.default_rng(0)
    words = np.array([f"{first}{second}u" for first in "bdfgklmnprst" for second in "aeio"])
    articles = [random.permutation(words)[:30] for _ in range(count)]
    return Summarization("toy", [Summarized(" ".join(each), (" ".join(each[0:12:3]),)) for each in articles])


def test_by_hand() -> None:
    task = Summarization(
        "one", [Summarized("Oil prices rose sharply on Monday, traders said.", ("traders see oil rise",))]
    )
    values = _values(task, "Traders: oil prices, oil up")
    assert list(values) == METRICS
    # traders oil price oil up / trader see oil rise; the lead of five words: oil price rose sharpli on
    assert values["R-1"] == pytest.approx(100 * 2 * 2 / (5 + 4))
    assert values["R-2"] == 0
    assert values["R-L"] == pytest.approx(100 * 2 * 2 / (5 + 4))
    assert values["R-1 recall at 75 bytes"] == 50
    assert values["R-1 over lead"] == pytest.approx(100 * (4 - 2) / 9)
    assert values["R-2 over lead"] == 0
    assert values["R-L over lead"] == pytest.approx(100 * (4 - 2) / 9)
    assert (values["words"], values["prefix copy"], values["novelty"]) == (5, 0, 1 / 4)
    assert (values["distinct-1"], values["distinct-2"], values["repetition"]) == pytest.approx(
        (4 / 5, 1, 1 / 5)
    )


def test_the_byte_limit_cuts_summary_and_references() -> None:
    long = " ".join(
        f"word{number:02}" for number in range(20)
    )  # ten words of seven bytes fit, and five bytes of the next
    task = Summarization("long", [Summarized("any", (long,)), Summarized("any", ("word00 word19",))])
    values = _values(task, long, long)
    assert values["R-1 recall at 75 bytes"] == pytest.approx((100 + 50) / 2)
    assert values["R-1"] == pytest.approx(100 * (1 + 4 / 22) / 2)


def test_the_reference_itself_and_nothing_at_all() -> None:
    task = _task()
    best = _values(task, *(each.summaries[0] for each in task.summarized))
    assert [best[metric] for metric in METRICS[:4]] == [100] * 4
    assert best["R-1 over lead"] > 30
    nothing = _values(task, *[""] * len(task.summarized))
    assert set(nothing.values()) == {0}


def test_of_several_references_all_count() -> None:
    one = Summarization("one", [Summarized("a", ("oil rises",))])
    two = Summarization("one", [Summarized("a", ("oil rises", "crude climbs"))])
    assert _values(one, "oil")["R-1"] == pytest.approx(100 * 2 / 3)
    assert _values(two, "oil")["R-1"] == pytest.approx(100 * 1 / 3)
    assert one.data != two.data
    assert two.data != Summarization("one", [Summarized("a", ("oil rises crude climbs",))]).data


def test_a_lead_is_nothing_over_the_lead() -> None:
    for count in (1, 5, 100):
        values = {result.metric: result for result in evaluate(lead(count), [_task()]).results}
        assert values["prefix copy"].value == 1
        for metric in METRICS[4:7]:
            assert (values[metric].low, values[metric].value, values[metric].high) == (0, 0, 0)


def test_over_lead_is_the_difference_to_the_lead_as_a_model(tmp_path: Path) -> None:
    model, task, store = content(5), _task(), ResultStore(tmp_path / "results.jsonl")
    mine = {result.metric: result for result in evaluate(model, [task], store).results}
    theirs = {result.metric: result for result in evaluate(lead_like(model), [task], store).results}
    for metric in ("R-1", "R-2", "R-L"):
        difference = read_items(mine[metric]) - read_items(theirs[metric])
        np.testing.assert_allclose(read_items(mine[f"{metric} over lead"]), difference)
    assert theirs["words"].value == mine["words"].value == 5


def test_who_chooses_well_beats_the_lead_and_who_chooses_at_random_does_not(tmp_path: Path) -> None:
    task, random, store = _task(), np.random.default_rng(1), ResultStore(tmp_path / "results.jsonl")
    articles = [each.article.split() for each in task.summarized]
    good = Model("good", "good", Says(*(" ".join(words[0:9:3]) for words in articles)))
    poor = Model("poor", "poor", Says(*(" ".join(random.permutation(words)[:3]) for words in articles)))
    found = {
        (r.model, r.metric): r
        for model in (good, poor, lead_like(good))
        for r in evaluate(model, [task], store).results
    }
    assert found["good", "R-1 over lead"].low > 0
    assert found["poor", "R-1 over lead"].high < 0
    compared = compare(tmp_path / "results.jsonl")
    assert set(compared.beats("good", ("toy", "test", "R-1"))) == {"poor", "lead like good"}
    assert compared.beats("poor", ("toy", "test", "R-1")) == []


def test_nobody_is_beaten_by_a_metric_that_only_describes(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "results.jsonl")
    for count in (3, 9):
        evaluate(lead(count), [_task()], store)
    compared = compare(tmp_path / "results.jsonl")
    (contest,) = [contest for contest in compared.contests if contest.column[2] == "words"]
    assert contest.significant
    assert not any(compared.beats(row, contest.column) for row in compared.rows)
    table = compared.table()
    assert "words (neither is better)" in table
    assert "prefix copy (lower is better)" in table


def test_results_say_which_side_is_better() -> None:
    results = evaluate(lead(3), [_task()]).results
    assert {result.metric for result in results if result.higher_is_better is False} == {
        "prefix copy",
        "repetition",
    }
    assert {result.metric for result in results if result.higher_is_better is None} == {
        "words",
        "novelty",
        "distinct-1",
        "distinct-2",
    }
    assert {result.count for result in results} == {40}
    assert {result.aggregate for result in results} == {"mean"}


def test_the_worst_are_told_in_words(tmp_path: Path) -> None:
    task = Summarization("two", [Summarized("a b", ("a",)), Summarized("c d", ("c", "e"))])
    done = evaluate(Model("m", "m", Says("a", "")), [task], ResultStore(tmp_path / "results.jsonl"))
    assert read_examples(done.results[0]) == [("c d", "c / e", "", 0.0), ("a b", "a", "a", 100.0)]
    assert not any(read_examples(result) for result in done.results[1:])


def test_a_model_that_embeds_as_well_is_asked_to_summarize() -> None:
    class Both(Letters, Says):
        pass

    model = Model("both", "both", Both(*["bau"] * 40))
    done = evaluate(model, [_task(), words_task()])
    assert not done.failed + done.skipped
    seconds: dict[str, list[Result]] = {}
    for result in done.results:
        seconds.setdefault(result.task, []).append(result)
    assert seconds["toy"][0].embedding_seconds == 0 < seconds["anagrams"][0].embedding_seconds


def test_too_few_summaries_are_a_failure_and_no_score() -> None:
    (failed,) = evaluate(Model("m", "m", Says("a", "b")), [_task()]).failed
    assert failed.reason.startswith("ValueError: ")
    assert all(number in failed.reason for number in (" 2 ", " 40 "))
    with refuses(ValueError):
        Summarization("none", [])


def test_chinese_is_compared_by_character() -> None:
    task = Summarization("zh", [Summarized("本文研究了染料的应用性能。", ("染料的性能",))])
    values = _values(task, "染料应用性能")
    assert values["words"] == 6
    assert values["R-1"] == values["R-L"] == pytest.approx(100 * 8 / 11)
    assert values["R-2"] == pytest.approx(100 * 4 / 9)
    assert values["R-1 over lead"] == pytest.approx(100 * (8 - 2) / 11)


def _lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_folders_files_and_splits(tmp_path: Path) -> None:
    record = {"article": "Oil rose.", "summary": "oil up", "id": 7}
    (tmp_path / "test.jsonl.gz").write_bytes(
        gzip.compress(_lines(record, record | {"summary": ["up", "oil"]}).encode())
    )
    (tmp_path / "dev.jsonl").write_text(_lines(record))
    (tmp_path / "README.md").write_text("nothing")
    assert is_summarization(tmp_path)
    assert is_summarization(tmp_path / "dev.jsonl")
    (task,) = _read(tmp_path)
    assert (task.name, task.split) == (tmp_path.name, "test")
    assert task.summarized == [Summarized("Oil rose.", ("oil up",)), Summarized("Oil rose.", ("up", "oil"))]
    assert [
        (each.name, each.split, len(each.summarized)) for each in _read(tmp_path, name="n", split="dev")
    ] == [("n", "dev", 1)]
    assert [type(each) for each in tasks_from(tmp_path / "dev.jsonl")] == [Summarization]
    with refuses(MissingSplit, place=tmp_path):
        _read(tmp_path, split="train")
    (tmp_path / "news.test.jsonl").write_text(_lines(record))
    assert [each.name for each in _read(tmp_path, name="n")] == ["n: news.test", "n: test"]


def test_fields_of_other_names(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text(_lines({"document": "a", "title": "b"}))
    assert not is_summarization(tmp_path)
    (task,) = read_summarization(tmp_path, article_field="document", summary_field="title")
    assert isinstance(task, Summarization)
    assert task.summarized == [Summarized("a", ("b",))]
    with refuses(place="test.jsonl:1"):
        _read(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"article": "a", "summary": "b"',
            r'jsonl:2: expected a JSON object with "article" and "summary" \(JSONDecodeError',
        ),
        ("[1]", r"test\.jsonl:2: expected a JSON object .* \(TypeError"),
        ('{"article": "a"}', r"test\.jsonl:2: expected a JSON object .* \(KeyError: 'summary'"),
        (
            '{"article": " ", "summary": "b"}',
            r"test\.jsonl:2: expected a text that is not empty in 'article', got ' '",
        ),
        (
            '{"article": 3, "summary": "b"}',
            r"test\.jsonl:2: expected a text that is not empty in 'article', got 3",
        ),
        (
            '{"article": "a", "summary": ""}',
            r"test\.jsonl:2: expected one text or a list of them, .* in 'summary', got ''",
        ),
        ('{"article": "a", "summary": []}', r"test\.jsonl:2: expected one text or a list"),
        ('{"article": "a", "summary": ["b", ""]}', r"test\.jsonl:2: expected one text or a list"),
        ('{"article": "a", "summary": {"b": 1}}', r"test\.jsonl:2: expected one text or a list"),
    ],
)
def test_bad_lines_are_refused(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"article": "a", "summary": "b"}\n' + line + "\n")
    with refuses(place="test.jsonl:2"):
        _read(tmp_path)


def test_what_holds_no_articles_is_refused(tmp_path: Path) -> None:
    with refuses(place=tmp_path):
        _read(tmp_path)
    (tmp_path / "test.jsonl").write_text("\n")
    with refuses(place="test.jsonl"):
        _read(tmp_path)
    assert not is_summarization(tmp_path)
    (tmp_path / "test.jsonl").write_bytes(b'{"article": "\xff"}')
    assert not is_summarization(tmp_path)
    with refuses(place="test.jsonl"):
        _read(tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the working copy")
@pytest.mark.parametrize(
    ("name", "count"),
    [("summ-reuters-headline", 4432), ("summ-gigaword-test", 1933), ("summ-zh-csl-title", 1000)],
)
def test_real_articles_are_read(name: str, count: int) -> None:
    (task,) = tasks_from(DATA / name)
    assert isinstance(task, Summarization)
    assert (task.name, task.split, len(task.summarized)) == (name, "test", count)


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the working copy")
def test_the_task_has_what_its_parts_have() -> None:
    (task,) = _read(DATA / "summ-zh-csl-title")
    some = Summarization("some", task.summarized[:50])
    values = {result.metric: result.value for result in evaluate(content(22), [some]).results}
    written, theirs = _content(some), [rouge_words(each.summaries[0]) for each in some.summarized]
    pairs = [(rouge_words(text), [reference]) for text, reference in zip(written, theirs, strict=True)]
    assert values["R-2"] == pytest.approx(100 * np.mean([rouge_n(*pair, 2).f1 for pair in pairs]))
    assert values["R-L"] == pytest.approx(100 * np.mean([rouge_l(*pair).f1 for pair in pairs]))


def _content(task: Summarization) -> list[str]:
    implementation = content(22).implementation
    assert isinstance(implementation, Summarizes)
    return implementation.summarize([each.article for each in task.summarized])


def _read(path: Path, name: str = "", split: str | None = None) -> list[Summarization]:
    return [
        task for task in read_summarization(path, name=name, split=split) if isinstance(task, Summarization)
    ]
