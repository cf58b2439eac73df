"""Critics of written and generated texts: what they see, what they do not, and that they tell the two
apart."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sentrep.modules.discriminators import ConvCritic, StepCritic
from sentrep.modules.gan_losses import standard_critic

TOKEN_WIDTH, WIDTH = 5, 8
LENGTHS = [6, 1, 4, 0]
CRITICS = [StepCritic, ConvCritic]


def ragged() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(4, 6, TOKEN_WIDTH), torch.arange(6) < torch.tensor(LENGTHS).unsqueeze(1)


def critic(kind: type[nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    return kind(TOKEN_WIDTH, WIDTH)


def test_every_prefix_is_scored_as_if_it_were_all() -> None:
    tokens, mask = ragged()
    steps = critic(StepCritic)
    scores = steps(tokens, mask)
    for text, length in enumerate(LENGTHS):
        for end in range(1, length + 1):
            alone = steps(tokens[[text], :end], mask[[text], :end])
            assert torch.allclose(alone[0, -1], scores[text, end - 1], atol=1e-6)


def test_convolutions_against_loops() -> None:
    tokens, mask = ragged()
    network = ConvCritic(TOKEN_WIDTH, WIDTH, blocks=3)
    scores, weights = network(tokens, mask), network.state_dict()
    for text, length in enumerate(LENGTHS):
        states = [
            network.enter.weight[:, :, 0] @ token + network.enter.bias for token in tokens[text, :length]
        ]
        for block in range(3):
            inner = states
            for name in (f"blocks.{block}.first", f"blocks.{block}.second"):
                weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
                before, inner = [state.relu() for state in inner], []
                for place in range(length):
                    seen = bias
                    for tap in range(5):
                        if 0 <= place + tap - 2 < length:
                            seen = seen + weight[:, :, tap] @ before[place + tap - 2]
                    inner.append(seen)
            states = [state + 0.3 * change for state, change in zip(states, inner, strict=True)]
        mean = sum(states) / length if length else torch.zeros(WIDTH)
        assert torch.allclose(scores[text], network.score(mean).squeeze(), atol=1e-5)


@pytest.mark.parametrize("kind", CRITICS)
def test_padding_and_other_texts_change_nothing(kind: type[nn.Module]) -> None:
    tokens, mask = ragged()
    network = critic(kind)
    scores = network(tokens, mask)
    rubbish = network(tokens.where(mask.unsqueeze(2), 100.0), mask)
    assert torch.equal(scores, rubbish)
    for text, length in enumerate(LENGTHS[:3]):
        alone = network(tokens[[text], :length], mask[[text], :length])[0]
        assert torch.allclose(alone, scores[text, :length] if scores.dim() == 2 else scores[text], atol=1e-6)


@pytest.mark.parametrize("kind", CRITICS)
def test_gradients_reach_soft_words_through_the_softmax(kind: type[nn.Module]) -> None:
    _, mask = ragged()
    table, logits = torch.randn(20, TOKEN_WIDTH), torch.randn(4, 6, 20, requires_grad=True)
    network = critic(kind)
    network(logits.softmax(2) @ table, mask).sum().backward()
    assert logits.grad is not None
    assert (logits.grad[mask].abs().sum(1) > 0).all()
    assert (logits.grad[~mask] == 0).all()


@pytest.mark.parametrize("kind", CRITICS)
def test_hard_words_are_soft_words_that_are_sure(kind: type[nn.Module]) -> None:
    _, mask = ragged()
    table, ids = torch.randn(20, TOKEN_WIDTH), torch.randint(20, (4, 6))
    network = critic(kind)
    sure = nn.functional.one_hot(ids, 20).float() @ table
    assert torch.allclose(network(table[ids], mask), network(sure, mask), atol=1e-6)


@pytest.mark.parametrize("kind", CRITICS)
@pytest.mark.parametrize("bfloat16", [False, True])
def test_it_learns_to_tell_two_kinds_of_texts_apart(kind: type[nn.Module], bfloat16: bool) -> None:
    """Both have the same words equally often: the real ones in rising order, the others not."""
    torch.manual_seed(0)
    table, network = torch.randn(10, 16), kind(16, 32)
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    mask = torch.arange(6) < torch.randint(3, 7, (32, 1))

    def texts(rising: bool) -> Tensor:
        ids = torch.rand(32, 10).argsort(1)[:, :6]
        return table[ids.sort(1).values if rising else ids]

    losses = []
    for _ in range(80):
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            real, fake = network(texts(True), mask), network(texts(False), mask)
        assert real.dtype == torch.float32
        if real.dim() == 2:
            real, fake = real[mask], fake[mask]
        loss = standard_critic(real, fake)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(1.386, abs=0.15)  # 2 ln 2: no idea
    assert sum(losses[-10:]) / 10 < 0.9  # a first word says little, and a third of what is judged are such


def test_a_gradient_of_a_gradient_exists_for_both() -> None:
    tokens, mask = ragged()
    for kind in CRITICS:
        network = critic(kind)
        given = tokens.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(network(given, mask).sum(), given, create_graph=True)
        gradient.square().sum().backward()
        reached = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        assert sum(gradient.abs().sum().item() > 0 for gradient in reached) >= 4
