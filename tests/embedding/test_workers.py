"""Embedding by worker processes: the shards of one process, what is not read, and workers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sentrep import api
from sentrep.embedding.workers import worker_pool
from tests.embedding.encoders import contents, saved_bag
from tests.errors import refuses

pytestmark = pytest.mark.slow
TEXTS = [f"common{number % 7} topic{number % 5}word{number % 11}" for number in range(900)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_bag(tmp_path_factory.mktemp("model"))


def test_the_shards_are_those_of_one_process(model: str, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    for place, workers in (("two", 2), ("here", None)):
        api.embed_corpus(
            model, tmp_path / "texts.txt", tmp_path / place, split="lines", shard=100, workers=workers
        )
    assert contents(tmp_path / "two") == contents(tmp_path / "here")


def test_batches_keep_their_order_and_a_killed_worker_is_reported(model: str) -> None:
    batches = [TEXTS[start : start + 7] for start in range(0, 140, 7)]
    with worker_pool(2, model, "") as pool:
        made = list(pool.encode_all(iter(batches)))
        np.testing.assert_array_equal(np.concatenate(made), api.embed(model, TEXTS[:140]))
        assert pool.truncation.texts == 140

        def killing() -> Iterator[list[str]]:
            yield batches[0]
            for process in list(pool._executor._processes):
                os.kill(process, signal.SIGKILL)
            yield from batches[1:]

        with refuses(setting="workers"):
            list(pool.encode_all(killing()))


def test_workers_end_with_the_process_that_started_them(model: str, tmp_path: Path) -> None:
    script = (
        "import time\n"
        "from sentrep.embedding.workers import worker_pool\n"
        "if __name__ == '__main__':\n"
        f"    with worker_pool(1, {model!r}, '') as pool:\n"
        "        list(pool.encode_all(iter([['one']])))\n"
        "        print(*pool._executor._processes, flush=True)\n"
        "        time.sleep(600)\n"
    )
    (tmp_path / "script.py").write_text(script)
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py")], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(worker)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"workers": 2, "ray": "local"}, {"workers": 2, "context": True}]
)
def test_what_cannot_be_done_is_refused(model: str, tmp_path: Path, wrong: dict[str, object]) -> None:
    (tmp_path / "texts.txt").write_text("one\ntwo")
    with refuses(setting="workers"):
        api.embed_corpus(model, tmp_path / "texts.txt", tmp_path / "out", split="lines", **wrong)
