"""Embedding on a Ray cluster of two workers on this machine: the shards of one process, also when a worker is
killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentrep import api
from sentrep.embedding import embed_to_folder
from sentrep.utils.errors import InputError
from tests.embedding.encoders import STAMP, contents, saved_bag

pytestmark = pytest.mark.slow
ray = pytest.importorskip("ray")
TEXTS = [f"common{number % 7} topic{number % 5}word{number % 11}" for number in range(900)]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved_bag(tmp_path_factory.mktemp("model"))


def test_a_killed_worker_loses_nothing_and_repeats_nothing(model: str, tmp_path: Path) -> None:
    from sentrep.embedding.ray import ActorPool

    pool = ActorPool(model, 2)
    before = [ray.get(actor.process.remote()) for actor in pool.actors]
    records = [(str(number), text) for number, text in enumerate(TEXTS)]

    def read() -> Iterator[tuple[str, str]]:
        for record in records:
            if record[0] == "500":
                os.kill(before[0], signal.SIGKILL)
            yield record

    def unused(texts: list[str]) -> Any:
        raise AssertionError("the actors encode")

    made = embed_to_folder(unused, read(), tmp_path / "e", stamp=STAMP, shard=50, encode_all=pool.encode_all)
    after = [ray.get(actor.process.remote()) for actor in pool.actors]
    assert before[0] not in after
    assert before[1] in after
    assert list(zip(made.ids(), made.texts(), strict=True)) == records
    np.testing.assert_allclose(made.array(), api.embed(model, TEXTS), atol=1e-6)
    for actor in pool.actors:
        ray.kill(actor)


def test_embed_writes_the_shards_of_one_machine(model: str, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("\n".join(TEXTS))
    for place, ray_address in (("ray", "local"), ("here", None)):
        api.embed_corpus(
            model, tmp_path / "texts.txt", tmp_path / place, split="lines", shard=100, ray=ray_address
        )
    assert contents(tmp_path / "ray") == contents(tmp_path / "here")


def test_a_data_set_is_mapped_by_the_class(model: str) -> None:
    from sentrep.embedding.ray import Embedder

    rows = [{"text": text, "number": number} for number, text in enumerate(TEXTS[:60])]
    mapped = ray.data.from_items(rows).map_batches(
        Embedder,
        fn_constructor_kwargs={"model": model},
        batch_size=16,
        compute=ray.data.ActorPoolStrategy(size=1),
    )
    found = sorted(mapped.take_all(), key=lambda row: row["number"])
    assert [row["text"] for row in found] == TEXTS[:60]
    np.testing.assert_allclose([row["vector"] for row in found], api.embed(model, TEXTS[:60]), atol=1e-6)


def test_another_model_at_the_same_place_is_refused(model: str) -> None:
    from sentrep.embedding.ray import Embedder

    with pytest.raises(InputError) as caught:
        Embedder(model, content_hash="another")
    assert caught.value.setting == "model"


def test_an_encoder_in_memory_is_refused(model: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        api.embed_corpus(api.load(model), [["a text"]], tmp_path / "e", ray="local")
    assert caught.value.setting == "ray"
