"""Label-free tasks: questions that a text asks of itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from sentrep.errors import InputError
from sentrep.evaluation import Retrieval, bm25, evaluate, label_free, random_vectors
from sentrep.evaluation.label_free import Reservoir


class Text(NamedTuple):
    id: str
    title: str
    sentences: list[str]


def _documents(count: int, titles: bool = True) -> Iterator[Text]:
    """Each document has a word of its own in every sentence, and a place word that its neighbours share."""
    for number in range(count):
        word = f"word{number}"
        lines = [f"{word} here stands place{number}x{place} beside place{number}x{place + 1}" for place in range(6)]
        yield Text(str(number), f"about {word}" if titles else "", lines)


def _by_name(tasks: list[Retrieval]) -> dict[str, Retrieval]:
    return {task.name.rpartition(": ")[2]: task for task in tasks}


def test_each_question_has_its_answer() -> None:
    tasks = _by_name(label_free(_documents(50), "toy", queries=40, candidates=100))
    assert set(tasks) == {"next sentence", "title to body", "same document"}
    following, body, same = tasks["next sentence"], tasks["title to body"], tasks["same document"]
    assert (len(following.queries), len(following.documents), len(body.documents), len(same.documents)) == (40, 100, 50, 100)
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


def test_words_answer_and_chance_does_not() -> None:
    tasks = label_free(_documents(60), "toy")
    for model, low, high in ((bm25(), 0.85, 1.0), (random_vectors(64), 0.0, 0.3)):
        for result in evaluate(model, tasks).results:
            if result.metric == "nDCG@10":
                assert low <= result.value <= high, (model.name, result.task)


def test_without_titles_the_first_sentence_asks_and_is_not_in_the_body() -> None:
    body = _by_name(label_free(_documents(20, titles=False), "toy"))["title to body"]
    assert all(query.startswith("word") for query in body.queries)
    for query, answers in zip(body.queries, body.relevant, strict=True):
        assert query not in body.documents[answers[0]]
        assert query.split()[0] in body.documents[answers[0]]


def test_a_title_repeated_as_the_first_line_does_not_answer_itself() -> None:
    documents = (Text(text.id, text.title, [text.title, *text.sentences]) for text in _documents(20))
    for task in label_free(documents, "toy"):
        if task.name.endswith("body"):
            assert not any(query in task.documents[answers[0]] for query, answers in zip(task.queries, task.relevant, strict=True))


def test_repeated_sentences_are_asked_and_found_once() -> None:
    refrain = "the same line again and again"
    documents = [Text(str(n), "", [f"verse number {n} begins", refrain, f"verse number {n} ends now"]) for n in range(30)]
    for task in label_free(documents, "songs"):
        assert max(Counter(task.documents).values()) == 1
        assert all(task.documents[own] == query for query, own in zip(task.queries, task.own, strict=True) if own >= 0)
        assert not any(task.queries[n] == task.documents[answers[0]] for n, answers in enumerate(task.relevant))


def test_the_same_seed_asks_the_same_and_another_does_not() -> None:
    first, again, other = (label_free(_documents(200), "toy", candidates=50, seed=seed) for seed in (1, 1, 2))
    assert [task.data for task in first] == [task.data for task in again]
    assert all(one.data != two.data for one, two in zip(first, other, strict=True))


def test_too_little_text_is_refused() -> None:
    with pytest.raises(InputError, match="too little text"):
        label_free([Text("1", "", ["only one sentence here"])], "tiny")


def test_the_reservoir_is_even_over_the_stream() -> None:
    counts = Counter[int]()
    for seed in range(2000):
        reservoir = Reservoir[int](5, seed)
        for number in range(20):
            reservoir.offer(number)
        counts.update(reservoir.drawn())
    # 500 expected for each, with a standard deviation of 19.
    assert min(counts.values()) > 400
    assert max(counts.values()) < 600
