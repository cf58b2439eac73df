"""Defaults that depend on method, encoder and hardware."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.encoders.config import EncoderConfig
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.registry import METHODS
from sentrep.training.config import TrainingConfig
from sentrep.training.defaults import Hardware, precision, resolve
from sentrep.training.run_file import write_json
from sentrep.utils.formats import RUN
from tests.errors import refuses

FAST = Hardware(bf16=True)


def resolved(
    kind: str, defaults: MethodDefaults | None = None, **given: object
) -> tuple[EncoderConfig, TrainingConfig]:
    config = TrainingConfig(**given)  # type: ignore[arg-type]
    return resolve("some-method", defaults or MethodDefaults(), EncoderConfig(kind), config, FAST)


@pytest.mark.parametrize(
    ("kind", "batch_size", "lr"),
    [("bag", 1024, 2e-3), ("gru", 512, 1e-3), ("transformer", 512, 5e-4), ("some/model", 512, 2e-5)],
)
def test_batch_size_and_rate_depend_on_the_encoder(kind: str, batch_size: int, lr: float) -> None:
    _, found = resolved(kind)
    assert (found.batch_size, found.lr) == (batch_size, lr)


def test_a_method_has_defaults_of_its_own() -> None:
    _, found = resolved("bag", MethodDefaults(batch_size=16, choose_by="last"))
    assert (found.batch_size, found.choose_by) == (16, "last")


def test_what_is_given_stays() -> None:
    given = {"batch_size": 48, "lr": 0.5, "precision": "fp32", "choose_by": "loss"}
    _, found = resolved("gru", MethodDefaults(batch_size=16, choose_by="last"), **given)
    assert {name: getattr(found, name) for name in given} == given


@pytest.mark.parametrize("name", METHODS)
def test_nothing_is_left_open(name: str) -> None:
    _, found = resolve(name, METHODS[name].defaults, EncoderConfig(), TrainingConfig(), FAST)
    assert None not in (found.batch_size, found.lr, found.choose_by)
    assert found.precision != "auto"


def test_bf16_only_where_matrices_are_multiplied_and_the_machine_can() -> None:
    without = MethodDefaults(matrix_products=False)
    assert precision("gru", without, FAST) == "bf16"
    assert precision("bag", without, FAST) == "fp32"
    assert precision("bag", MethodDefaults(), FAST) == "bf16"
    assert precision("gru", MethodDefaults(), Hardware(bf16=False)) == "fp32"


def test_a_run_to_go_on_from_gives_its_model_and_its_rate(tmp_path: Path) -> None:
    record = {"method": "some-method", "settings": {}, "tokenizer": {}, "training": {"lr": 0.125}}
    version = {"format_version": RUN.format_version}
    write_json(tmp_path / "run.json", {**version, "run": record})
    encoder, found = resolved("gru", start=tmp_path)
    assert encoder.encoder == str(tmp_path / "model")
    assert found.lr == 0.125
    write_json(tmp_path / "run.json", {**version, "run": record | {"method": "another"}})
    with refuses(setting="start", place=tmp_path):
        resolved("gru", start=tmp_path)


def test_a_run_of_an_older_format_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    record = {"method": "some-method", "settings": {}, "tokenizer": {}, "training": {"lr": 0.125}}
    write_json(tmp_path / "run.json", {"run": record})
    with refuses(place="run.json"):
        resolved("gru", start=tmp_path)
