"""Settings of StructVAE. This module imports nothing heavy: the command line builds its help from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_at_least, check_between, check_share
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class StructVAEConfig:
    """StructVAE (Yin et al. 2018): infer a structure of each sentence from which it can be reconstructed; a
    few sentences are labelled.

    Example:
        >>> StructVAEConfig(samples=3).samples
        3
    """

    trees: str | None = None
    """File of bracketed trees, one on each line, as labelled sentences; they need not be of the corpus. Words
    and brackets are used, labels and tags are not."""
    max_trees: int | None = None
    """Number of trees that are used, from the first on; all, if unset. Up to 200 of the following trees are
    used for evaluation only."""
    grammar: str | None = None
    """File of a grammar whose derivations are the structures, instead of trees; docs/struct_vae.md describes
    the format."""
    pairs: str | None = None
    """File of sentences with their logical forms, which are derivations of the grammar: JSON lines {text,
    logical_form}."""
    max_pairs: int | None = None
    """Number of pairs that are used, from the first on; all, if unset. Up to 200 of the following pairs are
    used for evaluation only."""
    pretrain_share: float = 0.3
    """Share of the run that uses labelled sentences only; skipped without labelled sentences."""
    decoder_warmup: float = 0.4
    """Share of the rest of the run in which only the decoder p(x | z) learns from unlabelled sentences:
    before, it cannot tell a good structure from a bad one. Skipped without labelled sentences."""
    labelled_batch_size: int = 32
    """Number of labelled sentences in a step, besides those of the batch."""
    unlabelled_weight: float = 0.5
    """Weight of unlabelled sentences (the released scripts: .1); 0 learns from labelled sentences only."""
    samples: int = 4
    """Number of sampled structures of each unlabelled sentence."""
    kl_weight: float = 0.1
    """Weight of the KL divergence of q from the prior: lambda (the paper: .1)."""
    baseline: Literal["leave-one-out", "learned"] = "leave-one-out"
    """Baseline of the learning signal: the mean of the other samples of the sentence, or a network b(x) (the
    paper)."""
    signal_floor: float | None = None
    """Lower limit of the learning signal in nats, against single bad samples. Unset: none."""
    max_sentence_tokens: int = 40
    """Tokens of the longest sentence that is used; longer sentences are left out."""
    max_actions: int = 40
    """Largest number of actions of a derivation."""
    shortlist: int = 4000
    """Number of tokens, from the first of the vocabulary on, that p(x | z) distinguishes; the others are
    equally likely, but with a grammar they can be copied from the structure."""
    structure_token_width: int = 128
    """Width of the token vectors that q reads, and of token embeddings of p(x | z) and p(z)."""
    structure_width: int = 256
    """Width of states of q (one direction) and of p(x | z)."""
    structure_dropout: float = 0.3
    """Dropout in q, p(x | z) and p(z) (the paper: .2 to .3)."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "labelled_batch_size", "samples", "max_sentence_tokens", "max_actions")
        check_at_least(self, 1, "shortlist", "structure_token_width")
        check_at_least(self, 0, "max_trees", "max_pairs", "unlabelled_weight", "kl_weight")
        check_between(self, 0, 1, "pretrain_share", "decoder_warmup")
        check_share(self, "structure_dropout")
        if self.structure_width < 8 or self.structure_width % 8:
            raise InputError(f"{opt('structure_width')} {self.structure_width}: must be a multiple of 8")
        if self.baseline == "leave-one-out" and self.samples < 2:
            raise InputError(
                f"{opt('samples')} {self.samples}: {opt('baseline')} leave-one-out compares the samples of a "
                "sentence with each other and needs 2 or more"
            )
        self._check_labels()

    def _check_labels(self) -> None:
        if self.trees is not None and self.grammar is not None:
            raise InputError(f"{opt('trees')} and {opt('grammar')} are two kinds of structures; give one")
        if self.pairs is not None and self.grammar is None:
            raise InputError(f"{opt('pairs')} are derivations of a grammar; give {opt('grammar')}, too")
        if self.unlabelled_weight == 0 and self.max_labelled == 0:
            raise InputError(
                f"{opt('unlabelled_weight')} 0 without labelled sentences leaves nothing to learn; give "
                f"{opt('trees')}, or {opt('grammar')} and {opt('pairs')}"
            )

    @property
    def max_labelled(self) -> int | None:
        """Largest number of labelled sentences that are used; None for all of the file, 0 without a file."""
        trees, pairs = (self.trees, self.max_trees), (self.pairs, self.max_pairs)
        file, limit = trees if self.grammar is None else pairs
        return 0 if file is None else limit
