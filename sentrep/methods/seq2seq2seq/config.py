"""Settings of seq2seq2seq. This module imports nothing heavy: the command line builds its help from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_above, check_at_least, check_between, check_share
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class Seq2Seq2SeqConfig:
    """Seq2seq2seq (Wang & Lee 2018): learn to write readable summaries from which the article can be
    reconstructed.

    Example:
        >>> Seq2Seq2SeqConfig(max_summary_tokens=10).max_summary_tokens
        10
    """

    summaries: str | None = None
    """File of example summaries, which need not belong to the articles of the corpus: any file or folder that
    a corpus can be read from, one summary a line or record. Those of more than max_summary_tokens tokens are
    left out."""
    summaries_field: str = "summary"
    """Field or column that holds the example summaries (jsonl, csv, tsv, parquet)."""
    summaries_split: Literal["lines", "prose"] = "lines"
    """'lines': one example summary a line. 'prose': running text is split into sentences, and the short ones
    are used, so the corpus itself can be given."""
    pairs: str | None = None
    """File of articles with summaries for supervised training: JSON lines {article, summary}."""
    max_pairs: int | None = None
    """Number of pairs that are used, from the first on; all, if unset."""
    pretrain_share: float = 0.5
    """Share of the run in which the generator learns from synthetic pairs only, before it is rewarded."""
    synthetic_summary: Literal["headline", "shuffled"] = "headline"
    """Summary of a synthetic pair. 'headline': the words of the article that make the most likely headline
    (Zajic et al. 2002). 'shuffled': a stretch of the article, which is read with its phrases shuffled (the
    paper)."""
    synthetic_weight: float = 1.0
    """Weight of the synthetic pairs; 0 leaves them out, for runs with many supervised pairs."""
    denoising_weight: float = 0.5
    """Weight of the denoising task: an example summary has to be found among words of an article, with some
    of its own words missing (Fevry & Phang 2018)."""
    gradient_estimator: Literal["reinforce", "softmax", "gumbel"] = "reinforce"
    """How the generator learns from the critic. 'reinforce': by rewards for sampled words (the paper's second
    method). 'softmax': through the softmax (its first method); the other rewards still use sampled words.
    'gumbel': through sampled words with straight-through gradients, from the reconstructor too."""
    gan_loss: Literal["standard", "wgan-gp", "wgan-div", "rsgan", "gan-qp"] = "standard"
    """Loss of critic and generator; see modules/gan_losses.py."""
    critic_weight: float = 1.0
    """Weight of the critic; 0 trains without one."""
    critic_steps: int = 3
    """Updates of the critic for each update of the generator (the released code: 3)."""
    critic_lr_scale: float = 4.0
    """Learning rate of the critic, relative to the rest (the released code: 2e-3 against 5e-5 and 1e-4)."""
    reconstruction_weight: float = 5.0
    """Weight of the reconstruction reward: how much better the article is reconstructed from a sampled
    summary than from the greedy one, in nats a token."""
    reconstruction_weight_end: float | None = None
    """Weight of the reconstruction reward at the end of the run; it changes linearly after pre-training (the
    released code: from .5 to .85). Unset: constant."""
    fluency_weight: float = 1.0
    """Weight of the fluency reward: how much more likely a sampled summary is than the greedy one, in nats a
    token, under a bigram model of the example summaries (as the prior of SEQ3, Baziotis et al. 2019). It has
    no effect with the gradient estimator gumbel."""
    reward_delay: float = 0.05
    """Share of the run, after pre-training, in which critic and reconstructor train on generated summaries
    before the generator is rewarded (the released code: 500 of 7,000 steps)."""
    auxiliary_scale: float = 0.5
    """Factor for the weights of synthetic pairs and denoising after pre-training; supervised pairs keep their
    weight."""
    discount: float = 0.3
    """Discount of later rewards (the released code: .3)."""
    coverage_weight: float = 0.1
    """Weight of the coverage loss, which penalises repeated attention (See et al. 2017)."""
    max_article_tokens: int = 50
    """Tokens of an article that are read and reconstructed (the paper's data: 50)."""
    max_summary_tokens: int = 16
    """Largest number of tokens of a summary."""
    shortlist: int = 8000
    """Number of tokens, from the first of the vocabulary on, that can be generated without being copied."""
    generator_dropout: float = 0.1
    """Dropout of generator and reconstructor during pre-training; 0 afterwards."""
    generator_token_width: int = 128
    """Width of token embeddings of generator, reconstructor and critic."""
    generator_width: int = 256
    """Width of states of generator, reconstructor and critic (the released code: 600, 200, 500)."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "max_article_tokens", "max_summary_tokens", "shortlist", "max_pairs")
        check_at_least(self, 1, "generator_token_width", "generator_width", "critic_steps")
        check_at_least(self, 0, "critic_weight", "reconstruction_weight", "reconstruction_weight_end")
        check_at_least(self, 0, "fluency_weight", "synthetic_weight", "denoising_weight", "coverage_weight")
        check_at_least(self, 0, "auxiliary_scale")
        check_above(self, 0, "critic_lr_scale")
        check_between(self, 0, 1, "pretrain_share", "discount", "reward_delay")
        check_share(self, "generator_dropout")
        if self.generator_width % 2:
            raise InputError(
                f"{opt('generator_width')} {self.generator_width}: must be even, it is shared by "
                "two directions"
            )
        if self.synthetic_weight == 0 and self.pairs is None:
            raise InputError(
                f"{opt('synthetic_weight')} 0 leaves no pairs for pre-training; give {opt('pairs')} with it"
            )
        if self.gradient_estimator == "reinforce" and self.gan_loss not in ("standard", "rsgan"):
            raise InputError(
                f"{opt('gan_loss')} {self.gan_loss} needs a critic of whole texts; "
                f"set {opt('gradient_estimator')} to softmax or gumbel"
            )
