"""Validation by several processes, whose parts of a batch do not show the same metrics."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sentrep.data.batch import SentenceBatches
from sentrep.training.accelerator import accelerator_for
from sentrep.training.config import TrainingConfig
from sentrep.training.validation import Validation
from tests import toy_run


def measured(rank: int, processes: int, port: int, place: Path) -> None:
    """Three documents of two sentences: the first of two processes has two of them, the second has one."""
    if processes > 1:
        toy_run.join(rank, processes, port)
    accelerator = accelerator_for(TrainingConfig(device="cpu", tracker="none"), 2, place, False)
    ids = np.random.default_rng(0).integers(5, 40, 18)
    spans = np.array([[0, 2, 0], [2, 4, 1], [4, 6, 2]])
    batches = SentenceBatches(ids, np.arange(0, 19, 3), spans, 6, 2, 0)
    method = toy_run.make("disentangle", toy_run.DISENTANGLE)
    found, _ = Validation(batches, rank, processes).measure(method, accelerator.autocast)
    (place / f"{processes}-{rank}.json").write_text(json.dumps(found))


@pytest.mark.slow
def test_a_metric_that_one_process_does_not_have_is_that_of_the_others(tmp_path: Path) -> None:
    port = toy_run.free_port()
    toy_run.finish([toy_run.start(measured, rank, 2, port, tmp_path) for rank in range(2)])
    toy_run.finish([toy_run.start(measured, 0, 1, port, tmp_path)])
    first, second, alone = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("2-0", "2-1", "1-0")
    )
    assert first == second
    assert first.keys() == alone.keys()
    assert 0 <= first["content_separation"] <= 1
    assert first["autoencoder_loss"] == pytest.approx(alone["autoencoder_loss"], rel=0.1)
