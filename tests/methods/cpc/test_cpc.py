"""Contrastive predictive coding against double loops, and against what its paper says of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.methods.cpc.config import CPCConfig
from sentrep.methods.cpc.method import ContrastivePredictiveCoding
from sentrep.utils.errors import InputError
from tests import toy, toy_run
from tests.errors import refuses

DOCUMENTS = [0, 0, 0, 0, 1, 1, 1, 2, 2, 0, 0, 0]
RUNS = [0, 0, 0, 0, 4, 4, 4, 7, 7, 9, 9, 9]


def method(seed: int = 0, **settings: Any) -> ContrastivePredictiveCoding:
    made: ContrastivePredictiveCoding = toy_run.make("cpc", {"context_width": 24} | settings, seed=seed)
    return made.eval()


def batch() -> SentenceBatch:
    """Four runs; the last one is of the first one's document; one sentence is empty."""
    random = torch.Generator().manual_seed(4)
    sentences = [
        torch.randint(5, 500, (length,), generator=random).tolist()
        for length in [3, 5, 1, 4, 2, 6, 3, 0, 4, 5, 2, 3]
    ]
    return toy.batch(sentences, DOCUMENTS, RUNS)


def contexts(made: ContrastivePredictiveCoding, z: Tensor) -> list[Tensor]:
    """One sentence after the other, and a fresh state for each run."""
    found: list[Tensor] = []
    for i, row in enumerate(z):
        state = found[-1] if i and RUNS[i] == RUNS[i - 1] else torch.zeros(24)
        found.append(made.context(row.reshape(1, 1, -1), state.reshape(1, 1, -1))[1].flatten())
    return found


def naive(
    made: ContrastivePredictiveCoding, batch: SentenceBatch, k: int
) -> tuple[Tensor, Tensor, float, float]:
    """Loss, log of the candidates, accuracy and accuracy within the document, at one distance."""
    z, config = made.embed(batch), made.config
    c = contexts(made, z)
    rows, nears = [], []
    for t in range(len(z) - k):
        if RUNS[t] != RUNS[t + k]:
            continue
        prediction = made.predict[k - 1].weight @ c[t]  # type: ignore[operator]
        scores = {}
        for j in range(len(z)):
            length = z[j].norm().clamp(min=1e-12) if config.normalize else 1
            scores[j] = prediction @ z[j] / length / config.temperature
        already_read = {j for j in scores if RUNS[j] == RUNS[t] and j <= t}
        own = {j for j in scores if DOCUMENTS[j] == DOCUMENTS[t]} - already_read
        others = set(scores) - own - already_read
        against = {"same-document": own, "other-documents": others, "both": own | others}[
            config.negatives
        ] | {t + k}
        if len(own) > 1:
            nears.append(float(max(sorted(own), key=lambda j: float(scores[j])) == t + k))
        if len(against) == 1:
            continue  # nothing to choose
        total = torch.stack([scores[j] for j in sorted(against)]).logsumexp(0)
        hit = max(sorted(against), key=lambda j: float(scores[j])) == t + k
        rows.append((total - scores[t + k], torch.tensor(math.log(len(against))), float(hit)))
    losses, chances, hits = zip(*rows, strict=True)
    return (
        torch.stack(losses).mean(),
        torch.stack(chances).mean(),
        sum(hits) / len(rows),
        sum(nears) / len(nears),
    )


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("negatives", ["same-document", "other-documents", "both"])
def test_objective(negatives: str, normalize: bool) -> None:
    made, given = method(negatives=negatives, normalize=normalize), batch()
    with torch.no_grad():
        step = made(given, "train")
        wanted = [naive(made, given, k) for k in (1, 2, 3)]
    assert torch.allclose(step.loss, torch.stack([loss for loss, *_ in wanted]).mean(), atol=1e-5)
    for k, (loss, chance, hits, _) in enumerate(wanted, start=1):
        assert step.metrics[f"accuracy_{k}"] == pytest.approx(hits)
        assert torch.allclose(step.metrics[f"bound_{k}"], chance - loss, atol=1e-5)
    assert step.metrics["accuracy_same_document"] == pytest.approx(wanted[0][3])
    assert torch.allclose(step.metrics["chance"], wanted[0][1])


@pytest.mark.parametrize("negatives", ["same-document", "other-documents", "both"])
def test_other_documents_are_negatives_and_nothing_else(negatives: str) -> None:
    """Documents of one sentence predict nothing: their order does not matter, nor do they where they are no
    negatives."""
    made, random = method(negatives=negatives), torch.Generator().manual_seed(1)
    own = [[9, 8], [7, 6, 5], [20], [30, 31]]
    others = [torch.randint(5, 500, (3,), generator=random).tolist() for _ in range(10)]
    numbers = [0] * 4 + [4, 5, 6, 7, 8]

    def loss(strangers: list[list[int]]) -> Tensor:
        with torch.no_grad():
            return made(toy.batch(own + strangers, numbers), "train").loss

    assert torch.allclose(loss(others[:5]), loss(others[4::-1]), atol=1e-6)
    assert torch.allclose(loss(others[:5]), loss(others[5:]), atol=1e-6) == (negatives == "same-document")


def test_what_was_said_is_no_candidate() -> None:
    """A run of two sentences in a document of its own: the second has no rival, and the first is none."""
    made = method(negatives="same-document", horizons=1)
    with torch.no_grad():
        assert made(toy.batch([[9, 8], [7, 6, 5]], [0, 0]), "train").loss == 0


def test_segments_that_are_too_short_are_refused() -> None:
    made = method(horizons=4).train()
    with pytest.raises(InputError) as error:
        made(batch(), "train")
    assert error.value.setting == "horizons"


def test_the_future_is_not_looked_at() -> None:
    made, given = method(), batch()
    ids = given.ids.clone()
    ids[given.offsets[2] : given.offsets[4]] = 7
    with torch.no_grad():
        before = made.contexts(made.embed(given), given)
        changed = SentenceBatch(ids, given.offsets, given.document, given.segment)
        after = made.contexts(made.embed(changed), changed)
    assert torch.allclose(before[:2], after[:2], atol=1e-6)
    assert not torch.allclose(before[2], after[2], atol=1e-4)


@pytest.mark.parametrize("negatives", ["same-document", "other-documents", "both"])
def test_the_loss_starts_at_a_blind_guess_and_the_bound_never_passes_log_n(negatives: str) -> None:
    made = method(negatives=negatives)
    given = toy.batches().batch(0, 0)
    with torch.no_grad():
        step = made(given, "train")
        assert step.metrics["bound_1"] == pytest.approx(0, abs=0.05)
        for predict in made.predict:
            predict.weight.mul_(1e4)  # as sure as can be
        for _ in range(3):
            metrics = made(given, "train").metrics
            assert all(metrics[f"bound_{k}"] <= metrics["chance"] + 1e-4 for k in (1, 2, 3))


@pytest.mark.parametrize(
    "settings", [{"horizons": 0}, {"horizons": 13}, {"context_width": 0}, {"temperature": 0.0}]
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with refuses(setting=next(iter(settings))):
        CPCConfig(**settings)
