"""The tree distribution where everything can be enumerated, up to seven tokens, and trees between their
representations."""

from __future__ import annotations

from collections import Counter
from functools import cache
from math import comb, log

import pytest
import torch
from torch import Tensor

from sentrep.modules.reinforce import leave_one_out
from sentrep.modules.trees.binary_trees import DONE, REDUCE, SHIFT, Trees
from sentrep.modules.trees.crf import TreeCRF
from tests.errors import refuses
from tests.nested_trees import flattened, nested

Spans = frozenset[tuple[int, int]]
LONGEST = 7
LENGTHS = torch.tensor([5, 1, 7, 2, 0, 3, 6, 4])


@cache
def every(first: int, last: int) -> tuple[object, ...]:
    """All trees of these tokens, nested."""
    if first == last:
        return (first,)
    return tuple((a, b) for k in range(first, last) for a in every(first, k) for b in every(k + 1, last))


def spans(tree: object) -> Spans:
    """Constituents of a nested tree, found from its tokens alone."""
    if not isinstance(tree, tuple):
        return frozenset({(int(str(tree)), int(str(tree)))})
    left, right = map(spans, tree)
    return left | right | {(min(left)[0], max(right, key=lambda span: span[1])[1])}


@cache
def masks(length: int, positions: int = LONGEST) -> Tensor:
    """(tree, position, position) for all trees of a length."""
    found = torch.zeros(len(every(0, length - 1)), positions, positions, dtype=torch.bool)
    for tree, one in enumerate(every(0, length - 1)):
        for span in spans(one):
            found[(tree, *span)] = True
    return found


def random_scores(seed: int = 0, size: float = 1.5) -> Tensor:
    return size * torch.randn(len(LENGTHS), LONGEST, LONGEST, generator=torch.Generator().manual_seed(seed))


def crf(size: float = 1.5) -> TreeCRF:
    return TreeCRF(random_scores(size=size), LENGTHS)


def tree_scores(scores: Tensor, length: int) -> Tensor:
    """Of all trees of one sentence's length, by adding up spans; in float64."""
    return (scores.double() * masks(length)).sum((1, 2))


def enumerated() -> list[tuple[int, int, Tensor]]:
    """Of each sentence that is not empty: its row, its length, its trees' log-probabilities."""
    scores = random_scores()
    return [
        (row, n, tree_scores(scores[row], n).log_softmax(0)) for row, n in enumerate(LENGTHS.tolist()) if n
    ]


# The distribution.


def test_all_trees_are_enumerated() -> None:
    for length in range(1, LONGEST + 1):
        assert (
            len({spans(tree) for tree in every(0, length - 1)}) == comb(2 * length - 2, length - 1) // length
        )  # Catalan


def test_log_partition_entropy_and_marginals_are_those_of_the_enumeration() -> None:
    found, scores = crf(), random_scores()
    marginals = found.marginals()
    for row, length, log_prob in enumerated():
        chance = log_prob.exp()
        assert found.log_partition[row].item() == pytest.approx(
            tree_scores(scores[row], length).logsumexp(0).item(), abs=1e-5
        )
        assert found.entropy[row].item() == pytest.approx(-(chance * log_prob).sum().item(), abs=1e-5)
        wanted = (chance[:, None, None] * masks(length)).sum(0).float()
        assert torch.allclose(marginals[row], wanted, atol=1e-5)
    assert found.log_partition[4] == found.entropy[4] == marginals[4].abs().sum() == 0  # the empty sentence
    assert found.log_partition[1] == scores[1, 0, 0]
    assert found.entropy[1] == found.entropy[3] == 0  # one tree each, of one token and of two


def test_without_scores_all_trees_are_alike() -> None:
    found = TreeCRF(torch.zeros(1, 40, 40), torch.tensor([40]))
    trees = comb(78, 39) // 40
    assert found.log_partition.item() == pytest.approx(log(trees), rel=1e-6)
    assert found.entropy.item() == pytest.approx(log(trees), rel=1e-6)


def test_viterbi_is_the_best_of_all_trees() -> None:
    best = crf().viterbi()
    for row, length, log_prob in enumerated():
        assert torch.equal(best.span_mask()[row, 0], masks(length)[log_prob.argmax()])
    assert not best.span_mask()[4].any()
    assert (best.actions()[4] == DONE).all()


def test_viterbi_of_equally_good_trees_is_one_tree() -> None:
    best = TreeCRF(torch.zeros(1, LONGEST, LONGEST), torch.tensor([LONGEST])).viterbi()
    assert (masks(LONGEST) == best.span_mask()[0]).all((1, 2)).sum() == 1


def test_probabilities_of_all_trees_are_those_of_the_enumeration() -> None:
    scores = random_scores()
    for row, length, log_prob in enumerated():
        trees = Trees.from_span_mask(masks(length).unsqueeze(0))
        found = TreeCRF(scores[row : row + 1], LENGTHS[row : row + 1]).log_prob(trees)
        assert torch.allclose(found, log_prob.float(), atol=1e-5)


def test_samples_come_as_often_as_they_should() -> None:
    """χ² over the trees of each sentence stays below what chance exceeds once in a thousand million times."""
    count = 20000
    drawn = crf().sample(count, torch.Generator().manual_seed(0)).span_mask()
    for row, length, log_prob in enumerated():
        seen = Counter(map(bytes, drawn[row].flatten(1).byte().numpy()))
        there = torch.tensor([seen.pop(bytes(mask), 0) for mask in masks(length).flatten(1).byte().numpy()])
        assert not seen  # nothing but trees
        expected = count * log_prob.exp()
        often = expected > 5
        if often.sum() > 1:
            distance = ((there - expected)[often] ** 2 / expected[often]).sum().item()
            freedom = int(often.sum())
            assert (
                distance < freedom * (1 - 2 / (9 * freedom) + 6 * (2 / (9 * freedom)) ** 0.5) ** 3
            )  # Wilson & Hilferty
            assert expected[often].sum() > 0.98 * count
    assert not drawn[4].any()


def test_samples_are_those_of_their_seed() -> None:
    first, again, other = (
        crf().sample(20, torch.Generator().manual_seed(seed)).actions() for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_draws_at_both_ends_of_their_range_make_trees() -> None:
    for draw, side in ((0.0, 0), (1 - 2**-24, -1)):
        trees = crf(size=0.0).sample_with(torch.full((len(LENGTHS), 1, LONGEST), draw)).span_mask()
        for row, length, _ in enumerated():  # always the first split, or always the last: one branch
            chain = {(k, k) for k in range(length)} | {
                (k, length - 1) if side == 0 else (0, k) for k in range(length)
            }
            assert {(i, j) for i, j in trees[row, 0].nonzero().tolist()} == chain


# Gradients.


def test_gradients_of_log_partition_and_entropy_are_finite_differences() -> None:
    lengths = torch.tensor([5, 3, 1, 0])
    scores = random_scores()[:4, :5, :5].double().requires_grad_()

    def both(given: Tensor) -> tuple[Tensor, Tensor]:
        found = TreeCRF(given, lengths)
        return found.log_partition, found.entropy

    assert torch.autograd.gradcheck(both, scores)
    assert torch.autograd.gradgradcheck(both, scores)


def test_the_gradient_of_a_probability_is_the_tree_minus_the_marginals() -> None:
    scores = random_scores().requires_grad_()
    found = TreeCRF(scores, LENGTHS)
    trees = found.sample(1, torch.Generator().manual_seed(0))
    (gradient,) = torch.autograd.grad(found.log_prob(trees).sum(), scores)
    assert torch.allclose(gradient, trees.span_mask()[:, 0].float() - found.marginals(), atol=1e-5)


def test_the_score_function_gradient_is_the_exact_one() -> None:
    """E_q[f(z)] for a random f, 4 samples and leave-one-out at a time, within 4.5 standard errors in each of
    15 spans; chance alone would fail this once in 9,000 seeds."""
    length, batch, samples = 5, 4000, 4
    value = 3 + torch.randn(len(masks(length)), generator=torch.Generator().manual_seed(1))
    scores = random_scores()[0, :length, :length].clone().requires_grad_()
    trees = masks(length)[:, :length, :length]
    chance = (scores * trees).sum((1, 2)).softmax(0)
    (exact,) = torch.autograd.grad((chance * value).sum(), scores)

    copies = scores.detach().expand(batch, length, length).clone().requires_grad_()
    found = TreeCRF(copies, torch.full((batch,), length))
    drawn = found.sample(samples, torch.Generator().manual_seed(2))
    which = (drawn.span_mask().unsqueeze(2) == trees).all((3, 4)).int().argmax(2)
    variances = []
    for advantage in (value[which], leave_one_out(value[which])):
        signal = (advantage * found.log_prob(drawn)).mean(1).sum()
        (gradients,) = torch.autograd.grad(signal, copies, retain_graph=True)
        error = gradients.std(0) / batch**0.5
        assert (gradients.mean(0) - exact).abs().sub(4.5 * error).max() <= 1e-6
        variances.append(gradients.var(0).sum())
    assert error.max() < 0.1 * exact.norm()
    assert (exact.abs() > 8 * error).sum() >= 4
    assert variances[1] < 0.3 * variances[0]


# Batches and numbers.


def test_one_by_one_without_padding_is_the_same() -> None:
    found, scores = crf(), random_scores()
    draws = torch.rand(len(LENGTHS), 5, LONGEST, generator=torch.Generator().manual_seed(0))
    trees, best, marginals = found.sample_with(draws), found.viterbi(), found.marginals()
    for row, length in enumerate(LENGTHS.tolist()):
        width = max(length, 1)
        alone = TreeCRF(scores[row : row + 1, :width, :width], LENGTHS[row : row + 1])
        assert torch.allclose(alone.log_partition, found.log_partition[row], atol=1e-6)
        assert torch.allclose(alone.entropy, found.entropy[row], atol=1e-6)
        assert torch.allclose(alone.marginals()[0], marginals[row, :width, :width], atol=1e-6)
        assert torch.equal(alone.viterbi().actions()[0, 0], best.actions()[row, 0, : 2 * width - 1])
        again = alone.sample_with(draws[row : row + 1, :, :width])
        assert torch.equal(again.actions()[0], trees.actions()[row, :, : 2 * width - 1])
        assert torch.allclose(alone.log_prob(again)[0], found.log_prob(trees)[row], atol=1e-5)


def test_sentences_in_another_order_are_the_same() -> None:
    order = torch.tensor([3, 0, 7, 4, 1, 6, 2, 5])
    found, moved = crf(), TreeCRF(random_scores()[order], LENGTHS[order])
    draws = torch.rand(len(LENGTHS), 3, LONGEST, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(moved.log_partition, found.log_partition[order], atol=1e-6)
    assert torch.allclose(moved.entropy, found.entropy[order], atol=1e-6)
    assert torch.equal(moved.sample_with(draws[order]).actions(), found.sample_with(draws).actions()[order])
    assert torch.equal(moved.viterbi().actions(), found.viterbi().actions()[order])


def test_what_is_no_span_is_not_looked_at() -> None:
    token = torch.arange(LONGEST)
    there = (token.unsqueeze(1) <= token) & (token < LENGTHS[:, None, None])
    rubbish = random_scores().where(there, torch.nan).requires_grad_()
    found, clean = TreeCRF(rubbish, LENGTHS), crf()
    assert torch.equal(found.log_partition, clean.log_partition)
    assert torch.equal(found.marginals(), clean.marginals())
    (found.log_partition + found.entropy + found.log_prob(clean.sample(2)).sum(1)).sum().backward()
    assert rubbish.grad is not None
    assert rubbish.grad.isfinite().all()
    assert (rubbish.grad[~there] == 0).all()


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_huge_scores_make_no_nan(size: float) -> None:
    signs = torch.where(random_scores() > 0, size, -size)
    alike = torch.full_like(signs, size)
    for scores in (signs, alike):
        scores.requires_grad_()
        found = TreeCRF(scores, LENGTHS)
        trees = found.sample(3, torch.Generator().manual_seed(0))
        parts = [found.log_partition, found.entropy, found.log_prob(trees), found.marginals()]
        (gradient,) = torch.autograd.grad(parts[0].sum() + parts[1].sum() + parts[2].sum(), scores)
        assert all(part.isfinite().all() for part in [*parts, gradient])
        assert (found.entropy >= 0).all()
        assert torch.equal(Trees.from_actions(trees.actions()).span_mask(), trees.span_mask())
    catalan = torch.tensor([float(comb(2 * n - 2, n - 1) // n) if n else 1.0 for n in LENGTHS.tolist()])
    assert torch.allclose(
        found.entropy, catalan.log(), atol=0.05
    )  # of alike, whose inside values are only known to 0.01 or so


def test_autocast_and_bfloat16_change_nothing_but_the_scores() -> None:
    rough = random_scores().bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = TreeCRF(rough, LENGTHS)
        best = found.log_prob(found.viterbi())
    exact = TreeCRF(rough.float(), LENGTHS)
    assert found.entropy.dtype == found.log_partition.dtype == best.dtype == torch.float32
    assert torch.equal(found.log_partition, exact.log_partition)
    assert torch.equal(found.entropy, exact.entropy)
    assert torch.equal(best, exact.log_prob(exact.viterbi()))
    assert torch.equal(found.marginals(), exact.marginals())


def test_without_gradients_everything_is_there() -> None:
    with torch.no_grad():
        found = crf()
        assert not found.entropy.requires_grad
        assert torch.equal(found.marginals(), crf().marginals())
        assert torch.equal(found.viterbi().actions(), crf().viterbi().actions())


# Representations.


@pytest.mark.parametrize("length", range(1, LONGEST + 1))
def test_every_tree_survives_every_way_round(length: int) -> None:
    for positions in (length, LONGEST + 2):
        wanted = masks(length, positions)
        trees = Trees.from_span_mask(wanted)
        assert torch.equal(trees.span_mask(), wanted)
        assert (trees.lengths == length).all()
        actions = trees.actions()
        assert actions.shape == (len(wanted), 2 * positions - 1)
        back = Trees.from_actions(actions)
        assert all(torch.equal(mine, theirs) for mine, theirs in zip(back, trees, strict=True))
        for tree, row in zip(every(0, length - 1), actions.tolist(), strict=True):
            steps, tokens = flattened(tree)
            assert row == [*steps, *[DONE] * (2 * (positions - length))]
            assert tokens == list(range(length))
            assert nested(row, range(length)) == tree


def test_a_constituent_is_found_at_the_gap_where_it_divides() -> None:
    for tree, mask in zip(every(0, 5), masks(6), strict=True):
        found = Trees.from_span_mask(mask)
        for k, (start, end) in enumerate(zip(found.start.tolist(), found.end.tolist(), strict=True)):
            if k < 5:
                assert {(start, end), (start, k), (k + 1, end)} <= spans(tree)
            else:
                assert start == end == k  # no gap behind the last token


def test_trees_of_samples_keep_their_dimensions() -> None:
    trees = crf().sample(3, torch.Generator().manual_seed(0))
    assert trees.start.shape == trees.end.shape == (len(LENGTHS), 3, LONGEST)
    assert torch.equal(trees.lengths, LENGTHS.unsqueeze(1).expand(-1, 3))
    for back in (Trees.from_actions(trees.actions()), Trees.from_span_mask(trees.span_mask())):
        assert all(torch.equal(mine, theirs) for mine, theirs in zip(back, trees, strict=True))


def test_a_stack_machine_can_run_the_actions() -> None:
    actions = crf().sample(50, torch.Generator().manual_seed(0)).actions()
    change = torch.tensor([1, -1, 0])[actions]
    height = change.cumsum(2)
    assert (height[actions == REDUCE] >= 1).all()
    assert torch.equal(height[:, :, -1], (LENGTHS > 0).long().unsqueeze(1).expand(-1, 50))
    assert torch.equal((actions == SHIFT).sum(2), LENGTHS.unsqueeze(1).expand(-1, 50))


@pytest.mark.parametrize("actions", [[SHIFT, SHIFT], [SHIFT, REDUCE], [SHIFT, SHIFT, REDUCE, REDUCE], []])
def test_actions_that_make_no_tree_are_refused(actions: list[int]) -> None:
    with refuses(ValueError):
        nested(actions, ["a", "b"][: actions.count(SHIFT)])
