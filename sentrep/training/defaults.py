"""Every default that depends on something else, resolved in one place from method, encoder and hardware.

The resolved settings are what a run trains with and what ``run.json`` records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch

from sentrep.encoders.config import EncoderConfig
from sentrep.methods.defaults import MethodDefaults
from sentrep.training.config import TrainingConfig
from sentrep.training.run_file import read_run
from sentrep.utils.errors import InputError, at, opt

BATCH_SIZE = {"bag": 1024}
"""Kind of encoder -> sentences in a batch."""
OTHER_BATCH_SIZE = 512
LR = {"bag": 2e-3, "gru": 1e-3, "lstm": 1e-3, "conv": 1e-3, "transformer": 5e-4}
"""Kind of encoder -> learning rate."""
PRETRAINED_LR = 2e-5
"""Learning rate of an encoder that is a trained model already."""


@dataclass(frozen=True)
class Hardware:
    """What the machine offers."""

    bf16: bool
    """Whether it multiplies matrices in bf16 faster than in fp32."""


def resolve(
    method: str,
    defaults: MethodDefaults,
    encoder: EncoderConfig,
    training: TrainingConfig,
    hardware: Hardware,
) -> tuple[EncoderConfig, TrainingConfig]:
    """Fills in batch size, learning rate, precision and the choice of the best checkpoint.

    Args:
        method: its name; a run to go on from must be of the same method.
        defaults: what the method wants.
        encoder: what to train; replaced by the model of the run to go on from, if there is one.
        training: settings as they were given. Values that were given stay as they are.
        hardware: see `detect`.

    Returns:
        The encoder and the settings. Of these batch size, learning rate, precision and `choose_by` are set.

    Raises:
        InputError: the run to go on from is of another method, or is no run.

    >>> defaults = MethodDefaults(batch_size=64)
    >>> _, found = resolve("m", defaults, EncoderConfig("gru"), TrainingConfig(), Hardware(bf16=True))
    >>> found.batch_size, found.lr, found.precision, found.choose_by
    (64, 0.001, 'bf16', 'neighbour-mrr')
    """
    usual_lr = LR.get(encoder.encoder, PRETRAINED_LR)
    kind = encoder.encoder
    if training.start is not None:
        previous = _previous_run(training, method)
        encoder = EncoderConfig(str(training.start / "model"))
        usual_lr = previous["training"]["lr"]
    batch_size = (
        training.batch_size or defaults.batch_size or BATCH_SIZE.get(encoder.encoder, OTHER_BATCH_SIZE)
    )
    lr = training.lr or usual_lr
    filled = replace(
        training,
        batch_size=batch_size,
        lr=lr,
        precision=precision(kind, defaults, hardware) if training.precision == "auto" else training.precision,
        choose_by=training.choose_by or defaults.choose_by,
    )
    return encoder, filled


def detect(device: str) -> Hardware:
    """The hardware that a run uses with ``device`` 'auto', 'cpu' or 'cuda'."""
    if device != "cpu" and torch.cuda.is_available():
        return Hardware(bf16=bool(torch.cuda.is_bf16_supported()))
    return Hardware(bf16=bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()))


def precision(encoder: str, defaults: MethodDefaults, hardware: Hardware) -> Literal["fp32", "bf16"]:
    """The precision that is fastest for a kind of encoder: 'fp32' or 'bf16'.

    >>> precision("bag", MethodDefaults(matrix_products=False), Hardware(bf16=True))
    'fp32'
    """
    # A bag multiplies no matrices: without those of the method, bf16 would only add conversions.
    pays = encoder != "bag" or defaults.matrix_products
    return "bf16" if pays and hardware.bf16 else "fp32"


def _previous_run(training: TrainingConfig, method: str) -> dict[str, dict[str, float]]:
    """What ``run.json`` says of the run to go on from."""
    assert training.start is not None
    previous = read_run(training.start)
    if previous["method"] != method:
        raise InputError(
            f"{opt('start')} {at(training.start)} is a run of {previous['method']}, not of {method}; "
            "give a run of the same method"
        )
    return previous
