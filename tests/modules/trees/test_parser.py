"""The parser of many sentences against one sentence at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sentrep.modules.trees import parser as parsing
from sentrep.modules.trees.binary_trees import Trees
from sentrep.modules.trees.crf import TreeCRF
from sentrep.modules.trees.parser import Parser

WIDTH = 5
LENGTHS = torch.tensor([4, 1, 9, 2, 0, 7, 3])
ALIVE = torch.arange(9) < LENGTHS.unsqueeze(1)


def made() -> tuple[Parser, Tensor]:
    torch.manual_seed(0)
    parser = Parser(WIDTH, 4)
    for parameter in parser.parameters():
        nn.init.normal_(parameter, std=0.7)
    return parser, torch.randn(len(LENGTHS), 9, WIDTH)


def test_a_batch_in_parts_is_each_sentence_alone() -> None:
    parser, tokens = made()
    whole, before = parser(tokens, ALIVE), parsing.SPANS_AT_ONCE
    parsing.SPANS_AT_ONCE = 60
    try:
        found = parser(tokens, ALIVE)
    finally:
        parsing.SPANS_AT_ONCE = before
    assert len(found._parts) > 3 > len(whole._parts)
    trees, best = found.sample(3), found.viterbi()
    assert trees.start.shape == (7, 3, 9)
    assert torch.equal(trees.lengths, LENGTHS.unsqueeze(1).expand(-1, 3))
    for sentence, length in enumerate(LENGTHS.tolist()):
        if not length:
            assert found.entropy[sentence] == 0
            continue
        one = slice(sentence, sentence + 1)
        alone = TreeCRF(parser.scorer(tokens[one, :length], ALIVE[one, :length]), LENGTHS[one])
        narrow = Trees(trees.start[one, :, :length], trees.end[one, :, :length], trees.lengths[one])
        assert torch.allclose(found.entropy[one], alone.entropy, atol=1e-5)
        assert torch.equal(best.start[one, :, :length], alone.viterbi().start)
        assert torch.equal(best.end[one, :, :length], alone.viterbi().end)
        assert torch.allclose(found.log_prob(trees)[one], alone.log_prob(narrow), atol=1e-4)
    assert torch.allclose(found.log_prob(trees), whole.log_prob(trees), atol=1e-4)
    assert found.entropy.std() > 0.3


def test_the_same_numbers_give_the_same_trees_in_any_company() -> None:
    parser, tokens = made()
    draws = torch.rand(4, 9)
    together = parser(tokens, ALIVE).sample_with(draws)
    some = parser(tokens[[5, 0], :7], ALIVE[[5, 0], :7]).sample_with(draws)
    assert torch.equal(together.start[[5, 0], :, :7], some.start)
    assert torch.equal(together.end[[5, 0], :, :7], some.end)
    assert len(together.start[5].unique(dim=0)) > 1


def test_forbidden_spans_are_in_no_tree() -> None:
    parser, tokens = made()
    forbidden = torch.zeros(7, 9, 9, dtype=torch.bool)
    forbidden[:, 0, 1:3] = True  # whatever begins a sentence is put together last, or with three others
    forbidden[LENGTHS <= 3] = False
    found = parser(tokens, ALIVE, forbidden)
    for trees in (found.sample(20), found.viterbi()):
        assert not (trees.span_mask() & forbidden.unsqueeze(1)).any()
    assert (found.log_prob(found.sample(20)).exp() > 0)[LENGTHS > 0].all()
    assert found.entropy.isfinite().all()
    assert torch.equal(found.entropy[LENGTHS <= 3], parser(tokens, ALIVE).entropy[LENGTHS <= 3])
