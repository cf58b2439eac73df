"""The items with the lowest scores of each model on each task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sentrep.evaluation.report.league import short_names
from sentrep.evaluation.result import Example, Result
from sentrep.evaluation.result_store import read_examples
from sentrep.evaluation.statistics.compare import row_names

CUT = 400
"""Maximum number of characters shown of a text."""

BUDGET = 800_000
"""Maximum number of characters of all lists together; beyond it, every list keeps only its worst items."""


def worst_failures(results: Sequence[Result]) -> dict[str, Any]:
    """Lists of the worst items, each of a model on a task, worst first. Texts are numbered, since models fail
    on the same ones."""
    names = row_names(results)
    shown = short_names(list(dict.fromkeys(names.values())))
    found = {
        (result.task, result.split, shown[names[result.model_hash, result.seed]]): examples
        for result in results
        if (examples := read_examples(result))
    }
    length = max(map(len, found.values()), default=0)
    while (page := _page(found, length))["letters"] > BUDGET and length > 1:
        length = length * 2 // 3
    return page


def _page(found: dict[tuple[str, str, str], list[Example]], length: int) -> dict[str, Any]:
    """Every list, no longer than `length`."""
    texts: dict[str, int] = {}

    def number(text: str) -> int:
        text = " ".join(text.split())
        return texts.setdefault(text if len(text) <= CUT else f"{text[:CUT].rstrip()}…", len(texts))

    lists = [
        {
            "task": task,
            "split": split,
            "model": model,
            "items": [
                [number(question), number(wanted), number(got), score]
                for question, wanted, got, score in examples[:length]
            ],
        }
        for (task, split, model), examples in found.items()
    ]
    return {"texts": list(texts), "lists": lists, "letters": sum(map(len, texts))}
