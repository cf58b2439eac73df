"""The flow as a method: its loss, its encoder, and what it saves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from sentrep.encoders import serialization
from sentrep.encoders.batching import encode_tokens
from sentrep.methods.flow.config import FlowConfig
from sentrep.methods.flow.method import Flow
from sentrep.training.monitors import alarms
from sentrep.utils.errors import InputError
from tests import toy, toy_run


def method(**settings: Any) -> Flow:
    made: Flow = toy_run.make("flow", toy_run.FLOW | settings)
    return made.eval()


def test_the_loss_is_the_density_of_the_frozen_vectors() -> None:
    made, batch = method(), toy.batches().batch(0, 0)
    with torch.no_grad():
        scaled = encode_tokens(made.base, batch.ids, batch.offsets) * made.flow.scale
        mapped = made.flow.flow(scaled)
        normal = torch.distributions.Normal(0, 1).log_prob(mapped.vectors).sum(1)
        expected = -(normal + mapped.log_det).mean() / scaled.shape[1]
    step = made(batch, "train")
    torch.testing.assert_close(step.loss, expected, atol=1e-5, rtol=1e-5)
    assert step.metrics["bits_per_dimension"].item() == pytest.approx(expected.item() / math.log(2), abs=1e-4)


def test_only_the_flow_is_trained() -> None:
    made = method()
    trained = {name.split(".")[0] for name, each in made.named_parameters() if each.requires_grad}
    assert trained <= {"f", "flow"}
    assert not any(each.requires_grad for each in made.base.parameters())


def test_the_export_reopens_with_load_and_is_not_stock(tmp_path: Path) -> None:
    made = method()
    serialization.save(made.encoder(), tmp_path / "model")
    opened = serialization.load(tmp_path / "model")
    texts = ["common1 topic1word2", "topic3word4"]
    torch.testing.assert_close(
        torch.from_numpy(opened.encode(texts)), torch.from_numpy(made.encoder().encode(texts))
    )
    assert not serialization.is_stock(made.encoder())


def test_the_flow_of_a_run_goes_on() -> None:
    made = method()
    first = made.encoder()
    again = Flow(made.config, lambda: first)
    assert again.encoder() is first
    assert again.flow is made.flow
    assert all(each.requires_grad for each in again.flow.parameters())
    assert not any(each.requires_grad for each in again.base.parameters())
    wider = Flow(FlowConfig(blocks=2, coupling_width=8), lambda: first)
    assert len(wider.encoder()) == len(first) + 1


def test_a_flow_that_cannot_be_inverted_raises_an_alarm() -> None:
    made = method()
    with torch.no_grad():
        made.flow.flow.layers[0].log_scale.fill_(-60)
    metrics = {name: float(value) for name, value in made(toy.batches().batch(0, 0), "train").metrics.items()}
    assert "inverse_error" in {alarm.name for alarm in alarms(metrics, made.monitors())}


@pytest.mark.parametrize(("setting", "value"), [("blocks", 0), ("coupling_width", 0), ("vector_noise", -1.0)])
def test_settings_out_of_range(setting: str, value: float) -> None:
    with pytest.raises(InputError) as refused:
        FlowConfig(**{setting: value})  # type: ignore[arg-type]
    assert refused.value.setting == setting
