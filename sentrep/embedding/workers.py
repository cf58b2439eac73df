"""Embedding by several processes of one machine.

Each worker has the model and computes with one thread: it tokenizes and encodes whole batches. The calling
process reads texts and writes shards meanwhile; the shards are those of one process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sentrep.data.truncation import Truncation
from sentrep.embedding.ray import IN_FLIGHT, Embedder
from sentrep.inference.names import locate
from sentrep.utils.errors import InputError, opt

Encoded: TypeAlias = tuple[NDArray[np.float32], Truncation]

_settings: dict[str, Any] = {}
"""Arguments that this worker opens its encoder with."""


class WorkerPool:
    """Processes that encode batches of texts.

    Args:
        executor: runs the processes.
        size: their number.

    Attributes:
        truncation: what the encoders did not read of all the texts so far.
    """

    def __init__(self, executor: ProcessPoolExecutor, size: int) -> None:
        self._executor, self._size = executor, size
        self.truncation = Truncation()

    def encode_all(self, batches: Iterator[list[str]]) -> Iterator[NDArray[np.float32]]:
        """The vectors of each batch, in the order of the batches.

        Raises:
            InputError: a worker ended before its work was done.
        """
        try:
            tasks = deque[Future[Encoded]]()
            for texts in batches:
                tasks.append(self._executor.submit(_encode, texts))
                if len(tasks) == IN_FLIGHT * self._size:
                    yield self._result(tasks.popleft())
            while tasks:
                yield self._result(tasks.popleft())
        except BrokenProcessPool:
            raise InputError(
                f"{opt('workers')}: a worker process ended before its work was done. Either it was killed, "
                "perhaps because memory was short (use fewer workers then), or a script makes this call "
                "outside of `if __name__ == '__main__':`. Finished shards are kept; the same call continues",
                setting="workers",
            ) from None

    def _result(self, task: Future[Encoded]) -> NDArray[np.float32]:
        vectors, truncation = task.result()
        self.truncation.merge(truncation)
        return vectors


@contextmanager
def worker_pool(
    size: int,
    model: str,
    content_hash: str,
    offline: bool = False,
    precision: str = "auto",
    hub: bool = False,
) -> Iterator[WorkerPool]:
    """Worker processes, for as long as the block lasts.

    Args:
        size: number of processes.
        model: a path or name.
        content_hash: of the model.
        offline: never use the network.
        precision: in which vectors are computed.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: there are no workers.
    """
    if size < 1:
        raise InputError(f"{opt('workers')} {size}: 1 or more are needed", setting="workers")
    settings = {"content_hash": content_hash, "offline": offline, "precision": precision, "hub": hub}
    executor = ProcessPoolExecutor(
        size,
        multiprocessing.get_context("spawn"),
        _begin,
        ({"model": str(locate(model, hub=hub).path), **settings},),
    )
    try:
        yield WorkerPool(executor, size)
    finally:
        executor.shutdown(cancel_futures=True)


def _begin(settings: Mapping[str, Any]) -> None:
    """Prepare a worker: Ctrl-C ends the calling process, whose end ends the worker."""
    _settings.update(settings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@cache
def _embedder() -> Embedder:
    return Embedder(**_settings)


def _encode(texts: list[str]) -> Encoded:
    return _embedder().encode(texts)
