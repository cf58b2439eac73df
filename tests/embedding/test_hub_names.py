"""Names of the hub without an owner, where other processes encode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentrep import api
from sentrep.embedding import ray, workers
from sentrep.inference.names import Located, locate
from tests.embedding.encoders import saved_bag
from tests.errors import refuses

NAME = "bag-of-the-hub"
TEXTS = [f"common{number % 7} topic{number % 5}word1" for number in range(20)]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model that `NAME` stands for, with `hub`."""
    saved = saved_bag(tmp_path / "model")

    def found(model: Any, *given: Any, hub: bool = False, **named: Any) -> Located:
        if model == NAME and hub:
            return Located(NAME, saved)
        return locate(model, *given, hub=hub, **named)

    for module in ("sentrep.inference.loading", "sentrep.embedding.workers", "sentrep.embedding.ray"):
        monkeypatch.setattr(f"{module}.locate", found)
    return saved


@pytest.mark.parametrize("hub", [True, False])
def test_workers_are_told_where_a_name_may_be_looked_for(hub: bool) -> None:
    if not hub:
        with refuses(setting="model"), workers.worker_pool(1, NAME, ""):
            pass
        return
    with workers.worker_pool(1, NAME, "", hub=True) as pool:
        (settings,) = pool._executor._initargs
    assert (settings["model"], settings["hub"]) == (NAME, True)


def test_actors_are_told_where_a_name_may_be_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    @contextmanager
    def connected(address: str) -> Iterator[int]:
        yield 3

    monkeypatch.setattr(ray, "_connected", connected)
    monkeypatch.setattr(ray, "ActorPool", lambda *given: made.append(given))
    with ray.actor_pool("local", NAME, "", hub=True):
        pass
    with refuses(setting="model"), ray.actor_pool("local", NAME, ""):
        pass
    ((name, size, settings),) = made
    assert (name, size, settings["hub"]) == (NAME, 3, True)


def test_an_encoder_of_another_process_opens_the_name(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "_use_threads", lambda count: None)
    vectors, _ = ray.Embedder(NAME, hub=True).encode(TEXTS)
    np.testing.assert_array_equal(vectors, api.embed(model, TEXTS))
    with refuses(setting="model"):
        ray.Embedder(NAME)


@pytest.mark.slow
def test_a_corpus_is_embedded_by_workers_with_such_a_name(model: str, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    made = api.embed_corpus(NAME, tmp_path / "texts.txt", tmp_path / "e", split="lines", workers=1, hub=True)
    np.testing.assert_array_equal(made.array(), api.embed(model, TEXTS))


@pytest.mark.parametrize("way", ["workers", "ray"])
def test_embed_corpus_hands_it_on(
    way: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    asked = []

    @contextmanager
    def pool(place: Any, name: str, content: str, offline: bool, precision: str, hub: bool) -> Iterator[Any]:
        asked.append((name, hub))
        yield ray.Embedder(name, content_hash=content, precision=precision, hub=hub)

    monkeypatch.setattr(ray, "_use_threads", lambda count: None)
    monkeypatch.setattr(
        ray.Embedder, "encode_all", lambda self, some: (self.encode(each)[0] for each in some), raising=False
    )
    monkeypatch.setattr(
        ray.Embedder, "truncation", property(lambda self: self._encode.truncation), raising=False
    )
    monkeypatch.setattr(workers, "worker_pool", pool)
    monkeypatch.setattr(ray, "actor_pool", pool)
    given: Any = {"workers": 2} if way == "workers" else {"ray": "local"}
    made = api.embed_corpus(NAME, tmp_path / "texts.txt", tmp_path / "e", split="lines", hub=True, **given)
    assert asked == [(NAME, True)]
    assert len(made) == len(TEXTS)
