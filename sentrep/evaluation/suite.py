"""From a path to tasks: the layouts that need no code."""

from __future__ import annotations

from pathlib import Path

from sentrep.errors import InputError
from sentrep.evaluation.beir import is_beir, read_beir
from sentrep.evaluation.similarity import is_similarity, read_similarity
from sentrep.evaluation.task import Task


def tasks_from(path: str | Path, split: str | None = None) -> list[Task]:
    """The tasks of a file or folder, read and checked. `split` is test where there is one.

    Raises `InputError` where the layout is not known, or its contents are wrong.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.is_dir() and is_beir(path):
        return [read_beir(path, split)]
    if is_similarity(path):
        return [read_similarity(path, split)]
    raise InputError(
        f"{path}: no layout that is known. Known are: a folder with corpus.jsonl, queries.jsonl (each also .gz) and "
        "qrels/test.tsv (BEIR); a .tsv file, or a folder of them, with the header score, sentence1, sentence2"
    )
