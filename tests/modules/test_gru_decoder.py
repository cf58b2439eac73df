"""The decoder against a loop over sentences, tokens and gates, and against torch's own GRU."""

from __future__ import annotations

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sentrep.modules.gru_decoder import START, Condition, GRUDecoder, PackedTargets, pack_targets

TOKEN_WIDTH, WIDTH, CODE_WIDTH, END = 5, 6, 7, 20
SENTENCES = [[3, 4], [], [9, 8, 7, 6, 5], [1], [2, 3, 4, 5]]


def packed(longest: int = 30) -> PackedTargets:
    offsets = torch.tensor([0, *torch.tensor([len(sentence) for sentence in SENTENCES]).cumsum(0)])
    ids = torch.tensor([token for sentence in SENTENCES for token in sentence])
    return pack_targets(ids, offsets, torch.arange(len(SENTENCES)), END, longest)


@pytest.mark.parametrize("longest", [1, 3, 30])
def test_every_sentence_is_written_to_its_end_or_to_the_longest(longest: int) -> None:
    packing = packed(longest)
    read: list[list[int]] = [[] for _ in SENTENCES]
    wanted: list[list[int]] = [[] for _ in SENTENCES]
    place = 0
    for count in packing.active:
        for row in range(count):
            read[packing.order[row]].append(int(packing.inputs[place]))
            wanted[packing.order[row]].append(int(packing.targets[place]))
            place += 1
    assert place == len(packing.inputs) == len(packing.targets)
    assert wanted == [[*sentence, END][:longest] for sentence in SENTENCES]
    assert read == [[START, *sentence][:longest] for sentence in SENTENCES]


def naive_step(decoder: GRUDecoder, token: Tensor, code: Tensor, state: Tensor) -> Tensor:
    """The equations, a gate at a time, for one sentence."""

    def gates(layer: nn.Linear | None, given: Tensor) -> list[Tensor]:
        if layer is None:
            return [torch.zeros(WIDTH)] * 3
        rows = layer.weight.split(WIDTH)
        biases = torch.zeros(3 * WIDTH).split(WIDTH) if layer.bias is None else layer.bias.split(WIDTH)
        return [row @ given + bias for row, bias in zip(rows, biases, strict=True)]

    def normalised(parts: list[Tensor], norm: nn.Module) -> list[Tensor]:
        whole = torch.cat(parts)
        if isinstance(norm, nn.LayerNorm):
            whole = (whole - whole.mean()) / (
                whole.var(unbiased=False) + norm.eps
            ).sqrt() * norm.weight + norm.bias
        return list(whole.split(WIDTH))

    w = normalised(gates(decoder.token, token), decoder.token_norm)
    u = normalised(gates(decoder.state, state), decoder.state_norm)
    c = gates(decoder.code, code)
    r = torch.sigmoid(w[0] + u[0] + c[0])
    z = torch.sigmoid(w[1] + u[1] + c[1])
    n = torch.tanh(w[2] + r * u[2] + c[2])
    return (1 - z) * n + z * state


@pytest.mark.parametrize(
    ("condition", "layer_norm"), list(product(["every-gate", "first-state"], [False, True]))
)
def test_each_step_equals_the_equations(condition: Condition, layer_norm: bool) -> None:
    torch.manual_seed(0)
    decoder = GRUDecoder(TOKEN_WIDTH, WIDTH, CODE_WIDTH, condition, layer_norm)
    for norm in (decoder.token_norm, decoder.state_norm):
        for parameter in norm.parameters():
            nn.init.normal_(parameter)
    packing = packed()
    tokens, codes = torch.randn(len(packing.inputs), TOKEN_WIDTH), torch.randn(len(SENTENCES), CODE_WIDTH)
    states = decoder(tokens, codes, packing.active)
    current, place = {}, 0
    for row, code in enumerate(codes):
        current[row] = (
            torch.zeros(WIDTH) if decoder.first is None else decoder.first.weight @ code + decoder.first.bias
        )
    for count in packing.active:
        for row in range(count):
            current[row] = naive_step(decoder, tokens[place], codes[row], current[row])
            assert torch.allclose(states[place], current[row], atol=1e-5)
            place += 1


def test_weights_port_to_the_gru_of_torch() -> None:
    torch.manual_seed(0)
    decoder = GRUDecoder(TOKEN_WIDTH, WIDTH, WIDTH, "first-state", layer_norm=False)
    gru = nn.GRU(TOKEN_WIDTH, WIDTH)
    gru.load_state_dict({
        "weight_ih_l0": decoder.token.weight, "bias_ih_l0": decoder.token.bias,
        "weight_hh_l0": decoder.state.weight, "bias_hh_l0": decoder.state.bias,
    })  # fmt: skip
    tokens, code = torch.randn(9, 4, TOKEN_WIDTH), torch.randn(4, WIDTH)
    assert torch.allclose(
        decoder(tokens.flatten(0, 1), code, [4] * 9),
        gru(tokens, code.unsqueeze(0))[0].flatten(0, 1),
        atol=1e-6,
    )


def test_recurrent_matrices_start_orthogonal_gate_by_gate() -> None:
    for gate in GRUDecoder(TOKEN_WIDTH, WIDTH, CODE_WIDTH, "every-gate", layer_norm=False).state.weight.split(
        WIDTH
    ):
        assert torch.allclose(gate @ gate.T, torch.eye(WIDTH), atol=1e-5)


def test_a_longer_sentence_beside_it_changes_nothing() -> None:
    torch.manual_seed(0)
    decoder = GRUDecoder(TOKEN_WIDTH, WIDTH, CODE_WIDTH, "every-gate", layer_norm=False)
    tokens, codes = torch.randn(6, TOKEN_WIDTH), torch.randn(2, CODE_WIDTH)
    together = decoder(tokens, codes, [2, 2, 1, 1])
    alone = decoder(tokens[[1, 3]], codes[1:], [1, 1])
    assert torch.allclose(together[[1, 3]], alone, atol=1e-6)
    assert F.cosine_similarity(together[0], together[1], dim=0) < 0.99
