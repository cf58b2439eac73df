"""The questions by which `build` measures, made from held-out documents.

Title to body: find the text of a document from its title. Inverse cloze: find the passage that a sentence was
taken from (Lee, Chang & Toutanova, ACL 2019, section 4). Next passage: find the passage that follows.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.result import Result
from sentrep.evaluation.result_store import read_items
from sentrep.evaluation.tasks.label_free import label_free
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.utils.errors import InputError

QUESTIONS = 1000
"""Questions of each kind at most."""
FEWEST = 20
"""A kind with fewer answers to choose from is left out."""
METRIC = "nDCG@10"
"""What models are chosen by: with one right answer it counts how far up the answer is among the first ten."""
KINDS = ("title to body", "inverse cloze")


class HeldOutDocument(NamedTuple):
    """A held-out document."""

    id: str
    title: str
    sentences: Sequence[str]
    passages: Sequence[str]


def question_tasks(documents: Sequence[HeldOutDocument], seed: int = 0) -> list[Retrieval]:
    """The retrieval tasks that the documents are enough for, one for each kind of question.

    Raises:
        InputError: there is too little text for any task.
    """
    tasks = [task for task in _label_free(documents, seed) if task.name.endswith(KINDS)]
    following = _next_passage(documents, seed)
    if following is not None:
        tasks.append(following)
    if not tasks:
        raise InputError(
            f"{len(documents)} documents are held out for measuring, which is too little text: at least "
            f"{FEWEST} documents, or documents of several passages, are needed",
            setting="corpus",
        )
    return tasks


def mean_items(results: Sequence[Result]) -> NDArray[np.float64]:
    """Per-question scores of one model over all tasks, weighted so that their mean is the mean of the tasks.

    Args:
        results: of one model, one for each task, all of `METRIC`, in the same order for every model.

    Returns:
        (question,)
    """
    items = [read_items(result) for result in results]
    total = sum(map(len, items))
    return np.concatenate([each * (total / (len(items) * len(each))) for each in items])


def _label_free(documents: Sequence[HeldOutDocument], seed: int) -> list[Retrieval]:
    try:
        return label_free(documents, "held out", queries=QUESTIONS, seed=seed)
    except InputError:
        return []


def _next_passage(documents: Sequence[HeldOutDocument], seed: int) -> Retrieval | None:
    pairs = [pair for document in documents for pair in itertools.pairwise(document.passages)]
    answers = {following: passage for passage, following in pairs if passage != following}
    if len(answers) < FEWEST:
        return None
    candidates = list(dict.fromkeys([*answers.values(), *answers]))
    place = {text: number for number, text in enumerate(candidates)}
    asked = {passage: following for following, passage in answers.items()}
    chosen = random.Random(seed).sample(list(asked.items()), min(QUESTIONS, len(asked)))
    return Retrieval(
        "held out: next passage",
        [passage for passage, _ in chosen],
        candidates,
        [{place[following]: 1.0} for _, following in chosen],
        split="held-out",
        own=[place[passage] for passage, _ in chosen],
        note="a query's own passage is left out",
    )
