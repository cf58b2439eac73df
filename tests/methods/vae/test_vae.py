"""The variational auto-encoder: its bound, the importance-weighted likelihood, and the language model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from sentrep.methods.vae.config import VAEConfig
from sentrep.methods.vae.method import VariationalAutoencoder
from sentrep.modules.latent.gaussian import kl_to_standard_normal
from sentrep.modules.reconstruction import sentence_nll
from sentrep.training.method_state import load_method_state, save_method_state
from sentrep.utils.errors import InputError
from tests import toy, toy_run

SENTENCES = [[7, 8, 9], [10], [11, 12, 13, 14]]


def method(**settings: Any) -> VariationalAutoencoder:
    made: VariationalAutoencoder = toy_run.make("vae", toy_run.DECODER | {"latent_width": 4} | settings)
    return made.eval()


@torch.no_grad()
def test_the_loss_is_reconstruction_and_kl_over_all_tokens() -> None:
    made, batch = method(), toy.batch(SENTENCES, [0, 0, 1])
    vectors = made.embed(batch)
    posterior = made.bottleneck.posterior(vectors)  # type: ignore[operator]
    kl = kl_to_standard_normal(*posterior).sum(1)
    nll = sentence_nll(made.decoder, batch, vectors)
    tokens = sum(len(sentence) + 1 for sentence in SENTENCES)
    torch.manual_seed(0)
    step = made(batch, "train")
    assert torch.allclose(step.loss, (nll + kl).sum() / tokens, atol=1e-5)
    assert torch.allclose(step.metrics["nll_sentence_at_mean"], (nll + kl).mean(), atol=1e-4)
    torch.manual_seed(0)
    drawn = sentence_nll(made.decoder, batch, posterior.sample())
    assert torch.allclose(step.metrics["nll_sentence"], (drawn + kl).mean(), atol=1e-4)


@torch.no_grad()
def test_the_bound_of_draws_is_above_the_likelihood_and_the_value_at_the_mean_need_not_be() -> None:
    """With weights so large that the decoder depends on the code strongly."""
    made, batch = method(latent_width=1, validation_samples=400), toy.batch(SENTENCES, [0, 0, 1])
    for parameter in made.decoder.decoders.parameters():
        parameter *= 4
    torch.manual_seed(0)
    likelihood = made.nll(batch).mean()
    steps = [made(batch, "train").metrics for _ in range(200)]
    assert torch.stack([step["nll_sentence"] for step in steps]).mean() > likelihood
    assert steps[0]["nll_sentence"] != steps[1]["nll_sentence"]
    assert steps[0]["nll_sentence_at_mean"] == steps[1]["nll_sentence_at_mean"]


@torch.no_grad()
def test_more_samples_tighten_the_bound_and_one_dimension_agrees_with_integration() -> None:
    """The likelihood of a code of one dimension is computed by the trapezoid rule."""
    made, batch = method(latent_width=1, validation_samples=400), toy.batch(SENTENCES, [0, 0, 1])
    grid = torch.linspace(-6, 6, 241)
    log_prior = torch.distributions.Normal(0.0, 1.0).log_prob(grid)
    rows = [log_prior[i] - sentence_nll(made.decoder, batch, grid[i].expand(3, 1)) for i in range(241)]
    wanted = -(torch.stack(rows).logsumexp(0) + torch.log(grid[1] - grid[0]))
    torch.manual_seed(0)
    assert torch.allclose(made.nll(batch), wanted, atol=0.05)


@torch.no_grad()
def test_a_width_of_0_is_a_language_model() -> None:
    made, batch = method(latent_width=0), toy.batch(SENTENCES, [0, 0, 1])
    assert not any(parameter.requires_grad for parameter in made.f.parameters())
    step = made(batch, "train")
    assert torch.allclose(step.metrics["code_gap"], torch.zeros(()), atol=1e-4)
    assert torch.allclose(step.metrics["nll_sentence"], made.nll(batch).mean(), atol=1e-4)
    assert "nll_sentence_at_mean" not in step.metrics
    tokens = sum(len(sentence) + 1 for sentence in SENTENCES)
    assert torch.allclose(made.nll(batch).sum() / tokens, step.loss, atol=1e-5)
    assert made.pack(made.embed(batch)).shape == (3, 0)
    assert made.monitors() == []


def test_codes_that_are_not_discrete_cannot_be_packed() -> None:
    with pytest.raises(InputError):
        method().pack(torch.zeros(1, 4))


def test_pretraining_is_an_autoencoder_and_ends_with_a_new_decoder() -> None:
    settings: dict[str, Any] = {"pretrain_share": 0.5, "kl_warmup": 0.5, "input_dropout": 0.0}
    made, batch = method(**settings).train(), toy.batch(SENTENCES, [0, 0, 1])
    before = {name: value.clone() for name, value in made.decoder.state_dict().items()}
    made.active_phases(0.4)
    tokens = sum(len(sentence) + 1 for sentence in SENTENCES)
    nll = sentence_nll(made.decoder, batch, made.embed(batch)).sum() / tokens
    assert made(batch, "train").loss.item() == pytest.approx(nll.item(), abs=1e-5)
    made.active_phases(0.5)
    after = {name: value.clone() for name, value in made.decoder.state_dict().items()}
    assert any(not torch.equal(value, after[name]) for name, value in before.items())
    assert made(batch, "train").metrics["kl"] > 0
    made.active_phases(0.75)
    assert made.warmup_progress == 0.5
    assert all(torch.equal(value, after[name]) for name, value in made.decoder.state_dict().items())


@torch.no_grad()
def test_the_validation_loss_has_the_kl_in_pretraining_too() -> None:
    made, batch = method(pretrain_share=0.5), toy.batch(SENTENCES, [0, 0, 1])
    steps = []
    for progress in (0.4, 0.6):
        made.active_phases(progress)
        made.decoder.load_state_dict(method().decoder.state_dict())
        steps.append(made(batch, "train"))
    assert torch.equal(steps[0].loss, steps[1].loss)
    assert steps[0].metrics["kl"] > 0


def test_a_run_that_starts_from_a_finished_one_pretrains_and_gets_a_new_decoder(tmp_path: Path) -> None:
    finished, started = method(pretrain_share=0.5), method(pretrain_share=0.5)
    finished.active_phases(0.6)
    save_method_state(finished, tmp_path)
    load_method_state(started, tmp_path)
    started.active_phases(0.0)
    for parameter in started.decoder.parameters():
        parameter.data += 1
    started.active_phases(0.6)
    after = started.decoder.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in finished.decoder.state_dict().items())


@pytest.mark.slow
def test_a_run_killed_after_pretraining_does_not_reset_the_decoder_again(tmp_path: Path) -> None:
    settings = {"pretrain_share": 0.3}
    whole, _ = toy_run.run(tmp_path / "whole", "vae", steps=12, settings=settings)
    cut = toy_run.start(toy_run.run, tmp_path / "cut", "vae", steps=12, settings=settings, die_at=9)
    toy_run.finish([cut], status=-9)
    resumed, _ = toy_run.run(tmp_path / "cut", "vae", steps=12, settings=settings)
    assert toy_run.digest(resumed) == toy_run.digest(whole)


@pytest.mark.parametrize(
    "settings",
    [
        {"latent_width": -1},
        {"kl_warmup": 2.0},
        {"free_bits": -0.1},
        {"pretrain_share": 2.0},
        {"pretrain_share": 0.5, "latent_width": 0},
    ],
    ids=str,
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        VAEConfig(**settings)
    assert error.value.setting == next(iter(settings))
