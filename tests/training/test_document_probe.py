"""The document probe on vectors that are known to tell documents, sentences, both or nothing, and against
loops."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.methods.monitors import topic_shortcuts
from sentrep.training.document_probe import RIDGE, document_probe, next_against
from sentrep.training.monitors import Alarm, alarms, derived
from tests import toy

DOCUMENTS, RUNS, LENGTH = 5, 12, 4
"""Each document has so many runs of so many sentences."""


def batch() -> SentenceBatch:
    document = [number for number in range(DOCUMENTS) for _ in range(RUNS * LENGTH)]
    return toy.batch([[5]] * len(document), document, [place // LENGTH for place in range(len(document))])


def vectors(of_document: float, of_run: float, noise: float = 1.0, width: int = 40) -> Tensor:
    """What a document, and each of its runs, have in common, and what is each sentence's own."""
    random = torch.Generator().manual_seed(3)
    book = torch.randn(DOCUMENTS, 1, 1, width, generator=random)
    page = torch.randn(DOCUMENTS, RUNS, 1, width, generator=random)
    own = torch.randn(DOCUMENTS, RUNS, LENGTH, width, generator=random)
    return (of_document * book + of_run * page + noise * own).reshape(-1, width)


def probed(given: Tensor) -> dict[str, float]:
    return document_probe(given, batch().document, batch().segment) | next_against(given, batch())


def raised(found: dict[str, float]) -> list[Alarm]:
    """The alarms of a contrastive method."""
    values = found | derived(found, 40, DOCUMENTS, DOCUMENTS * RUNS * LENGTH, 0.0)
    return alarms(values, topic_shortcuts())


def test_vectors_that_tell_documents_and_no_more() -> None:
    found = probed(vectors(of_document=1, of_run=0))
    assert found["document_chance"] == pytest.approx(1 / DOCUMENTS)
    assert found["document_probe"] > 0.95
    assert found["next_against_other_documents"] > 0.9
    assert found["next_against_same_document"] == pytest.approx(0.5, abs=0.05)
    assert [alarm.name for alarm in raised(found)] == ["next_gap"]


def test_vectors_that_tell_pages() -> None:
    found = probed(vectors(of_document=1, of_run=1))
    assert found["next_against_same_document"] > 0.9
    assert not raised(found)


@pytest.mark.parametrize("given", [vectors(0, 0), torch.ones(DOCUMENTS * RUNS * LENGTH, 3)])
def test_vectors_that_tell_nothing_are_at_chance(given: Tensor) -> None:
    found = probed(given)
    assert found["document_probe"] == pytest.approx(1 / DOCUMENTS, abs=0.12)
    assert found["next_against_same_document"] == pytest.approx(0.5, abs=0.05)
    assert found["next_against_other_documents"] == pytest.approx(0.5, abs=0.05)


def test_next_against_is_the_loop() -> None:
    given = F.normalize(vectors(1, 0.5), dim=1)[:60]
    given[7] = given[30]
    some = toy.batch([[5]] * 60, [0] * 20 + [1] * 40, [place // 5 for place in range(60)])
    near: list[float] = []
    far: list[float] = []
    for i in range(59):
        if some.segment[i] != some.segment[i + 1]:
            continue
        shares: dict[bool, list[float]] = {True: [], False: []}
        for j in set(range(60)) - {i, i + 1}:
            ahead = float(given[i] @ given[i + 1] - given[i] @ given[j])
            shares[bool(some.document[i] == some.document[j])].append(
                0.5 if abs(ahead) < 1e-6 else float(ahead > 0)
            )
        near.append(sum(shares[True]) / len(shares[True]))
        far.append(sum(shares[False]) / len(shares[False]))
    found = next_against(given, some)
    assert found["next_against_same_document"] == pytest.approx(sum(near) / len(near), abs=1e-4)
    assert found["next_against_other_documents"] == pytest.approx(sum(far) / len(far), abs=1e-4)


def test_the_probe_is_ridge_regression() -> None:
    given, some = vectors(0.4, 0.5, width=7), batch()
    unit = F.normalize(given, dim=1).double()
    learnt = some.segment % 2 == 0
    x, y = unit[learnt] - unit[learnt].mean(0), F.one_hot(some.document[learnt], DOCUMENTS).double()
    weights = torch.linalg.solve(x.T @ x + RIDGE * torch.eye(7).double(), x.T @ (y - y.mean(0)))
    guess = ((unit[~learnt] - unit[learnt].mean(0)) @ weights + y.mean(0)).argmax(1)
    expected = (guess == some.document[~learnt]).double().mean().item()
    assert 0.3 < expected < 0.95
    assert document_probe(given, some.document, some.segment)["document_probe"] == pytest.approx(expected)


def test_one_document_is_not_probed() -> None:
    one = toy.batch([[5]] * 12, [0] * 12, [place // 3 for place in range(12)])
    given = vectors(1, 1)[:12]
    assert document_probe(given, one.document, one.segment) == {}
    assert list(next_against(given, one)) == ["next_against_same_document"]


def test_documents_of_a_single_run_are_left_out() -> None:
    """They could be learnt from, or asked about, not both."""
    some = batch()
    document = some.document.clone()
    document[:LENGTH] = 77
    found = document_probe(vectors(1, 0), document, some.segment)
    assert found["document_probe"] > 0.95
