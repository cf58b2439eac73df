"""A GRU that decodes sentences from a code: a vector for each sentence.

    r = σ(W_r x + U_r h + C_r c)    z = σ(W_z x + U_z h + C_z c)
    n = tanh(W x + r ⊙ (U h) + C c)       h' = (1 − z) ⊙ n + z ⊙ h

The code c enters every gate at every step, or it is the first state only. The reset gate is applied after
the product U h, as in the GRUs of all GPU libraries.

Sentences are ragged and not padded: they are sorted by length, and each step computes only the sentences
that have not ended yet.

Reference:
    "Skip-thought vectors", Kiros et al., NIPS 2015, section 2.1, equations 5 to 8 (the code in every gate).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.modules.decoding import State

START = -1
"""Stands for the missing token before the first one."""

CODE_SCALE = 0.1
"""Initial scale of the code's weights: at first the code is noise and must not outweigh the tokens."""

Condition = Literal["every-gate", "first-state"]


class GRUDecoder(nn.Module):
    """Computes the states of a decoder over known sentences, or one step at a time.

    Args:
        token_width: width of the token vectors that are read.
        width: width of the states.
        code_width: width of the code; 0 for a decoder without code, which is a language model.
        condition: where the code enters: 'every-gate' or 'first-state'.
        layer_norm: whether W x and U h are normalised ("Layer normalization", Ba et al. 2016, section 4).

    >>> decoder = GRUDecoder(token_width=4, width=6, code_width=3, condition="every-gate", layer_norm=False)
    >>> decoder(torch.zeros(3, 4), torch.zeros(2, 3), active=[2, 1]).shape
    torch.Size([3, 6])
    """

    def __init__(
        self, token_width: int, width: int, code_width: int, condition: Condition, layer_norm: bool
    ) -> None:
        super().__init__()
        self.width = width
        self.token = nn.Linear(token_width, 3 * width)
        self.state = nn.Linear(width, 3 * width)
        every = condition == "every-gate" and code_width > 0
        self.code = nn.Linear(code_width, 3 * width, bias=False) if every else None
        self.first = None if every or code_width in (0, width) else nn.Linear(code_width, width)
        for gate in self.state.weight.data.split(width):
            nn.init.orthogonal_(gate)
        if self.code is not None:
            self.code.weight.data.mul_(CODE_SCALE)
        self.token_norm = nn.LayerNorm(3 * width) if layer_norm else nn.Identity()
        self.state_norm = nn.LayerNorm(3 * width) if layer_norm else nn.Identity()

    def forward(
        self,
        tokens: Float[Tensor, "token token_width"],
        code: Float[Tensor, "sentence code_width"],
        active: list[int],
    ) -> Float[Tensor, "token width"]:
        """Returns the state after each token that is read.

        Args:
            tokens: vectors of all first tokens, then of all second tokens and so on, as in `PackedTargets`.
            code: codes of the sentences, the longest sentence first.
            active: number of sentences that have not ended at each step.
        """
        state, code_gates = self.initial_state(code)
        states = []
        for gates in self.token_gates(tokens).split(active):
            count = len(gates)
            state = self.step(gates if code_gates is None else gates + code_gates[:count], state[:count])
            states.append(state)
        return torch.cat(states)

    def initial_state(
        self, code: Float[Tensor, "sentence code_width"]
    ) -> tuple[Float[Tensor, "sentence width"], Float[Tensor, "sentence gates"] | None]:
        """Returns the state before the first token, and what the code adds to the gates at every step."""
        if self.code is not None:
            return code.new_zeros(len(code), self.width), self.code(code)
        if code.shape[1] == 0:
            return code.new_zeros(len(code), self.width), None
        return (code if self.first is None else self.first(code)), None

    def begin(self, code: Float[Tensor, "sentence code_width"]) -> State:
        """Returns the first state, with what the code adds to the gates where it enters them."""
        state, gates = self.initial_state(code)
        return (state,) if gates is None else (state, gates)

    def advance(
        self, tokens: Float[Tensor, "hypothesis token_width"], state: State
    ) -> tuple[Float[Tensor, "hypothesis width"], State]:
        """Reads one token a hypothesis; returns the new state, alone and with what is carried on."""
        hidden, *always = state
        given = self.token_gates(tokens)
        hidden = self.step(given + always[0] if always else given, hidden)
        return hidden, (hidden, *always)

    def token_gates(self, tokens: Float[Tensor, "token token_width"]) -> Float[Tensor, "token gates"]:
        """Returns what each token adds to the gates."""
        return self.token_norm(self.token(tokens))  # type: ignore[no-any-return]

    def step(
        self, gates: Float[Tensor, "sentence gates"], state: Float[Tensor, "sentence width"]
    ) -> Float[Tensor, "sentence width"]:
        """Computes one step of the recurrence.

        Args:
            gates: what token and code add to the gates, before the state's part.
            state: the state before the step.
        """
        reset, update, new = gates.chunk(3, 1)
        state_reset, state_update, state_new = self.state_norm(self.state(state)).chunk(3, 1)
        z = torch.sigmoid(update + state_update)
        n = torch.tanh(new + torch.sigmoid(reset + state_reset) * state_new)
        return n + z * (state - n)


class PackedTargets(NamedTuple):
    """Sentences in the order in which a decoder computes them: all first tokens, all second tokens and so
    on."""

    inputs: Int[Tensor, " token"]
    """Token that is read at each step; `START` at the first step."""
    targets: Int[Tensor, " token"]
    """Token that is predicted at each step."""
    active: list[int]
    """Number of sentences that have not ended at each step."""
    order: Int[Tensor, " sentence"]
    """Places of the sentences in `chosen` (see `pack_targets`), the longest sentence first."""


def pack_targets(
    ids: Int[Tensor, " token"],
    offsets: Int[Tensor, " offset"],
    chosen: Int[Tensor, " sentence"],
    end: int,
    longest: int,
) -> PackedTargets:
    """Packs sentences for teacher forcing: each step reads the previous token and predicts the next one.

    Args:
        ids: token ids of all sentences of a batch.
        offsets: where each sentence starts in `ids`, and where the last one ends.
        chosen: the sentences that are decoded.
        end: the token that ends a sentence.
        longest: tokens that are predicted of a sentence; the end of a longer one is not predicted.

    >>> packed = pack_targets(
    ...     torch.tensor([7, 8, 9]), torch.tensor([0, 1, 3]), torch.tensor([0, 1]), end=5, longest=30
    ... )
    >>> packed.inputs.tolist(), packed.targets.tolist(), packed.active, packed.order.tolist()
    ([-1, -1, 8, 7, 9], [8, 7, 9, 5, 5], [2, 2, 1], [1, 0])
    """
    lengths = offsets.diff()[chosen]
    steps, order = (lengths + 1).clamp(max=longest).sort(descending=True, stable=True)
    time = torch.arange(int(steps.max()) if len(steps) else 0, device=ids.device)
    active = time.unsqueeze(1) < steps
    step, sentence = active.nonzero(as_tuple=True)
    place = offsets[chosen][order][sentence] + step
    padded = F.pad(ids, (1, 1), value=end)
    targets = padded[place + 1].where(step < lengths[order][sentence], end)
    inputs = padded[place].where(step > 0, START)
    return PackedTargets(inputs, targets, active.sum(1).tolist(), order)
