"""URNNG: "Unsupervised recurrent neural network grammars", Kim, Rush, Yu, Kuncoro, Dyer & Melis, NAACL 2019.

A sentence is written along a tree that nobody gave. A grammar writes words and puts together what it has
written; a parser guesses the tree. Trees that make the next word easier to tell are the ones that the parser
learns.

    ELBO = E_q(z|x) [log p(x, z)] + H[q(z | x)]                                                          section 2.3, equation 1
    ∇_φ ELBO = ∇ H + (1/K) Σ_k (log p(x, z_k) − mean_{j ≠ k} log p(x, z_j)) ∇ log q(z_k | x)                      section 2.3

p is a recurrent neural network grammar (`methods.urnng.rnng`), q a conditional random field over binary trees
(`modules.trees.parser`), so entropy and samples are exact. The vector of a sentence is the root of its best
tree.

With trees of people the same two learn log p(x, z) + log q(z | x): the supervised RNNG (section 3.2), to stay
at it or to go on without. With trees that branch to one side always, or none, there is the grammar alone.

Differs from the paper: in AdamW for SGD; in sizes; in when the parser learns; nats are minimised per token,
not per sentence; sentences of a batch have any lengths. The paper's: ``--tree-width 650 --stack-layers 2
--parser-width 256 --tree-dropout 0.5 --prior-warmup 0.11 --parser-from 0 --parser-until 0.06``.

Wants sentences as they are, with punctuation: without it the paper's authors found no trees better than right
branching ones."""

from __future__ import annotations

import math
from functools import cached_property
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.serialization import Encoder
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.encoders.tree import TreeEncoder, one_sided
from sentrep.methods.base import Group, MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor, Remedy, higher, lower, one_sided_trees, use
from sentrep.methods.urnng.config import URNNGConfig
from sentrep.methods.urnng.rnng import Rnng, Told
from sentrep.modules.annealing import linear
from sentrep.modules.padding import Texts, pad
from sentrep.modules.reinforce import leave_one_out
from sentrep.modules.trees.crf import Trees
from sentrep.modules.trees.parser import TreesOfMany
from sentrep.modules.trees.stats import shape
from sentrep.modules.trees.treebank import Treebank, read_treebank
from sentrep.utils.errors import InputError, opt

LONGEST = 250
"""Tokens of a sentence that are read; so many have an embedding of their position (the released code:
250)."""


USABILITY = Usability(steps=200, reason="trees are still random before about 200", document_length=1)
MONITORS = one_sided_trees(
    lower("parser_rate"),
    higher("prior_warmup"),
    use("supervision", "first"),
    Remedy(f"give some {opt('trees')}", "trees"),
)


class UnsupervisedRNNG(Method):
    """A grammar that writes sentences along trees, and the parser that guesses them."""

    usability = USABILITY
    headline_metrics = ("perplexity", "right_f1", "left_f1")

    def __init__(self, config: URNNGConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        self.f = of_trees(make_encoder(), config)
        self.grammar = Rnng(self.tree.vocab, config.tree_width, config.stack_layers, config.tree_dropout)
        self.dropout = nn.Dropout(config.tree_dropout)
        self.weight, self.guided, self.parsing = 1.0, config.supervision != "none", True

    def active_phases(self, progress: float) -> tuple[str, ...]:
        first = {"none": 0.0, "only": 1.0, "first": self.config.supervised}[self.config.supervision]
        self.guided = progress < first or first == 1
        alone = max(0.0, progress - first) / max(1 - first, 1e-9)
        self.weight = 1.0 if first > 0 else linear(alone, 0.0, self.config.prior_warmup)
        begun = first > 0 or alone >= self.config.parser_from
        self.parsing = self.guided or (begun and alone <= self.config.parser_until)
        return self.phases

    def parameter_groups(self, phase: str) -> list[Group]:
        actions = list(self.grammar.action.parameters())
        parser = list(self.tree.parser.parameters()) if self.tree.parser is not None else []
        apart = {id(parameter) for parameter in actions + parser}
        words = [each for each in self.parameters() if each.requires_grad and id(each) not in apart]
        groups = [
            Group(words),
            Group(actions, self.config.action_rate),
            Group(parser, self.config.rate_of_parser),
        ]
        return [group for group in groups if group.parameters]

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        if not self.training:
            return self.look(self.texts(batch))
        return self.guide(self.treebank.draw(len(batch))) if self.guided else self.explore(self.texts(batch))

    def explore(self, texts: Texts) -> Step:
        """The evidence lower bound, from drawn trees."""
        posterior = self.posterior(texts, learns=self.parsing)
        trees = (
            one_sided(texts.alive, self.config.branching)
            if posterior is None
            else posterior.sample(self.config.samples)
        )
        told = self.told(texts, trees)
        bound = told.mean_words + self.weight * told.actions.mean(1).sum()
        metrics = {}
        if posterior is not None:
            entropy = posterior.entropy.sum()
            worth = leave_one_out(told.words + self.weight * told.actions.detach())
            chance = posterior.log_probability(trees)
            # What is added is 0, its gradient that of q: so the loss is the bound.
            bound = bound + self.weight * entropy + (worth * (chance - chance.detach())).mean(1).sum()
            metrics = {"entropy": entropy.detach() / texts.alive.sum(), "worth": worth.std()}
        return Step(self.with_all(-bound / words_and_ends(texts)), metrics)

    def guide(self, bank: Treebank) -> Step:
        """Trees that are known: the grammar writes along them, the parser tells them."""
        told, posterior = self.told(*bank), self.posterior(bank.texts)
        assert posterior is not None
        chance = posterior.log_probability(bank.trees).sum()
        size = words_and_ends(bank.texts)
        loss = -(told.mean_words + told.actions.sum() + chance) / size
        return Step(loss, {"parser_nll": -chance.detach() / bank.texts.alive.sum()})

    def look(self, texts: Texts) -> Step:
        """Validation: negative log-likelihood in nats a token, and what trees are like."""
        posterior, size, length = self.posterior(texts), words_and_ends(texts), texts.alive.sum()
        if posterior is None:
            told = self.told(texts, one_sided(texts.alive, self.config.branching))
            nats = weighed(told).sum() / size
            return Step(nats, {"perplexity": nats.exp(), "reconstruction": -told.words.sum() / size})
        trees = posterior.sample(self.config.validation_samples)
        told, entropy = self.told(texts, trees), posterior.entropy
        nats = weighed(told, posterior.log_probability(trees)).sum() / size
        metrics = {
            "perplexity": nats.exp(),
            "elbo": ((told.words + told.actions).mean(1) + entropy).sum() / size,
            "reconstruction": -told.words.mean(1).sum() / size,
            "kl": (-told.actions.mean(1) - entropy).sum() / size,
            "entropy": entropy.sum() / length,
        }
        return Step(nats, metrics | shape(posterior.viterbi()))

    @torch.no_grad()
    def nll(self, batch: SentenceBatch) -> Float[Tensor, " sentence"]:
        """-log p of each sentence and its end in nats, or, where trees are many, a bound above it, by the
        same draws each time."""
        texts = self.texts(batch)
        posterior = self.posterior(texts)
        if posterior is None:
            return weighed(self.told(texts, one_sided(texts.alive, self.config.branching)))
        trees = self.tree.drawn(posterior, self.config.validation_samples)
        return weighed(self.told(texts, trees), posterior.log_probability(trees))

    def posterior(self, texts: Texts, learns: bool = True) -> TreesOfMany | None:
        """q(z | x), if there is a parser."""
        if self.tree.parser is None:
            return None
        with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
            return self.tree.posterior(self.rows(texts), texts, free=self.guided)

    def told(self, texts: Texts, trees: Trees) -> Told:
        """log p(x, z)."""
        found: Told = self.grammar(self.tree.table.weight, self.rows(texts), texts, trees, self.tree.composer)
        return found

    def rows(self, texts: Texts) -> Float[Tensor, "sentence position width"]:
        rows: Tensor = self.dropout(self.tree.table(texts.ids))
        return rows

    def with_all(self, loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """The loss, with a gradient of 0 for a parser that has stopped learning: several processes want one
        of each weight."""
        if self.parsing or self.tree.parser is None:
            return loss
        return loss + 0 * torch.stack([parameter.sum() for parameter in self.tree.parser.parameters()]).sum()

    def texts(self, batch: SentenceBatch) -> Texts:
        ids, alive = pad(batch.ids, batch.offsets, self.tree.max_tokens)
        short = max(0, 1 - ids.shape[1])  # a tensor of trees has one position or more
        return Texts(nn.functional.pad(ids, (0, short)), nn.functional.pad(alive, (0, short)))

    def trees(self, batch: SentenceBatch) -> Trees:
        """The best tree of each sentence, (sentence, 1, position)."""
        texts = self.texts(batch)
        return self.tree.best(self.rows(texts), texts)

    @cached_property
    def treebank(self) -> Treebank:
        """Trees of people; read when they are first needed, so that a trained model does without."""
        assert self.config.trees is not None
        device = self.tree.table.weight.device
        return read_treebank(
            self.config.trees,
            Tokenizer(self.tree.tokenizer),
            self.config.trees_used,
            self.tree.max_tokens,
            device,
        )

    @property
    def tree(self) -> TreeEncoder:
        return cast(TreeEncoder, self.f[0])

    def monitors(self) -> list[Monitor]:
        return MONITORS


def of_trees(given: Encoder, config: URNNGConfig) -> Encoder:
    """The encoder itself if it is one of trees; else one that has its vocabulary, and its rows where they are
    as wide.

    Raises:
        InputError: it is one of other trees than the settings say.
    """
    first = given[0]
    if isinstance(first, TreeEncoder):
        found, wanted = (
            (first.width, first.trees, first.parser_width),
            (config.tree_width, config.branching, config.parser_width),
        )
        if found != wanted:
            raise InputError(
                f"the encoder has ({opt('tree_width')}, {opt('branching')}, {opt('parser_width')}) {found}, the settings say {wanted}; give the same"
            )
        return given
    rows, longest = token_table(given).weight.detach(), given.max_seq_length or LONGEST
    tree = TreeEncoder(
        inner_tokenizer(given), len(rows), config.tree_width, config.branching, config.parser_width,
        config.vector_samples, config.respects_marks, config.tree_dropout, int(min(longest, LONGEST)),
    )  # fmt: skip
    if rows.shape[1] == config.tree_width:
        tree.table.weight.data.copy_(rows)
    return Encoder(modules=[tree], device=str(given.device))


def weighed(told: Told, chance: Float[Tensor, "sentence tree"] | None = None) -> Float[Tensor, " sentence"]:
    """-log p(x) in nats, or no less than that, from trees that were drawn with log-probability `chance`, or
    from the only one.

    log p(x) ≥ E log (1/K) Σ_k p(x, z_k) / q(z_k | x)      ("Importance weighted autoencoders", Burda et al., ICLR 2016)
    """
    joint = told.words + told.actions
    return math.log(joint.shape[1]) - (joint if chance is None else joint - chance).logsumexp(1)


def words_and_ends(texts: Texts) -> Tensor:
    """How many tokens are written."""
    return texts.alive.sum() + len(texts.ids)
