"""Binary trees as latent structures: a parser, a prior, and a decoder that generates words into a given tree.

    q(z | x) ∝ exp(Σ_{[i, j] ∈ z} s_ij)                                modules/trees/crf.py, exact
    p(z) = Π_k p(a_k | a_<k)                                           a: 2 n − 1 actions, SHIFT or REDUCE
    p(x | z) = Π_t p(x_t | x_<t, z)

The paper's q is autoregressive. Where a CRF is possible it is better: its samples are independent, and its
entropy and best tree are exact.

A linearised tree that contains the words could be copied, and nothing would be learned. So z is only the
sequence of SHIFT and REDUCE. The decoder reads it together with the words so far; the tree helps as far as it
helps to predict the next word: it shows where the left sibling of the word began, and what is closed after
it.

Reference:
    "StructVAE: Tree-structured latent variable models for semi-supervised semantic parsing", Yin, Zhou, He &
    Neubig, ACL 2018.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.methods.struct_vae.structures import Reconstruction, StructureModel
from sentrep.modules.padding import Texts
from sentrep.modules.sequence import BidirectionalGRU
from sentrep.modules.softmax import VocabularySoftmax
from sentrep.modules.trees.binary_trees import DONE, REDUCE, SHIFT, Trees, branching_stats, positions, tree_f1
from sentrep.modules.trees.parser import BatchedTreeCRF, Parser

LENGTH_UNIT = 10.0
"""Heights and lengths are divided by it, so that they have the scale of the other inputs."""


class BracketingModel(StructureModel[Trees]):
    """The three distributions over trees.

    Args:
        vocab: number of token ids.
        token_width: width of the token vectors that the parser reads, and of the decoder's embeddings.
        width: width of the states of the parser in one direction and of the decoder.
        shortlist: number of ids, from 0 on, that the decoder distinguishes; the others are equally likely.
        dropout: rate in all three.
        learned_prior: whether the prior is learned; otherwise all trees of a length are equally likely.
    """

    def __init__(
        self,
        vocab: int,
        token_width: int,
        width: int,
        shortlist: int,
        dropout: float,
        learned_prior: bool = True,
    ) -> None:
        super().__init__()
        self.parser = Parser(token_width, width, dropout)
        self.decoder = TreeDecoder(vocab, token_width, width, shortlist, dropout)
        self.prior = TreePrior(dropout=dropout) if learned_prior else UniformTreePrior()

    def posterior(
        self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]
    ) -> BatchedTreeCRF:
        found: BatchedTreeCRF = self.parser(tokens, texts.mask)
        return found

    def log_prior(self, structures: Trees) -> Float[Tensor, "sentence structure"]:
        found: Tensor = self.prior(structures)
        return found

    def reconstruct(self, texts: Texts, structures: Trees) -> Reconstruction:
        found: Reconstruction = self.decoder(texts, structures)
        return found

    def structure_stats(self, best: Trees) -> dict[str, Tensor]:
        return branching_stats(best)

    def agreement(self, predicted: Trees, gold: Trees) -> dict[str, Tensor]:
        return {"labelled_f1": tree_f1(predicted, gold)}


class TreeDecoder(nn.Module):
    """p(x | z): generates words from left to right into a known tree.

        p(x_t | x_<t, z) = softmax(W tanh(A h_t + B h_b + C mean(x_b … x_{t−1}) + D s_t + c))

    h_t is the state of a GRU that has read all words before t. The GRU does not depend on the tree, so it
    runs once for all trees of a sentence. The constituent that is split right before word t begins with word
    b: its left part is known, and h_b has read what was before it. s_t is the state at the SHIFT of word t in
    a bidirectional GRU over the actions.

    Args:
        vocab: number of token ids.
        token_width: width of embeddings.
        width: width of h; a multiple of 8. The width of s is a quarter of it.
        shortlist: number of ids, from 0 on, that have an output of their own; the others share one.
        dropout: rate for embeddings and for the features of the softmax.
    """

    def __init__(self, vocab: int, token_width: int, width: int, shortlist: int, dropout: float) -> None:
        super().__init__()
        self.shortlist, self.unlisted = min(shortlist, vocab), max(vocab - shortlist, 0)
        self.embedding = nn.Embedding(vocab + 1, token_width)
        self.history = nn.GRU(token_width, width, batch_first=True)
        self.steps = nn.Embedding(3, width // 4)
        self.action_encoder = BidirectionalGRU(width // 4, width // 4)
        self.here = nn.Linear(width, width)
        self.below = nn.Linear(width, width, bias=False)
        self.left = nn.Linear(token_width, width, bias=False)
        self.shape = nn.Linear(width // 4, width, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.words = VocabularySoftmax(self.shortlist + (self.unlisted > 0), width)

    def forward(self, texts: Texts, trees: Trees) -> Reconstruction:
        """Returns log p(x | z) of the sentences given some trees of each."""
        mask = texts.mask.unsqueeze(1).expand(-1, trees.start.shape[1], -1)
        targets = texts.ids.unsqueeze(1).expand(-1, trees.start.shape[1], -1)[mask]
        weights = torch.full_like(targets, 1 / max(len(targets), 1), dtype=torch.float32)
        features = self.dropout(torch.tanh(self.features(texts, trees)[mask]))
        found = self.words(features, targets.clamp(max=self.shortlist), weights)
        unlisted = math.log(max(self.unlisted, 1)) * (targets >= self.shortlist)
        nll = torch.zeros(mask.shape, device=mask.device).masked_scatter(mask, found.nll.float() + unlisted)
        return Reconstruction(found.loss + (unlisted * weights).sum(), -nll.sum(2))

    def features(self, texts: Texts, trees: Trees) -> Float[Tensor, "sentence structure position width"]:
        """Returns the sum inside the tanh for each word."""
        sentences, _, width = trees.start.shape
        token = positions(trees.start)
        start_token = self.embedding.num_embeddings - 1
        rows = self.dropout(self.embedding(F.pad(texts.ids, (1, 0), value=start_token)))
        history = self.history(rows[:, :-1])[0]
        begin = F.pad(trees.start[..., :-1], (1, 0))  # there is no split before the first word
        place = (torch.arange(sentences, device=token.device) * width)[:, None, None] + begin
        below = self.below(history).flatten(0, 1)[place]
        total = F.pad(self.left(rows[:, 1:]).float().cumsum(1), (0, 0, 1, 0))[:, :-1]
        count = (token - begin).clamp(min=1).unsqueeze(3)
        siblings = (total.unsqueeze(1) - total.flatten(0, 1)[place]) / count
        words: Tensor = self.here(history).unsqueeze(1) + below + siblings
        found: Tensor = words + self.shape(self.tree_states(trees))
        return found

    def tree_states(self, trees: Trees) -> Float[Tensor, "sentence structure position width"]:
        """Returns the state at each word of the GRU over the actions, which does not read words."""
        actions = trees.actions().flatten(0, 1)
        states = self.action_encoder(self.steps(actions), actions != DONE)
        shifted = actions.argsort(dim=1, stable=True)[:, : trees.start.shape[2]]  # SHIFT is sorted first
        chosen: Tensor = states.gather(1, shifted.unsqueeze(2).expand(-1, -1, states.shape[2]))
        return chosen.view(*trees.start.shape, -1)


class TreePrior(nn.Module):
    """log p(z) among all trees of a length: a GRU over actions. A forced action has probability 1.

    Args:
        width: width of states.
        dropout: rate for states.
    """

    def __init__(self, width: int = 64, dropout: float = 0.0) -> None:
        super().__init__()
        self.steps = nn.Embedding(3, width // 2)
        self.cell = nn.GRU(width // 2 + 2, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.reduce = nn.Linear(width, 1)

    def forward(self, trees: Trees) -> Float[Tensor, "sentence structure"]:
        """Returns log p(z) of some trees of each sentence, in nats."""
        actions, lengths = trees.actions().flatten(0, 1), trees.lengths.flatten().unsqueeze(1)
        before = F.pad(actions[:, :-1], (1, 0), value=DONE)
        shifts, reduces = ((before == each).cumsum(1) for each in (SHIFT, REDUCE))
        height, left = shifts - reduces, lengths - shifts
        inputs = torch.cat([self.steps(before), torch.stack([height, left], 2) / LENGTH_UNIT], 2)
        logit = self.reduce(self.dropout(self.cell(inputs)[0])).squeeze(2).float()
        log_prob = F.logsigmoid(torch.where(actions == REDUCE, logit, -logit))
        free = (height > 1) & (left > 0) & (actions != DONE)
        return log_prob.where(free, 0).sum(1).view(trees.lengths.shape)


class UniformTreePrior(nn.Module):
    """All trees of a length are equally likely: there are C(2 n − 2, n − 1) / n of n tokens.

    >>> from sentrep.modules.trees.binary_trees import one_sided_trees
    >>> UniformTreePrior()(one_sided_trees(torch.ones(1, 3, dtype=torch.bool), "left")).exp()
    tensor([[0.5000]])
    """

    def forward(self, trees: Trees) -> Float[Tensor, "sentence structure"]:
        """Returns log p(z) in nats."""
        gaps = (trees.lengths - 1).clamp(min=0).float()
        return torch.lgamma(gaps + 1) + torch.lgamma(gaps + 2) - torch.lgamma(2 * gaps + 1)
