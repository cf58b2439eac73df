"""Settings of the compound PCFG. This module imports nothing heavy: the command line builds its help from
it."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.utils.checks import check_at_least, check_between


@dataclass(frozen=True)
class CompoundPCFGConfig:
    """Compound PCFG (Kim, Dyer & Rush 2019): learn a grammar whose rules depend on the vector of the
    sentence.

    Example:
        >>> CompoundPCFGConfig(nonterminals=8).nonterminals
        8
    """

    nonterminals: int = 30
    """Number of symbols of constituents (the paper: 30)."""
    preterminals: int = 60
    """Number of symbols of words (the paper: 60)."""
    rank: int = 64
    """Rank of the binary rules (Yang et al. 2021); full rank would be nonterminals x symbols²."""
    symbol_width: int = 256
    """Width of symbol embeddings and of the networks that compute rules (the paper: 256)."""
    latent_width: int = 64
    """Width of the latent vector z that the rules depend on (the paper: 64). 0 is the neural PCFG, with the
    same rules for every sentence: it parses, but the encoder learns nothing."""
    max_sentence_tokens: int = 40
    """Tokens of the longest sentence that is used; longer sentences are left out, and those of one token."""
    respect_punctuation: bool = True
    """Generate no punctuation, and let no constituent cross it: none contains a mark and only a part of the
    text between marks."""
    kl_warmup: float = 0.3
    """Share of the run over which the weight of the KL term rises to 1."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "nonterminals", "preterminals", "rank", "symbol_width")
        check_at_least(self, 0, "latent_width")
        check_at_least(self, 2, "max_sentence_tokens")
        check_between(self, 0, 1, "kl_warmup")
