"""A recurrent neural network grammar of unlabelled binary trees: p(x, z), a language model that generates a
sentence together with its tree.

    p(x, z) = Π_t p(a_t | S_t) Π_i p(x_i | S_before_i)
    p(REDUCE | S) = σ(u · s + b)       p(x | S) = softmax(E s + e)

The transition system either shifts, which generates a word, or reduces, which composes the two topmost
constituents of the stack (`modules/trees/tree_lstm.py`). s is the state of an LSTM over the stack, from its
bottom to its top. E are the embeddings of the words. The end of a sentence is a word, too, generated when one
constituent is left. Forced actions, such as a shift where the stack has fewer than two constituents, have
probability 1.

The computation is not sequential in time. A constituent is determined by its tokens, and its place on the
stack by its first token. So constituents come first, all of one height at once; then the states, all of one
place on the stack at once. The actions follow from the tree: a left part is followed by a shift, a right part
by a reduction.

Trees without constituents leave an ordinary LSTM language model, for comparison.

Reference:
    "Recurrent neural network grammars", Dyer et al., NAACL 2016, in the form of "Unsupervised recurrent
    neural network grammars", Kim et al., NAACL 2019, section 2.1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.methods.urnng.stack_plan import StackPlan, plan_stacks
from sentrep.modules.padding import Texts
from sentrep.modules.softmax import softmax_nll
from sentrep.modules.trees.binary_trees import Trees
from sentrep.modules.trees.recurrence import lstm_recurrence
from sentrep.modules.trees.tree_lstm import TreeLSTM, constituents


class LogProbs(NamedTuple):
    """Log-probabilities of sentences and trees, in nats."""

    words: Float[Tensor, "sentence tree"]
    """log p(x | z), including the end of the sentence; without gradient, see `mean_words`."""
    actions: Float[Tensor, "sentence tree"]
    """Log-probability of the actions that were not forced, with gradient."""
    mean_words: Float[Tensor, ""]
    """Sum over sentences of the mean of `words` over their trees, with gradient."""


class RNNG(nn.Module):
    """The grammar. It shares the token embeddings, which the caller passes.

    Args:
        vocab: number of token ids; the end of a sentence has an embedding of its own.
        width: width of embeddings, constituents and states.
        layers: layers of the LSTM over the stack.
        dropout: rate between layers and before words and actions; the caller drops out embeddings.
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
        tree_lstm: TreeLSTM | None = None,
    ) -> LogProbs:
        """Returns the log-probabilities of trees (sentence, tree, position) and their words.

        Args:
            table: embeddings by which words are generated.
            rows: embeddings of the words of the sentences, as they are read.
            texts: the sentences.
            trees: some trees of each sentence.
            tree_lstm: composes constituents; not needed for trees without constituents.
        """
        count, parts = trees.start.shape[1], constituents(trees)
        plan = plan_stacks(trees, parts)
        vectors = rows.float().flatten(0, 1) if tree_lstm is None else tree_lstm(rows, parts)
        states = self.stack_states(vectors, plan)
        words, mean_words = self.word_log_prob(states, table, texts, plan, count)
        return LogProbs(words, self.action_log_prob(states, plan).view(-1, count), mean_words)

    def stack_states(
        self, vectors: Float[Tensor, "number width"], plan: StackPlan
    ) -> Float[Tensor, "state width"]:
        """Returns the state of the LSTM for everything that is ever on top of a stack."""
        # At the bottom of a stack is the end of what came before.
        first, *others = self.stack
        states = first(torch.cat([self.end.unsqueeze(0), vectors]), plan.below, plan.items)
        for layer in others:
            states = layer(self.dropout(states), plan.below)
        return self.dropout(states)  # type: ignore[no-any-return]

    def word_log_prob(
        self,
        states: Float[Tensor, "state width"],
        table: Float[Tensor, "vocab width"],
        texts: Texts,
        plan: StackPlan,
        count: int,
    ) -> tuple[Float[Tensor, "sentence tree"], Float[Tensor, ""]]:
        """Returns `LogProbs.words` and `LogProbs.mean_words`; `count` is the number of trees a sentence."""
        ids, mask = (each.repeat_interleave(count, 0) for each in texts)
        tree_of, vocab = torch.arange(len(ids), device=ids.device), self.bias.numel()
        owner = torch.cat([tree_of.unsqueeze(1).expand_as(ids)[mask], tree_of])
        targets = torch.cat([ids[mask], torch.full_like(tree_of, len(table))])
        # A word that several trees of a sentence generate from the same stack is computed once.
        queries = torch.cat([plan.before[mask], plan.final]) * vocab + targets
        queries, which, often = queries.unique(return_inverse=True, return_counts=True)
        found = softmax_nll(
            states.index_select(0, queries // vocab),
            torch.cat([table, self.end.unsqueeze(0)]),
            self.bias,
            queries % vocab,
            often / count,
        )
        words = -torch.zeros(len(tree_of), device=states.device).index_add(0, owner, found.nll[which])
        return words.view(-1, count), -found.loss

    def action_log_prob(self, states: Float[Tensor, "state width"], plan: StackPlan) -> Float[Tensor, " row"]:
        """Returns the log-probability of the actions of each tree."""
        reduce = self.action(states).float().squeeze(1)
        shifts = F.logsigmoid(-reduce)[plan.shifted].where(plan.chosen, 0)
        return (shifts + F.logsigmoid(reduce)[plan.reduced].where(plan.is_split, 0)).sum(1)


class StackLayer(nn.Module):
    """One layer of the LSTM over the stack (`modules/trees/recurrence.py`).

    Args:
        width: width of items and states.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(width, 4 * width)
        self.below = nn.Linear(width, 4 * width, bias=False)

    def forward(
        self,
        items: Float[Tensor, "item width"],
        below: list[Int[Tensor, "_ 1"]],
        item_of: Int[Tensor, " state"] | None = None,
    ) -> Float[Tensor, "state width"]:
        """Returns the state of each item on a stack, from the bottom on.

        Args:
            items: vectors of the items: one for each state, or each once if several stacks share it.
            below: the state below each state.
            item_of: the item of each state, if items are shared.
        """
        empty = self.below.weight.new_zeros(1, self.below.in_features)
        return lstm_recurrence(empty, self.enter(items), self.below.weight, below, item_of)[1:]
