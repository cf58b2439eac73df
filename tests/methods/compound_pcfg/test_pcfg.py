from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest
import torch
from torch import Tensor

from sentrep.methods.compound_pcfg.pcfg import Rules, log_likelihood, marginals
from sentrep.modules.trees.binary_trees import Trees
from sentrep.modules.trees.crf import TreeCRF

Spans = frozenset[tuple[int, int]]
NONTERMINALS, PRETERMINALS, RANK = 2, 2, 3


def grammar(
    sentences: int, tokens: int, lean: bool, seed: int = 0, dtype: torch.dtype = torch.float64
) -> tuple[Rules, Tensor]:
    """Some rules, far from even, and log-probabilities of words."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(rows: int, columns: int) -> Tensor:
        return 2 * torch.randn(rows, columns, generator=generator, dtype=dtype)

    both = NONTERMINALS + PRETERMINALS
    rules = Rules(
        drawn(sentences, NONTERMINALS).softmax(1),
        drawn(NONTERMINALS, RANK).softmax(1),
        drawn(both, RANK).softmax(0),
        drawn(both, RANK).softmax(0),
        drawn(sentences, RANK).softmax(1) if lean else None,
    )
    return rules, drawn(tokens, PRETERMINALS).sub(3)


class Naive:
    """One sentence, every derivation of it by itself."""

    def __init__(self, rules: Rules, words: Tensor, number: int) -> None:
        rank = rules.rank if rules.sentence_weights is None else rules.rank * rules.sentence_weights[number]
        rank = rank / rank.sum(1, keepdim=True)
        self.rule = torch.einsum("ar,br,cr->abc", rank, rules.left, rules.right).tolist()
        self.root, self.word = rules.root[number].tolist(), words.exp().tolist()
        self.length = len(words)

    def derivations(self, symbol: int, start: int, stop: int) -> Iterator[tuple[float, Spans]]:
        if stop - start == 1:
            if symbol >= NONTERMINALS:
                yield self.word[start][symbol - NONTERMINALS], frozenset()
            return
        if symbol >= NONTERMINALS:
            return
        for split in range(start + 1, stop):
            for left, right in product(range(NONTERMINALS + PRETERMINALS), repeat=2):
                for left_chance, left_spans in self.derivations(left, start, split):
                    for right_chance, right_spans in self.derivations(right, split, stop):
                        chance = self.rule[symbol][left][right] * left_chance * right_chance
                        yield chance, left_spans | right_spans | {(start, stop - 1)}

    def trees(self) -> Counter[Spans]:
        """p(x, tree) of every tree."""
        found: Counter[Spans] = Counter()
        for symbol, chance in enumerate(self.root):
            for below, spans in self.derivations(symbol, 0, self.length):
                found[spans] += chance * below
        return found


def best_trees(rules: Rules, words: Tensor, lengths: Tensor, forbidden: Tensor | None = None) -> Trees:
    """The trees with the most spans that are expected to be right."""
    return TreeCRF(marginals(rules, words, lengths, forbidden), lengths).viterbi()


def spans_of(tree: Trees, number: int) -> Spans:
    """Of one sentence's tree."""
    pairs = zip(tree.start[number, 0].tolist(), tree.end[number, 0].tolist(), strict=True)
    return frozenset((start, end) for start, end in pairs if start < end)


@pytest.mark.parametrize("lean", [False, True])
@pytest.mark.parametrize("without", [(), ((0, 1), (1, 3), (3, 4))])
def test_likelihood_marginals_and_trees_are_those_of_all_derivations(
    lean: bool, without: tuple[tuple[int, int], ...]
) -> None:
    lengths = torch.tensor([5, 2, 6, 1, 3, 0, 4])
    rules, words = grammar(len(lengths), int(lengths.sum()), lean)
    forbidden = torch.zeros(7, 6, 6, dtype=torch.bool)
    for span in without:
        forbidden[(slice(None), *span)] = lengths > 3
    given = (rules, words, lengths, forbidden if without else None)
    likelihood, chances, best = log_likelihood(*given), marginals(*given), best_trees(*given)
    for number, own in enumerate(words.split(lengths.tolist())):
        if len(own) < 2:
            assert likelihood[number] == 0
            assert chances[number].sum() == 0
            continue
        every = Naive(rules, own, number).trees()
        found = {
            tree: chance
            for tree, chance in every.items()
            if not any(forbidden[(number, *span)] for span in tree)
        }
        assert (len(found) < len(every)) == (bool(without) and len(own) > 3)
        total = math.fsum(found.values())
        assert likelihood[number].item() == pytest.approx(math.log(total), abs=1e-9)
        expected = torch.zeros_like(chances[number])
        for tree, chance in found.items():
            for span in tree:
                expected[span] += chance / total
        assert torch.allclose(chances[number], expected, atol=1e-9)
        right = {tree: sum(expected[span].item() for span in tree) for tree in found}
        assert right[spans_of(best, number)] == pytest.approx(max(right.values()))


def test_there_are_trees_for_the_enumeration_to_count() -> None:
    """The Catalan numbers; and each sentence of two words has one tree, under which all spans are certain."""
    rules, words = grammar(1, 5, lean=False)
    assert len(Naive(rules, words, 0).trees()) == 14
    assert marginals(rules, words[:2], torch.tensor([2]))[0, 0, 1].item() == pytest.approx(1)


@pytest.mark.parametrize("lean", [False, True])
def test_the_gradient_is_that_of_small_steps(lean: bool) -> None:
    lengths = torch.tensor([4, 1, 2, 3])
    rules, words = grammar(4, 10, lean)
    parts = [part for part in rules if part is not None]

    def likelihood(words: Tensor, *parts: Tensor) -> Tensor:
        return log_likelihood(Rules(*parts), words, lengths)

    given = [part.requires_grad_() for part in (words, *parts)]
    assert torch.autograd.gradcheck(likelihood, given)


@pytest.mark.parametrize("lean", [False, True])
def test_a_batch_is_its_sentences_one_by_one(lean: bool) -> None:
    lengths = torch.tensor([9, 1, 17, 2, 12, 9])
    rules, words = grammar(len(lengths), int(lengths.sum()), lean, dtype=torch.float32)
    likelihood, chances = log_likelihood(rules, words, lengths), marginals(rules, words, lengths)
    best = best_trees(rules, words, lengths)
    for number, own in enumerate(words.split(lengths.tolist())):
        row, length = slice(number, number + 1), lengths[number : number + 1]
        alone = rules._replace(
            root=rules.root[row],
            sentence_weights=None if rules.sentence_weights is None else rules.sentence_weights[row],
        )
        assert torch.allclose(log_likelihood(alone, own, length), likelihood[row], atol=1e-4)
        assert torch.allclose(
            marginals(alone, own, length)[0], chances[number, : len(own), : len(own)], atol=1e-4
        )
        assert spans_of(best_trees(alone, own, length), 0) == spans_of(best, number)


@pytest.mark.parametrize("rarity", [0.0, -60.0, 60.0])
def test_nothing_underflows_in_long_sentences_of_rare_words(rarity: float) -> None:
    """Beside the same in double precision, which needs no units for 60 words; with densities for
    probabilities, no overflow."""
    lengths = torch.tensor([60, 59])
    rules, words = grammar(2, 119, lean=True)
    words = words + rarity
    single = Rules(*(None if part is None else part.float() for part in rules))  # type: ignore[arg-type]
    told = log_likelihood(single, words.float(), lengths)
    assert torch.allclose(told.double(), log_likelihood(rules, words, lengths), rtol=1e-5)
    assert torch.allclose(log_likelihood(rules, words, lengths), plain(rules, words, lengths), rtol=1e-9)
    assert torch.allclose(
        marginals(single, words.float(), lengths).double(), marginals(rules, words, lengths), atol=1e-3
    )
    total = marginals(single, words.float(), lengths).sum((1, 2))
    assert torch.allclose(total, (lengths - 1).float(), rtol=1e-4)  # so many spans has every tree


def plain(rules: Rules, words: Tensor, lengths: Tensor) -> Tensor:
    """The recursion in logarithms, with the whole table of rules."""
    found = []
    for number, own in enumerate(words.split(lengths.tolist())):
        assert rules.sentence_weights is not None
        rank = rules.rank * rules.sentence_weights[number]
        rule = torch.einsum("ar,br,cr->abc", rank / rank.sum(1, keepdim=True), rules.left, rules.right).log()
        never = torch.full((NONTERMINALS,), -torch.inf, dtype=words.dtype)
        inside = {(at, at): torch.cat([never, word]) for at, word in enumerate(own)}
        for width in range(1, len(own)):
            for start in range(len(own) - width):
                end = start + width
                pairs = torch.stack(
                    [
                        inside[start, k].unsqueeze(1) + inside[k + 1, end].unsqueeze(0)
                        for k in range(start, end)
                    ]
                ).logsumexp(0)
                inside[start, end] = torch.cat(
                    [(rule + pairs).logsumexp((1, 2)), torch.full_like(never, -torch.inf)[:PRETERMINALS]]
                )
        found.append((inside[0, len(own) - 1][:NONTERMINALS] + rules.root[number].log()).logsumexp(0))
    return torch.stack(found)


def test_no_sentence_has_no_likelihood() -> None:
    rules, words = grammar(0, 0, lean=True)
    lengths = torch.zeros(0, dtype=torch.long)
    assert log_likelihood(rules, words, lengths).shape == (0,)
    assert marginals(rules, words, lengths).shape == (0, 0, 0)


def test_probabilities_of_all_sentences_of_a_length_are_those_of_their_number() -> None:
    """Words are certain here: what is left is how often a tree has so many leaves, the first of a branching
    process."""
    rules, _ = grammar(1, 1, lean=False)
    found = [
        log_likelihood(rules, torch.zeros(length, PRETERMINALS, dtype=torch.float64), torch.tensor([length]))
        .exp()
        .item()
        for length in (2, 3)
    ]
    rule = torch.einsum("ar,br,cr->abc", rules.rank, rules.left, rules.right)
    two = rule[:, NONTERMINALS:, NONTERMINALS:].sum((1, 2))
    three = (
        rule[:, :NONTERMINALS, NONTERMINALS:].sum(2) + rule[:, NONTERMINALS:, :NONTERMINALS].sum(1)
    ) @ two
    assert found == pytest.approx([(rules.root[0] @ two).item(), (rules.root[0] @ three).item()])


@pytest.mark.parametrize("lean", [False, True])
def test_autocast_changes_nothing(lean: bool) -> None:
    lengths = torch.tensor([7, 3])
    rules, words = grammar(2, 10, lean, dtype=torch.float32)
    expected = log_likelihood(rules, words, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(log_likelihood(rules, words, lengths), expected, atol=1e-5, rtol=0)
