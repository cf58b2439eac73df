"""Losses of adversarial training over the scores of a critic, by name in `GAN_LOSSES`.

Scores are logits, high for real texts, in one dimension: one for each text, or one for each step of all
texts. `real` are the scores of real texts, `fake` those of generated ones. The critic minimises
``loss.critic(real, fake) + loss.penalty(critic, real_texts, fake_texts)``, the generator minimises
``loss.generator(real, fake)``.

A critic that reads soft tokens passes a gradient to the generator. Where tokens are sampled, its scores are
rewards (`modules/reinforce.py`).
"""

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
"""λ of "GAN-QP", divided by the number of entries: distances are means here, as in the author's code."""


class EmbeddedTexts(NamedTuple):
    """Texts as a critic reads them: token vectors, or distributions over tokens."""

    tokens: Float[Tensor, "text position token_width"]
    mask: Bool[Tensor, "text position"]


CriticFunction = Callable[[Tensor, Tensor], Tensor]
"""From the two fields of `EmbeddedTexts` to a score for each text; a stepwise critic returns its mean."""


# Losses over scores


def standard_critic(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """Returns −log σ(real) − log(1 − σ(fake)).

    Reference:
        "Generative adversarial nets", Goodfellow et al., NIPS 2014, equation 1.
    """
    return F.softplus(-real.float()).mean() + F.softplus(fake.float()).mean()


def standard_generator(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """Returns −log σ(fake), which does not saturate while the critic is right.

    Reference:
        "Generative adversarial nets", Goodfellow et al., NIPS 2014, section 3.
    """
    return F.softplus(-fake.float()).mean()


def wasserstein_critic(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """Returns fake − real: minus the distance that a critic of bounded slope finds.

    Reference:
        "Wasserstein GAN", Arjovsky et al., ICML 2017.

    >>> wasserstein_critic(torch.tensor([1.0]), torch.tensor([3.0]))
    tensor(2.)
    """
    return fake.float().mean() - real.float().mean()


def wasserstein_generator(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """Returns real − fake. The first term has no gradient, but makes values of different steps comparable."""
    return -wasserstein_critic(real, fake)


def relativistic_critic(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """Returns −log σ(real − fake) over all pairs.

    Reference:
        "The relativistic discriminator", Jolicoeur-Martineau, ICLR 2019, section 4.1 (RSGAN). There each real
        text is paired with one fake text; all pairs estimate the same mean with less variance.
    """
    return F.softplus(fake.float() - real.float().unsqueeze(1)).mean()


def relativistic_generator(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """Returns −log σ(fake − real) over all pairs."""
    return relativistic_critic(fake, real)


# Penalties, which bound a critic whose scores are not bounded by the loss


def no_penalty(critic: CriticFunction, real: EmbeddedTexts, fake: EmbeddedTexts) -> Float[Tensor, ""]:
    """Returns 0, for losses that need no penalty."""
    return torch.zeros((), device=real.tokens.device)


def gradient_penalty(critic: CriticFunction, real: EmbeddedTexts, fake: EmbeddedTexts) -> Float[Tensor, ""]:
    """Returns λ (‖∇D(x̂)‖ − 1)² at points x̂ between real and fake texts.

    Reference:
        "Improved training of Wasserstein GANs", Gulrajani et al., NIPS 2017, section 4.
    """
    norm = torch.linalg.vector_norm(input_gradient(critic, real, fake), dim=1)
    return GP_WEIGHT * (norm - 1).square().mean()  # type: ignore[no-any-return]


def divergence_penalty(critic: CriticFunction, real: EmbeddedTexts, fake: EmbeddedTexts) -> Float[Tensor, ""]:
    """Returns k ‖∇D(x̂)‖^p at points x̂ between real and fake texts.

    Reference:
        "Wasserstein divergence for GANs", Wu et al., ECCV 2018, section 3.
    """
    return DIV_WEIGHT * input_gradient(critic, real, fake).square().sum(1).pow(DIV_POWER / 2).mean()


def quadratic_penalty(critic: CriticFunction, real: EmbeddedTexts, fake: EmbeddedTexts) -> Float[Tensor, ""]:
    """Returns (D(x) − D(y))² / (2 λ d(x, y)) over pairs of a real and a fake text; d is the mean |x − y|.

    It needs no second derivative.

    Reference:
        "GAN-QP: a novel GAN framework without gradient vanishing and Lipschitz constraint", Su 2018,
        section 3.
    """
    real, fake = _pair(real, fake)
    with torch.autocast(real.tokens.device.type, enabled=False):
        size = (real.mask | fake.mask).sum(1).clamp(min=1) * real.tokens.shape[2]
        distance = (real.tokens - fake.tokens).abs().sum((1, 2)) / size
        gap = critic(*real).float() - critic(*fake).float()
        return (gap.square() / (2 * QP_WEIGHT * distance.clamp(min=1e-6))).mean()


def input_gradient(
    critic: CriticFunction, real: EmbeddedTexts, fake: EmbeddedTexts
) -> Float[Tensor, "text entry"]:
    """Returns the critic's gradient at a random point between each real text and its fake text, in fp32.

    It is differentiable where gradients are enabled, so the critic must be twice differentiable: recurrent
    networks are on the CPU, but not on a GPU.
    """
    real, fake = _pair(real, fake)
    learning = torch.is_grad_enabled()
    # Gradients are enabled during validation, too.
    with torch.enable_grad(), torch.autocast(real.tokens.device.type, enabled=False):
        share = torch.rand(len(real.tokens), 1, 1, device=real.tokens.device)
        between = (fake.tokens + share * (real.tokens - fake.tokens)).requires_grad_()
        scores = critic(between, real.mask | fake.mask).sum()
        (gradient,) = torch.autograd.grad(scores, between, create_graph=learning)
    return gradient.flatten(1)


def _pair(real: EmbeddedTexts, fake: EmbeddedTexts) -> tuple[EmbeddedTexts, EmbeddedTexts]:
    """Returns both in fp32, without gradient, of the same shape, and 0 at padding."""
    if len(real.tokens) != len(fake.tokens):
        raise ValueError(
            f"{len(real.tokens)} real texts and {len(fake.tokens)} fake ones cannot be paired: "
            "give as many of each"
        )
    width = max(real.mask.shape[1], fake.mask.shape[1])
    return _widen(real, width), _widen(fake, width)


def _widen(texts: EmbeddedTexts, width: int) -> EmbeddedTexts:
    more = width - texts.mask.shape[1]
    tokens = texts.tokens.detach().float().where(texts.mask.unsqueeze(2), 0)
    return EmbeddedTexts(F.pad(tokens, (0, 0, 0, more)), F.pad(texts.mask, (0, more)))


class GANLoss(NamedTuple):
    """What critic and generator minimise."""

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    penalty: Callable[[CriticFunction, EmbeddedTexts, EmbeddedTexts], Tensor]
    zero_separates: bool = False
    """Whether the critic learns scores above 0 for real texts; otherwise only differences of scores count."""

    @torch.no_grad()
    def accuracy(self, real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
        """Returns how often the critic is right: about single texts if `zero_separates`, otherwise about
        which text of a pair is the real one.

        >>> GAN_LOSSES["wgan-gp"].accuracy(torch.tensor([9.0, 7.0]), torch.tensor([5.0, 8.0]))
        tensor(0.7500)
        >>> GAN_LOSSES["standard"].accuracy(torch.tensor([9.0, 7.0]), torch.tensor([5.0, -8.0]))
        tensor(0.7500)
        """
        if self.zero_separates:
            return ((real > 0).float().mean() + (fake < 0).float().mean()) / 2
        return rightly_ordered(real, fake)


@torch.no_grad()
def rightly_ordered(real: Float[Tensor, " real"], fake: Float[Tensor, " fake"]) -> Float[Tensor, ""]:
    """Returns the share of all pairs in which the real one has the higher score.

    >>> rightly_ordered(torch.tensor([1.0, 3.0]), torch.tensor([2.0]))
    tensor(0.5000)
    """
    return (real.unsqueeze(1) > fake).float().mean()


GAN_LOSSES = {
    "standard": GANLoss(standard_critic, standard_generator, no_penalty, zero_separates=True),
    "wgan-gp": GANLoss(wasserstein_critic, wasserstein_generator, gradient_penalty),
    "wgan-div": GANLoss(wasserstein_critic, wasserstein_generator, divergence_penalty),
    "rsgan": GANLoss(relativistic_critic, relativistic_generator, no_penalty),
    "gan-qp": GANLoss(wasserstein_critic, wasserstein_generator, quadratic_penalty),
}
