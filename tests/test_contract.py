"""What every method promises, whatever it does. A method is held to it by being listed in the registry and in
`SETTINGS`."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sentrep.data.batch import SentenceBatch
from sentrep.encoders import serialization as folder
from sentrep.methods.capabilities import HasDecoders
from sentrep.methods.registry import METHODS
from tests import toy, toy_run
from tests.errors import refuses

CASES = [(method, number) for method, settings in toy_run.SETTINGS.items() for number in range(len(settings))]
KINDS = [
    "bag",
    "gru",
    *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("lstm", "conv", "transformer")),
]
KILLS = 20
LOSS_SHARE = {"semantic-hashing": 0.95}
"""How far the loss has to fall, as a share of the first one; .85 for the others. Most of the loss of semantic
hashing is the entropy of the words, which stays."""
LOSS_FALL = {"flow": 0.04}
"""How far it has to fall where it may be negative, in nats for each dimension of 64."""


def draws(case: tuple[str, int]) -> bool:
    """Whether each process would draw what it trains on."""
    settings = toy_run.SETTINGS[case[0]][case[1]]
    return bool(METHODS[case[0]].stochastic or settings.get("word_dropout") or settings.get("samples"))


def make(case: tuple[str, int], kind: str = "bag", seed: int = 0) -> Any:
    return toy_run.make(case[0], toy_run.SETTINGS[case[0]][case[1]], kind, seed)


def test_every_method_of_the_registry_is_held_to_this() -> None:
    assert set(toy_run.SETTINGS) == set(METHODS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_loss_is_finite_and_each_parameter_belongs_to_one_phase(case: tuple[str, int], kind: str) -> None:
    method = make(case, kind)
    batch = toy.batches().batch(0, 0)
    trained: list[int] = []
    for phase in method.phases:
        method.zero_grad()
        step = method(batch, phase)
        assert torch.isfinite(step.loss)
        assert all(not value.requires_grad for value in step.metrics.values())
        step.loss.backward()
        parameters = [parameter for group in method.parameter_groups(phase) for parameter in group.parameters]
        assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in parameters)
        trained += [id(parameter) for parameter in parameters]
    assert sorted(trained) == sorted(
        id(parameter) for parameter in method.parameters() if parameter.requires_grad
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_topics_of_the_toy_corpus_are_learnt(case: tuple[str, int], tmp_path: Path) -> None:
    _, outcome = toy_run.run(tmp_path / "run", *case, steps=150)
    history = history_of(tmp_path / "run")
    taught = toy_run.SETTINGS[case[0]][case[1]].get("pretrain_share", 1)  # then another loss is minimised
    losses = [loss for step, loss in losses_of(tmp_path / "run") if step <= taught * 150]
    scores = [line["valid_neighbour_mrr"] for line in history if "valid_neighbour_mrr" in line]
    first, last = np.mean(losses[:5]), np.mean(losses[-10:])
    assert last < first - LOSS_FALL.get(case[0], (1 - LOSS_SHARE.get(case[0], 0.85)) * first)
    assert outcome.best == pytest.approx(max(scores))
    untrained = float(
        np.mean([1 / rank for rank in range(1, 300)])
    )  # what a random order of the batch would give
    assert outcome.best > 2 * untrained


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_seed_same_trace(case: tuple[str, int], tmp_path: Path) -> None:
    traces = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        toy_run.run(tmp_path / name, *case, steps=4, seed=seed)
        traces.append(losses_of(tmp_path / name))
    assert traces[0] == traces[1]
    assert traces[0] != traces[2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_vectors_do_not_depend_on_padding_or_company(case: tuple[str, int], kind: str) -> None:
    method = make(case, kind).eval()
    batch = toy.batches().batch(0, 0)
    with torch.no_grad():
        together = method.embed(batch)
        for i in (0, 7, len(batch) - 1):
            ids = batch.ids[batch.offsets[i] : batch.offsets[i + 1]]
            alone = SentenceBatch(
                ids, torch.tensor([0, len(ids)]), batch.document[i : i + 1], batch.segment[i : i + 1]
            )
            assert torch.allclose(method.embed(alone)[0], together[i], atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_exported_encoder_reopens_as_it_was(case: tuple[str, int], kind: str, tmp_path: Path) -> None:
    method = make(case, kind).eval()
    batch = toy.batches().batch(0, 0)
    folder.save(method.encoder(), tmp_path / "model")
    opened = folder.load(tmp_path / "model")
    with torch.no_grad():
        trained = torch.nn.functional.normalize(method.embed(batch), dim=1)
    words = [
        " ".join(toy.WORDS[i] for i in batch.ids[a:b])
        for a, b in zip(batch.offsets, batch.offsets[1:], strict=False)
    ]
    reopened = torch.nn.functional.normalize(torch.from_numpy(opened.encode(words)), dim=1)
    assert torch.allclose(trained, reopened, atol=2e-5)


@pytest.mark.parametrize(
    "case", [case for case in CASES if HasDecoders in METHODS[case[0]].capabilities], ids=str
)
def test_a_sentence_that_a_method_does_not_generate_is_refused(case: tuple[str, int]) -> None:
    method = make(case).eval()
    vectors = method.embed(toy.batches().batch(0, 0))[:2]
    for to in {"next", "previous", "itself"} - set(method.generates()):
        with refuses(setting="to"):
            method.generator(to, vectors)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_killed_at_random_steps_and_resumed_is_the_same_run(case: tuple[str, int], tmp_path: Path) -> None:
    """`KILLS` kills over all cases, each at a random moment, and the final weights have the hash of an
    undisturbed run."""
    steps, dice = 24, random.Random(str(case))
    undisturbed = toy_run.start(
        toy_run.write_digest, tmp_path / "whole.json", tmp_path / "whole", *case, steps=steps
    )
    toy_run.finish([undisturbed])
    for _ in range(-(-KILLS // len(CASES))):
        victim = toy_run.start(
            toy_run.write_digest,
            tmp_path / "no",
            tmp_path / "run",
            *case,
            steps=steps,
            die_at=dice.randint(1, 5),
        )
        toy_run.finish([victim], status=-9)
    survivor = toy_run.start(
        toy_run.write_digest, tmp_path / "run.json", tmp_path / "run", *case, steps=steps
    )
    toy_run.finish([survivor])
    assert (tmp_path / "run.json").read_text() == (tmp_path / "whole.json").read_text()
    assert losses_of(tmp_path / "run") == losses_of(tmp_path / "whole") != []


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if not draws(case)], ids=str)
def test_two_processes_are_one(case: tuple[str, int], tmp_path: Path) -> None:
    """Negatives come from both processes and gradients are averaged: the weights agree to rounding."""
    two_are_one(case, tmp_path)


@pytest.mark.slow
def test_two_processes_fit_the_first_scale_of_a_flow_to_the_vectors_of_both(tmp_path: Path) -> None:
    two_are_one(("flow", 0), tmp_path, settings={"vector_noise": 0.0})


def two_are_one(case: tuple[str, int], tmp_path: Path, **options: Any) -> None:
    port = toy_run.free_port()
    pair = [
        toy_run.start(toy_run.distributed, rank, 2, port, tmp_path / "two", *case, steps=8, **options)
        for rank in range(2)
    ]
    toy_run.finish(pair)
    one, _ = toy_run.run(tmp_path / "one", *case, steps=8, **options)
    two = load_file(tmp_path / "two" / "final.safetensors")
    for name, weight in one.state_dict().items():
        assert torch.allclose(weight, two[name], atol=1e-4), name
    assert np.allclose(losses_of(tmp_path / "one"), losses_of(tmp_path / "two"), atol=1e-4)


def history_of(path: Path) -> list[dict[str, float]]:
    from sentrep.training.run_folder import RunFolder

    return RunFolder(path).history()


def losses_of(path: Path) -> list[tuple[float, float]]:
    """Step and loss of the last phase, or the only one, at each step."""
    names = ("loss", "summarizer_loss", "train_loss", "autoencoder_loss")
    return [(line["step"], line[name]) for line in history_of(path) for name in names if name in line]
