"""Settings of seq2seq2seq. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class Seq2Seq2SeqConfig:
    """Seq2seq2seq (Wang & Lee 2018): write a short text, as people would, from which the long one can be
    restored."""

    summaries: str | None = None
    """File of sentences such as people write, of other articles than those of the corpus: anything that
    `corpus` takes, one a line or a record. Those of more than `at_most` tokens are left out."""
    summaries_field: str = "summary"
    """Field or column that holds them (jsonl, csv, tsv, parquet)."""
    summaries_split: Literal["lines", "prose"] = "lines"
    """'lines': one of them a line. 'prose': running text is split into sentences, of which the short ones
    count, so that the corpus itself will do."""
    pairs: str | None = None
    """File of articles with summaries, for the little supervision that there may be: JSON lines {article,
    summary}."""
    pairs_used: int | None = None
    """How many of those pairs, from the first on; all, if unset."""
    pretrain: float = 0.5
    """Share of the run in which the generator learns from self-made pairs; without any it writes nothing that
    could be judged."""
    self_made: Literal["headline", "shuffled"] = "headline"
    """The summary of a self-made pair: the words of the article that make the likeliest headline (Zajic et
    al. 2002), or a stretch of the article, which is read with its phrases shuffled (the paper)."""
    self_made_weight: float = 1.0
    """Weight of the self-made pairs; 0 leaves them out, where people's pairs are many."""
    hidden: float = 0.5
    """Weight of people's sentences that are hidden among words of an article and to be found again, with some
    words missing: that teaches to write, where self-made summaries teach to copy (Fevry & Phang 2018)."""
    learns_by: Literal["reinforce", "softmax", "gumbel"] = "reinforce"
    """How the generator learns what the critic thinks: from rewards for drawn words (the paper's second
    method), through the softmax (its first; what else is rewarded still comes by drawn words), or through
    drawn words as if they were soft, and what the reconstructor thinks likewise (straight-through Gumbel)."""
    adversary: Literal["standard", "wgan-gp", "wgan-div", "rsgan", "gan-qp"] = "standard"
    """What critic and generator minimise; see parts/adversarial.py."""
    critic: float = 1.0
    """Weight of what the critic thinks; 0 trains without one."""
    critic_turns: int = 3
    """How often the critic learns from a batch before the generator does (the released code: 3)."""
    critic_rate: float = 4.0
    """The critic's learning rate, in that of the rest (the released code: 2e-3 against 5e-5 and 1e-4)."""
    reconstruction: float = 5.0
    """Weight of how much better the article is restored from a drawn summary than from the greedy one, in
    nats a token."""
    reconstruction_end: float | None = None
    """That weight at the end of the run, to which it goes by a line from the end of pre-training on (the
    released code: from .5 to .85); the same throughout, if unset."""
    fluency: float = 1.0
    """Weight of how much likelier a drawn summary is than the greedy one, in nats a token, under a bigram
    model of `summaries`: the language-model prior of SEQ3 (Baziotis et al. 2019), as a reward. With
    `learns_by` gumbel nothing is rewarded."""
    unrewarded: float = 0.05
    """Share of the run, after pre-training, in which critic and reconstructor get to know what the generator
    writes before it listens to them (the released code: 500 of 7,000 steps)."""
    anchor: float = 0.5
    """Share of their weight that self-made pairs and hidden sentences keep after pre-training; people's pairs
    keep all of it."""
    discount: float = 0.3
    """Of later rewards (the released code: .3)."""
    coverage: float = 0.1
    """Weight of the coverage loss: attention shall not return (See et al. 2017)."""
    longest: int = 50
    """Tokens of an article that are read and restored (the paper's data: 50)."""
    at_most: int = 16
    """Tokens of a summary."""
    shortlist: int = 8000
    """Tokens that can be written without being copied, from the first of the vocabulary on."""
    generator_dropout: float = 0.1
    """Dropout of generator and reconstructor while they learn from pairs; not while words are drawn and
    judged."""
    generator_token_width: int = 128
    """Width of token rows of generator, reconstructor and critic."""
    generator_width: int = 256
    """Width of the states of generator, reconstructor and critic (the released code: 600, 200, 500)."""

    def __post_init__(self) -> None:
        for name in (
            "longest",
            "at_most",
            "shortlist",
            "generator_token_width",
            "generator_width",
            "critic_turns",
        ):
            if getattr(self, name) < 1:
                raise InputError(f"{opt(name)} {getattr(self, name)} must be 1 or more")
        if self.pairs_used is not None and self.pairs_used < 1:
            raise InputError(f"{opt('pairs_used')} {self.pairs_used} must be 1 or more")
        if self.generator_width % 2:
            raise InputError(
                f"{opt('generator_width')} {self.generator_width} is shared by two directions: make it even"
            )
        if not 0 <= self.pretrain <= 1 or not 0 <= self.discount <= 1:
            raise InputError(
                f"{opt('pretrain')} {self.pretrain} and {opt('discount')} {self.discount} are between 0 and 1"
            )
        if not 0 <= self.generator_dropout < 1:
            raise InputError(
                f"{opt('generator_dropout')} {self.generator_dropout} is a share of the values: 0 or more, below 1"
            )
        if self.critic_rate <= 0:
            raise InputError(f"{opt('critic_rate')} {self.critic_rate} must be positive")
        if not 0 <= self.unrewarded <= 1:
            raise InputError(f"{opt('unrewarded')} {self.unrewarded} is a share of the run: 0 to 1")
        for name in (
            "critic",
            "reconstruction",
            "reconstruction_end",
            "fluency",
            "self_made_weight",
            "hidden",
            "coverage",
            "anchor",
        ):
            if (getattr(self, name) or 0) < 0:
                raise InputError(f"{opt(name)} {getattr(self, name)} is a weight: 0 or more")
        if self.self_made_weight == 0 and self.pairs is None:
            raise InputError(
                f"{opt('self_made_weight')} 0 leaves no pairs to begin with; give {opt('pairs')} FILE with it"
            )
        if self.learns_by == "reinforce" and self.adversary not in ("standard", "rsgan"):
            wanted = f"{opt('learns_by')} softmax or gumbel"
            raise InputError(
                f"{opt('adversary')} {self.adversary} bounds a critic of whole texts by its slope; give {wanted} with it"
            )
