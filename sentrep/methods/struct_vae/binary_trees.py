"""Binary bracketings as the latent structure of a sentence: a parser, a prior, and a writer of words into a
given tree.

    q(z | x) ∝ exp(Σ_{[i, j] ∈ z} s_ij)                                    parts/tree_crf.py, exact
    p(z) = Π_k p(a_k | a_<k)                                           a: SHIFT or REDUCE, 2 n − 1 of them
    p(x | z) = Π_t p(x_t | x_<t, z)

"StructVAE: Tree-structured latent variable models for semi-supervised semantic parsing", Yin, Zhou, He &
Neubig, ACL 2018, has an autoregressive q. A CRF is better where it can be had: its samples are independent,
and its entropy and its best tree are exact.

A linearised tree with its words in it would give them back by copying, whatever the tree; nothing could be
learnt from that. So z is the bare string of SHIFT and REDUCE. The writer reads it with the words so far, and
the tree is worth as much as it tells of the word that comes next: where its left sibling began, and what is
closed after it."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.methods.struct_vae.structures import Restored, Structures
from sentrep.modules.padding import Texts
from sentrep.modules.pointer_generator import Reader
from sentrep.modules.softmax import Vocabulary
from sentrep.modules.trees.crf import DONE, REDUCE, SHIFT, Trees
from sentrep.modules.trees.parser import Parser, TreesOfMany
from sentrep.modules.trees.stats import shape

TENS = 10.0
"""Heights and lengths are told in tens, so that they are of the size of everything else that is read."""


class Bracketings(Structures[Trees]):
    """The three distributions over trees.

    Args:
        vocab: token ids there are.
        token_width: of the token vectors that the parser reads, and of the writer's own rows.
        width: of the parser's states in one direction, and of the writer's.
        shortlist: so many of the first ids are told apart by the writer; one of the rest is as likely as
            another.
        dropout: in all three.
        learnt_prior: else all trees of a length are equally likely.
    """

    def __init__(
        self,
        vocab: int,
        token_width: int,
        width: int,
        shortlist: int,
        dropout: float,
        learnt_prior: bool = True,
    ) -> None:
        super().__init__()
        self.parser = Parser(token_width, width, dropout)
        self.writer = TreeWriter(vocab, token_width, width, shortlist, dropout)
        self.prior = TreePrior(dropout=dropout) if learnt_prior else UniformPrior()

    def posterior(self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]) -> TreesOfMany:
        found: TreesOfMany = self.parser(tokens, texts.alive)
        return found

    def log_prior(self, structures: Trees) -> Float[Tensor, "sentence structure"]:
        found: Tensor = self.prior(structures)
        return found

    def restore(self, texts: Texts, structures: Trees) -> Restored:
        found: Restored = self.writer(texts, structures)
        return found

    def meters(self, best: Trees) -> dict[str, Tensor]:
        return shape(best)

    def agreement(self, best: Trees, given: Trees) -> dict[str, Tensor]:
        return {"labelled_f1": tree_f1(best, given)}


class TreeWriter(nn.Module):
    """p(x | z): writes words from left to right into a tree that is known.

        p(x_t | x_<t, z) = softmax(W tanh(A h_t + B h_b + C mean(x_b … x_{t−1}) + D s_t + c))

    h_t has read all words before t, with a GRU that knows no tree, so it runs once for all trees of a
    sentence. The constituent that divides right before word t begins with word b: its left part is there
    already, and h_b had read what was there before it. s_t is the state of word t's SHIFT in a bidirectional
    GRU over the actions.

    Args:
        vocab: token ids there are.
        token_width: of its rows.
        width: of h; a multiple of 8. A quarter of it is the width of s.
        shortlist: so many of the first ids have an output of their own; the others share one, and are equally
            likely.
        dropout: of rows, and of what the softmax reads.
    """

    def __init__(self, vocab: int, token_width: int, width: int, shortlist: int, dropout: float) -> None:
        super().__init__()
        self.shortlist, self.rest = min(shortlist, vocab), max(vocab - shortlist, 0)
        self.rows = nn.Embedding(vocab + 1, token_width)
        self.history = nn.GRU(token_width, width, batch_first=True)
        self.steps = nn.Embedding(3, width // 4)
        self.reader = Reader(width // 4, width // 4)
        self.here = nn.Linear(width, width)
        self.below = nn.Linear(width, width, bias=False)
        self.left = nn.Linear(token_width, width, bias=False)
        self.shape = nn.Linear(width // 4, width, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.words = Vocabulary(self.shortlist + (self.rest > 0), width)

    def forward(self, texts: Texts, trees: Trees) -> Restored:
        sentences, samples, positions = trees.start.shape
        token = torch.arange(positions, device=texts.ids.device)
        rows = self.dropout(self.rows(F.pad(texts.ids, (1, 0), value=self.rows.num_embeddings - 1)))
        history = self.history(rows[:, :-1])[0]
        begin = F.pad(trees.start[..., :-1], (1, 0))  # before the first word nothing divides
        place = (torch.arange(sentences, device=token.device) * positions)[:, None, None] + begin
        below = self.below(history).flatten(0, 1)[place]
        so_far = F.pad(self.left(rows[:, 1:]).float().cumsum(1), (0, 0, 1, 0))[:, :-1]
        siblings = (so_far.unsqueeze(1) - so_far.flatten(0, 1)[place]) / (token - begin).clamp(
            min=1
        ).unsqueeze(3)
        known = self.here(history).unsqueeze(1) + below + siblings + self.shape(self.shapes(trees))
        alive = texts.alive.unsqueeze(1).expand(-1, samples, -1)
        targets = texts.ids.unsqueeze(1).expand(-1, samples, -1)[alive]
        weights = torch.full_like(targets, 1 / max(len(targets), 1), dtype=torch.float32)
        told = self.words(self.dropout(torch.tanh(known[alive])), targets.clamp(max=self.shortlist), weights)
        unlisted = math.log(max(self.rest, 1)) * (targets >= self.shortlist)
        each = torch.zeros(alive.shape, device=token.device).masked_scatter(
            alive, told.each.float() + unlisted
        )
        return Restored(told.loss + (unlisted * weights).sum(), -each.sum(2))

    def shapes(self, trees: Trees) -> Float[Tensor, "sentence structure position width"]:
        """What the tree says of each word, whatever the words."""
        actions = trees.actions().flatten(0, 1)
        states = self.reader(self.steps(actions), actions != DONE)
        shifted = actions.argsort(dim=1, stable=True)[:, : trees.start.shape[2]]  # SHIFT sorts first
        chosen: Tensor = states.gather(1, shifted.unsqueeze(2).expand(-1, -1, states.shape[2]))
        return chosen.view(*trees.start.shape, -1)


class TreePrior(nn.Module):
    """log p(z) of trees among all of their length: a GRU over actions. Where only one action is possible, it
    is certain."""

    def __init__(self, width: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        self.steps = nn.Embedding(3, width // 2)
        self.cell = nn.GRU(width // 2 + 2, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.reduce = nn.Linear(width, 1)

    def forward(self, trees: Trees) -> Float[Tensor, "sentence structure"]:
        actions, lengths = trees.actions().flatten(0, 1), trees.lengths.flatten().unsqueeze(1)
        before = F.pad(actions[:, :-1], (1, 0), value=DONE)
        shifts, reduces = ((before == each).cumsum(1) for each in (SHIFT, REDUCE))
        height, left = shifts - reduces, lengths - shifts
        known = torch.cat([self.steps(before), torch.stack([height, left], 2) / TENS], 2)
        logit = self.reduce(self.dropout(self.cell(known)[0])).squeeze(2).float()
        told = F.logsigmoid(torch.where(actions == REDUCE, logit, -logit))
        open_to_choice = (height > 1) & (left > 0) & (actions != DONE)
        return told.where(open_to_choice, 0).sum(1).view(trees.lengths.shape)


class UniformPrior(nn.Module):
    """Every tree of n tokens is one of C(2 n − 2, n − 1) / n."""

    def forward(self, trees: Trees) -> Float[Tensor, "sentence structure"]:
        gaps = (trees.lengths - 1).clamp(min=0).float()
        return torch.lgamma(gaps + 1) + torch.lgamma(gaps + 2) - torch.lgamma(2 * gaps + 1)


def tree_f1(found: Trees, wanted: Trees) -> Float[Tensor, ""]:
    """Mean over sentences of F1 of their constituents, one tree each, without whole sentences; those of fewer
    than three tokens do not count."""
    inner = (wanted.lengths[:, 0] - 2).clamp(min=0)  # in any binary tree of the sentence
    common = (found.mask()[:, 0] & wanted.mask()[:, 0]).triu(1).sum((1, 2)) - 1
    return (common / inner.clamp(min=1)).where(inner > 0, 0).sum() / (inner > 0).sum().clamp(min=1)
