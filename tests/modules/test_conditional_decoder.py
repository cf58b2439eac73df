"""The decoder from codes: scores equal those of generation step by step, and hidden tokens are not read."""

from __future__ import annotations

import torch

from sentrep.modules.conditional_decoder import ConditionalDecoder, all_targets, sentence_sums
from sentrep.modules.gru_decoder import START, GRUDecoder
from tests import toy
from tests.errors import refuses


def decoder(longest: int = 30) -> ConditionalDecoder:
    torch.manual_seed(0)
    made = ConditionalDecoder(
        20, 8, 12, lambda: GRUDecoder(8, 12, 5, "every-gate", layer_norm=False), longest=longest
    )
    return made.eval()


@torch.no_grad()
def test_scores_of_sentences_equal_those_of_generation() -> None:
    made, batch = decoder(), toy.batch([[3, 4, 5], [7], [], [9, 9]], [0, 0, 0, 0])
    code, targets = torch.randn(4, 5), all_targets(made, batch)
    found = sentence_sums(made({"itself": targets}, code).each["itself"], targets.packing, 4)
    for i, sentence in enumerate([[3, 4, 5], [7], [], [9, 9]]):
        advance, state, end = made.generator("itself", code[i : i + 1])
        total, last = torch.zeros(()), None
        for token in [*sentence, end]:
            log_prob, state = advance(last, state)
            total -= log_prob[0, token]
            last = torch.tensor([token])
        assert torch.allclose(found[i], total, atol=1e-5)


@torch.no_grad()
def test_hidden_tokens_are_not_read_and_starts_stay() -> None:
    made, code = decoder(), torch.zeros(2, 5)
    one, other = (all_targets(made, toy.batch(rows, [0, 0])) for rows in ([[3, 4], [5]], [[6, 7], [8]]))
    assert torch.equal(
        made.states("itself", one.hide(1.0), code), made.states("itself", other.hide(1.0), code)
    )
    hidden = one.hide(1.0).packing.inputs
    assert torch.equal(hidden == START, one.packing.inputs == START)
    assert torch.equal(one.hide(0.0).packing.inputs, one.packing.inputs)


def test_a_decoder_that_there_is_not_is_refused() -> None:
    with refuses(setting="to"):
        decoder().generator("next", torch.zeros(1, 5))
