"""Altered results files and task.toml files give an InputError, or are read; never another exception."""

from __future__ import annotations

import json
import random
import warnings
from pathlib import Path

import pytest

from sentrep.evaluation.models.lexical import bm25
from sentrep.evaluation.result_store import ResultStore, read_results
from sentrep.evaluation.statistics.compare import compare
from sentrep.evaluation.suite import tasks_from
from sentrep.evaluation.task import evaluate
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.utils.errors import InputError

VALUES = [None, 3, -1.5, "text", [], {}, [1, "a"], {"a": None}, True, "\ud800", "../../x", 1e308]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("results") / "results.jsonl"
    task = Retrieval("pets", ["cat", "dog"], ["a dog", "a cat", "a bird"], [{1: 1.0}, {0: 1.0}])
    for label, k1 in (("one", 1.5), ("two", 0.5)):
        evaluate(bm25(k1=k1, label=label), [task], ResultStore(file))
    return file


@pytest.mark.slow
def test_altered_results(measured: Path, tmp_path: Path) -> None:
    lines = measured.read_text().splitlines()
    (tmp_path / "items").symlink_to(measured.parent / "items")
    chance, refused, skipped = random.Random(0), 0, 0
    for number in range(400):
        altered = list(lines)
        place = chance.randrange(len(lines))
        record = json.loads(lines[place])
        name = chance.choice(list(record))
        how = chance.randrange(4)
        if how == 0:
            del record[name]
        elif how == 1:
            record[chance.choice(["extra", name])] = chance.choice(VALUES)
        altered[place] = json.dumps(record)
        if how == 2:
            cut = chance.randrange(len(altered[place]))
            altered[place] = altered[place][:cut]
        elif how == 3:
            altered[place] = chance.choice(["[]", "3", "null", "{}", '"x"', "{]", "\x00\x01"])
        file = tmp_path / f"{number}.jsonl"
        file.write_text("\n".join(altered) + "\n", encoding="utf-8", errors="surrogatepass")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                read_results(file)
                compare(file)
            except InputError:
                refused += 1
        skipped += any(file.name in str(each.message) for each in said)
    assert refused + skipped > 200


TOML = """kind = "retrieval"
name = "pets"
split = "test"
"""


def test_altered_task_files(tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text('{"_id": "d1", "text": "a dog"}\n{"_id": "d2", "text": "a cat"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "cat"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\n")
    chance, refused = random.Random(0), 0
    for _ in range(300):
        text = TOML
        for _ in range(chance.randrange(1, 4)):
            at, how = chance.randrange(len(text)), chance.randrange(3)
            if how == 0:
                text = text[:at] + text[at + 1 :]
            elif how == 1:
                text = text[:at] + chance.choice('"=[]{}\n#\x00é3.') + text[at:]
            else:
                text = text[:at] + chance.choice(["true", "[1, 2]", "1.5", "''", "\n[table]\n"]) + text[at:]
        (folder / "task.toml").write_text(text)
        try:
            tasks_from(folder)
        except InputError:
            refused += 1
    assert refused > 100
