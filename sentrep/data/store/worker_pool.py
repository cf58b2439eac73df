"""Worker processes for all cores. Requests and answers are frames of bytes over pipes.

The processes are started by the name of a module, not by `multiprocessing`: that would import the user's
script again in each of them (a script without a ``__main__`` guard would start itself over and over), or
fork a process that holds the threads of torch."""

from __future__ import annotations

import importlib
import json
import os
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from sentrep.utils.cpu import cores
from sentrep.utils.errors import InputError

Job = Callable[[bytes], list[bytes]]
"""Answers a request with frames of bytes."""

MOST = 6
"""Processes at most: about as many as one reader can supply, together below a gigabyte of memory."""


def work(
    job: str, setup: dict[str, Any], requests: Iterable[bytes], here: bool, most: int = MOST
) -> Iterator[list[bytes]]:
    """Answer requests with worker processes, in order. Only a few requests are under way at any time.

    Args:
        job: "module:function"; the function takes `setup` as keywords and returns the `Job`.
        setup: JSON, sent to every process once.
        here: do the work in this process; this is also done where there is one core.
        most: processes at most, as far as there are cores. With 1 the work is done by one other process,
            whose memory is free again at the end.

    Raises:
        InputError: a process has ended early.
    """
    count = min(most, cores())
    if here or cores() == 1:
        yield from map(_job(job, setup), requests)
        return
    idle: SimpleQueue[_Worker] = SimpleQueue()
    workers: list[_Worker] = []

    def ask(request: bytes) -> list[bytes]:
        worker = idle.get()
        try:
            return worker.ask(request)
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(count)
    try:
        for _ in range(count):
            workers.append(_Worker(job, setup, alone=count == 1))
            idle.put(workers[-1])
        under_way: deque[Future[list[bytes]]] = deque()
        for request in requests:
            under_way.append(pool.submit(ask, request))
            if len(under_way) > 2 * count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for worker in workers:
            worker.stop()
        pool.shutdown(cancel_futures=True)


def serve() -> None:
    """Run in a worker: read the job and its setup, then answer requests until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    job = _job(*json.loads(_read(source)))
    while True:
        try:
            request = _read(source)
        except EOFError:
            return
        frames = job(request)
        _write(sink, struct.pack("<Q", len(frames)))
        for frame in frames:
            _write(sink, frame)


class _Worker:
    """A worker process, as its parent sees it."""

    def __init__(self, job: str, setup: dict[str, Any], alone: bool) -> None:
        start = (
            "import sys; sys.path.append(sys.argv[1]); "
            "from sentrep.data.store.worker_pool import serve; serve()"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", start, str(Path(__file__).parents[3])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ
            | {"TOKENIZERS_PARALLELISM": "true" if alone else "false"},  # a process a core is enough
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin, self._process.stdout
        self._greeting = json.dumps([job, setup]).encode()

    def ask(self, request: bytes) -> list[bytes]:
        try:
            if self._greeting:
                _write(self._to, self._greeting)
                self._greeting = b""
            _write(self._to, request)
            (count,) = struct.unpack("<Q", _read(self._from))
            return [_read(self._from) for _ in range(count)]
        except (EOFError, OSError, ValueError) as error:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            raise InputError(
                f"a process that prepares text ended early, exit status {self._process.poll()}, "
                "perhaps for lack of memory; its output is above. Run it again, if necessary on one core "
                "(taskset -c 0 ...)"
            ) from error

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        with suppress(OSError):  # requests that were not yet written are lost
            self._to.close()
        self._from.close()


def _job(name: str, setup: dict[str, Any]) -> Job:
    module, function = name.split(":")
    made: Job = getattr(importlib.import_module(module), function)(**setup)
    return made


def _write(stream: IO[bytes], frame: bytes) -> None:
    stream.write(struct.pack("<Q", len(frame)))
    stream.write(frame)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    head = stream.read(8)
    if len(head) < 8:
        raise EOFError("the pipe was closed")
    (size,) = struct.unpack("<Q", head)
    frame = stream.read(size)
    if len(frame) < size:
        raise EOFError("the pipe was closed")
    return frame
