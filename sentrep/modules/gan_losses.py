"""What a critic and a generator want of each other: five losses over scores, by name in `ADVERSARIES`.

Scores are logits, high for what people wrote, in one dimension: one a text, or those of all steps that are
alive. `real` are those of written texts, `fake` those of generated ones. The critic's loss is `critic(real,
fake) + penalty(critic, real, fake)`, the generator's `generator(real, fake)`; all are to be minimised. A
critic that scores words through a softmax passes the generator a gradient; where words were drawn its scores
are rewards (`modules/reinforce.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

GP_WEIGHT = 10.0
"""λ of "Improved training of Wasserstein GANs", section 4."""
DIV_WEIGHT, DIV_POWER = 2.0, 6
"""k and p of "Wasserstein divergence for GANs", section 3."""
QP_WEIGHT = 10.0
"""λ of "GAN-QP" times the size of its rows: distances are means over them, as in the author's code."""


class Rows(NamedTuple):
    """Texts as a critic reads them: token vectors, or distributions over words before they are looked up."""

    tokens: Float[Tensor, "text position token_width"]
    alive: Bool[Tensor, "text position"]


Critic = Callable[[Tensor, Tensor], Tensor]
"""From the two fields of `Rows` to one score a text; a critic of steps is to give the mean of its steps."""


# Losses over scores.


def standard_critic(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """−log σ(real) − log(1 − σ(fake)): "Generative adversarial nets", Goodfellow et al., NIPS 2014, equation
    1."""
    return F.softplus(-real.float()).mean() + F.softplus(fake.float()).mean()


def standard_generator(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """−log σ(fake), which does not saturate while the critic is sure (the same, section 3)."""
    return F.softplus(-fake.float()).mean()


def wasserstein_critic(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """fake − real: minus the distance that a critic of bounded slope finds ("Wasserstein GAN", Arjovsky et
    al., ICML 2017)."""
    return fake.float().mean() - real.float().mean()


def wasserstein_generator(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """real − fake: that distance. A generator cannot move the first term, but it makes values of different
    steps comparable."""
    return -wasserstein_critic(real, fake)


def relativistic_critic(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """−log σ(real − fake) over all pairs: "The relativistic discriminator", Jolicoeur-Martineau, ICLR 2019,
    section 4.1 (RSGAN). There each real text meets one fake one; all of them estimate the same mean with less
    variance, and counts may differ."""
    return F.softplus(fake.float() - real.float().unsqueeze(1)).mean()


def relativistic_generator(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """−log σ(fake − real) over all pairs."""
    return relativistic_critic(fake, real)


# Penalties: what keeps a critic of unbounded scores in bounds.


def no_penalty(critic: Critic, real: Rows, fake: Rows) -> Float[Tensor, ""]:
    """Nothing, for losses that bound themselves."""
    return torch.zeros((), device=real.tokens.device)


def gradient_penalty(critic: Critic, real: Rows, fake: Rows) -> Float[Tensor, ""]:
    """λ (‖∇D(x̂)‖ − 1)² between real and fake rows: "Improved training of Wasserstein GANs", Gulrajani et
    al., NIPS 2017, section 4."""
    steepness = torch.linalg.vector_norm(slopes(critic, real, fake), dim=1)
    return GP_WEIGHT * (steepness - 1).square().mean()  # type: ignore[no-any-return]


def divergence_penalty(critic: Critic, real: Rows, fake: Rows) -> Float[Tensor, ""]:
    """k ‖∇D(x̂)‖^p between real and fake rows: "Wasserstein divergence for GANs", Wu et al., ECCV 2018,
    section 3."""
    return DIV_WEIGHT * slopes(critic, real, fake).square().sum(1).pow(DIV_POWER / 2).mean()


def quadratic_penalty(critic: Critic, real: Rows, fake: Rows) -> Float[Tensor, ""]:
    """(D(x) − D(y))² / (2 λ d(x, y)) of each real text and the fake one beside it, d being the mean |x − y|:
    "GAN-QP: a novel GAN framework without gradient vanishing and Lipschitz constraint", Su 2018, section 3.
    No gradient of a gradient is needed."""
    real, fake = _side_by_side(real, fake)
    with torch.autocast(real.tokens.device.type, enabled=False):
        size = (real.alive | fake.alive).sum(1).clamp(min=1) * real.tokens.shape[2]
        distance = (real.tokens - fake.tokens).abs().sum((1, 2)) / size
        gap = critic(*real).float() - critic(*fake).float()
        return (gap.square() / (2 * QP_WEIGHT * distance.clamp(min=1e-6))).mean()


def slopes(critic: Critic, real: Rows, fake: Rows) -> Float[Tensor, "text entry"]:
    """The critic's gradient at a random point between each real text and the fake one beside it, in fp32.

    It is differentiable where gradients are on, so the critic must be so twice: recurrent ones are on the
    CPU, but not on a GPU."""
    real, fake = _side_by_side(real, fake)
    learning = torch.is_grad_enabled()
    with torch.enable_grad(), torch.autocast(real.tokens.device.type, enabled=False):  # also while validating
        share = torch.rand(len(real.tokens), 1, 1, device=real.tokens.device)
        between = (fake.tokens + share * (real.tokens - fake.tokens)).requires_grad_()
        (gradient,) = torch.autograd.grad(
            critic(between, real.alive | fake.alive).sum(), between, create_graph=learning
        )
    return gradient.flatten(1)


def _side_by_side(real: Rows, fake: Rows) -> tuple[Rows, Rows]:
    """In fp32, as constants, and of the same shape: zeros beyond the end of each text."""
    if len(real.tokens) != len(fake.tokens):
        raise ValueError(
            f"{len(real.tokens)} real texts and {len(fake.tokens)} fake ones cannot be paired: give as many of each"
        )
    longest = max(real.alive.shape[1], fake.alive.shape[1])

    def padded(rows: Rows) -> Rows:
        more = longest - rows.alive.shape[1]
        tokens = rows.tokens.detach().float().where(rows.alive.unsqueeze(2), 0)
        return Rows(F.pad(tokens, (0, 0, 0, more)), F.pad(rows.alive, (0, more)))

    return padded(real), padded(fake)


class Adversary(NamedTuple):
    """What is minimised by whom."""

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    penalty: Callable[[Critic, Rows, Rows], Tensor]


ADVERSARIES = {
    "standard": Adversary(standard_critic, standard_generator, no_penalty),
    "wgan-gp": Adversary(wasserstein_critic, wasserstein_generator, gradient_penalty),
    "wgan-div": Adversary(wasserstein_critic, wasserstein_generator, divergence_penalty),
    "rsgan": Adversary(relativistic_critic, relativistic_generator, no_penalty),
    "gan-qp": Adversary(wasserstein_critic, wasserstein_generator, quadratic_penalty),
}
