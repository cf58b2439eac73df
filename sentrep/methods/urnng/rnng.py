"""A recurrent neural network grammar of unlabelled binary trees: p(x, z), a language model that knows what it
has put together.

    p(x, z) = Π_t p(a_t | S_t) Π_i p(x_i | S_before_i)       p(REDUCE | S) = σ(u · s + b)       p(x | S) = softmax(E s + e)

"Recurrent neural network grammars", Dyer et al., NAACL 2016, in the form of "Unsupervised recurrent neural
network grammars", Kim et al., NAACL 2019, section 2.1. A stack machine either shifts, which writes a word, or
reduces: then the two constituents on top of the stack become one (`modules/trees/tree_lstm.py`). s is the
state of an LSTM over what is on the stack, from its bottom to its top. E are the rows that words are read by.
The end of a sentence is a word too, written when one constituent is left. Actions that are forced, a shift
where fewer than two lie on the stack, cost nothing.

Nothing of that needs to be done in the order of time. A constituent is known by its tokens, and its place on
the stack by the token that it begins with: whatever begins there lies upon what ended before. So constituents
come first, all of one height at once; then the states, all of one place on the stack at once. And actions are
read off: what is a left part has a shift after it, what is a right part a reduction.

Trees that divide nowhere leave words, each upon the last: an ordinary LSTM language model, for comparison.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.modules.padding import Texts
from sentrep.modules.softmax import likelihood
from sentrep.modules.trees.crf import Trees
from sentrep.modules.trees.recurrence import recurrent
from sentrep.modules.trees.tree_lstm import Composer, Constituents, constituents


class Told(NamedTuple):
    """log p of sentences and trees, in nats."""

    words: Float[Tensor, "sentence tree"]
    """log p(x | z), the end of the sentence among the words; without gradient, which `mean_words` has."""
    actions: Float[Tensor, "sentence tree"]
    """log p of the actions that were not forced, with gradient."""
    mean_words: Float[Tensor, ""]
    """Sum over sentences of the mean over their trees of `words`, with gradient."""


class Rnng(nn.Module):
    """Reads and writes words by the same rows, which come from outside.

    Args:
        vocab: of the rows; the end of a sentence has one besides.
        width: of rows, constituents and states.
        layers: of the LSTM over the stack.
        dropout: of what layers read and of what words and actions are told from; rows come dropped out.
    """

    def __init__(self, vocab: int, width: int, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.stack = nn.ModuleList(StackLayer(width) for _ in range(layers))
        self.end = nn.Parameter(torch.empty(width).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(vocab + 1))
        self.action = nn.Linear(width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        table: Float[Tensor, "vocab width"],
        rows: Float[Tensor, "sentence position width"],
        texts: Texts,
        trees: Trees,
        composer: Composer | None = None,
    ) -> Told:
        """Of some trees of each sentence, (sentence, tree, position).

        Args:
            table: rows by which words are written.
            rows: of the sentences' words, as they are read.
            composer: of constituents; trees that divide nowhere need none.
        """
        count, parts = trees.start.shape[1], constituents(trees)
        plan = planned(trees, parts)
        vectors = rows.float().flatten(0, 1) if composer is None else composer(rows, parts)
        # At the bottom of a stack lies the end of what came before.
        first, *others = self.stack
        states = first(torch.cat([self.end.unsqueeze(0), vectors]), plan.below, plan.items)
        for layer in others:
            states = layer(self.dropout(states), plan.below)
        states = self.dropout(states)
        ids, alive = (each.repeat_interleave(count, 0) for each in texts)
        tree_of = torch.arange(len(ids), device=ids.device)
        owner = torch.cat([tree_of.unsqueeze(1).expand_as(ids)[alive], tree_of])
        targets = torch.cat([ids[alive], torch.full_like(tree_of, len(table))])
        # A word that trees of a sentence have written from the same stack is told once.
        asked = torch.cat([plan.before[alive], plan.final]) * self.bias.numel() + targets
        asked, which, often = asked.unique(return_inverse=True, return_counts=True)
        written = likelihood(
            states.index_select(0, asked // self.bias.numel()),
            torch.cat([table, self.end.unsqueeze(0)]),
            self.bias,
            asked % self.bias.numel(),
            often / count,
        )
        words = -torch.zeros(len(tree_of), device=states.device).index_add(0, owner, written.each[which])
        return Told(words.view(-1, count), self.acted(states, plan).view(-1, count), -written.loss)

    def acted(self, states: Float[Tensor, "state width"], plan: Plan) -> Float[Tensor, " row"]:
        """log p of the actions of each tree."""
        reduce = self.action(states).float().squeeze(1)
        shifts = F.logsigmoid(-reduce)[plan.shifted].where(plan.chosen, 0)
        return (shifts + F.logsigmoid(reduce)[plan.reduced].where(plan.divides, 0)).sum(1)


class StackLayer(nn.Module):
    """One layer of the LSTM over the stack (`modules/trees/recurrence.py`): what lies on it enters, and goes
    on from what lies below."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(width, 4 * width)
        self.below = nn.Linear(width, 4 * width, bias=False)

    def forward(
        self,
        read: Float[Tensor, "item width"],
        below: list[Int[Tensor, "_ 1"]],
        items: Int[Tensor, " state"] | None = None,
    ) -> Float[Tensor, "state width"]:
        """Of what lies on a stack, the bottom first, the state when it lies on top.

        Args:
            read: what it is: of each state, or, where the same lies on several stacks, of each item.
            below: what it lies on.
            items: which item each state has on top.
        """
        nothing = self.below.weight.new_zeros(1, self.below.in_features)
        return recurrent(nothing, self.enter(read), self.below.weight, below, items)[1:]


class Plan(NamedTuple):
    """Everything that lies on a stack while trees are built, sorted by its place on it. Each has a state, and
    these are numbered in that order from 1; 0 is that of the bottom, which all stacks share. Where two stacks
    are the same, so is the state on top. A row is a tree."""

    items: Int[Tensor, " state"]
    """Which constituent or token it is, by its number and one more; the bottom has 0."""
    below: list[Int[Tensor, "_ 1"]]
    """For each place on a stack, from the bottom on, the states that lie there: the number of what they lie
    upon, and one more. The bottom lies upon nothing, which has 0."""
    before: Int[Tensor, "row position"]
    """State that a token is written from."""
    final: Int[Tensor, " row"]
    """State that the end is written from."""
    shifted: Int[Tensor, "row position"]
    """State from which it was shifted in spite of what lay there: it is a left part."""
    chosen: Bool[Tensor, "row position"]
    """Where that was no force."""
    reduced: Int[Tensor, "row position"]
    """State from which was reduced: it is a right part."""
    divides: Bool[Tensor, "row position"]
    """Where there is such a pair."""


def planned(trees: Trees, parts: Constituents) -> Plan:
    """What a stack machine does to build trees, (sentence, tree, position)."""
    positions, lengths = trees.start.shape[2], trees.lengths.flatten().unsqueeze(1)
    start, end, divides = trees.start.flatten(0, 1), trees.end.flatten(0, 1), parts.divides
    token = torch.arange(positions, device=start.device)
    closed = torch.zeros_like(end).scatter_add(1, end, divides.long())
    height = token + 1 - (closed.cumsum(1) - closed)  # of the stack after each token was shifted
    begins = torch.cat([token.expand_as(start), start], 1)
    place = height.gather(1, begins).where(torch.cat([token < lengths, divides], 1), 0).flatten()
    first = 2 * positions * torch.arange(len(start), device=token.device).unsqueeze(1)
    # What begins with a token lies on what ended before it; with the first one, on the bottom, which is
    # behind all parts.
    before = F.pad(parts.left[:, :-1] + first, (1, 0), value=len(place))
    under, number = before.gather(1, begins).flatten(), parts.number.flatten()
    state = torch.zeros(len(place) + 1, dtype=torch.long, device=token.device)
    items, below, known = [state.new_zeros(1)], [state.new_zeros(1, 1)], 1
    order = place.argsort(stable=True)[int((place == 0).sum()) :]
    for here in order.split(place.bincount()[1:].tolist()):
        stacks, which = (state[under[here]] * parts.total + number[here]).unique(return_inverse=True)
        items.append(stacks % parts.total + 1)
        below.append((stacks // parts.total + 1).unsqueeze(1))
        state[here] = known + which
        known += len(stacks)
    return Plan(
        items=torch.cat(items),
        below=below,
        before=state[before],
        final=state[parts.last + first.squeeze(1)],
        shifted=state[parts.left + first],
        chosen=divides & (height.gather(1, start) > 1),
        reduced=state[parts.right + first],
        divides=divides,
    )
