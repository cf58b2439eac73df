"""Span scores against a loop over sentences and spans, and what trees make of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sentrep.modules.trees.crf import TreeCRF
from sentrep.modules.trees.span_scorer import SpanScorer

TOKEN_WIDTH, WIDTH, POSITIONS = 5, 4, 6
LENGTHS = torch.tensor([3, 8, 1, 0, 5])
"""The second is longer than there are embeddings of positions."""
ALIVE = torch.arange(8) < LENGTHS.unsqueeze(1)


def scorer(dropout: float = 0.0) -> SpanScorer:
    torch.manual_seed(0)
    made = SpanScorer(TOKEN_WIDTH, WIDTH, POSITIONS, dropout)
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.5)
    return made


def tokens() -> Tensor:
    return torch.randn(len(LENGTHS), 8, TOKEN_WIDTH, generator=torch.Generator().manual_seed(1))


def naive(made: SpanScorer, sentence: Tensor, first: int, last: int) -> float:
    """One span of one sentence, its states read with nothing else around."""
    place = torch.tensor([min(t, POSITIONS - 1) for t in range(len(sentence))])
    rows = sentence + made.position.weight[place]
    nothing = torch.zeros(1, WIDTH)
    ahead = torch.cat([nothing, made.forward_lstm(rows.unsqueeze(0))[0][0]])  # after 0, 1, … tokens
    back = torch.cat([nothing, made.backward_lstm(rows.flip(0).unsqueeze(0))[0][0]]).flip(
        0
    )  # from token 0, 1, … to the end
    features = torch.cat([ahead[last + 1] - ahead[first], back[first] - back[last + 1]])
    hidden = (made.mix.weight @ features + made.bias).clamp(min=0)
    normal = (hidden - hidden.mean()) / (hidden.var(unbiased=False) + made.norm.eps).sqrt() * made.norm.weight
    return (made.score.weight[0] @ normal).item()


def test_scores_are_those_of_a_loop_over_spans() -> None:
    made, rows = scorer(), tokens()
    found = made(rows, ALIVE)
    told = []
    for sentence, length in enumerate(LENGTHS.tolist()):
        for first in range(8):
            for last in range(8):
                if first < last < length:
                    told.append(naive(made, rows[sentence, :length], first, last))
                    assert found[sentence, first, last].item() == pytest.approx(told[-1], abs=1e-5)
                else:
                    assert found[sentence, first, last] == 0
    assert len(told) == 3 + 28 + 10
    assert torch.tensor(told).std() > 0.3


def test_padding_changes_nothing() -> None:
    made, rows = scorer(), tokens()
    found = made(rows, ALIVE)
    assert torch.allclose(found, made(rows.where(ALIVE.unsqueeze(2), 100.0), ALIVE), atol=1e-6)
    for sentence, length in enumerate(LENGTHS.tolist()):
        if length:
            alone = made(rows[sentence : sentence + 1, :length], ALIVE[sentence : sentence + 1, :length])
            assert torch.allclose(alone[0], found[sentence, :length, :length], atol=1e-6)


def test_every_parameter_moves_the_trees() -> None:
    made = scorer()
    TreeCRF(made(tokens(), ALIVE), LENGTHS).entropy.sum().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-6, name


def test_all_spans_of_a_sentence_are_compared_through_the_same_units() -> None:
    """With only one unit that w reads, a sentence keeps all of its scores, doubled, or none."""
    made = scorer(dropout=0.5)
    with torch.no_grad():
        made.position.weight.zero_()
        made.score.weight[0, 1:] = 0
    rows, mask = tokens()[1:2].expand(40, -1, -1), ALIVE[1:2].expand(40, -1)
    dropped = made(rows, mask)
    kept = dropped.abs().sum((1, 2)) > 0
    assert 5 < kept.sum() < 35
    assert torch.allclose(dropped[kept], 2 * made.eval()(rows, mask)[kept], atol=1e-5)


def test_scores_are_float32_and_hardly_rounded_under_autocast() -> None:
    made, rows = scorer(), tokens()
    exact = made(rows, ALIVE)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = made(rows, ALIVE)
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().max() < 0.1 * exact.std()
