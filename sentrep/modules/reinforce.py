"""REINFORCE: the gradient of an expected reward, where the reward has none because words were drawn.

    ∇ E[R] = E[ Σ_i (d_i − b_i) ∇ log p(y_i | y_<i) ]      d_i = Σ_{j ≥ i} γ^(j−i) r_j

"Simple statistical gradient-following algorithms for connectionist reinforcement learning", Williams, Machine
Learning 1992, section 5; any b_i that does not look at y_i leaves the expectation as it is and can take much
of its variance.

Texts are padded, and `alive` tells which steps count: those that wrote a token, and the one that wrote the
end. What comes back is 0 at the others, whatever was given there."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


class Earned(NamedTuple):
    """What each step earned."""

    reward: Float[Tensor, "text step"]
    advantage: Float[Tensor, "text step"]
    """The same less a baseline."""

    def noise(self, alive: Bool[Tensor, "text step"]) -> Float[Tensor, ""]:
        """Spread of the advantage (standard deviation), in mean absolute rewards."""
        spread: Tensor = self.advantage[alive].std() / self.reward[alive].abs().mean().clamp(min=1e-9)
        return spread


def policy_loss(
    log_probability: Float[Tensor, "text step"],
    advantage: Float[Tensor, "text step"],
    alive: Bool[Tensor, "text step"],
) -> Float[Tensor, " text"]:
    """−Σ_i advantage_i log p(y_i) of each text: the gradient of its mean is minus that of the expected
    reward.

    The advantage is what a step was worth, `returns` minus a baseline; no gradient passes through it.
    """
    return -(advantage.detach().where(alive, 0) * log_probability).where(alive, 0).sum(1)


def step_rewards(
    score: Float[Tensor, "text step"], alive: Bool[Tensor, "text step"]
) -> Float[Tensor, "text step"]:
    """What each step added to the critic's score: r_1 = s_1, r_i = s_i − s_{i−1} ("Learning to encode text as
    human-readable summaries using generative adversarial networks", Wang & Lee, EMNLP 2018, its second
    method). Undiscounted they sum to the last score.

    >>> score = torch.tensor([[0.5, 0.75, 0.25]])
    >>> step_rewards(score, torch.ones(1, 3, dtype=torch.bool))
    tensor([[ 0.5000,  0.2500, -0.5000]])
    """
    return torch.diff(score, dim=1, prepend=torch.zeros_like(score[:, :1])).where(alive, 0)


def returns(
    rewards: Float[Tensor, "text step"], alive: Bool[Tensor, "text step"], discount: float
) -> Float[Tensor, "text step"]:
    """What comes from each step on: d_i = Σ_{j ≥ i} discount^(j−i) r_j.

    >>> returns(torch.tensor([[1.0, 2.0, 4.0]]), torch.ones(1, 3, dtype=torch.bool), discount=0.5)
    tensor([[3., 4., 4.]])
    """
    step = torch.arange(rewards.shape[1], device=rewards.device)
    ahead = step.unsqueeze(1) - step
    with torch.autocast(rewards.device.type, enabled=False):
        later = rewards.float().where(alive, 0) @ (discount ** ahead.clamp(min=0)).where(ahead >= 0, 0.0)
    return later.where(alive, 0)


def centred(
    values: Float[Tensor, "text step"], alive: Bool[Tensor, "text step"]
) -> Float[Tensor, "text step"]:
    """Minus the mean of the batch at each step, over the texts that are alive there: the baseline of the
    paper's released code, which centres 2 s_i − 1 so before it discounts by .3.

    A text's own value is in its mean. So with n texts at a step the expected gradient is (n − 1) / n of the
    true one, and a text that is the only one left learns nothing there."""
    mean = values.where(alive, 0).sum(0) / alive.sum(0).clamp(min=1)
    return (values - mean).where(alive, 0)


def leave_one_out(values: Float[Tensor, "sentence sample"]) -> Float[Tensor, "sentence sample"]:
    """Minus the mean of the other samples of the same sentence: a baseline that costs nothing and leaves the
    expectation as it is, for samples are independent ("Variational inference for Monte Carlo objectives",
    Mnih & Rezende, ICML 2016). A single sample has no others and keeps its value.

    >>> leave_one_out(torch.tensor([[1.0, 2.0, 6.0]]))
    tensor([[-3.0000, -1.5000,  4.5000]])
    """
    others = values.shape[1] - 1
    return values if not others else (values - values.mean(1, keepdim=True)) * ((others + 1) / others)


def self_critical(
    sampled_loss: Float[Tensor, " text"], greedy_loss: Float[Tensor, " text"]
) -> Float[Tensor, " text"]:
    """How much better than the greedy text the drawn one did, one advantage for all its steps ("Self-critical
    sequence training for image captioning", Rennie et al., CVPR 2017). What is decoded as in use is the
    baseline, so nothing is learnt for it."""
    return greedy_loss - sampled_loss


def entropy(
    probability: Float[Tensor, "text step word"], alive: Bool[Tensor, "text step"]
) -> Float[Tensor, " text"]:
    """Of the steps of each text together, in nats: times a small weight, a bonus against settling too early
    ("Asynchronous methods for deep reinforcement learning", Mnih et al., ICML 2016, section 4)."""
    probability = probability.float()
    surprise = -probability.clamp(
        min=1e-30
    ).log()  # finite, and so is its gradient, for words that cannot come
    return (probability * surprise).sum(2).where(alive, 0).sum(1)
