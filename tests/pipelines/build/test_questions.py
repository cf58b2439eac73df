"""Questions of `build`: they have one answer each, and means over tasks weigh tasks alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sentrep.evaluation.models.lexical import bm25
from sentrep.evaluation.result_store import ResultStore
from sentrep.evaluation.task import evaluate
from sentrep.pipelines.build.questions import METRIC, HeldOutDocument, mean_items, question_tasks
from tests.errors import refuses


def documents(count: int) -> list[HeldOutDocument]:
    random = np.random.default_rng(0)
    made = []
    for number in range(count):
        words = [f"topic{number}x{each}" for each in range(6)]
        sentences = [
            f"The {random.choice(words)} and the {random.choice(words)} are here, number {number} {place}."
            for place in range(12)
        ]
        passages = [" ".join(sentences[start : start + 4]) for start in range(0, 12, 4)]
        made.append(HeldOutDocument(f"d{number}", f"About {words[0]} and {words[1]}", sentences, passages))
    return made


def test_three_kinds_of_questions_with_one_answer_each() -> None:
    tasks = question_tasks(documents(40))
    assert {task.name.split(": ")[1] for task in tasks} == {"title to body", "inverse cloze", "next passage"}
    for task in tasks:
        assert all(len(each) == 1 for each in task.relevant)
        for query, own, answer in zip(task.queries, task.own, task.relevant, strict=True):
            assert own not in answer.tolist()
            assert own < 0 or task.documents[own] == query


def test_next_passage_is_the_next_passage() -> None:
    given = documents(30)
    task = next(task for task in question_tasks(given) if task.name.endswith("next passage"))
    following = {
        first: second
        for document in given
        for first, second in zip(document.passages, document.passages[1:], strict=False)
    }
    assert task.queries
    for query, answer in zip(task.queries, task.relevant, strict=True):
        assert task.documents[int(answer[0])] == following[query]


def test_the_mean_over_questions_is_the_mean_over_tasks(tmp_path: Path) -> None:
    done = evaluate(bm25(), question_tasks(documents(40)), ResultStore(tmp_path / "results.jsonl"))
    results = [result for result in done.results if result.metric == METRIC]
    expected = np.mean([result.value for result in results])
    assert mean_items(results).mean() == pytest.approx(expected)


def test_too_little_text_is_said() -> None:
    with refuses(setting="corpus"):
        question_tasks(documents(3))
