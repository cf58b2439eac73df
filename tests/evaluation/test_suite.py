"""From a path to tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.errors import InputError
from sentrep.evaluation import Retrieval, Similarity, tasks_from

DATA = Path(__file__).parents[3] / "shared" / "data"


def test_layouts_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "sts").mkdir()
    (tmp_path / "sts" / "test.tsv").write_text("score\tsentence1\tsentence2\n1\ta\tb\n2\ta\tc\n")
    (tmp_path / "pets" / "qrels").mkdir(parents=True)
    (tmp_path / "pets" / "corpus.jsonl").write_text('{"_id": "1", "text": "a"}\n')
    (tmp_path / "pets" / "queries.jsonl").write_text('{"_id": "1", "text": "b"}\n')
    (tmp_path / "pets" / "qrels" / "test.tsv").write_text("1\t1\t1\n")
    for path, kind in (("sts", Similarity), ("sts/test.tsv", Similarity), ("pets", Retrieval)):
        (task,) = tasks_from(tmp_path / path)
        assert isinstance(task, kind)


def test_unknown_layouts_are_refused_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing")
    for path in (tmp_path, tmp_path / "README.md"):
        with pytest.raises(InputError, match=r"Known are: .*BEIR.*score, sentence1, sentence2"):
            tasks_from(path)
    with pytest.raises(InputError, match="no such file or folder"):
        tasks_from(tmp_path / "absent")


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")
def test_the_shared_data_sets_are_read() -> None:
    counts = {"sts12": 3108, "sts13": 1500, "sts14": 3750, "sts-b": 1379, "sick-r": 4927, "sts-b-zh": 1361}
    for name, count in counts.items():
        (task,) = tasks_from(DATA / name)
        assert isinstance(task, Similarity)
        assert sum(map(len, task.subsets.values())) == count
        assert task.split == "test"
    for name, count in {"cacm": 52, "med": 30, "npl": 93}.items():
        (task,) = tasks_from(DATA / f"retrieval-{name}")
        assert isinstance(task, Retrieval)
        assert len(task.queries) == count
