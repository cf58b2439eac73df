"""The neighbour test against a loop, and the alarms."""

from __future__ import annotations

import pytest
import torch

from sentrep.data.batch import SentenceBatch
from sentrep.modules.spectrum import spectrum
from sentrep.training.monitors import alarms, neighbour_mrr
from tests import toy


def runs(*lengths: int) -> SentenceBatch:
    number = [name for name, length in enumerate(lengths) for _ in range(length)]
    return toy.batch([[5]] * len(number), number)


def expected_mrr(vectors: torch.Tensor, batch: SentenceBatch) -> float:
    """Pair by pair; of equals, the right one stands anywhere with equal chance."""
    unit = torch.nn.functional.normalize(vectors.double(), dim=1)
    found = []
    for i in range(len(batch) - 1):
        if batch.segment[i] != batch.segment[i + 1]:
            continue
        own = (unit[i] @ unit[i + 1]).item()
        others = [(unit[i] @ unit[j]).item() for j in range(len(batch)) if j not in (i, i + 1)]
        better = sum(score > own + 1e-6 for score in others)
        ties = 1 + sum(abs(score - own) <= 1e-6 for score in others)
        found.append(sum(1 / (better + place) for place in range(1, ties + 1)) / ties)
    return sum(found) / len(found)


def test_neighbour_mrr_is_the_loop_with_and_without_ties() -> None:
    generator, batch = torch.Generator().manual_seed(0), runs(4, 2, 7, 1, 3)
    random = torch.randn(len(batch), 6, generator=generator)
    tied = random[torch.randint(0, 4, (len(batch),), generator=generator)]
    tied[5] = 0
    for vectors in (random, tied, random.sign()):
        assert neighbour_mrr(vectors, batch) == pytest.approx(expected_mrr(vectors, batch), rel=1e-5)


@pytest.mark.parametrize("count", [7, 33, 130, 257])
def test_a_constant_encoder_is_at_chance(count: int) -> None:
    """Ties never help: the mean reciprocal rank of a blind guess among all others."""
    others = count - 1
    chance = sum(1 / rank for rank in range(1, others + 1)) / others
    for width in (3, 64, 100):
        vector = torch.randn(width, generator=torch.Generator().manual_seed(width))
        assert neighbour_mrr(vector.repeat(count, 1), runs(count)) == pytest.approx(chance, rel=1e-5)
    assert neighbour_mrr(torch.zeros(count, 5), runs(count)) == pytest.approx(chance, rel=1e-5)


def test_a_perfect_encoder_and_a_hopeless_one() -> None:
    pairs = torch.eye(6).repeat_interleave(2, 0)
    assert neighbour_mrr(pairs, runs(*[2] * 6)) == pytest.approx(1.0)
    assert neighbour_mrr(torch.full((4, 3), torch.nan), runs(4)) == 0.0
    assert neighbour_mrr(torch.randn(3, 3), runs(1, 1, 1)) == 0.0


HEALTHY = {
    "effective_rank": 200.0,
    "mean_cosine": 0.1,
    "loss": 3.0,
    "chance": 6.0,
    "accuracy": 0.5,
    "accuracy_same_document": 0.4,
}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"effective_rank": 51.0}, "dimensional collapse"),
        ({"mean_cosine": 0.91}, "same way"),
        ({"loss": 5.9, "accuracy": 0.005}, "nothing is learnt"),
        ({"accuracy": 0.9}, "shortcut"),
    ],
)
def test_each_alarm_fires_alone_and_names_what_to_try(change: dict[str, float], word: str) -> None:
    found = alarms(HEALTHY | change, width=512, documents=50)
    assert len(found) == 1
    assert word in found[0]
    assert "--" in found[0]


def test_no_alarm_without_cause() -> None:
    assert alarms(HEALTHY, 512, 50) == []
    # A loss above chance with many neighbours found is a low temperature, not a failure.
    assert alarms(HEALTHY | {"loss": 9.0}, 512, 50) == []
    assert (
        alarms(
            HEALTHY | {"effective_rank": 52.0, "mean_cosine": 0.89, "loss": 5.8, "accuracy": 0.79}, 512, 50
        )
        == []
    )
    assert alarms(HEALTHY | {"accuracy": 0.9}, 512, documents=1) == []
    assert alarms({"effective_rank": 200.0, "mean_cosine": 0.1}, 512, 50) == []


def test_few_sentences_are_no_collapse() -> None:
    """Forty sentences fill at most forty dimensions, however wide the vectors."""
    values = HEALTHY | spectrum(torch.randn(40, 512, generator=torch.Generator().manual_seed(0)))
    assert values["effective_rank"] < 0.1 * 512
    assert alarms(values, 512, 10, sentences=40) == []
    assert alarms(values, 512, 10, sentences=2000) != []


def test_a_degenerate_summariser_is_told() -> None:
    bad = {"prefix_copy": 0.7, "gain_over_lead": -0.1, "critic_accuracy": 0.99}
    told = alarms(bad, 8, 5)
    assert [alarm.split()[0] for alarm in told] == ["summaries", "summaries", "the"]
    assert "70 %" in told[0]
    assert "-0.100 nats" in told[1]
    assert "99 % right" in told[2]
    assert not alarms(bad | {"pretraining": 1.0}, 8, 5)
    assert not alarms({"prefix_copy": 0.5, "gain_over_lead": 0.1, "critic_accuracy": 0.9}, 8, 5)


def test_rewards_that_are_noise_are_told() -> None:
    (told,) = alarms({"reward_noise": 12.0, "clipped": 0.4}, 8, 5)
    assert "12 times as wide" in told
    (told,) = alarms({"reward_noise": 2.0, "clipped": 0.6}, 8, 5)
    assert "60 % of the last steps" in told
    assert not alarms({"reward_noise": 9.0, "clipped": 0.5}, 8, 5)
    assert not alarms({"reward_noise": 12.0, "clipped": 0.6, "pretraining": 1.0}, 8, 5)
    assert not alarms({"clipped": 1.0}, 8, 5)  # of a sum over words, say, which learns well so


@pytest.mark.parametrize("side", ["right", "left"])
def test_trees_that_branch_to_one_side_are_told(side: str) -> None:
    (told,) = alarms({f"{side}_f1": 0.93}, 8, 5)
    assert f"93 % of their parts are those of {side} branching" in told
    assert "--parser-rate" in told
    assert not alarms({"right_f1": 0.85, "left_f1": 0.1}, 8, 5)
