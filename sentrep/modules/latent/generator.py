"""Networks between a prior and codes: a generator of codes, and a critic of codes.

Neither normalises over the batch: a gradient penalty needs the gradient of each code by itself.

Reference:
    "Adversarially regularized autoencoders", Zhao et al., ICML 2018.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.modules.gan_losses import EmbeddedTexts
from sentrep.modules.scaling import scale_to_unit_rms

SLOPE = 0.2
"""Slope of the leaky rectifier below 0."""


class CodeGenerator(nn.Module):
    """Turns draws from N(0, 1) into codes with a mean square of 1, as real codes have.

    Args:
        prior_width: width of the draws.
        width: width of the codes.
        hidden: width of the two hidden layers.

    >>> codes = CodeGenerator(prior_width=4, width=6, hidden=8)(torch.randn(3, 4))
    >>> codes.shape, torch.allclose(codes.square().mean(1), torch.ones(3), atol=1e-5)
    (torch.Size([3, 6]), True)
    """

    def __init__(self, prior_width: int, width: int, hidden: int) -> None:
        super().__init__()
        self.prior_width = prior_width
        self.layers = mlp(prior_width, hidden, width)

    def forward(self, draws: Float[Tensor, "draw prior_width"]) -> Float[Tensor, "draw width"]:
        """Returns a code for each draw."""
        return scale_to_unit_rms(self.layers(draws).float())

    def draw(self, count: int, device: torch.device | str = "cpu") -> Float[Tensor, "draw prior_width"]:
        """Draws from the prior."""
        return torch.randn(count, self.prior_width, device=device)


class CodeCritic(nn.Module):
    """Scores codes: one number for each, high for real ones.

    It reads codes as texts of one token, so that `sentrep.modules.gan_losses` serves as it is.

    Args:
        width: width of the codes.
        hidden: width of the two hidden layers.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        # No bias at the end: where only differences of scores count, it would learn nothing.
        self.layers = mlp(width, hidden, 1, bias=False)

    def forward(
        self, tokens: Float[Tensor, "code 1 width"], mask: Tensor | None = None
    ) -> Float[Tensor, " code"]:
        """Returns the score of each code."""
        return self.layers(tokens[:, 0]).squeeze(1).float()  # type: ignore[no-any-return]

    def score(self, codes: Float[Tensor, "code width"]) -> Float[Tensor, " code"]:
        """Returns the score of each row of a matrix of codes."""
        return self(codes.unsqueeze(1))  # type: ignore[no-any-return]


def as_texts(codes: Float[Tensor, "code width"]) -> EmbeddedTexts:
    """Returns codes as texts of one token.

    >>> as_texts(torch.zeros(2, 3)).tokens.shape
    torch.Size([2, 1, 3])
    """
    mask = torch.ones(len(codes), 1, dtype=torch.bool, device=codes.device)
    return EmbeddedTexts(codes.unsqueeze(1), mask)


def mlp(width: int, hidden: int, out: int, bias: bool = True) -> nn.Sequential:
    """Returns two hidden layers with leaky rectifiers."""
    return nn.Sequential(
        nn.Linear(width, hidden),
        nn.LeakyReLU(SLOPE),
        nn.Linear(hidden, hidden),
        nn.LeakyReLU(SLOPE),
        nn.Linear(hidden, out, bias=bias),
    )


def spread(codes: Float[Tensor, "code width"]) -> Float[Tensor, ""]:
    """Returns the mean variance of a dimension: 0 where all codes are one.

    >>> spread(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    tensor(0.5000)
    """
    return codes.detach().float().var(0, unbiased=False).mean()


def pearson(left: Float[Tensor, "row width"], right: Float[Tensor, "row width"]) -> Float[Tensor, " row"]:
    """Returns the correlation over the dimensions of each row.

    >>> round(pearson(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[2.0, 4.0, 6.0]])).item(), 4)
    1.0
    """
    first, second = (each - each.mean(1, keepdim=True) for each in (left, right))
    return torch.cosine_similarity(first, second, dim=1)
