"""The neighbour metric against a loop, and the monitors."""

from __future__ import annotations

import dataclasses
import math
import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from sentrep.data.batch import SentenceBatch
from sentrep.data.config import CorpusConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.monitors import Monitor, Remedy
from sentrep.methods.registry import METHODS
from sentrep.modules.spectrum import spectrum
from sentrep.training.config import TrainingConfig
from sentrep.training.monitors import GENERIC, Alarm, alarms, derived, neighbour_mrr
from tests import toy, toy_run


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
    "next_against_same_document": 0.6,
    "next_against_other_documents": 0.8,
    "code_gap": 0.5,
    "prefix_copy": 0.1,
    "gain_over_lead": 0.5,
    "critic_accuracy": 0.7,
    "reward_noise": 2.0,
    "right_f1": 0.5,
    "left_f1": 0.2,
}
"""Of a run in which all is well, whatever its method."""


def found(
    method: str,
    change: dict[str, float],
    documents: int = 50,
    sentences: int = 2000,
    clipped: float = 0.1,
    **settings: Any,
) -> list[Alarm]:
    """The alarms of a method when metrics change."""
    values = HEALTHY | change
    own = toy_run.make(method, settings).monitors() if method else []
    return alarms(values | derived(values, 512, documents, sentences, clipped), own)


def names(method: str, change: dict[str, float], **situation: Any) -> list[str]:
    return [alarm.name for alarm in found(method, change, **situation)]


@pytest.mark.parametrize("method", ["", *METHODS])
def test_no_alarm_without_cause(method: str) -> None:
    assert names(method, {}) == []
    # A loss above chance while neighbours are found is a low temperature, not a failure.
    assert names(method, {"loss": 9.0}) == []
    near = {"effective_rank": 52.0, "mean_cosine": 0.89, "loss": 5.8, "accuracy": 0.79, "right_f1": 0.89}
    assert names(method, near) == []
    assert alarms({}) == []


@pytest.mark.parametrize("method", ["", *METHODS])
@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"effective_rank": 51.0}, "effective_rank_share"),
        ({"mean_cosine": 0.91}, "mean_cosine"),
        ({"loss": 5.9, "accuracy": 0.005}, "loss_over_chance"),
    ],
)
def test_each_generic_monitor_fires_alone_with_every_method(
    method: str, change: dict[str, float], name: str
) -> None:
    assert names(method, change) == [name]


@pytest.mark.parametrize("method", ["quick-thought", "cpc"])
def test_shortcuts_of_contrastive_methods(method: str) -> None:
    assert names(method, {"accuracy": 0.9}) == ["accuracy_gap"]
    assert names(method, {"accuracy": 0.9}, documents=1) == []
    documents = {"next_against_same_document": 0.5, "next_against_other_documents": 0.9}
    assert names(method, documents) == ["next_gap"]
    assert names(method, documents | {"next_against_same_document": 0.56}) == []
    assert "candidates" in names(method, {"chance": math.log(15.0), "loss": 1.0})


def test_few_sentences_are_no_collapse() -> None:
    """Forty sentences fill at most forty dimensions, however wide the vectors."""
    values = spectrum(torch.randn(40, 512, generator=torch.Generator().manual_seed(0)))
    assert values["effective_rank"] < 0.1 * 512
    assert names("", values, sentences=40) == []
    assert names("", values, sentences=2000) == ["effective_rank_share"]


def test_a_degenerate_summariser() -> None:
    bad = {"prefix_copy": 0.7, "gain_over_lead": -0.1, "critic_accuracy": 0.99}
    alarms = found("seq2seq2seq", bad)
    assert [alarm.name for alarm in alarms] == list(bad)
    for alarm, value in zip(alarms, ("70%", "-0.100", "99%"), strict=True):
        assert value in alarm.message
    assert names("seq2seq2seq", bad | {"pretraining": 1.0}) == []
    assert names("seq2seq2seq", {"prefix_copy": 0.5, "gain_over_lead": 0.1}) == []
    assert names("seq2seq2seq", {"gain_over_lead": 0.0}) == ["gain_over_lead"]


def test_rewards_that_are_noise() -> None:
    assert names("seq2seq2seq", {"reward_noise": 12.0}) == ["reward_noise"]
    assert names("seq2seq2seq", {}, clipped=0.6) == ["clipped"]
    assert names("seq2seq2seq", {"reward_noise": 9.0}, clipped=0.5) == []
    assert names("seq2seq2seq", {"reward_noise": 12.0, "pretraining": 1.0}, clipped=0.6) == []
    assert names("skip-thought", {}, clipped=1.0) == []  # a sum over tokens is learnt well so
    assert names("seq2seq2seq", {"reward_noise": 12.0}, clipped=1.0, gradient_estimator="gumbel") == []


@pytest.mark.parametrize("method", ["urnng", "compound-pcfg", "struct-vae"])
@pytest.mark.parametrize("side", ["right", "left"])
def test_trees_that_branch_to_one_side(method: str, side: str) -> None:
    (alarm,) = found(method, {f"{side}_f1": 0.93})
    assert "93%" in alarm.message
    assert side in alarm.message


def test_a_decoder_that_ignores_the_vector() -> None:
    assert names("skip-thought", {"code_gap": 0.01}) == ["code_gap"]


def advice() -> Iterator[tuple[str, Monitor, Remedy]]:
    """Every remedy of every monitor of every method in every setting of the contract."""
    for method, cases in toy_run.SETTINGS.items():
        for settings in cases:
            for monitor in (*GENERIC, *toy_run.make(method, settings).monitors()):
                for remedy in monitor.remedy:
                    yield method, monitor, remedy


def test_advice_names_settings_that_exist_and_values_that_are_accepted() -> None:
    shared = (TrainingConfig, EncoderConfig, CorpusConfig)
    checked = 0
    for method, monitor, remedy in advice():
        place = f"{method}: {monitor.name}: {remedy.text}"
        marked = set(re.findall("\x02(\\w+)\x03", remedy.text))
        assert marked == ({remedy.setting} if remedy.setting else set()), place
        if remedy.setting is None:
            continue
        own = METHODS[method].config
        owner = next((each for each in (own, *shared) if remedy.setting in fields(each)), None)
        assert owner is not None, f"{place}: there is no such setting"
        if remedy.value is not None:
            assert accepts(owner, remedy.setting, remedy.value), f"{place}: the value is refused"
            checked += 1
    assert checked > 5


def test_the_check_of_advice_can_fail() -> None:
    assert not accepts(METHODS["quick-thought"].config, "negatives", "same-document")
    assert "no_such_setting" not in fields(TrainingConfig)


def fields(config: Any) -> dict[str, Any]:
    """Names of settings and their types."""
    hints = typing.get_type_hints(config)
    return {field.name: hints[field.name] for field in dataclasses.fields(config)}


def accepts(config: Any, setting: str, value: Any) -> bool:
    """Whether a setting takes a value; a choice must list it, and the configuration must not refuse it."""
    kind = fields(config)[setting]
    if typing.get_origin(kind) is typing.Literal and value not in typing.get_args(kind):
        return False
    needed = {"trees": "FILE"} if setting == "supervision" else {}
    config(**{setting: value} | needed)
    return True
