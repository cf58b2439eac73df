"""Settings of the compound PCFG. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class CompoundPCFGConfig:
    """Compound PCFG (Kim, Dyer & Rush 2019): induce a grammar; the vector says how this sentence differs from
    others."""

    nonterminals: int = 30
    """Symbols of constituents (the paper: 30)."""
    preterminals: int = 60
    """Symbols of words (the paper: 60)."""
    rank: int = 64
    """Ways in which a symbol can be made of two (Yang et al. 2021); a grammar of full rank needs nonterminals
    x symbols² of them."""
    symbol_width: int = 256
    """Width of the symbols' embeddings, and of the networks that make rules of them (the paper: 256)."""
    code_width: int = 64
    """Width of the code z that rules depend on (the paper: 64); 0 is the neural PCFG, the same rules for
    every sentence: a parser, but nothing for the encoder to learn."""
    longest: int = 40
    """Tokens of the longest sentence that is learnt from; longer ones are left out, and so is one of a single
    token."""
    marks: bool = True
    """Whether constituents respect punctuation where the corpus has any, which the grammar then does not
    give: none takes in a mark and part of what lies between marks."""
    kl_warmup: float = 0.3
    """Share of the run in which the price of the code rises to 1."""

    def __post_init__(self) -> None:
        sizes = {
            name: getattr(self, name) for name in ("nonterminals", "preterminals", "rank", "symbol_width")
        }
        for name, size in sizes.items():
            if size < 1:
                raise InputError(f"{opt(name)} {size} must be 1 or more")
        if self.code_width < 0:
            raise InputError(
                f"{opt('code_width')} {self.code_width}: 0 for rules that are the same for every sentence, or more"
            )
        if self.longest < 2:
            raise InputError(f"{opt('longest')} {self.longest}: a tree has 2 tokens or more")
        if not 0 <= self.kl_warmup <= 1:
            raise InputError(f"{opt('kl_warmup')} {self.kl_warmup} is a share of the run: 0 to 1")
