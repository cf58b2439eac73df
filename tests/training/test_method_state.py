"""What a method has learnt besides its encoder, written and read again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sentrep.training.method_state import load_method_state, method_state_file, save_method_state
from sentrep.utils.formats import RUN
from tests import toy_run
from tests.errors import refuses

SETTINGS = {"samples": 0, "decoder_width": 24}


def test_weights_come_back(tmp_path: Path) -> None:
    made, other = (toy_run.make("skip-thought", SETTINGS, seed=seed) for seed in (0, 1))
    save_method_state(made, tmp_path)
    load_method_state(other, tmp_path)
    wanted, found = made.beside_encoder(), other.beside_encoder()
    assert wanted.keys() == found.keys()
    assert all(torch.equal(wanted[name], found[name]) for name in wanted)


@pytest.mark.parametrize("version", [None, "1", str(RUN.format_version + 1), "two", ""])
def test_weights_of_another_format_are_refused(tmp_path: Path, version: str | None) -> None:
    made = toy_run.make("skip-thought", SETTINGS)
    save_method_state(made, tmp_path)
    file = method_state_file(tmp_path)
    save_file(load_file(file), file, metadata=None if version is None else {"format_version": version})
    with refuses(place="method.safetensors"):
        load_method_state(made, tmp_path)
