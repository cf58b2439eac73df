"""Compound PCFG: "Compound probabilistic context-free grammars for grammar induction", Kim, Dyer & Rush, ACL
2019.

A sentence has a tree, and a grammar gives the words. Nobody says what the trees are: what is learnt is the
grammar under which the sentences are likeliest, all trees of each added up. Its rules come out of networks
over embeddings of symbols, and they depend on a vector of the sentence, so that the grammar need not explain
what only this sentence is about.

    L = − E_{z ~ q(z | x)} log Σ_trees p(x, tree | z) + KL( q(z | x) || N(0, 1) )      q(z | x) = N(μ(f(x)), σ²(f(x)))   section 2.3

Differs from the paper: rules are of low rank (`methods/compound_pcfg/pcfg.py`), A → r → B C. A rule's score
is a part of the symbol's plus a part of z's, where the paper mixes the two in the networks of words and of
the root; so all sentences share their matrix products. z has no say in what r is made of. Any encoder will
do, and its vector is read scaled to a mean square of 1. The loss is a mean over tokens. Sentences come in any
order, short ones not first. Punctuation is not given by the grammar; it says which spans are none. The neural
PCFG, section 2.2, is ``--code-width 0``; then the encoder, which is exported, learns nothing.

Wants sentences as the trees shall have them, a token a word (``--split lines``); their order does not matter.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.compound_pcfg import pcfg
from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig
from sentrep.methods.monitors import Monitor, one_sided_trees, use
from sentrep.modules.annealing import linear
from sentrep.modules.contrastive import row_weight
from sentrep.modules.gru_decoder import scaled
from sentrep.modules.padding import pad
from sentrep.modules.trees.crf import Trees
from sentrep.modules.trees.punctuation import Between, between_marks, marks_of
from sentrep.modules.trees.stats import shape

USABILITY = Usability(steps=200, reason="trees are still random before about 200", document_length=1)
MONITORS = one_sided_trees(use("marks", True))


class CompoundPCFG(Method):
    """An encoder, and networks that make a grammar of symbols and of its vector."""

    usability = USABILITY
    headline_metrics = ("perplexity", "right_f1", "left_f1")
    mark: Bool[Tensor, " vocab"]
    """Which tokens are punctuation."""

    def __init__(
        self, config: CompoundPCFGConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget, self.share = config, token_budget, 0.0
        self.f = make_encoder()
        width, vocab = self.f.get_embedding_dimension(), token_table(self.f).num_embeddings
        assert width is not None
        self.register_buffer("mark", marks_of(Tokenizer(inner_tokenizer(self.f)), vocab), persistent=False)
        self.symbols = nn.Parameter(
            torch.empty(1 + config.nonterminals + config.preterminals, config.symbol_width)
        )
        sizes = {
            "root": config.nonterminals,
            "rank": config.rank,
            "left": config.rank,
            "right": config.rank,
            "words": vocab,
        }
        self.scores = nn.ModuleDict({name: Scores(config.symbol_width, size) for name, size in sizes.items()})
        self.lean = nn.ModuleDict()
        if config.code_width:
            said = {"root": config.nonterminals, "rank": config.rank, "words": config.symbol_width}
            self.lean.update(
                {name: nn.Linear(config.code_width, size, bias=False) for name, size in said.items()}
            )
            self.posterior = nn.Linear(width, 2 * config.code_width)
        else:
            self.f.requires_grad_(False)
        for parameter in (self.symbols, *self.scores.parameters(), *self.lean.parameters()):
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.share = progress
        return self.phases

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        words = self.words(batch)
        fits = (words.lengths > 1) & (words.lengths <= self.config.longest)
        if not fits.all():
            batch = some(batch, fits)
            words = self.words(batch)
        price = linear(self.share, 0.0, self.config.kl_warmup) if self.training else 1.0
        mean, deviation = self.code(batch)
        grammar = self.grammar(mean + deviation * torch.randn_like(mean), words)
        likelihood = pcfg.log_likelihood(*grammar, words.lengths, words.forbidden)
        kl = (mean.square() + deviation.square() - 2 * deviation.log() - 1).sum(1) / 2
        each = row_weight(words.lengths.sum())
        loss = (price * kl - likelihood).sum() * each
        bound = ((kl - likelihood).sum() * each).detach()
        metrics = {
            "perplexity": bound.exp(),
            "kl": (kl.sum() * row_weight(torch.tensor(len(batch)))).detach(),
        }
        if not self.training and len(batch):
            metrics |= shape(self.trees(batch))
        return Step(loss, metrics)

    def trees(self, batch: SentenceBatch) -> Trees:
        """The tree of each sentence whose spans are likeliest, (sentence, 1, position), at the mean of z."""
        words = self.words(batch)
        return words.trees(
            pcfg.marginals(*self.grammar(self.code(batch)[0], words), words.lengths, words.forbidden)
        )

    def words(self, batch: SentenceBatch) -> Between:
        """What the grammar gives: tokens that are no punctuation, or all of them."""
        return between_marks(
            *pad(batch.ids, batch.offsets, len(batch.ids)),
            self.mark if self.config.marks else self.mark & False,
        )

    def code(
        self, batch: SentenceBatch
    ) -> tuple[Float[Tensor, "sentence code"], Float[Tensor, "sentence code"]]:
        """Mean and deviation of q(z | x); of no width in a neural PCFG."""
        if not self.config.code_width:
            nothing = self.symbols.new_zeros(len(batch), 0)
            return nothing, nothing
        mean, log_variance = self.posterior(scaled(self.embed(batch))).float().chunk(2, 1)
        return mean, (log_variance / 2).exp()

    def grammar(self, code: Float[Tensor, "sentence code"], words: Between) -> Grammar:
        """The rules of each sentence, and the log-probability of each of its words given a preterminal."""
        root, nonterminals, preterminals = self.symbols.split(
            [1, self.config.nonterminals, self.config.preterminals]
        )
        of = {
            "root": root,
            "rank": nonterminals,
            "left": self.symbols[1:],
            "right": self.symbols[1:],
            "words": preterminals,
        }
        with torch.autocast(
            code.device.type, enabled=False
        ):  # in bf16, probabilities would hardly have the sum 1
            scores = {name: network(of[name]) for name, network in self.scores.items()}
            left, right = scores["left"].softmax(0), scores["right"].softmax(0)
            if not self.config.code_width:
                rules = pcfg.Rules(
                    scores["root"].softmax(1).expand(len(code), -1), scores["rank"].softmax(1), left, right
                )
                return rules, F.embedding(words.ids, scores["words"].log_softmax(1).T)
            lean = {name: said(code) for name, said in self.lean.items()}
            start, rank = (scores["root"] + lean["root"]).softmax(1), topped(scores["rank"]).exp()
            rules = pcfg.Rules(start, rank, left, right, topped(lean["rank"]).exp())
            # The softmax of a sum, without ever a number for each sentence, preterminal and word of the
            # vocabulary.
            general = topped(scores["words"])
            special = topped(lean["words"] @ cast(Scores, self.scores["words"]).out.weight.T)
            total = (special.exp() @ general.exp().T).clamp(min=pcfg.SHARE).log()
            sentence = torch.repeat_interleave(words.lengths)
            return rules, F.embedding(words.ids, general.T) + special[sentence, words.ids].unsqueeze(
                1
            ) - total[sentence]

    def monitors(self) -> list[Monitor]:
        return MONITORS


Grammar = tuple[pcfg.Rules, Float[Tensor, "token preterminal"]]


class Scores(nn.Module):
    """From a symbol's embedding to a score of each choice: two residual batches and a linear map (appendix
    A.1)."""

    def __init__(self, width: int, choices: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.batches = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
            for _ in range(2)
        )
        self.out = nn.Linear(width, choices)

    def forward(self, symbols: Float[Tensor, "symbol width"]) -> Float[Tensor, "symbol choice"]:
        hidden = self.first(symbols)
        for batch in self.batches:
            hidden = hidden + batch(hidden)
        return self.out(hidden)  # type: ignore[no-any-return]


def topped(scores: Float[Tensor, "row choice"]) -> Float[Tensor, "row choice"]:
    """Moved so that the largest of each row is 0: its exponential neither overflows nor vanishes."""
    return scores - scores.detach().amax(1, keepdim=True)


def some(batch: SentenceBatch, chosen: Bool[Tensor, " sentence"]) -> SentenceBatch:
    """Some sentences of a batch."""
    lengths = batch.offsets.diff()
    ids = batch.ids[chosen.repeat_interleave(lengths)]
    return SentenceBatch(
        ids, F.pad(lengths[chosen].cumsum(0), (1, 0)), batch.document[chosen], batch.segment[chosen]
    )
