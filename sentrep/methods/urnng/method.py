"""URNNG: "Unsupervised recurrent neural network grammars", Kim, Rush, Yu, Kuncoro, Dyer & Melis, NAACL 2019.

A sentence is generated along a latent tree. A grammar generates words and composes them to constituents; a
parser infers the tree. The parser learns trees under which the next word is easier to predict.

    ELBO = E_q(z|x) [log p(x, z)] + H[q(z | x)]                                      section 2.3, equation 1
    ∇_φ ELBO = ∇ H + (1/K) Σ_k (log p(x, z_k) − mean_{j ≠ k} log p(x, z_j)) ∇ log q(z_k | x)       section 2.3

p is a recurrent neural network grammar (`methods/urnng/rnng.py`), q a conditional random field over binary
trees (`modules/trees/parser.py`), so entropy and samples are exact. The vector of a sentence is the root of
its best tree.

With annotated trees both learn log p(x, z) + log q(z | x): the supervised RNNG (section 3.2), for the whole
run or before the unsupervised objective. With trees that always branch to one side, or none, only the grammar
is trained.

Differs from the paper:
    * AdamW replaces SGD, sizes are smaller, and the parser learns at other times.
    * The loss is in nats a token, not a sentence; sentences of a batch have any lengths.
    The paper's sizes: tree_width=650, stack_layers=2, parser_width=256, tree_dropout=0.5, prior_warmup=0.11,
    parser_start=0, parser_stop=0.06.

Data: sentences with punctuation. Without punctuation the paper's authors found no trees better than right
branching.

The file is over 250 lines long because the whole objective stands in one class, next to its equations.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.serialization import Encoder
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.encoders.tree import TreeEncoder
from sentrep.methods.base import Group, MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor, Remedy, higher, lower, one_sided_trees, use
from sentrep.methods.urnng.config import URNNGConfig
from sentrep.methods.urnng.rnng import RNNG, LogProbs
from sentrep.modules.annealing import linear
from sentrep.modules.padding import Texts, pad
from sentrep.modules.reinforce import leave_one_out
from sentrep.modules.trees.binary_trees import Trees, branching_stats
from sentrep.modules.trees.binary_trees import one_sided_trees as branching_trees
from sentrep.modules.trees.parser import BatchedTreeCRF
from sentrep.modules.trees.treebank import Treebank, read_treebank
from sentrep.utils.errors import InputError, opt

MAX_TOKENS = 250
"""Tokens of a sentence that are read: as many as there are position embeddings (the released code: 250)."""

USABILITY = Usability(steps=200, reason="trees are still random before about 200", document_length=1)
MONITORS = one_sided_trees(
    lower("parser_lr_scale"),
    higher("prior_warmup"),
    use("supervision", "first"),
    Remedy(f"give some {opt('trees')}", "trees"),
)


class UnsupervisedRNNG(Method):
    """A grammar that generates sentences along trees, and the parser that infers the trees.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder whose vocabulary is used.
        token_budget: tokens that are encoded at once.
    """

    usability = USABILITY
    headline_metrics = ("perplexity", "right_f1", "left_f1")

    def __init__(self, config: URNNGConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        self.f = tree_encoder(make_encoder(), config)
        self.grammar = RNNG(self.tree.vocab, config.tree_width, config.stack_layers, config.tree_dropout)
        self.dropout = nn.Dropout(config.tree_dropout)
        # As at the end of a run: a trained model is used without a call of `active_phases`.
        self.prior_weight, self.supervised, self.parser_learns = 1.0, self.supervised_share == 1, True

    @property
    def supervised_share(self) -> float:
        """Share of the run that learns from annotated trees."""
        return {"none": 0.0, "only": 1.0, "first": self.config.supervised_share}[self.config.supervision]

    def active_phases(self, progress: float) -> tuple[str, ...]:
        first = self.supervised_share
        self.supervised = progress < first or first == 1
        alone = max(0.0, progress - first) / max(1 - first, 1e-9)
        self.prior_weight = 1.0 if first > 0 else linear(alone, 0.0, self.config.prior_warmup)
        started = first > 0 or alone >= self.config.parser_start
        self.parser_learns = self.supervised or (started and alone <= self.config.parser_stop)
        return self.phases

    def parameter_groups(self, phase: str) -> list[Group]:
        actions = list(self.grammar.action.parameters())
        parser = list(self.tree.parser.parameters()) if self.tree.parser is not None else []
        apart = {id(parameter) for parameter in actions + parser}
        words = [each for each in self.parameters() if each.requires_grad and id(each) not in apart]
        groups = [
            Group(words),
            Group(actions, self.config.action_lr_scale),
            Group(parser, self.config.resolved_parser_lr_scale),
        ]
        return [group for group in groups if group.parameters]

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        if not self.training:
            return self.validation_step(self.texts(batch))
        if self.supervised:
            return self.supervised_step(self.treebank.sample(len(batch)))
        return self.unsupervised_step(self.texts(batch))

    def unsupervised_step(self, texts: Texts) -> Step:
        """Returns minus the evidence lower bound, estimated from sampled trees."""
        posterior = self.posterior(texts, learns=self.parser_learns)
        trees = (
            branching_trees(texts.mask, self.config.branching)
            if posterior is None
            else posterior.sample(self.config.samples)
        )
        joint = self.joint_log_probs(texts, trees)
        bound = joint.mean_words + self.prior_weight * joint.actions.mean(1).sum()
        metrics = {}
        if posterior is not None:
            entropy = posterior.entropy.sum()
            signal = leave_one_out(joint.words + self.prior_weight * joint.actions.detach())
            log_q = posterior.log_prob(trees)
            # This adds 0 to the loss, but the gradient of q: so the loss is the bound.
            policy = (signal * (log_q - log_q.detach())).mean(1).sum()
            bound = bound + self.prior_weight * entropy + policy
            metrics = {"entropy": entropy.detach() / texts.mask.sum(), "signal_spread": signal.std()}
        return Step(self.with_parser_gradient(-bound / prediction_count(texts)), metrics)

    def supervised_step(self, bank: Treebank) -> Step:
        """Grammar and parser learn annotated trees."""
        joint, posterior = self.joint_log_probs(*bank), self.posterior(bank.texts)
        assert posterior is not None
        log_q = posterior.log_prob(bank.trees).sum()
        size = prediction_count(bank.texts)
        loss = -(joint.mean_words + joint.actions.sum() + log_q) / size
        return Step(loss, {"parser_nll": -log_q.detach() / bank.texts.mask.sum()})

    def validation_step(self, texts: Texts) -> Step:
        """Returns the bound on -log p in nats a token, its parts, and statistics of the best trees."""
        posterior, size, length = self.posterior(texts), prediction_count(texts), texts.mask.sum()
        if posterior is None:
            joint = self.joint_log_probs(texts, branching_trees(texts.mask, self.config.branching))
            nll = sentence_nll(joint).sum() / size
            return Step(nll, {"perplexity": nll.exp(), "reconstruction": -joint.words.sum() / size})
        trees = posterior.sample(self.config.validation_samples)
        joint, entropy = self.joint_log_probs(texts, trees), posterior.entropy
        nll = sentence_nll(joint, posterior.log_prob(trees)).sum() / size
        metrics = {
            "perplexity": nll.exp(),
            "elbo": ((joint.words + joint.actions).mean(1) + entropy).sum() / size,
            "reconstruction": -joint.words.mean(1).sum() / size,
            "kl": (-joint.actions.mean(1) - entropy).sum() / size,
            "entropy": entropy.sum() / length,
        }
        return Step(nll, metrics | branching_stats(posterior.viterbi()))

    @torch.no_grad()
    def nll(self, batch: SentenceBatch) -> Float[Tensor, " sentence"]:
        """Returns -log p of each sentence with its end, in nats.

        With a parser it is an upper bound, from the same random numbers at each call.
        """
        texts = self.texts(batch)
        posterior = self.posterior(texts)
        if posterior is None:
            return sentence_nll(
                self.joint_log_probs(texts, branching_trees(texts.mask, self.config.branching))
            )
        trees = self.tree.sample_fixed(posterior, self.config.validation_samples)
        return sentence_nll(self.joint_log_probs(texts, trees), posterior.log_prob(trees))

    def posterior(self, texts: Texts, learns: bool = True) -> BatchedTreeCRF | None:
        """Returns q(z | x); None without a parser."""
        if self.tree.parser is None:
            return None
        with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
            return self.tree.posterior(self.rows(texts), texts, unconstrained=self.supervised)

    def joint_log_probs(self, texts: Texts, trees: Trees) -> LogProbs:
        """Returns log p(x, z) of some trees of each sentence."""
        table, rows = self.tree.table.weight, self.rows(texts)
        found: LogProbs = self.grammar(table, rows, texts, trees, self.tree.tree_lstm)
        return found

    def rows(self, texts: Texts) -> Float[Tensor, "sentence position width"]:
        """Returns token embeddings, with dropout."""
        rows: Tensor = self.dropout(self.tree.table(texts.ids))
        return rows

    def with_parser_gradient(self, loss: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Gives a parser that does not learn a gradient of 0: several processes need one of each weight."""
        if self.parser_learns or self.tree.parser is None:
            return loss
        return loss + 0 * torch.stack([parameter.sum() for parameter in self.tree.parser.parameters()]).sum()

    def texts(self, batch: SentenceBatch) -> Texts:
        """Returns the sentences, padded; a tensor of trees has at least one position."""
        ids, mask = pad(batch.ids, batch.offsets, self.tree.max_tokens)
        missing = max(0, 1 - ids.shape[1])
        return Texts(F.pad(ids, (0, missing)), F.pad(mask, (0, missing)))

    def trees(self, batch: SentenceBatch) -> Trees:
        """Returns the best tree of each sentence, (sentence, 1, position)."""
        texts = self.texts(batch)
        return self.tree.best_trees(self.rows(texts), texts)

    @cached_property
    def treebank(self) -> Treebank:
        """The annotated trees, read when they are first needed: a trained model can be opened without
        them."""
        config = self.config
        assert config.trees is not None
        tokenizer, device = Tokenizer(self.tree.tokenizer), self.tree.table.weight.device
        return read_treebank(config.trees, tokenizer, config.max_trees, self.tree.max_tokens, device)

    @property
    def tree(self) -> TreeEncoder:
        """The only module of the encoder."""
        return cast(TreeEncoder, self.f[0])

    def monitors(self) -> list[Monitor]:
        return MONITORS


def tree_encoder(given: Encoder, config: URNNGConfig) -> Encoder:
    """Returns a tree encoder with the vocabulary of an encoder, and its token embeddings if they fit.

    A tree encoder is returned itself, with the settings that do not change the shape of its weights.

    Raises:
        InputError: it is a tree encoder whose weights have another shape.
    """
    first = given[0]
    if isinstance(first, TreeEncoder):
        _check_settings(first, config)
        first.configure(config.vector_samples, config.resolved_respect_punctuation, config.tree_dropout)
        return given
    rows, longest = token_table(given).weight.detach(), given.max_seq_length or MAX_TOKENS
    tree = TreeEncoder(
        inner_tokenizer(given),
        len(rows),
        config.tree_width,
        config.branching,
        config.parser_width,
        config.vector_samples,
        config.resolved_respect_punctuation,
        config.tree_dropout,
        int(min(longest, MAX_TOKENS)),
    )
    if rows.shape[1] == config.tree_width:
        tree.table.weight.data.copy_(rows)
    return Encoder(modules=[tree], device=str(given.device))


def _check_settings(tree: TreeEncoder, config: URNNGConfig) -> None:
    found = tree.width, tree.branching, tree.parser_width
    wanted = config.tree_width, config.branching, config.parser_width
    if found != wanted:
        names = f"{opt('tree_width')}, {opt('branching')}, {opt('parser_width')}"
        raise InputError(
            f"{names}: the encoder was trained with {found}, the settings are {wanted}; set them to the same"
        )


def sentence_nll(
    joint: LogProbs, log_q: Float[Tensor, "sentence tree"] | None = None
) -> Float[Tensor, " sentence"]:
    """Returns -log p(x) of each sentence in nats, or an upper bound from sampled trees.

        log p(x) ≥ E log (1/K) Σ_k p(x, z_k) / q(z_k | x)

    Args:
        joint: log p(x, z) of the trees.
        log_q: log-probability with which the trees were sampled; None if they are the only ones.

    Reference:
        "Importance weighted autoencoders", Burda et al., ICLR 2016.
    """
    total = joint.words + joint.actions
    return math.log(total.shape[1]) - (total if log_q is None else total - log_q).logsumexp(1)


def prediction_count(texts: Texts) -> Tensor:
    """Returns the number of tokens and ends that are predicted."""
    return texts.mask.sum() + len(texts.ids)
