"""Rewards of sampled summaries."""

from __future__ import annotations

from collections.abc import Iterable

from jaxtyping import Bool, Float
from torch import Tensor

from sentrep.modules.reinforce import Rewards, returns, self_critical, step_rewards, subtract_step_mean

WeightedLosses = Iterable[tuple[float, Float[Tensor, " text"], Float[Tensor, " text"]]]
"""A weight, and the losses of the sampled and of the greedy summaries."""


def summary_rewards(
    losses: WeightedLosses,
    real_probability: Float[Tensor, "text step"] | None,
    mask: Bool[Tensor, "text step"],
    critic_weight: float,
    discount: float,
) -> Rewards:
    """Returns the reward and the advantage of each step of sampled summaries.

    Args:
        losses: what is compared with the greedy summaries, once for a whole summary (self-critical).
        real_probability: the critic's probability after each token that the summary is real; None without a
            stepwise critic.
        mask: steps of the sampled summaries.
        critic_weight: weight of the critic's rewards.
        discount: discount of the critic's later rewards.
    """
    whole = sum(weight * self_critical(sampled, greedy) for weight, sampled, greedy in losses)
    assert isinstance(whole, Tensor)
    reward = advantage = whole.unsqueeze(1).expand(mask.shape)
    if real_probability is not None:
        value = returns(step_rewards(real_probability, mask), mask, discount)
        reward = reward + critic_weight * value
        advantage = advantage + critic_weight * subtract_step_mean(value, mask)
    return Rewards(reward, advantage)
