"""Embedding on the processes of a Ray cluster (`pip install '.[ray]'`).

`Embedder` is a callable class for `ray.data.Dataset.map_batches`. `ActorPool` is what `sentrep embed` uses to
have a corpus encoded by a pool of such actors while it reads texts and writes shards itself: the shards are
those of one machine. An actor that dies is replaced, and its batches are encoded again.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.data.truncation import Truncation
from sentrep.inference.loading import embedder, encoding, stamp
from sentrep.inference.names import locate
from sentrep.utils.errors import InputError, at, opt

LOCAL = "local"
"""In place of an address: a cluster of this machine's cores, for as long as the work takes."""
IN_FLIGHT = 2
"""Batches that each actor has at a time: one that it encodes and one that waits."""
ATTEMPTS = 10
"""How often a batch is tried before the work ends: a batch that ends so many actors is probably the cause."""


class Embedder:
    """An encoder as an actor: for `ray.data.Dataset.map_batches`, or for any code that calls it with batches.

    Args:
        model: a path or name that is valid on every machine.
        text: column of the texts.
        vector: column for the vectors.
        threads: that this actor computes with; as many actors as cores are faster than one with all.
        content_hash: of the model that is meant; '' takes any.
        offline: never use the network.
        precision: in which vectors are computed: 'auto', 'bf16' or 'fp32'.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: the model cannot be opened, or has another content.

    Example:
        >>> dataset.map_batches(  # doctest: +SKIP
        ...     Embedder,
        ...     fn_constructor_kwargs={"model": "runs/qt"},
        ...     compute=ray.data.ActorPoolStrategy(min_size=1, max_size=16),
        ...     batch_size=4096,
        ... ).write_parquet("vectors")
    """

    def __init__(
        self,
        model: str,
        text: str = "text",
        vector: str = "vector",
        threads: int = 1,
        content_hash: str = "",
        offline: bool = False,
        precision: str = "auto",
        hub: bool = False,
    ) -> None:
        _use_threads(threads)
        encoder = embedder(model, precision, offline, hub)
        found = stamp(model, encoder).content_hash if content_hash else ""
        if found != content_hash:
            raise InputError(f"{opt('model')} {at(model)} has the content {found} here, not {content_hash}")
        self._text, self._vector = text, vector
        self._encode = encoding(encoder, precision)

    def __call__(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """A batch of columns, with the vectors (row, width) of its texts as one more column."""
        vectors = self._encode([str(text) for text in batch[self._text]])
        return {**batch, self._vector: vectors}

    def encode(self, texts: list[str]) -> tuple[NDArray[np.float32], Truncation]:
        """The vectors of some texts, and what the encoder did not read of them."""
        self._encode.truncation = Truncation()
        return self._encode(texts), self._encode.truncation

    def process(self) -> int:
        """The id of the process that this actor is."""
        return os.getpid()


class ActorPool:
    """Actors on a cluster that encode batches of texts.

    Args:
        model: a path or name that is valid on every machine.
        size: number of actors.
        settings: further arguments of `Embedder`.

    Attributes:
        actors: handles of the actors.
        truncation: what the encoders did not read of all the texts so far.
    """

    def __init__(self, model: str, size: int, settings: Mapping[str, Any] | None = None) -> None:
        self._model, self._settings = model, dict(settings or {})
        self.actors = [self._actor() for _ in range(size)]
        self.truncation = Truncation()

    def encode_all(self, batches: Iterator[list[str]]) -> Iterator[NDArray[np.float32]]:
        """The vectors of each batch, in the order of the batches.

        Raises:
            InputError: an actor cannot open the model, or a batch ends every actor that encodes it.
        """
        tasks = deque[_Task]()
        for number, texts in enumerate(batches):
            tasks.append(self._task(texts, number % len(self.actors), 1))
            if len(tasks) == IN_FLIGHT * len(self.actors):
                yield self._result(tasks.popleft())
        while tasks:
            yield self._result(tasks.popleft())

    def _result(self, task: _Task) -> NDArray[np.float32]:
        """The vectors of a batch, which is given to a new actor where its own has died."""
        import ray
        from ray.exceptions import RayActorError, RayTaskError

        while True:
            try:
                vectors, truncation = ray.get(task.reference)
            except RayTaskError as error:
                raise _cause(error) from error
            except RayActorError as error:
                if _cause(error) is not error:
                    raise _cause(error) from error
                task = self._again(task)
            else:
                self.truncation.merge(truncation)
                return np.asarray(vectors)

    def _again(self, task: _Task) -> _Task:
        if task.attempt == ATTEMPTS:
            raise InputError(
                f"{opt('ray')}: {ATTEMPTS} actors died while they encoded {task.texts[0][:80]!r}, …"
            )
        if self.actors[task.place] is task.actor:
            self.actors[task.place] = self._actor()
        return self._task(task.texts, task.place, task.attempt + 1)

    def _task(self, texts: list[str], place: int, attempt: int) -> _Task:
        actor = self.actors[place]
        return _Task(actor.encode.remote(texts), actor, place, texts, attempt)

    def _actor(self) -> Any:
        import ray

        # Each has a core: two in one process would share its interpreter.
        remote: Any = ray.remote(num_cpus=self._settings.get("threads", 1))(Embedder)
        return remote.remote(self._model, **self._settings)


class _Task(NamedTuple):
    """A batch that an actor encodes."""

    reference: Any
    actor: Any
    place: int
    texts: list[str]
    attempt: int


@contextmanager
def actor_pool(
    address: str,
    model: str,
    content_hash: str,
    offline: bool = False,
    precision: str = "auto",
    hub: bool = False,
) -> Iterator[ActorPool]:
    """Actors on all cores of a cluster, for as long as the block lasts.

    Args:
        address: of the cluster (``auto``, ``host:6379``, ``ray://host:10001``), or `LOCAL`.
        model: a path or name that is valid on every machine.
        content_hash: of the model.
        offline: never use the network.
        precision: in which vectors are computed.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: Ray is not installed, or there is no cluster.
    """
    with _connected(address) as cores:
        settings = {"content_hash": content_hash, "offline": offline, "precision": precision, "hub": hub}
        place = locate(model, hub=hub).path
        yield ActorPool(str(place), cores, settings)


@contextmanager
def _connected(address: str) -> Iterator[int]:
    """A connection to a cluster; the number of its cores."""
    try:
        import ray
    except ImportError:
        raise InputError(f"{opt('ray')} needs Ray: pip install 'ray>=2.50'") from None
    mine = not ray.is_initialized()
    if mine:
        where: dict[str, Any] = {"include_dashboard": False} if address == LOCAL else {"address": address}
        try:
            ray.init(**where, log_to_driver=False, logging_level="warning")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(f"{opt('ray')} {address}: no cluster answers there ({error})") from error
    try:
        yield max(1, int(ray.cluster_resources().get("CPU", 1)))
    finally:
        if mine:
            ray.shutdown()


def _cause(error: BaseException) -> BaseException:
    """The error of ours behind an error of Ray's; the error itself where there is none."""
    causes: Sequence[BaseException | None] = (getattr(error, "cause", None), error.__cause__)
    for cause in causes:
        if isinstance(cause, InputError):
            return cause
    found = str(error).rpartition("InputError: ")
    return InputError(found[2].strip()) if found[1] else error


def _use_threads(count: int) -> None:
    import torch

    torch.set_num_threads(count)
