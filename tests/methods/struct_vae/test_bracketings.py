"""Trees as latent structures: prior and writer as distributions, against naive accounts of them."""

from __future__ import annotations

import itertools
from math import comb, log

import numpy as np
import pytest
import torch
from torch import Tensor

from sentrep.data.trees.brackets import nontrivial
from sentrep.evaluation.metrics.tree_f1 import overlaps, sentence_f1
from sentrep.methods.struct_vae.bracketings import BracketingModel, TreeDecoder, TreePrior, UniformTreePrior
from sentrep.modules.padding import Texts, pad_lists
from sentrep.modules.trees.binary_trees import REDUCE, SHIFT, Trees, tree_f1
from sentrep.modules.trees.crf import TreeCRF
from tests.modules.trees.test_crf import masks

VOCAB = 6


def of_length(length: int) -> Trees:
    """All trees of a length, (1, tree, position)."""
    return Trees.from_span_mask(masks(length, length).unsqueeze(0))


def random_trees(lengths: list[int], count: int, seed: int = 0) -> Trees:
    width = max(lengths)
    scores = torch.randn(len(lengths), width, width, generator=torch.Generator().manual_seed(seed))
    return TreeCRF(scores, torch.tensor(lengths)).sample(count, torch.Generator().manual_seed(seed))


def random_texts(lengths: list[int], seed: int = 0) -> Texts:
    random = np.random.default_rng(seed)
    return pad_lists([random.integers(VOCAB, size=length).tolist() for length in lengths])


def writer(shortlist: int = VOCAB, seed: int = 0) -> TreeDecoder:
    torch.manual_seed(seed)
    made = TreeDecoder(VOCAB, 5, 16, shortlist, 0.0)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made


# The prior.


@pytest.mark.parametrize("length", range(1, 8))
def test_priors_are_distributions_over_the_trees_of_a_length(length: int) -> None:
    torch.manual_seed(0)
    learned = TreePrior(width=16)
    torch.nn.init.normal_(learned.reduce.weight, std=2.0)
    trees = of_length(length)
    assert learned(trees).logsumexp(1).item() == pytest.approx(0, abs=1e-5)
    assert length < 4 or learned(trees).std() > 0.1
    assert torch.allclose(
        UniformTreePrior()(trees), torch.tensor(-log(comb(2 * length - 2, length - 1) / length)), atol=1e-5
    )


def test_the_prior_learns_what_trees_look_like() -> None:
    torch.manual_seed(0)
    prior, trees = TreePrior(width=16), of_length(6)
    chosen = Trees(trees.start[:, :3], trees.end[:, :3], trees.lengths[:, :3])
    optimizer = torch.optim.Adam(prior.parameters(), lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        (-prior(chosen).mean()).backward()
        optimizer.step()
    assert prior(trees)[0, :3].logsumexp(0).exp() > 0.9


def test_padding_changes_no_prior() -> None:
    torch.manual_seed(0)
    prior, trees = TreePrior(width=16), random_trees([7, 2, 4], 3)
    alone = random_trees([7, 2, 4], 3)
    for row, length in enumerate((7, 2, 4)):
        cut = Trees(
            alone.start[row : row + 1, :, :length],
            alone.end[row : row + 1, :, :length],
            alone.lengths[row : row + 1],
        )
        assert torch.allclose(prior(cut)[0], prior(trees)[row], atol=1e-6)


# The writer.


@torch.no_grad()
def naive(made: TreeDecoder, tokens: list[int], actions: list[int]) -> float:
    """log p(x | z) word by word, with a stack of (first word, words) for the tree."""
    rows = made.embedding.weight
    spelled = torch.tensor([actions])
    states = made.action_encoder(made.steps(spelled), torch.ones_like(spelled, dtype=torch.bool))[0]
    shifts = [step for step, action in enumerate(actions) if action == SHIFT]
    begins = {gap + 1: first for gap, first in divisions(actions).items()}
    total, hidden, history = 0.0, torch.zeros(1, 1, made.here.in_features), list[Tensor]()
    before = VOCAB
    for place, token in enumerate(tokens):
        hidden = made.history(rows[before].view(1, 1, -1), hidden)[1]
        history.append(hidden[0, 0])
        first = begins.get(place, 0)
        known = made.here(history[place]) + made.below(history[first]) + made.shape(states[shifts[place]])
        if place:
            known = known + made.left(rows[tokens[first:place]].mean(0))
        logits = made.words.log_probs(torch.tanh(known).unsqueeze(0))[0]
        total += float(logits[min(token, made.shortlist)]) - (
            log(made.unlisted) if token >= made.shortlist else 0
        )
        before = token
    return total


def divisions(actions: list[int]) -> dict[int, int]:
    """Of each gap, where the constituent begins that divides there."""
    found, stack, word = {}, list[tuple[int, int]](), 0
    for action in actions:
        if action == SHIFT:
            stack.append((word, word))
            word += 1
        elif action == REDUCE:
            right, left = stack.pop(), stack.pop()
            found[left[1]] = left[0]
            stack.append((left[0], right[1]))
    return found


@pytest.mark.parametrize("shortlist", [VOCAB, 3])
def test_the_writer_is_the_naive_one(shortlist: int) -> None:
    lengths = [6, 1, 3, 7]
    made, texts, trees = writer(shortlist), random_texts(lengths), random_trees(lengths, 3)
    found = made(texts, trees)
    actions = trees.actions()
    for row, length in enumerate(lengths):
        for tree in range(3):
            wanted = naive(
                made, texts.ids[row, :length].tolist(), actions[row, tree, : 2 * length - 1].tolist()
            )
            assert found.log_prob[row, tree].item() == pytest.approx(wanted, abs=1e-4)
    assert found.loss.item() == pytest.approx(-found.log_prob.sum().item() / (3 * sum(lengths)), abs=1e-5)


@pytest.mark.parametrize("shortlist", [VOCAB, 2])
def test_the_writer_is_a_distribution_over_the_sentences_of_a_tree(shortlist: int) -> None:
    made, trees = writer(shortlist), of_length(4)
    texts = pad_lists([list(each) for each in itertools.product(range(VOCAB), repeat=4)])
    many = Trees(*(part.expand(len(texts.ids), *part.shape[1:]) for part in trees))
    told = made(texts, many).log_prob
    assert torch.allclose(told.logsumexp(0), torch.zeros(5), atol=1e-5)
    assert told.std(1).min() > 1e-3  # and the tree is heard


@pytest.mark.slow
def test_a_tree_without_words_does_not_give_them_away() -> None:
    """However long it learns, the writer knows no more of independent words than how often they come."""
    torch.manual_seed(0)
    made = TreeDecoder(VOCAB, 16, 32, VOCAB, 0.0)
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01)
    for step in range(60):
        optimizer.zero_grad()
        made(random_texts([8] * 64, step), random_trees([8] * 64, 1, step)).loss.backward()
        optimizer.step()
    unseen = made(random_texts([8] * 256, 99), random_trees([8] * 256, 1, 99)).loss
    assert 0.99 * log(VOCAB) < unseen < 1.1 * log(VOCAB)


@pytest.mark.slow
def test_a_tree_is_worth_what_it_tells_of_the_words() -> None:
    """Words that spell their tree are restored from it, and not from the trees of others."""
    torch.manual_seed(0)
    made = TreeDecoder(VOCAB, 16, 32, VOCAB, 0.0)
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01)
    for step in range(60):
        trees = random_trees([7] * 64, 1, step)
        optimizer.zero_grad()
        made(spelling(trees), trees).loss.backward()
        optimizer.step()
    trees, others = random_trees([7] * 256, 1, 99), random_trees([7] * 256, 1, 98)
    assert made(spelling(trees), trees).loss < 0.3
    assert made(spelling(trees), others).loss > made(spelling(trees), trees).loss + 0.3


def spelling(trees: Trees) -> Texts:
    """Each word tells whether a constituent of two words or more begins left of it."""
    ids = (trees.start[:, 0] == torch.arange(trees.start.shape[2])).long()
    return Texts(ids, torch.ones_like(ids, dtype=torch.bool))


# Both with a parser.


def test_restoring_has_gradients_for_the_writer_alone() -> None:
    torch.manual_seed(0)
    made = BracketingModel(VOCAB, 8, 16, VOCAB, 0.0)
    texts = random_texts([5, 3])
    tokens = torch.randn(2, 5, 8, requires_grad=True)
    q = made.posterior(texts, tokens)
    made.reconstruct(texts, q.sample(4)).loss.backward()
    assert tokens.grad is None
    assert all(parameter.grad is None for parameter in [*made.parser.parameters(), *made.prior.parameters()])
    assert all(parameter.grad is not None for parameter in made.decoder.parameters())


def test_f1_is_that_of_the_evaluation() -> None:
    lengths = [7, 1, 2, 3, 6, 5]
    found, wanted = random_trees(lengths, 1, 0), random_trees(lengths, 1, 1)
    spans = [
        [
            nontrivial([(a, b + 1) for a, b in zip(start[0].tolist(), end[0].tolist(), strict=True)], length)
            for start, end, length in zip(trees.start, trees.end, lengths, strict=True)
        ]
        for trees in (found, wanted)
    ]
    counted = [row for row, length in enumerate(lengths) if length > 2]
    each = sentence_f1(overlaps(*spans))[counted]
    assert 100 * tree_f1(found, wanted).item() == pytest.approx(each.mean(), abs=1e-4)
    assert tree_f1(found, found) == 1
