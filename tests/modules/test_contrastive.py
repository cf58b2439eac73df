"""The contrastive loss against three sentences worked by hand, and against loops."""

from __future__ import annotations

import math

import torch

from sentrep.modules.contrastive import classify, gather, mean_over_rows, similarity


def test_three_rows_by_hand() -> None:
    scores = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]])
    positive = torch.tensor([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=torch.bool)
    outcome = classify(scores, positive, ~torch.eye(3, dtype=torch.bool))
    e = math.e
    expected = [
        -math.log(e / (e + e**2)),
        -0.5 * math.log(e / (e + e**3)) - 0.5 * math.log(e**3 / (e + e**3)),
        -math.log(e**3 / (e**2 + e**3)),
    ]
    assert torch.allclose(outcome.loss, torch.tensor(expected))
    assert outcome.hit.tolist() == [False, True, True]
    assert outcome.candidates.tolist() == [2, 2, 2]


def test_against_a_double_loop() -> None:
    torch.manual_seed(0)
    scores = torch.randn(9, 13, dtype=torch.float64)
    positive = torch.rand(9, 13) < 0.2
    allowed = positive | (torch.rand(9, 13) < 0.6)
    positive[4] = False
    positive[7], allowed[7] = False, False
    outcome = classify(scores, positive, allowed)
    for i in range(9):
        targets = [j for j in range(13) if positive[i, j]]
        total = sum(math.exp(scores[i, j]) for j in range(13) if allowed[i, j])
        loss = (
            sum(-(scores[i, j].item() - math.log(total)) for j in targets) / len(targets) if targets else 0.0
        )
        assert math.isclose(outcome.loss[i].item(), loss, rel_tol=1e-5, abs_tol=1e-6)


def test_a_row_without_neighbours_gives_no_gradient_and_no_nan() -> None:
    scores = torch.randn(3, 3, requires_grad=True)
    positive = torch.tensor([[0, 1, 0], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    allowed = torch.tensor([[0, 1, 1], [1, 0, 1], [0, 0, 0]], dtype=torch.bool)
    mean_over_rows(classify(scores, positive, allowed).loss, positive.any(1)).backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()
    assert (scores.grad[2] == 0).all()
    assert (scores.grad[:2] != 0).any()


def test_mean_leaves_out_rows_that_do_not_count() -> None:
    assert mean_over_rows(torch.tensor([1.0, 5.0, 3.0]), torch.tensor([True, False, True])).item() == 2.0
    assert mean_over_rows(torch.tensor([1.0]), torch.tensor([False])).item() == 0.0
    assert mean_over_rows(torch.tensor([1.0, 5.0, 3.0])).item() == 3.0


def test_cosine_does_not_see_length_and_the_dot_product_does() -> None:
    left, right = torch.randn(4, 8), torch.randn(5, 8)
    assert torch.allclose(similarity(left, right, 0.1), similarity(3 * left, right, 0.1), atol=1e-5)
    assert torch.allclose(similarity(3 * left, right, None), 3 * similarity(left, right, None), atol=1e-5)
    assert similarity(left, left, 0.1).diagonal().sub(10).abs().max() < 1e-4


def test_one_process_gathers_its_own_rows() -> None:
    rows = torch.randn(3, 2)
    assert gather(rows) is rows
