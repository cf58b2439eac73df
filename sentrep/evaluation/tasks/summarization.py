"""Summarization: overlap with reference summaries, also compared with a lead of the same length."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sentrep.data.reading.lines import read_lines
from sentrep.data.words import plain_words
from sentrep.evaluation.datasets.tsv import called, of_one_split, of_split, stem
from sentrep.evaluation.metrics.ranking import Floats
from sentrep.evaluation.metrics.rouge import first_bytes, rouge_l, rouge_n, rouge_words, stems
from sentrep.evaluation.metrics.summary_stats import distinct, novelty, prefix_copy, repetition
from sentrep.evaluation.result import EXAMPLES, Example, Score, fingerprint
from sentrep.evaluation.task import Model, Summarizes, Task
from sentrep.utils.errors import InputError, at

BYTES = 75
"""Length of headlines in task 1 of DUC 2003 and 2004."""

_ROUGE = ("R-1", "R-2", "R-L")


class Summarized(NamedTuple):
    """An article with one or more reference summaries."""

    article: str
    summaries: tuple[str, ...]


class Summarization(Task):
    """ROUGE F1 x 100, its difference to a lead of the same length, and statistics of the summaries.

    "R-1 over lead" is R-1 minus the R-1 of the lead: the first words of the article, as many as the summary
    has, item by item. F1 depends on length, so a longer lead alone gets more than a shorter one. An interval
    above 0 means that a summarizer is significantly better than a lead of its length.

    The statistics, mean number of words and shares between 0 and 1, help to explain a ROUGE score: random
    words copy nothing and are all novel. Only prefix copy and repetition, which are low in human summaries,
    have a better side.

    Args:
        name: of the task in tables.
        data: articles with summaries.
        split: that they belong to.

    Raises:
        ValueError: there are no articles, or an article has no summary.

    Reference:
        Lin 2004, "ROUGE: A package for automatic evaluation of summaries".

    >>> Summarization("toy", [Summarized("A cat sat on a mat.", ("A cat sat.",))]).needs[0].__name__
    'Summarizes'
    """

    needs = (Summarizes,)

    def __init__(self, name: str, data: Sequence[Summarized], *, split: str = "test") -> None:
        if not data or not all(each.summaries for each in data):
            raise ValueError(f"{name}: {len(data)} articles; needs one or more, each with a summary")
        self.name, self.split, self.summarized = name, split, list(data)
        self.protocol = (
            "summarization: ROUGE F1 x 100 of lower-case words of letters, marks and digits (NFKC), "
            "Porter stems of those "
            "longer than 3, scripts without spaces by character; ROUGE-L of the whole summary as one "
            "sentence; several references pooled (formula A of "
            f"ROUGE-1.5.5); recall of the first {BYTES} bytes of summary and references; lead: as many "
            "of the article's words as "
            "the summary has"
        )
        parts = (
            text
            for each in self.summarized
            for text in (str(len(each.summaries)), each.article, *each.summaries)
        )
        self.data = fingerprint(parts)

    def run(self, model: Model) -> list[Score]:
        """All metrics, with one item per article, (article,)."""
        found = self._summaries(model)
        words = [plain_words(summary) for summary in found]
        articles = [plain_words(each.article) for each in self.summarized]
        leads = [article[: len(mine)] for article, mine in zip(articles, words, strict=True)]
        mine, lead = self._rouge(words), self._rouge(leads)
        scores = [Score(name, items) for name, items in zip(_ROUGE, mine.T, strict=True)]
        scores[0] = scores[0]._replace(examples=_worst(self.summarized, found, mine[:, 0]))
        scores.append(Score(f"R-1 recall at {BYTES} bytes", self._short_recall(found)))
        scores += [
            Score(f"{name} over lead", items) for name, items in zip(_ROUGE, (mine - lead).T, strict=True)
        ]
        both = list(zip(words, articles, strict=True))
        return [
            *scores,
            Score("words", np.array([float(len(each)) for each in words]), higher_is_better=None),
            Score("prefix copy", np.array([prefix_copy(*each) for each in both]), higher_is_better=False),
            Score("novelty", np.array([novelty(*each) for each in both]), higher_is_better=None),
            Score("distinct-1", distinct(words, 1), higher_is_better=None),
            Score("distinct-2", distinct(words, 2), higher_is_better=None),
            Score("repetition", np.array([repetition(each) for each in words]), higher_is_better=False),
        ]

    def _summaries(self, model: Model) -> list[str]:
        """The model's summaries, checked."""
        if not isinstance(model.implementation, Summarizes):
            raise TypeError(f"{model.name} does not summarize")
        found = list(model.implementation.summarize([each.article for each in self.summarized]))
        if len(found) != len(self.summarized):
            raise ValueError(f"summarize returned {len(found)} summaries for {len(self.summarized)} articles")
        return found

    def _rouge(self, summaries: Sequence[Sequence[str]]) -> Floats:
        """R-1, R-2 and R-L x 100 of summaries as words: (article, 3)."""
        items = []
        for words, each in zip(summaries, self.summarized, strict=True):
            mine, theirs = stems(words), [rouge_words(summary) for summary in each.summaries]
            items.append([rouge_n(mine, theirs, 1).f1, rouge_n(mine, theirs, 2).f1, rouge_l(mine, theirs).f1])
        return 100 * np.array(items)

    def _short_recall(self, found: Sequence[str]) -> Floats:
        items = []
        for summary, each in zip(found, self.summarized, strict=True):
            mine, *theirs = (rouge_words(first_bytes(text, BYTES)) for text in (summary, *each.summaries))
            items.append(rouge_n(mine, theirs, 1).recall)
        return 100 * np.array(items)


def is_summarization(path: Path) -> bool:
    """Whether a path is a file of articles with summaries, or a folder that holds one."""
    for file in _files(path):
        try:
            record = json.loads(next(read_lines(file), (0, "null"))[1])
        except (InputError, ValueError, RecursionError):
            continue
        if isinstance(record, dict) and {"article", "summary"} <= set(record):
            return True
    return False


def read_summarization(
    path: str | Path,
    *,
    name: str = "",
    split: str | None = None,
    article_field: str = "article",
    summary_field: str = "summary",
) -> list[Task]:
    """Summarization tasks of a .jsonl or .jsonl.gz file, or of a folder of them; each chosen file is a task.

    Each line is an object with an article, and with a summary or a list of summaries. Files named test.jsonl
    or NAME.test.jsonl belong to the test split; dev and train likewise.

    Args:
        path: file or folder.
        name: of the task in tables; the name of the folder if empty.
        split: test if None, or all files where there is no test split.
        article_field: field with the article.
        summary_field: field with the summary or summaries.

    Raises:
        InputError: a malformed line or an empty text; names file and line.
        MissingSplit: there is no such split.
    """
    path, fields = Path(path), (article_field, summary_field)
    files = _files(path)
    if not files:
        raise InputError(
            f"{at(path)}: no articles with summaries; expected .jsonl or .jsonl.gz with "
            f"{' and '.join(fields)}"
        )
    splits = {file: of_split(file) for file in files}
    chosen = of_one_split(path, splits, split)
    name = name or called(path)
    names = [f"{name}: {stem(file)}" if len(chosen) > 1 else name for file in chosen]
    return [
        Summarization(full, _read(file, fields), split=splits[file])
        for full, file in zip(names, chosen, strict=True)
    ]


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*")) if path.is_dir() else [path]
    return [file for file in files if file.name.endswith((".jsonl", ".jsonl.gz")) and file.is_file()]


def _read(file: Path, fields: tuple[str, str]) -> list[Summarized]:
    read = [_record(line, f"{file}:{number}", fields) for number, line in read_lines(file)]
    if not read:
        raise InputError(
            f"{at(file)}: is empty; expected a JSON object with {' and '.join(fields)} on each line"
        )
    return read


def _record(line: str, where: str, fields: tuple[str, str]) -> Summarized:
    try:
        record: Any = json.loads(line)
        article, given = (record[field] for field in fields)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        expected = " and ".join(f'"{field}"' for field in fields)
        raise InputError(
            f"{at(where)}: expected a JSON object with {expected} ({type(error).__name__}: {error})"
        ) from error
    summaries = given if isinstance(given, list) else [given]
    for field, texts in zip(fields, ([article], summaries), strict=True):
        if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
            wanted = (
                "a text that is not empty"
                if field == fields[0]
                else "one text or a list of them, none of them empty"
            )
            raise InputError(f"{at(where)}: expected {wanted} in {field!r}, got {repr(record[field])[:100]}")
    return Summarized(article, tuple(summaries))


def _worst(data: Sequence[Summarized], found: Sequence[str], scores: Floats) -> list[Example]:
    """The articles with the lowest R-1."""
    return [
        Example(data[at].article, " / ".join(data[at].summaries), found[at], float(scores[at]))
        for at in np.argsort(scores, kind="stable")[:EXAMPLES]
    ]
