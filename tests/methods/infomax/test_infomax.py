"""InfoMax against a loop over tokens and sentences that says what equation 4 says."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.methods.infomax.config import InfoMaxConfig
from sentrep.methods.infomax.method import InfoMax
from sentrep.training.run_folder import RunFolder
from tests import toy, toy_run
from tests.errors import refuses


def method(seed: int = 0, **settings: Any) -> InfoMax:
    made: InfoMax = toy_run.make(
        "infomax", {"feature_width": 8, "discriminator_token_width": 12} | settings, seed=seed
    )
    return made.eval()


def batch() -> SentenceBatch:
    """Five sentences, one of them empty."""
    return toy.batch([[7, 8, 9], [20, 21], [], [30], [40, 41, 42, 43]], [0, 0, 1, 1, 1])


def naive(made: InfoMax, given: SentenceBatch) -> tuple[Tensor, float]:
    """The objective and how often a sentence finds its own vector."""
    vectors, tokens = made.read(given)
    losses, hits = [], []
    for i in range(len(given)):
        ids = given.ids[given.offsets[i] : given.offsets[i + 1]]
        if not len(ids):
            continue
        own = tokens[given.offsets[i] : given.offsets[i + 1]]
        features = made.discriminator.features(own, torch.tensor([0, len(ids)]))
        if made.config.discriminator == "sentence":
            features = features.mean(0, keepdim=True)
        goes = [features @ made.discriminator.match.weight @ vector for vector in vectors]
        hits.append(max(range(len(goes)), key=lambda j: float(goes[j].mean())) == i)
        for row in range(len(features)):
            positive = -torch.log(1 + torch.exp(-goes[i][row]))
            negative = torch.stack(
                [torch.log(1 + torch.exp(goes[j][row])) for j in range(len(goes)) if j != i]
            ).mean()
            losses.append(negative - positive)
    return torch.stack(losses).mean(), sum(hits) / len(hits)


@pytest.mark.parametrize(
    "settings", [{}, {"discriminator": "sentence"}, {"windows": (3,)}, {"features": "encoder"}], ids=str
)
def test_objective(settings: dict[str, Any]) -> None:
    made, given = method(**settings), batch()
    with torch.no_grad():
        made.discriminator.match.weight.mul_(20)
        step = made(given, "train")
        loss, hits = naive(made, given)
    assert torch.allclose(step.loss, loss, atol=1e-5)
    assert step.metrics["accuracy"] == pytest.approx(hits)


def test_a_discriminator_that_knows_nothing_pays_for_two_coins() -> None:
    made = method()
    with torch.no_grad():
        made.discriminator.match.weight.zero_()
        assert made(batch(), "train").loss == pytest.approx(2 * math.log(2), abs=1e-6)


@pytest.mark.slow
def test_training_tells_sentences_apart(tmp_path: Path) -> None:
    toy_run.run(tmp_path / "run", "infomax", 0, steps=100)
    found = [
        line["valid_accuracy"] for line in RunFolder(tmp_path / "run").history() if "valid_accuracy" in line
    ]
    assert found[0] < 0.3
    assert found[-1] > 0.7


@pytest.mark.parametrize(
    "settings", [{"windows": ()}, {"windows": (2,)}, {"feature_width": 0}, {"discriminator_token_width": 0}]
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with refuses(setting=next(iter(settings))):
        InfoMaxConfig(**settings)


@pytest.mark.parametrize("kind", ["bag", "gru", "lstm", "conv", "transformer"])
def test_the_encoders_states_do_not_depend_on_padding_or_company(kind: str) -> None:
    made: InfoMax = toy_run.make("infomax", {"features": "encoder", "feature_width": 8}, kind).eval()
    given = batch()
    with torch.no_grad():
        together = made.read(given)[1]
        assert len(together) == len(given.ids)
        for start, stop in pairwise(given.offsets):
            ids = given.ids[start:stop]
            if len(ids):
                alone = made.read(toy.batch([ids.tolist()], [0]))[1]
                assert torch.allclose(alone, together[start:stop], atol=2e-5)
                assert alone.abs().sum() > 0
    vectors, states = made.read(given)
    states.square().sum().backward()
    assert any(each.grad is not None and each.grad.abs().sum() > 0 for each in made.f.parameters())
    assert torch.allclose(vectors, made.embed(given), atol=2e-5)
