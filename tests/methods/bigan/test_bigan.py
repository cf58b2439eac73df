"""The objectives of BiGAN-QP against a loop over pairs."""

from __future__ import annotations

import torch

from sentrep.methods.bigan.method import BiGAN
from tests import toy, toy_run


def method() -> BiGAN:
    made: BiGAN = toy_run.make("bigan", toy_run.CODES)
    return made.eval()


@torch.no_grad()
def test_the_objectives_are_those_of_a_loop() -> None:
    made, batch = method(), toy.batches().batch(0, 0)
    codes = made.codes(batch)
    torch.manual_seed(3)
    critic, generator = [], []
    for code, draw in zip(codes, made.prior.draw(len(codes)), strict=True):
        fake, read = made.prior(draw.unsqueeze(0))[0], made.reader(code)
        gap = (made.critic(torch.cat([code, read])) - made.critic(torch.cat([fake, draw])))[0]
        distance = (code - fake).abs().mean() + (read - draw).abs().mean()
        critic.append(-gap + gap**2 / (20 * distance))
        back, again = made.reader(fake), made.prior(read.unsqueeze(0))[0]
        errors = 2 * (draw - back).square().mean() + 3 * (code - again).square().mean()
        generator.append(gap + errors)
    for phase, terms in (("critic", critic), ("generator", generator)):
        torch.manual_seed(3)
        assert torch.allclose(made(batch, phase).loss, torch.stack(terms).mean(), atol=1e-4)


def test_each_phase_trains_its_networks_only() -> None:
    made, batch = method(), toy.batches().batch(0, 0)
    made(batch, "critic").loss.backward()
    assert all(parameter.grad is None for parameter in (*made.prior.parameters(), *made.reader.parameters()))
    made.zero_grad()
    made(batch, "generator").loss.backward()
    assert all(parameter.grad is None for parameter in made.f.parameters())
    assert all(parameter.grad is not None for parameter in made.reader.parameters())
