"""Settings of StructVAE. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class StructVAEConfig:
    """StructVAE (Yin et al. 2018): infer a structure of each sentence from which it can be restored; a few
    are labelled."""

    trees: str | None = None
    """File of bracketed trees, one a line, to learn from: they need not be of the corpus. Their words and
    tags are not used otherwise than as tokens and brackets."""
    trees_used: int | None = None
    """How many of those trees, from the first on; all, if unset. Up to 200 of those that follow are only
    compared with."""
    grammar: str | None = None
    """File of a grammar whose derivations are the structures, in place of trees; see docs/struct_vae.md for
    the format."""
    pairs: str | None = None
    """File of sentences with their meanings, derivations of `grammar`: JSON lines {text, meaning}."""
    pairs_used: int | None = None
    """How many of those pairs, from the first on; all, if unset. Up to 200 of those that follow are only
    compared with."""
    pretrain: float = 0.3
    """Share of the run in which only labelled sentences are learnt from; without any it is skipped."""
    writer_first: float = 0.4
    """Share of the rest of the run in which p(x | z) alone learns from sentences without labels. Having read
    no others than the labelled ones, it could not tell a good structure from a bad one, and q would learn
    from noise. Without labels skipped, too."""
    labelled: int = 32
    """Labelled sentences in a step, besides those of the batch."""
    unlabelled_weight: float = 0.5
    """Weight of the sentences without labels (the released scripts: .1); 0 learns from labelled ones only."""
    samples: int = 4
    """Structures that are drawn of each sentence without a label."""
    kl_weight: float = 0.1
    """Weight of the divergence of q from the prior: lambda (the paper: .1)."""
    baseline: Literal["others", "learnt"] = "others"
    """What a drawn structure is compared with: the mean of the sentence's other samples, or what b(x) expects
    of it (the paper)."""
    signal_floor: float | None = None
    """Least learning signal, in nats: lower ones are raised to it, so that one bad sample cannot throw q
    over. Unset: none."""
    longest: int = 40
    """Tokens of a sentence that is learnt from; longer ones are passed over."""
    at_most: int = 40
    """Actions of a derivation."""
    shortlist: int = 4000
    """Tokens that p(x | z) tells apart, from the first of the vocabulary on; one of the others is as likely
    as another, though with a grammar they can be copied from the structure."""
    structure_token_width: int = 128
    """Width of the token vectors that q reads, and of token rows of p(x | z) and p(z)."""
    structure_width: int = 256
    """Width of the states of q (one direction) and of p(x | z)."""
    structure_dropout: float = 0.3
    """Of what q, p(x | z) and p(z) read (the paper: .2 to .3)."""

    def __post_init__(self) -> None:
        for name in ("labelled", "samples", "longest", "at_most", "shortlist", "structure_token_width"):
            if getattr(self, name) < 1:
                raise InputError(f"{opt(name)} {getattr(self, name)} must be 1 or more")
        for name, value in (("trees_used", self.trees_used), ("pairs_used", self.pairs_used)):
            if value is not None and value < 0:
                raise InputError(f"{opt(name)} {value} must be 0 or more")
        if self.structure_width < 8 or self.structure_width % 8:
            raise InputError(
                f"{opt('structure_width')} {self.structure_width} is shared by parts and directions: make it a multiple of 8"
            )
        if (
            not 0 <= self.pretrain <= 1
            or not 0 <= self.writer_first <= 1
            or not 0 <= self.structure_dropout < 1
        ):
            given = f"{opt('pretrain')} {self.pretrain}, {opt('writer_first')} {self.writer_first}, {opt('structure_dropout')} {self.structure_dropout}"
            raise InputError(f"{given}: a share is between 0 and 1, and what drops everything learns nothing")
        if min(self.unlabelled_weight, self.kl_weight) < 0:
            raise InputError(
                f"{opt('unlabelled_weight')} {self.unlabelled_weight}, {opt('kl_weight')} {self.kl_weight}: weights are 0 or more"
            )
        if self.baseline == "others" and self.samples < 2:
            raise InputError(
                f"{opt('baseline')} others compares the samples of a sentence with each other; give {opt('samples')} 2 or more"
            )
        if self.trees is not None and self.grammar is not None:
            raise InputError(
                f"{opt('trees')} and {opt('grammar')} are two kinds of structures; give one of them"
            )
        if self.pairs is not None and self.grammar is None:
            raise InputError(
                f"{opt('pairs')} are sentences with derivations of a grammar; give {opt('grammar')} FILE with them"
            )
        if self.unlabelled_weight == 0 and self.given == 0:
            raise InputError(
                f"{opt('unlabelled_weight')} 0 without labels: nothing is left to learn; give {opt('trees')}, or {opt('grammar')} and {opt('pairs')}"
            )

    @property
    def given(self) -> int | None:
        """How many labelled sentences may be learnt from, at most; None: all that there are."""
        file, used = (self.trees, self.trees_used) if self.grammar is None else (self.pairs, self.pairs_used)
        return 0 if file is None else used
