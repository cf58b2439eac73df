"""What a method has learnt besides its encoder, written and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(
    ("method", "settings", "changed"),
    [
        ("vae", {"samples": 0, "decoder_width": 24, "latent_width": 8}, {"pretrain_share": 0.3}),
        (
            "struct-vae",
            {"structure_token_width": 16, "structure_width": 24, "samples": 2},
            {"baseline": "learned"},
        ),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_run_goes_on_where_a_setting_adds_or_drops_what_can_begin_anew(
    tmp_path: Path, method: str, settings: dict[str, Any], changed: dict[str, Any], turned: bool
) -> None:
    one, other = settings, settings | changed
    before = toy_run.make(method, other if turned else one)
    after = toy_run.make(method, one if turned else other, seed=1)
    save_method_state(before, tmp_path)
    load_method_state(after, tmp_path, type(after).reinitialised)
    wanted, found = before.beside_encoder(), after.beside_encoder()
    shared = wanted.keys() & found.keys()
    assert shared
    assert wanted.keys() != found.keys()
    assert all(torch.equal(wanted[name], found[name]) for name in shared)
