"""Summarization: does a short text say what people would, and better than the article's own beginning of the
same length?"""

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
from sentrep.utils.errors import InputError

BYTES = 75
"""Length of the headlines that DUC 2003 and 2004 asked for (task 1); there is no more to have at any
length."""

_ROUGE = ("R-1", "R-2", "R-L")


class Summarized(NamedTuple):
    """An article and the summaries that people wrote of it, one or more."""

    article: str
    summaries: tuple[str, ...]


class Summarization(Task):
    """ROUGE F1 x 100, what of it the article's beginning would not have had, and how the summaries are
    worded.

    "R-1 over lead" is R-1 less that of the lead: the article's first words, as many as the summary has, item
    by item. Its interval says whether choosing words was worth it: F1 rewards length, so a longer lead alone
    beats a shorter one, and a published score may be no more than that. An interval above 0 is a summarizer
    significantly better than its own length.

    The metrics of wording, the mean number of words and shares between 0 and 1, explain a ROUGE and cannot
    replace it: a writer of random words copies nothing and is all novelty. So they have no better side, but
    for prefix copy and repetition, low in all that people write."""

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
        """Items are an article's."""
        written = self._written(model)
        words = [plain_words(summary) for summary in written]
        articles = [plain_words(each.article) for each in self.summarized]
        leads = [article[: len(mine)] for article, mine in zip(articles, words, strict=True)]
        mine, lead = self._rouge(words), self._rouge(leads)
        scores = [Score(name, items) for name, items in zip(_ROUGE, mine.T, strict=True)]
        scores[0] = scores[0]._replace(examples=_worst(self.summarized, written, mine[:, 0]))
        scores.append(Score(f"R-1 recall at {BYTES} bytes", self._short_recall(written)))
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

    def _written(self, model: Model) -> list[str]:
        """The model's summaries, checked."""
        if not isinstance(model.implementation, Summarizes):
            raise TypeError(f"{model.name} does not summarize")
        written = list(model.implementation.summarize([each.article for each in self.summarized]))
        if len(written) != len(self.summarized):
            raise ValueError(f"summarize gave {len(written)} summaries for {len(self.summarized)} articles")
        return written

    def _rouge(self, summaries: Sequence[Sequence[str]]) -> Floats:
        """(article, R-1 and R-2 and R-L), out of 100, of plain words."""
        items = []
        for words, each in zip(summaries, self.summarized, strict=True):
            mine, theirs = stems(words), [rouge_words(summary) for summary in each.summaries]
            items.append([rouge_n(mine, theirs, 1).f1, rouge_n(mine, theirs, 2).f1, rouge_l(mine, theirs).f1])
        return 100 * np.array(items)

    def _short_recall(self, written: Sequence[str]) -> Floats:
        items = []
        for summary, each in zip(written, self.summarized, strict=True):
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
    """Articles and summaries in a .jsonl or .jsonl.gz file, or in a folder of them; each file that is chosen
    is a task.

    A line is an object with an article, and with a summary or a list of them, in the fields of these names;
    more fields do no harm. Files named test.jsonl or NAME.test.jsonl are of the test split, and likewise dev
    and train. `name`: in tables; the folder's own, if empty. `split`: test where there is one, otherwise
    every file, if not given.

    Raises `InputError`, with file and line, for broken lines and for empty texts; `MissingSplit` where there
    is no such split."""
    path, fields = Path(path), (article_field, summary_field)
    files = _files(path)
    if not files:
        raise InputError(
            f"{path}: no articles with summaries; expected .jsonl or .jsonl.gz with {' and '.join(fields)}"
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
        raise InputError(f"{file}: is empty; expected a JSON object with {' and '.join(fields)} on each line")
    return read


def _record(line: str, where: str, fields: tuple[str, str]) -> Summarized:
    try:
        record: Any = json.loads(line)
        article, given = (record[field] for field in fields)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        expected = " and ".join(f'"{field}"' for field in fields)
        raise InputError(
            f"{where}: expected a JSON object with {expected} ({type(error).__name__}: {error})"
        ) from error
    summaries = given if isinstance(given, list) else [given]
    for field, texts in zip(fields, ([article], summaries), strict=True):
        if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
            wanted = (
                "a text that is not empty"
                if field == fields[0]
                else "one text or a list of them, none of them empty"
            )
            raise InputError(f"{where}: expected {wanted} in {field!r}, got {repr(record[field])[:100]}")
    return Summarized(article, tuple(summaries))


def _worst(data: Sequence[Summarized], written: Sequence[str], scores: Floats) -> list[Example]:
    """Articles whose summaries share least with the references, scored by R-1."""
    return [
        Example(data[at].article, " / ".join(data[at].summaries), written[at], float(scores[at]))
        for at in np.argsort(scores, kind="stable")[:EXAMPLES]
    ]
