"""A GRU that writes a sentence from its code: the conditional decoder of skip-thought.

    r = σ(W_r x + U_r h + C_r c)    z = σ(W_z x + U_z h + C_z c)
    n = tanh(W x + r ⊙ (U h) + C c)       h' = (1 − z) ⊙ n + z ⊙ h

"Skip-thought vectors", Kiros et al., NIPS 2015, section 2.1, equations 5 to 8, with the reset gate after the
product, as the authors' released code and every GPU library have it (the paper: U (r ⊙ h)). The code c stands
in every gate, or is only the first state, as in that released code.

Sentences are ragged and none is padded: they are sorted by length, and a step computes only those that are
not over yet."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

BEFORE = -1
"""In place of a token before the first one."""

Condition = Literal["every-gate", "first-state"]


class Decoder(nn.Module):
    """States of a sentence, token by token, given its code.

    Args:
        token_width: of the token rows that it reads.
        width: of its states.
        code_width: of the code.
        condition: where the code enters.
        layer_norm: normalise W x and U h ("Layer normalization", Ba et al. 2016, section 4), the cheapest
            known improvement.
    """

    def __init__(
        self, token_width: int, width: int, code_width: int, condition: Condition, layer_norm: bool
    ) -> None:
        super().__init__()
        self.width = width
        self.token = nn.Linear(token_width, 3 * width)
        self.state = nn.Linear(width, 3 * width)
        every = condition == "every-gate"
        self.code = nn.Linear(code_width, 3 * width, bias=False) if every else None
        self.first = None if every or code_width == width else nn.Linear(code_width, width)
        for gate in self.state.weight.data.split(width):
            nn.init.orthogonal_(gate)
        if (
            self.code is not None
        ):  # until the code says something it is noise, which must not shout tokens down
            self.code.weight.data.mul_(0.1)
        self.token_norm = nn.LayerNorm(3 * width) if layer_norm else nn.Identity()
        self.state_norm = nn.LayerNorm(3 * width) if layer_norm else nn.Identity()

    def forward(
        self,
        tokens: Float[Tensor, "token token_width"],
        code: Float[Tensor, "sentence code_width"],
        alive: list[int],
    ) -> Float[Tensor, "token width"]:
        """The state after each token that is read.

        Args:
            tokens: rows of all first tokens, then of all second tokens and so on, as `Packing` orders them.
            code: of the sentences, the longest first.
            alive: how many sentences are not over yet at each step.
        """
        state, gates = self.begin(code)
        states = []
        for given in self.read(tokens).split(alive):
            count = len(given)
            state = self.step(given if gates is None else given + gates[:count], state[:count])
            states.append(state)
        return torch.cat(states)

    def begin(
        self, code: Float[Tensor, "sentence code_width"]
    ) -> tuple[Float[Tensor, "sentence width"], Float[Tensor, "sentence gates"] | None]:
        """The state before the first token, and what the code adds to the gates at every step."""
        if self.code is not None:
            return code.new_zeros(len(code), self.width), self.code(code)
        return (code if self.first is None else self.first(code)), None

    def step(
        self, given: Float[Tensor, "sentence gates"], state: Float[Tensor, "sentence width"]
    ) -> Float[Tensor, "sentence width"]:
        """One step of the recurrence, from what token and code ask of the gates."""
        reset, update, new = given.chunk(3, 1)
        state_reset, state_update, state_new = self.state_norm(self.state(state)).chunk(3, 1)
        z = torch.sigmoid(update + state_update)
        n = torch.tanh(new + torch.sigmoid(reset + state_reset) * state_new)
        return n + z * (state - n)

    def read(self, tokens: Float[Tensor, "token token_width"]) -> Float[Tensor, "token gates"]:
        """What each token asks of the gates."""
        return self.token_norm(self.token(tokens))  # type: ignore[no-any-return]


class Packing(NamedTuple):
    """Some sentences of a batch in the order in which a decoder goes through them: all first tokens, all
    second ones and so on."""

    inputs: Int[Tensor, " token"]
    """The token that is read at each step, `BEFORE` at the first."""
    targets: Int[Tensor, " token"]
    """The token to be written."""
    alive: list[int]
    """Sentences that are not over yet at each step."""
    order: Int[Tensor, " sentence"]
    """Of the sentences, the longest first."""


def pack(
    ids: Int[Tensor, " token"],
    offsets: Int[Tensor, " offset"],
    chosen: Int[Tensor, " sentence"],
    end: int,
    longest: int,
) -> Packing:
    """Teacher forcing: at each step the token before is read and the next one, or the end of the sentence, is
    wanted.

    Args:
        ids: of all sentences of a batch.
        offsets: where each sentence starts.
        chosen: which sentences to write.
        end: the token that ends a sentence.
        longest: a sentence's first so many tokens are written; the end of a longer one is not.

    >>> found = pack(torch.tensor([7, 8, 9]), torch.tensor([0, 1, 3]), torch.tensor([0, 1]), end=5, longest=30)
    >>> found.inputs.tolist(), found.targets.tolist(), found.alive, found.order.tolist()
    ([-1, -1, 8, 7, 9], [8, 7, 9, 5, 5], [2, 2, 1], [1, 0])
    """
    lengths = offsets.diff()[chosen]
    steps, order = (lengths + 1).clamp(max=longest).sort(descending=True, stable=True)
    time = torch.arange(int(steps.max()) if len(steps) else 0, device=ids.device)
    written = time.unsqueeze(1) < steps
    step, sentence = written.nonzero(as_tuple=True)
    place = offsets[chosen][order][sentence] + step
    padded = F.pad(ids, (1, 1), value=end)
    targets = padded[place + 1].where(step < lengths[order][sentence], end)
    inputs = padded[place].where(step > 0, BEFORE)
    return Packing(inputs, targets, written.sum(1).tolist(), order)


def scaled(vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence width"]:
    """Of the same direction and a mean square of 1; a zero vector stays one."""
    return F.normalize(vectors, dim=1) * math.sqrt(vectors.shape[1])
