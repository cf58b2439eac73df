"""What to watch when seq2seq2seq is trained."""

from __future__ import annotations

from sentrep.methods.monitors import Condition, Monitor, change, higher, lower
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig

AFTER_PRETRAINING = (Condition("pretraining", 0.5, "below"),)
"""During pre-training the summaries resemble those of the synthetic pairs."""
SUMMARIES = [
    Monitor(
        "prefix_copy",
        0.6,  # headlines that people write have .03
        "above",
        "summaries copy: {prefix_copy:.0%} of a summary is the beginning of its article",
        (higher("critic_weight"), lower("reconstruction_weight"), change("summaries")),
        AFTER_PRETRAINING,
    ),
    Monitor(
        "gain_over_lead",
        1e-6,
        "below",
        "summaries contain no more than a beginning of the article of the same length: the article is "
        "reconstructed no better from them ({gain_over_lead:+.3f} nats a token)",
        (higher("reconstruction_weight"), higher("epochs")),
        AFTER_PRETRAINING,
    ),
    Monitor(
        "critic_accuracy",
        0.95,
        "above",
        "the critic is right in {critic_accuracy:.0%} of the cases, so its rewards hardly distinguish words",
        (lower("critic_steps"), change("gan_loss"), higher("pretrain_share")),
        AFTER_PRETRAINING,
    ),
]
REWARDS = [
    Monitor(
        "reward_noise",
        10.0,
        "above",
        "rewards are noise: the advantage of sampled words spreads {reward_noise:.0f} times as wide as the "
        "mean absolute reward",
        (higher("batch_size"), lower("discount"), higher("pretrain_share")),
        AFTER_PRETRAINING,
    ),
    Monitor(
        "clipped",
        0.5,
        "above",
        "gradients are too long: in {clipped:.0%} of the last steps they were clipped",
        (lower("reconstruction_weight"), lower("critic_weight"), higher("batch_size"), higher("clip")),
        AFTER_PRETRAINING,
    ),
]


def monitors(config: Seq2Seq2SeqConfig) -> list[Monitor]:
    """Returns the monitors of the summaries, and those of the rewards if the generator learns from
    rewards."""
    return SUMMARIES if config.gradient_estimator == "gumbel" else SUMMARIES + REWARDS
