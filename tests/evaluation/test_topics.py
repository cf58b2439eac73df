"""Topic retrieval: equal to scikit-learn query by query, chance for the collapsed; labelled texts read as they are."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics

from sentrep.errors import InputError
from sentrep.evaluation import Model, bm25, evaluate, random_vectors, topics
from sentrep.evaluation.task import Embeds, unit
from sentrep.evaluation.topics import Labelled, Topics, read_labelled, read_topics
from sentrep.evaluation.tsv import MissingSplit
from tests.evaluation.toy import Constant, OneDirection, letters

DATA = Path(__file__).parents[3] / "shared" / "data"


def words_of_topics(count: int, seed: int = 0, length: int = 12) -> Labelled:
    """Three topics, each with a preference for letters of its own."""
    random = np.random.default_rng(seed)
    labels = [("first", "second", "third")[number % 3] for number in range(count)]
    letters = {"first": "aaabbbcdefgh", "second": "cccdddabefgh", "third": "eeefffabcdgh"}
    return Labelled("words", tuple("".join(random.permutation(list(letters[each]) * 2)[:length]) for each in labels), tuple(labels))


def _values(model: Model, task: Topics) -> dict[str, float]:
    done = evaluate(model, [task])
    assert not done.failed + done.skipped, done
    return {result.metric: result.value for result in done.results}


@pytest.mark.parametrize("at_once", [7, 256])
def test_equals_scikit_learn_query_by_query(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_QUERIES_AT_ONCE", at_once)
    monkeypatch.setattr(topics, "TOLERANCE", 0.0)  # nothing ties, but among so many cosines some are neighbours
    data = words_of_topics(90)
    model = random_vectors(16)
    scores = {score.metric: score.items for score in Topics(data).run(model)}
    vectors = unit(model.does, data.texts).astype(float)  # type: ignore[arg-type]
    for query in range(90):
        others = np.arange(90) != query
        cosines, same = (vectors @ vectors[query])[others], (np.array(data.labels) == data.labels[query])[others]
        assert scores["MAP"][query] == pytest.approx(metrics.average_precision_score(same, cosines), abs=1e-6)
        best = same[np.argsort(-cosines)]
        assert scores["P@10"][query] == pytest.approx(best[:10].mean())
        assert scores["R-precision"][query] == pytest.approx(best[: same.sum()].mean())


COLLAPSED: dict[str, Embeds] = {
    "constant": Constant(1.0),
    "wide": Constant(np.random.default_rng(0).standard_normal(1200)),
    "nan": Constant(float("nan")),
    "rank one": OneDirection(),
}


class AsRanks:
    """All documents alike, or none of them a number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[np.ndarray]:
        for _ in queries:
            yield np.full(len(documents), self.value, dtype=np.float32)


@pytest.mark.parametrize("does", [*COLLAPSED.values(), AsRanks(3.0), AsRanks(float("nan"))], ids=[*COLLAPSED, "ranks", "nan ranks"])
def test_a_collapsed_model_has_chance(does: Embeds) -> None:
    values = _values(Model("collapsed", "c", does), Topics(words_of_topics(300)))
    assert values["P@10"] == pytest.approx(99 / 299)
    assert values["R-precision"] == pytest.approx(99 / 299)
    harmonic = (1 / np.arange(1, 300)).sum()
    assert values["MAP"] == pytest.approx(98 / 298 * (1 - harmonic / 299) + harmonic / 299), "a random order of 299, 99 relevant"


def test_letters_and_bm25_find_topics_and_a_perfect_model_has_one() -> None:
    data = words_of_topics(120)
    assert min(_values(letters(), Topics(data)).values()) > 0.45
    spaced = Labelled("words", tuple(" ".join(text) for text in data.texts), data.labels)
    assert _values(bm25(), Topics(spaced))["P@10"] > 0.45
    perfect = Labelled("same", tuple("abc"[n % 3] * (n + 1) for n in range(45)), tuple("abc"[n % 3] for n in range(45)))
    assert set(_values(letters(), Topics(perfect)).values()) == {1.0}


def test_chinese_topics_are_found_by_bm25() -> None:
    texts = ("股票上涨了", "股票下跌了", "球队赢了比赛", "球队输了比赛")
    assert _values(bm25(), Topics(Labelled("zh", texts, ("股", "股", "球", "球"))))["R-precision"] == 1


def test_a_label_of_its_own_is_a_document_but_no_query() -> None:
    task = Topics(Labelled("few", ("aa", "ab", "zz"), ("a", "a", "z")))
    assert [score.items.shape for score in task.run(letters())] == [(2,)] * 3


def test_the_worst_queries_in_words() -> None:
    task = Topics(Labelled("few", ("aaa", "aab", "bbc", "ccb", "aaaz"), ("a", "a", "b", "b", "b")))
    first, *rest = task.run(letters())
    assert first.metric == "MAP"
    assert not any(score.examples for score in rest)
    worst = first.examples[0]
    assert (worst.question, worst.wanted, worst.got) == ("aaaz", "b", "a: aaa")
    assert worst.score == first.items.min()


def test_tables_json_lines_and_splits(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text('label\ttext\nx\tone "two\r\ny\tthree\n\nx\tfour\ny\tone "two\n')
    (tmp_path / "README.md").write_text("about")
    with gzip.open(tmp_path / "dev.jsonl.gz", "wt", encoding="utf-8") as file:
        for number in range(4):
            record = {"label": number % 2, "text": f" body\n\n{number}", "title": f"t{number}"}
            file.write(json.dumps(record) + "\n")
    (data,) = read_labelled(tmp_path, "topics")
    assert (data.name, data.split) == (f"{tmp_path.name}: topics", "test")
    assert (data.texts, data.labels) == (('one "two', "three", "four"), ("x", "y", "x")), "a text that occurs twice is taken once"
    (data,) = read_labelled(tmp_path, "topics", split="dev", name="mine")
    assert (data.name, data.split, data.texts[:2], data.labels) == ("mine", "dev", ("body 0", "body 1"), ("0", "1", "0", "1"))
    (data,) = read_labelled(tmp_path / "dev.jsonl.gz", "topics", text_field="title")
    assert (data.name, data.texts) == ("dev: topics", ("t0", "t1", "t2", "t3"))
    with pytest.raises(MissingSplit, match=r"no file of split 'train'; there are: dev\.jsonl\.gz, test\.tsv"):
        read_topics(tmp_path, split="train")
    (tmp_path / "test.tsv").rename(tmp_path / "more.tsv")
    assert [(data.name, data.split) for data in read_labelled(tmp_path, "topics", name="both")] == [
        ("both: dev", "dev"),
        ("both: more", "all"),
    ]


def test_a_sample_is_even_and_always_the_same(tmp_path: Path) -> None:
    (tmp_path / "all.tsv").write_text("label\ttext\n" + "".join(f"{number % 2}\ttext {number}\n" for number in range(300)))
    (task,) = read_topics(tmp_path, sample=100)
    assert isinstance(task, Topics)
    assert len(task.texts) == 100
    assert "100 of 300 texts, drawn evenly" in task.protocol
    assert task.texts == read_labelled(tmp_path, "topics", sample=100)[0].texts
    places = [int(text.removeprefix("text ")) for text in task.texts]
    assert places == sorted(places)
    assert 100 < np.mean(places) < 200
    assert read_topics(tmp_path, sample=100)[0].fingerprint != read_topics(tmp_path, sample=99)[0].fingerprint
    assert "drawn" not in read_topics(tmp_path)[0].protocol
    with pytest.raises(InputError, match="sample = 0"):
        read_topics(tmp_path, sample=0)


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("test.tsv", "label\ttext\na\tb\nc\n", r"test\.tsv:3: 1 columns"),
        ("test.tsv", "label\ttext\na\tb\nc\t \n", r"test\.tsv:3: nothing in column 'text'"),
        ("test.tsv", "label\ttext\na\tb\na\tc\n", r"test\.tsv: .*2 different texts with 1 labels"),
        ("test.tsv", "label\ttext\na\tb\nb\tc\n", "2 different texts with 2 labels"),
        ("test.jsonl", '{"label": "a", "text": "b"}\n{"text": "b"}\n', r"test\.jsonl:2: .*KeyError: 'label'"),
        ("test.jsonl", '{"label": "a", "text": 3}\n', r"test\.jsonl:1: expected a JSON object"),
        ("test.jsonl", "no JSON\n", r"test\.jsonl:1: expected a JSON object"),
        ("test.jsonl", '{"label": " ", "text": "b"}\n', r"test\.jsonl:1: nothing in 'label'"),
        ("test.jsonl.gz", "not packed\n", r"test\.jsonl\.gz: cannot be read"),
    ],
)
def test_bad_lines_are_refused_with_file_and_line(name: str, lines: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(lines)
    with pytest.raises(InputError, match=message):
        read_topics(tmp_path)


def test_what_holds_no_labelled_texts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text("score\tsentence1\tsentence2\n1\ta\tb\n")
    for path in (tmp_path, tmp_path / "test.tsv", tmp_path / "none"):
        with pytest.raises(InputError, match="no texts with labels"):
            read_topics(path)
    with pytest.raises(ValueError, match="2 texts and 1 labels"):
        Labelled("wrong", ("a", "b"), ("c",))


@pytest.mark.skipif(not DATA.is_dir(), reason="shared data are not here")
@pytest.mark.parametrize(
    ("name", "split", "texts", "labels"),
    [("ag-news", "test", 3798, 4), ("zh-thucnews-titles", "test", 4000, 10), ("corpus-bbc", "all", 2089, 5)],
)
def test_real_topics_are_read(name: str, split: str, texts: int, labels: int) -> None:
    (data,) = read_labelled(DATA / name, "topics")
    assert (data.split, len(data.texts), len(set(data.labels))) == (split, texts, labels)
