"""Disentangling: both objectives against a second implementation, the halves, and their monitors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sentrep.methods.disentangle.config import DisentangleConfig
from sentrep.methods.disentangle.method import ADVERSARY, AUTOENCODER, Disentangle
from sentrep.modules.adversary import document_separation, entropy, standardised
from sentrep.modules.reconstruction import sentence_nll
from sentrep.training.monitors import alarms
from sentrep.training.usability import check_corpus
from sentrep.utils.errors import InputError
from tests import toy, toy_run

SENTENCES = [[7, 8, 9], [10], [11, 12, 13, 14]]


def method(**settings: Any) -> Disentangle:
    made: Disentangle = toy_run.make("disentangle", toy_run.DISENTANGLE | settings)
    return made.eval()


def linear_layers(classifier: torch.nn.Module) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(each.weight, each.bias) for each in classifier.modules() if isinstance(each, torch.nn.Linear)]


def class_log_prob(classifier: torch.nn.Module, vector: torch.Tensor) -> list[float]:
    """Log-probabilities of the classes, written out without the module's own forward pass."""
    layers = linear_layers(classifier)
    for place, (weight, bias) in enumerate(layers):
        vector = weight @ vector + bias
        if place < len(layers) - 1:
            vector = torch.maximum(vector, torch.zeros(()))
    scores = [math.exp(value) for value in vector.tolist()]
    return [math.log(score / sum(scores)) for score in scores]


@torch.no_grad()
def test_both_objectives_agree_with_a_second_implementation() -> None:
    made = method(sources=5, style_weight=0.7, adversary_weight=0.3)
    batch = toy.batch(SENTENCES, [3, 3, 9])
    source = [3, 3, 9 % 5]
    content, style = made.halves(batch)
    assert torch.allclose(content.square().mean(1), torch.ones(3), atol=1e-5)
    assert torch.allclose(style.square().mean(1), torch.ones(3), atol=1e-5)
    styles = [class_log_prob(made.classifier, row) for row in style]
    deviation = ((content - content.mean(0)) ** 2).mean(0).clamp(min=1e-9).sqrt()
    contents = [class_log_prob(made.adversary, row) for row in (content - content.mean(0)) / deviation]
    style_loss = -sum(row[a] for row, a in zip(styles, source, strict=True)) / 3
    uncertainty = -sum(sum(math.exp(p) * p for p in row) for row in contents) / 3
    tokens = sum(len(sentence) + 1 for sentence in SENTENCES)
    nll = float(sentence_nll(made.decoder, batch, torch.cat([content, style], 1)).sum()) / tokens
    assert float(made(batch, AUTOENCODER).loss) == pytest.approx(
        nll + 0.7 * style_loss - 0.3 * uncertainty, abs=1e-4
    )
    adversary = -sum(row[a] for row, a in zip(contents, source, strict=True)) / 3
    assert float(made(batch, ADVERSARY).loss) == pytest.approx(adversary, abs=1e-4)


@torch.no_grad()
def test_classifiers_without_weights_cost_the_logarithm_of_the_classes() -> None:
    """By hand: with equal logits, either cross-entropy and the entropy are log 4."""
    made, batch = method(sources=4, style_weight=2.0, adversary_weight=3.0), toy.batch(SENTENCES, [0, 0, 1])
    for network in (made.classifier, made.adversary):
        for parameter in network.parameters():
            parameter.zero_()
    step = made(batch, AUTOENCODER)
    assert float(step.loss - step.metrics["nll_itself"]) == pytest.approx((2 - 3) * math.log(4), abs=1e-4)
    assert float(made(batch, ADVERSARY).loss) == pytest.approx(math.log(4), abs=1e-5)


def test_the_adversary_does_not_reach_the_encoder_and_the_encoder_makes_it_uncertain() -> None:
    made, batch = method(sources=2, adversary_weight=1.0), toy.batch(SENTENCES, [0, 0, 1])
    made(batch, ADVERSARY).loss.backward()
    assert all(each.grad is None for each in made.f.parameters())
    made.zero_grad()
    before = entropy(made.adversary(standardised(made.halves(batch).content))).mean()
    (-before).backward()
    with torch.no_grad():
        for each in made.f.parameters():
            each -= 0.1 * (each.grad if each.grad is not None else torch.zeros_like(each))
    assert entropy(made.adversary(standardised(made.halves(batch).content))).mean() > before


@torch.no_grad()
def test_a_smaller_content_does_not_hide_from_the_adversary() -> None:
    made, batch = method(sources=2), toy.batch(SENTENCES, [0, 0, 1])
    content = made.halves(batch).content
    shrunk = content.mean(0) + 0.01 * (content - content.mean(0))
    found = [made.adversary(standardised(each)) for each in (content, shrunk)]
    assert torch.allclose(*found, atol=1e-2)


def test_restyled_codes_have_the_content_of_one_and_the_mean_style_of_the_other() -> None:
    made, batch = method(), toy.batch(SENTENCES, [0, 0, 1])
    codes = made.codes(batch)
    restyled = made.restyle(codes[:1], codes[1:])
    width = made.config.content_width
    style = codes[1:, width:].mean(0)
    assert torch.equal(restyled[0, :width], codes[0, :width])
    assert torch.allclose(restyled[0, width:], style / style.square().mean().sqrt(), atol=1e-5)
    assert torch.allclose(made.halves(batch).content, codes[:, :width])


@torch.no_grad()
def test_the_exported_vector_is_the_content() -> None:
    made, batch = method(), toy.batch(SENTENCES, [0, 0, 1])
    unit = torch.nn.functional.normalize
    assert torch.allclose(unit(made.embed(batch)), unit(made.halves(batch).content), atol=1e-5)


@torch.no_grad()
def test_gaps_are_nats_for_each_token_that_is_generated() -> None:
    """Of sentences of 3, 1 and 4 tokens, 2 tokens each: the first two, or the only one and the end."""
    made, batch = method(longest=2), toy.batch(SENTENCES, [0, 0, 1])
    halves = made.halves(batch)
    found, own = made.held_out(batch, halves), made.total_nll(batch, *halves)
    content, style = (half.roll(1, 0) for half in halves)
    assert found["content_gap"] == (made.total_nll(batch, content, halves.style) - own) / 6
    assert found["style_gap"] == (made.total_nll(batch, halves.content, style) - own) / 6


@pytest.mark.slow
def test_the_style_represents_the_document_and_the_content_does_so_less(tmp_path: Path) -> None:
    """With the adversary the content separates the documents less than without it."""
    separation = {}
    for weight in (0.0, 3.0):
        settings = {"adversary_weight": weight, "style_width": 16}
        _, _ = toy_run.run(tmp_path / str(weight), "disentangle", steps=200, settings=settings)
        separation[weight] = last_line(tmp_path / str(weight))
    assert separation[3.0]["valid_style_separation"] > 0.8
    assert separation[3.0]["valid_content_separation"] < separation[0.0]["valid_content_separation"] - 0.05


def test_separation_counts_every_pair_of_a_vector_and_another_document() -> None:
    random = np.random.default_rng(0)
    vectors, document = random.normal(size=(12, 3)), np.array([4, 4, 4, 4, 7, 7, 7, 9, 9, 9, 9, 2])
    centred = vectors - vectors.mean(0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    right = []
    for i in range(11):  # the last one is alone in its document
        own = sum(unit[j] for j in range(11) if j != i and document[j] == document[i])
        for other in {4, 7, 9} - {document[i]}:
            mean = sum(unit[j] for j in range(11) if document[j] == other)
            right.append(cosine(unit[i], own) > cosine(unit[i], mean))
    found = document_separation(torch.tensor(vectors), torch.tensor(document))
    assert found is not None
    assert float(found) == pytest.approx(np.mean(right))


@pytest.mark.parametrize(
    ("name", "value"),
    [("content_separation", 0.9), ("style_separation", 0.5), ("content_gap", 0.0), ("style_gap", -0.1)],
)
def test_a_half_that_fails_raises_an_alarm(name: str, value: float) -> None:
    healthy = {
        "content_separation": 0.5,
        "style_separation": 0.9,
        "content_gap": 1.0,
        "style_gap": 0.1,
        "code_gap": 1.0,
    }
    assert not alarms(healthy, method().monitors())
    assert [alarm.name for alarm in alarms(healthy | {name: value}, method().monitors())] == [name]


def test_a_corpus_of_one_document_is_refused() -> None:
    with pytest.raises(InputError):
        check_corpus(np.array([[0, 50, 0], [50, 90, 0]]), Disentangle.usability)
    check_corpus(np.array([[0, 50, 0], [50, 90, 1]]), Disentangle.usability)


@pytest.mark.parametrize(
    "settings",
    [{"content_width": 0}, {"style_width": 0}, {"sources": 1}, {"adversary_weight": -0.1}],
    ids=str,
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        DisentangleConfig(**settings)
    assert error.value.setting == next(iter(settings))


def last_line(run: Path) -> dict[str, float]:
    from sentrep.training.run_folder import RunFolder

    lines: list[dict[str, float]] = RunFolder(run).history()
    return next(line for line in reversed(lines) if "valid_style_separation" in line)


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))
