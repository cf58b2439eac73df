"""REINFORCE: the gradient of an expected reward where the reward itself has none, because tokens are sampled.

    ∇ E[R] = E[ Σ_i (d_i − b_i) ∇ log p(y_i | y_<i) ]      d_i = Σ_{j ≥ i} γ^(j−i) r_j

Any baseline b_i that does not depend on y_i leaves the expectation unchanged; a good one reduces the variance
considerably.

Texts are padded. `mask` is True at the steps that count: those that produced a token or the end of the text.
All results are 0 at the other steps, whatever the inputs are there.

Reference:
    "Simple statistical gradient-following algorithms for connectionist reinforcement learning", Williams,
    Machine Learning 1992, section 5.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Rewards(NamedTuple):
    """Rewards and advantages of the steps of sampled texts."""

    reward: Float[Tensor, "text step"]
    advantage: Float[Tensor, "text step"]
    """The reward minus a baseline."""

    def noise_ratio(self, mask: Bool[Tensor, "text step"]) -> Float[Tensor, ""]:
        """Returns the standard deviation of the advantage, divided by the mean absolute reward."""
        spread: Tensor = self.advantage[mask].std() / self.reward[mask].abs().mean().clamp(min=1e-9)
        return spread


def policy_loss(
    log_prob: Float[Tensor, "text step"],
    advantage: Float[Tensor, "text step"],
    mask: Bool[Tensor, "text step"],
) -> Float[Tensor, " text"]:
    """Returns −Σ_i advantage_i log p(y_i) of each text.

    The gradient of its mean is minus the gradient of the expected reward.

    Args:
        log_prob: log p(y_i | y_<i) of the sampled tokens, with gradient.
        advantage: `returns` minus a baseline; no gradient passes through it.
        mask: steps that count.

    >>> policy_loss(torch.tensor([[-1.0, -2.0]]), torch.tensor([[1.0, 0.5]]), torch.ones(1, 2).bool())
    tensor([2.])
    """
    return -(advantage.detach().where(mask, 0) * log_prob).where(mask, 0).sum(1)


def step_rewards(
    score: Float[Tensor, "text step"], mask: Bool[Tensor, "text step"]
) -> Float[Tensor, "text step"]:
    """Returns what each step added to a critic's score: r_1 = s_1, r_i = s_i − s_{i−1}.

    Without discount these rewards sum to the last score.

    Reference:
        "Learning to encode text as human-readable summaries using generative adversarial networks", Wang &
        Lee, EMNLP 2018, section 4.2.

    >>> step_rewards(torch.tensor([[0.5, 0.75, 0.25]]), torch.ones(1, 3, dtype=torch.bool))
    tensor([[ 0.5000,  0.2500, -0.5000]])
    """
    return torch.diff(score, dim=1, prepend=torch.zeros_like(score[:, :1])).where(mask, 0)


def returns(
    rewards: Float[Tensor, "text step"], mask: Bool[Tensor, "text step"], discount: float
) -> Float[Tensor, "text step"]:
    """Returns the discounted sum of rewards from each step on: d_i = Σ_{j ≥ i} discount^(j−i) r_j.

    >>> returns(torch.tensor([[1.0, 2.0, 4.0]]), torch.ones(1, 3, dtype=torch.bool), discount=0.5)
    tensor([[3., 4., 4.]])
    """
    step = torch.arange(rewards.shape[1], device=rewards.device)
    ahead = step.unsqueeze(1) - step
    with torch.autocast(rewards.device.type, enabled=False):
        later = rewards.float().where(mask, 0) @ (discount ** ahead.clamp(min=0)).where(ahead >= 0, 0.0)
    return later.where(mask, 0)


def subtract_step_mean(
    values: Float[Tensor, "text step"], mask: Bool[Tensor, "text step"]
) -> Float[Tensor, "text step"]:
    """Subtracts the mean of the batch at each step, over the texts that have this step.

    A text's own value is part of the mean. So with n texts at a step the expected gradient is (n − 1) / n of
    the true one, and a text that is the only one left learns nothing there.

    Reference:
        The released code of Wang & Lee 2018 centres 2 s_i − 1 in this way before discounting.

    >>> subtract_step_mean(torch.tensor([[1.0], [3.0]]), torch.ones(2, 1, dtype=torch.bool))
    tensor([[-1.],
            [ 1.]])
    """
    mean = values.where(mask, 0).sum(0) / mask.sum(0).clamp(min=1)
    return (values - mean).where(mask, 0)


def leave_one_out(values: Float[Tensor, "sentence sample"]) -> Float[Tensor, "sentence sample"]:
    """Subtracts the mean of the other samples of the same sentence.

    Samples are independent, so this baseline leaves the expected gradient unchanged. A single sample keeps
    its value.

    Reference:
        "Variational inference for Monte Carlo objectives", Mnih & Rezende, ICML 2016.

    >>> leave_one_out(torch.tensor([[1.0, 2.0, 6.0]]))
    tensor([[-3.0000, -1.5000,  4.5000]])
    """
    others = values.shape[1] - 1
    return values if not others else (values - values.mean(1, keepdim=True)) * ((others + 1) / others)


def self_critical(
    sampled_loss: Float[Tensor, " text"], greedy_loss: Float[Tensor, " text"]
) -> Float[Tensor, " text"]:
    """Returns how much better the sampled text did than the greedy one: one advantage for all its steps.

    Reference:
        "Self-critical sequence training for image captioning", Rennie et al., CVPR 2017.

    >>> self_critical(sampled_loss=torch.tensor([1.0]), greedy_loss=torch.tensor([3.0]))
    tensor([2.])
    """
    return greedy_loss - sampled_loss
