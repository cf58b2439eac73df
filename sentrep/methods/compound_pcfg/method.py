"""Compound PCFG: "Compound probabilistic context-free grammars for grammar induction", Kim, Dyer & Rush, ACL
2019.

A grammar generates the words of a sentence along a latent tree. The grammar is learned under which the
sentences are most likely, summed over all trees. Its rules are computed by networks from embeddings of
symbols and from a latent vector of the sentence, so the grammar need not explain what is specific to one
sentence.

    L = − E_{z ~ q(z | x)} log Σ_trees p(x, tree | z) + KL( q(z | x) || N(0, 1) )               section 2.3
    q(z | x) = N(μ(f(x)), σ²(f(x)))

Differs from the paper:
    * Rules have a low rank (`methods/compound_pcfg/pcfg.py`): A → r → B C.
    * The score of a rule is the sum of a term of the symbol and a term of z, where the paper mixes both in a
      network; so all sentences share matrix products. p(B | r) and p(C | r) do not depend on z.
    * Any encoder will do; its vector is scaled to a mean square of 1.
    * The loss is a mean over tokens. Sentences come in random order, not the short ones first.
    * Punctuation is not generated; constituents must not cross it.
    The neural PCFG (section 2.2) is latent_width=0; then the exported encoder is not trained.

Data: sentences, a token for each word (split="lines"); their order does not matter.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.compound_pcfg import pcfg
from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig
from sentrep.methods.compound_pcfg.rule_networks import RuleNetworks, RuleSizes
from sentrep.methods.monitors import Monitor, one_sided_trees, use
from sentrep.modules.annealing import linear
from sentrep.modules.contrastive import mean_over_rows, row_weight
from sentrep.modules.latent.gaussian import kl_to_standard_normal
from sentrep.modules.padding import pad
from sentrep.modules.scaling import scale_to_unit_rms
from sentrep.modules.trees.binary_trees import Trees, branching_stats
from sentrep.modules.trees.punctuation import WordsOnly, punctuation_mask, remove_punctuation

USABILITY = Usability(steps=200, reason="trees are still random before about 200", document_length=1)
MONITORS = one_sided_trees(use("respect_punctuation", True))


class CompoundPCFG(Method):
    """An encoder, and networks that compute a grammar from symbols and the encoder's vector.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = USABILITY
    headline_metrics = ("perplexity", "right_f1", "left_f1")
    punctuation: Bool[Tensor, " vocab"]
    """Which tokens are punctuation."""

    def __init__(
        self, config: CompoundPCFGConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget, self.progress = config, token_budget, 0.0
        self.f = make_encoder()
        width, vocab = self.f.get_embedding_dimension(), token_table(self.f).num_embeddings
        assert width is not None
        mask = punctuation_mask(Tokenizer(inner_tokenizer(self.f)), vocab)
        self.register_buffer("punctuation", mask, persistent=False)
        symbols = 1 + config.nonterminals + config.preterminals
        self.symbols = nn.Parameter(torch.empty(symbols, config.symbol_width))
        sizes = RuleSizes(config.nonterminals, config.preterminals, config.rank, vocab)
        self.rules = RuleNetworks(sizes, config.symbol_width, config.latent_width)
        if config.latent_width:
            self.posterior = nn.Linear(width, 2 * config.latent_width)
        else:
            self.f.requires_grad_(False)
        nn.init.xavier_uniform_(self.symbols)
        self.rules.reset_parameters()

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.progress = progress
        return self.phases

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        words = self.words(batch)
        fits = (words.lengths > 1) & (words.lengths <= self.config.max_sentence_tokens)
        if not fits.all():
            batch = batch.select(fits)
            words = self.words(batch)
        mean, deviation = self.latent(batch)
        rules, word_scores = self.rules(self.symbols, mean + deviation * torch.randn_like(mean), words)
        log_likelihood = pcfg.log_likelihood(rules, word_scores, words.lengths, words.forbidden)
        kl = kl_to_standard_normal(mean, deviation).sum(1)
        weight = row_weight(words.lengths.sum())
        loss = (self.kl_weight * kl - log_likelihood).sum() * weight
        metrics = {
            "perplexity": ((kl - log_likelihood).sum() * weight).detach().exp(),
            "kl": mean_over_rows(kl).detach(),
        }
        if not self.training and len(batch):
            metrics |= branching_stats(self.trees(batch))
        return Step(loss, metrics)

    @property
    def kl_weight(self) -> float:
        """Weight of the KL term: it rises to 1 during the warm-up; 1 in validation."""
        return linear(self.progress, 0.0, self.config.kl_warmup) if self.training else 1.0

    def trees(self, batch: SentenceBatch) -> Trees:
        """Returns the tree of each sentence with the most probable spans, (sentence, 1, position), at the
        mean of z."""
        words = self.words(batch)
        rules, word_scores = self.rules(self.symbols, self.latent(batch)[0], words)
        return words.trees(pcfg.marginals(rules, word_scores, words.lengths, words.forbidden))

    def words(self, batch: SentenceBatch) -> WordsOnly:
        """Returns the tokens that the grammar generates: all, or all that are not punctuation."""
        removed = self.punctuation if self.config.respect_punctuation else self.punctuation & False
        return remove_punctuation(*pad(batch.ids, batch.offsets, len(batch.ids)), removed)

    def latent(
        self, batch: SentenceBatch
    ) -> tuple[Float[Tensor, "sentence latent"], Float[Tensor, "sentence latent"]]:
        """Returns mean and standard deviation of q(z | x); of width 0 in a neural PCFG."""
        if not self.config.latent_width:
            nothing = self.symbols.new_zeros(len(batch), 0)
            return nothing, nothing
        vectors = scale_to_unit_rms(self.embed(batch))
        mean, log_variance = self.posterior(vectors).float().chunk(2, 1)
        return mean, (log_variance / 2).exp()

    def monitors(self) -> list[Monitor]:
        return MONITORS
