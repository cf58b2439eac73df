"""Label-free tasks: questions that a text asks of itself."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from sentrep.evaluation import Model, Retrieval, bm25, evaluate, label_free, random_vectors
from sentrep.evaluation.datasets.heldout_text import read_label_free
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.utils.errors import InputError
from tests.errors import refuses
from tests.evaluation.toy import Constant, OneDirection
from tests.paths import SHARED_DATA

DATA = SHARED_DATA
KINDS = ["next sentence", "inverse cloze", "title to body", "same document"]


class Text(NamedTuple):
    id: str
    title: str
    sentences: list[str]


def _documents(count: int, titles: bool = True) -> Iterator[Text]:
    """Each document has a word of its own in every sentence, and a place word that its neighbours share."""
    for number in range(count):
        word = f"word{number}"
        lines = [
            f"{word} here stands place{number}x{place} beside place{number}x{place + 1}" for place in range(6)
        ]
        yield Text(str(number), f"about {word}" if titles else "", lines)


def _by_name(tasks: list[Retrieval]) -> dict[str, Retrieval]:
    return {task.name.rpartition(": ")[2]: task for task in tasks}


def test_each_question_has_its_answer() -> None:
    tasks = _by_name(label_free(_documents(50), "toy", queries=40, candidates=100))
    assert list(tasks) == KINDS
    following, cloze, body, same = tasks.values()
    assert [len(task.queries) for task in tasks.values()] == [40, 40, 40, 40]
    assert [len(task.documents) for task in tasks.values()] == [100, 50, 50, 100]
    for query, own, answers in zip(following.queries, following.own, following.relevant, strict=True):
        place = query.split()[-1]
        assert place in following.documents[answers[0]].split()
        assert own == -1 or following.documents[own] == query
    for query, answers in zip(body.queries, body.relevant, strict=True):
        assert query.split()[1] in body.documents[answers[0]]
    for query, own, answers in zip(same.queries, same.own, same.relevant, strict=True):
        assert same.documents[own] == query
        assert own not in answers
        assert {same.documents[answer].split()[0] for answer in answers} == {query.split()[0]}
        assert len(answers) == 3
    assert cloze.own == [-1] * 40


def test_the_cloze_is_a_sentence_from_the_middle_of_a_passage_and_the_passage_lacks_it() -> None:
    tasks = _by_name(label_free(_documents(50), "toy"))
    cloze = tasks["inverse cloze"]
    taken = Counter[int]()
    for query, answers in zip(cloze.queries, cloze.relevant, strict=True):
        (answer,) = answers
        number, place = query.split()[0].removeprefix("word"), int(query.split()[-3].partition("x")[2])
        lines = next(text.sentences for text in _documents(50) if text.id == number)
        assert cloze.documents[answer] == " ".join(line for line in lines if line != query)
        taken[place] += 1
    assert set(taken) == {1, 2, 3, 4}, "the first and the last of six stay"
    assert max(taken.values()) < 30, taken


def test_a_passage_that_says_a_sentence_twice_asks_nothing_of_it() -> None:
    refrain = "the same line again and again"
    songs = [
        Text(str(n), "", [f"verse number {n} begins", refrain, f"{refrain}, says {n}"]) for n in range(30)
    ]
    assert "inverse cloze" not in _by_name(label_free(songs, "songs"))


def test_a_long_document_makes_many_passages_and_short_sentences_ask_nothing() -> None:
    book = Text("1", "", [f"sentence number {n} of a long book" if n % 4 else "No." for n in range(400)])
    cloze = _by_name(label_free([book], "book"))["inverse cloze"]
    assert len(cloze.documents) == 50
    assert "No." not in cloze.queries


def test_with_few_documents_more_sentences_of_each_are_sought() -> None:
    books = [Text(str(n), "", [f"in book {n} stands sentence {m}" for m in range(200)]) for n in range(5)]
    many = _by_name(label_free(books, "books"))["same document"]
    assert (len(many.documents), len(many.relevant[0])) == (160, 31)
    assert "same document" not in _by_name(label_free(books[:1], "book")), "every document would be an answer"


def test_words_answer_and_chance_does_not() -> None:
    tasks = label_free(_documents(60), "toy")
    for model, low, high in ((bm25(), 0.85, 1.0), (random_vectors(64), 0.0, 0.3)):
        done = evaluate(model, tasks)
        values = {result.task: result.value for result in done.results if result.metric == "nDCG@10"}
        assert set(values) == {task.name for task in tasks}
        for task, value in values.items():
            assert low <= value <= high, (model.name, task)


def test_without_titles_the_first_sentence_asks_and_is_not_in_the_body() -> None:
    body = _by_name(label_free(_documents(20, titles=False), "toy"))["title to body"]
    assert all(query.startswith("word") for query in body.queries)
    for query, answers in zip(body.queries, body.relevant, strict=True):
        assert query not in body.documents[answers[0]]
        assert query.split()[0] in body.documents[answers[0]]


def test_a_title_repeated_as_the_first_line_does_not_answer_itself() -> None:
    documents = (Text(text.id, text.title, [text.title, *text.sentences]) for text in _documents(20))
    body = _by_name(label_free(documents, "toy"))["title to body"]
    assert body.queries
    assert not any(
        query in body.documents[answers[0]]
        for query, answers in zip(body.queries, body.relevant, strict=True)
    )


def test_repeated_sentences_are_asked_and_found_once() -> None:
    refrain = "the same line again and again"
    documents = [
        Text(str(n), "", [f"verse number {n} begins", refrain, f"verse number {n} ends now"])
        for n in range(30)
    ]
    for task in label_free(documents, "songs"):
        assert max(Counter(task.documents).values()) == 1
        assert all(
            task.documents[own] == query
            for query, own in zip(task.queries, task.own, strict=True)
            if own >= 0
        )
        assert not any(
            task.queries[n] == task.documents[answers[0]] for n, answers in enumerate(task.relevant)
        )


def test_the_same_seed_asks_the_same_and_another_does_not() -> None:
    first, again, other = (label_free(_documents(200), "toy", candidates=50, seed=seed) for seed in (1, 1, 2))
    assert [task.data for task in first] == [task.data for task in again]
    assert all(one.data != two.data for one, two in zip(first, other, strict=True))


def test_too_little_text_is_refused_and_too_few_to_choose_from_is_no_task() -> None:
    with refuses(setting="heldout"):
        label_free([Text("1", "", ["only one sentence here"])], "tiny")
    with refuses(setting="heldout"):
        label_free(_documents(3), "tiny")
    for asked in ({"queries": 0}, {"candidates": 19}):
        with refuses(setting=next(iter(asked))):
            label_free(_documents(5), "few", **asked)
    assert [task.name for task in label_free(_documents(5), "few")] == [
        "few: next sentence",
        "few: same document",
    ]


@pytest.mark.parametrize(
    "implementation",
    [Constant(1.0), Constant(float("nan")), OneDirection()],
    ids=["constant", "nan", "rank one"],
)
def test_collapsed_models_stand_at_chance_and_trip_the_alarm(implementation: Constant) -> None:
    tasks = label_free(_documents(60), "toy", approximate=True)
    done = evaluate(Model("collapsed", "c", implementation), tasks)
    assert [alarm.task for alarm in done.alarms] == [task.name for task in tasks]
    for task in tasks:
        values = {result.metric: result.value for result in done.results if result.task == task.name}
        chances = [1 / (len(task.documents) - (own >= 0)) for own in task.own]
        assert values["R@10"] == pytest.approx(10 * sum(chances) / len(chances), rel=1e-9)
        assert values["R@10 (HNSW)"] == pytest.approx(values["R@10"], rel=1e-9)
    assert not evaluate(random_vectors(64), tasks).alarms


def _chinese(count: int) -> list[Text]:
    signs = (
        "天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨"
        "露结为霜金生丽水玉出昆冈剑号巨阙珠称夜光"
    )
    names = [first + second for first in signs for second in signs][:count]
    return [
        Text(
            name,
            f"话说{name}",
            [f"{name}走进园子里来。", f"众人见了{name}便笑。", "都不说话。", f"只有{name}坐下吃茶。"],
        )
        for name in names
    ]


def test_chinese_asks_and_is_found() -> None:
    tasks = label_free(_chinese(80), "红楼")
    assert list(_by_name(tasks)) == KINDS
    following, cloze, body, _ = tasks
    assert "都不说话。" not in following.queries, "five signs are too few to have one answer"
    assert len(following.documents) == 80
    assert not any(" " in document for document in [*cloze.documents, *body.documents]), (
        "no spaces between sentences"
    )
    for model, low, high in ((bm25(), 0.9, 1.0), (random_vectors(64), 0.0, 0.3)):
        done = evaluate(model, tasks)
        values = {result.task: result.value for result in done.results if result.metric == "nDCG@10"}
        for task in (cloze, body):
            assert low <= values[task.name] <= high, (model.name, task.name)
        assert not done.alarms


def _write(file: Path, documents: list[Text], **fields: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wt") if file.suffix == ".gz" else file.open("w") as out:
        for text in documents:
            out.write(
                json.dumps(
                    {"id": text.id, "title": text.title, "text": " \n\n".join(text.sentences), **fields}
                )
                + "\n"
            )
    return file


def test_a_folder_holds_its_parts_in_files(tmp_path: Path) -> None:
    documents = list(_documents(150))
    folder = tmp_path / "corpus"
    _write(folder / "train-00.jsonl", documents[:50])
    _write(folder / "valid.jsonl.gz", documents[50:100])
    _write(folder / "heldout.jsonl", documents[100:])
    (folder / "README.md").write_text(
        "# About\n\nThis is not part of the text, although it could be read as if it were.\n"
    )
    for split, first, canonical in (
        (None, 100, "test"),
        ("test", 100, "test"),
        ("dev", 50, "dev"),
        ("train", 0, "train"),
    ):
        tasks = read_label_free(folder, split=split)
        assert [task.name for task in tasks] == [f"corpus: {kind}" for kind in KINDS]
        assert {task.split for task in tasks} == {canonical}
        body = _by_name([task for task in tasks if isinstance(task, Retrieval)])["title to body"]
        assert {query.removeprefix("about word") for query in body.queries} == {
            str(n) for n in range(first, first + 50)
        }
    (folder / "heldout.jsonl").unlink()
    with refuses(MissingSplit, place="corpus"):
        read_label_free(folder, split="test")
    everything = read_label_free(folder, name="all of it", queries=7)
    assert {task.split for task in everything} == {"all"}
    assert [task.name for task in everything] == [f"all of it: {kind}" for kind in KINDS]
    assert all(len(task.queries) == 7 for task in everything if isinstance(task, Retrieval))


def test_one_file_is_taken_whole(tmp_path: Path) -> None:
    file = _write(tmp_path / "pets" / "train.jsonl.gz", list(_documents(30)))
    (task, *_) = read_label_free(file)
    assert (task.name, task.split) == ("pets: next sentence", "train")
    with refuses(MissingSplit, place="train.jsonl.gz"):
        read_label_free(file, split="test")
    (tmp_path / "notes.txt").write_text(
        "\n".join(f"{line.capitalize()}." for text in _documents(30) for line in text.sentences)
    )
    assert read_label_free(tmp_path / "notes.txt")[0].name == "notes: next sentence"


def test_records_may_say_their_part_themselves(tmp_path: Path) -> None:
    documents = list(_documents(80))
    file = _write(tmp_path / "news.jsonl", documents[:40], part="TRAIN")
    with file.open("a") as out:
        out.write("no JSON\n")
        out.write(_write(tmp_path / "rest.jsonl", documents[40:], part="Test").read_text())
    (tmp_path / "rest.jsonl").unlink()
    for path in (file, tmp_path):
        tasks = read_label_free(path, split_field="part", name="news")
        queries = _by_name([task for task in tasks if isinstance(task, Retrieval)])["title to body"].queries
        assert {task.split for task in tasks} == {"test"}
        assert {query.removeprefix("about word") for query in queries} == {str(n) for n in range(40, 80)}
    with refuses(MissingSplit, place="news.jsonl"):
        read_label_free(file, split_field="part", split="dev")
    with refuses(MissingSplit, place="news.jsonl"):
        read_label_free(file, split_field="portion")


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with refuses(place="nowhere"):
        read_label_free(tmp_path / "nowhere")
    (tmp_path / "README.md").write_text("Nothing but this. It says that there is nothing.")
    with refuses(place=tmp_path):
        read_label_free(tmp_path)
    table = tmp_path / "table.csv"
    table.write_text("number,words\n1,one\n")
    with pytest.raises(InputError) as error:
        read_label_free(table)
    assert error.value.setting == "text_field"


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")
def test_chinese_novels_ask_of_themselves() -> None:
    tasks = read_label_free(DATA / "corpus-zh-novels", queries=200)
    assert [task.name for task in tasks] == [f"corpus-zh-novels: {kind}" for kind in KINDS]
    done, chance = evaluate(bm25(), tasks), evaluate(random_vectors(64), tasks)
    found, luck = (
        {r.task.rpartition(": ")[2]: r.value for r in each.results if r.metric == "MAP"}
        for each in (done, chance)
    )
    assert found["inverse cloze"] > 0.2 > 0.02 > luck["inverse cloze"]
    assert all(found[kind] > luck[kind] + 0.02 for kind in KINDS)
