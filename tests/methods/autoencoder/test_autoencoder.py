"""The auto-encoder against a loop over sentences and tokens, with both decoders."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from sentrep.methods.autoencoder.config import AutoencoderConfig
from sentrep.methods.autoencoder.method import Autoencoder
from sentrep.modules.memory_decoder import MemoryDecoder
from sentrep.training.config import TrainingConfig
from sentrep.training.optimization import make_optimizer, set_lr
from sentrep.utils.errors import InputError
from tests import toy, toy_run

SENTENCES = [[7, 8, 9], [10], [], [11, 12, 13, 14]]


def method(**settings: Any) -> Autoencoder:
    made: Autoencoder = toy_run.make("autoencoder", toy_run.DECODER | settings)
    return made.eval()


@pytest.mark.parametrize("settings", [{}, {"decoder": "memory"}, {"longest": 2}], ids=str)
@torch.no_grad()
def test_loss_is_the_mean_of_what_generation_gives_each_token(settings: dict[str, Any]) -> None:
    made, batch = method(**settings), toy.batch(SENTENCES, [0, 0, 1, 1])
    vectors, losses = made.embed(batch), list[Tensor]()
    for i, sentence in enumerate(SENTENCES):
        advance, state, end = made.generator("itself", vectors[i : i + 1])
        last = None
        for token in [*sentence, end][: made.config.longest]:
            log_prob, state = advance(last, state)
            losses.append(-log_prob[0, token])
            last = torch.tensor([token])
    step = made(batch, "train")
    assert torch.allclose(step.loss, torch.stack(losses).mean(), atol=1e-5)


@torch.no_grad()
def test_code_gap_is_the_price_of_another_sentences_code() -> None:
    made, batch = method(), toy.batch(SENTENCES, [0, 0, 1, 1])
    assert made(batch, "train").metrics["code_gap"].abs() > 1e-6
    decoder: Any = made.decoder.decoders["itself"]
    decoder.code.weight.zero_()
    assert made(batch, "train").metrics["code_gap"].item() == pytest.approx(0, abs=1e-6)


def test_noise_is_drawn_in_training_only() -> None:
    made, batch = method(delete=0.5), toy.batches().batch(0, 0)
    assert torch.equal(made(batch, "train").loss, made(batch, "train").loss)
    made.train()
    assert not torch.equal(made(batch, "train").loss, made(batch, "train").loss)


@torch.no_grad()
def test_states_of_the_memory_decoder_depend_on_no_later_token_and_on_the_code() -> None:
    torch.manual_seed(0)
    decoder, code = MemoryDecoder(8, 3, layers=2), torch.randn(2, 3)
    tokens = torch.randn(2, 5, 8)
    states, changed = decoder.read(tokens, code), tokens.clone()
    changed[:, 3:] = torch.randn(2, 2, 8)
    assert torch.allclose(decoder.read(changed, code)[:, :3], states[:, :3], atol=1e-6)
    assert not torch.allclose(decoder.read(changed, code)[:, 3:], states[:, 3:], atol=1e-2)
    assert not torch.allclose(decoder.read(tokens, code + 1), states, atol=1e-2)


def test_the_heads_of_the_memory_decoder_divide_any_width() -> None:
    heads = {width: MemoryDecoder(width, 3).layers[0].heads for width in (8, 64, 128, 200, 256, 201, 131)}
    assert heads == {8: 1, 64: 1, 128: 2, 200: 2, 256: 4, 201: 3, 131: 1}
    states = MemoryDecoder(200, 3).read(torch.randn(2, 5, 200), torch.randn(2, 3))
    assert states.shape == (2, 5, 200)


def test_the_memory_decoder_shares_rows_with_the_softmax_and_starts_from_the_encoder() -> None:
    made = method(decoder="memory")
    assert made.decoder.tokens is None
    table = made.f[0].embedding.weight
    assert torch.equal(made.decoder.vocabulary.weight[: len(table)], table)


def test_decoder_lr_scale_scales_the_learning_rate_of_the_decoder_only() -> None:
    made = method(decoder_lr_scale=4.0)
    first, before = make_optimizer(made, made.phases[0], 1.0, TrainingConfig()), dict(made.named_parameters())
    set_lr(first, 0.5)
    rates = {id(each): group["lr"] for group in first.param_groups for each in group["params"]}
    for name, parameter in before.items():
        assert rates[id(parameter)] == (2.0 if name.startswith("decoder.") else 0.5), name
    assert len(rates) == len(before)


@pytest.mark.parametrize(
    "settings", [{"delete": 1.0}, {"decoder_lr_scale": -1.0}, {"shuffle": -1}, {"decoder_layers": 0}], ids=str
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        AutoencoderConfig(**settings)
    assert error.value.setting == next(iter(settings))
