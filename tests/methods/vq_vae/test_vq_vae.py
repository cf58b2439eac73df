"""The auto-encoder with discrete codes: its objective, and generation from packed codes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sentrep.methods.vq_vae.config import VQVAEConfig
from sentrep.methods.vq_vae.method import VQVAE
from sentrep.modules.reconstruction import sentence_nll
from sentrep.utils.errors import InputError
from tests import toy, toy_run

SENTENCES = [[7, 8, 9], [10], [11, 12, 13, 14]]
QUANTIZERS = ["residual", "one-hot", "scalar"]


def method(**settings: Any) -> VQVAE:
    made: VQVAE = toy_run.make("vq-vae", toy_run.DECODER | {"codebook_size": 16} | settings)
    return made.eval()


@pytest.mark.parametrize("quantizer", QUANTIZERS)
@torch.no_grad()
def test_the_loss_is_reconstruction_from_codes_and_their_penalty(quantizer: str) -> None:
    made, batch = method(quantizer=quantizer), toy.batch(SENTENCES, [0, 0, 1])
    narrow = made.narrow(made.embed(batch))
    nll = sentence_nll(made.decoder, batch, made.bottleneck.mode(narrow))
    penalty = made.bottleneck(narrow, 0.0).penalty
    tokens = sum(len(sentence) + 1 for sentence in SENTENCES)
    assert torch.allclose(made(batch, "train").loss, (nll + penalty).sum() / tokens, atol=1e-5)


@pytest.mark.parametrize("quantizer", QUANTIZERS)
@torch.no_grad()
def test_a_packed_code_generates_what_the_vector_generates(quantizer: str) -> None:
    made = method(quantizer=quantizer)
    vectors = made.embed(toy.batch(SENTENCES, [0, 0, 1]))
    direct, packed = made.generator("itself", vectors), made.packed_generator(made.pack(vectors))
    assert torch.equal(direct.advance(None, direct.state)[0], packed.advance(None, packed.state)[0])


@pytest.mark.parametrize(
    "settings",
    [{"codebook_size": 300}, {"scalar_sizes": (1,)}, {"code_levels": 0}, {"codebook_decay": 1.5}],
    ids=str,
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        VQVAEConfig(**settings)
    assert error.value.setting == next(iter(settings))
