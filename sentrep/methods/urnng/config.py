"""Settings of the tree method. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class URNNGConfig:
    """Tree (URNNG, Kim et al. 2019): write a sentence along its tree, and learn the trees by writing well."""

    branching: Literal["parser", "right", "left", "none"] = "parser"
    """Where trees come from: a parser that is learnt, or, to compare with, always to one side; with none the
    grammar is an LSTM language model of the same size."""
    trees: str | None = None
    """File of bracketed trees, one a line, to learn from under supervision."""
    trees_used: int | None = None
    """How many of those, from the first on; all, if unset."""
    supervision: Literal["none", "only", "first"] = "none"
    """Learn from `trees` only, which is the supervised RNNG, or first, then from the corpus (RNNG -> URNNG).
    The corpus is validated on either way."""
    supervised: float = 0.5
    """Share of the run that comes first, with `supervision` first."""
    samples: int = 8
    """Trees drawn of each sentence (the paper: 8)."""
    validation_samples: int = 8
    """Trees drawn of each sentence for the perplexity (the paper: 5)."""
    tree_width: int = 256
    """Width of token rows, constituents, states and the sentence vector (the paper: 650). Rows of `encoder`
    are taken over if they are as wide."""
    stack_layers: int = 1
    """Layers of the LSTM over the stack (the paper: 2)."""
    parser_width: int = 128
    """Width of the parser's states in one direction (the paper: 256)."""
    tree_dropout: float = 0.3
    """Of token rows, states and what spans are scored from (the paper: .5)."""
    prior_warmup: float = 1.0
    """Share of the run in which actions and entropy come to count, which after supervision they do at once
    (the paper: 2 of 18 epochs). Branching to the left has the fewest actions with a choice, and where they
    counted early trials found nothing else."""
    parser_from: float = 0.1
    """Share of the run before which the parser stays as it began, unless it was supervised: a grammar that
    cannot write yet has nothing to teach (the paper: 0)."""
    parser_until: float = 0.6
    """Share of the run, or of its part without supervision, after which the parser stays as it is (the
    released code: 1 of 18 epochs)."""
    parser_rate: float | None = None
    """Share of the learning rate that the parser has. Unset: .05, and under supervision 1, or .25 if it only
    comes first."""
    action_rate: float = 0.1
    """Share of the learning rate that the choice of actions has (the paper: .1)."""
    marks: bool | None = None
    """Whether constituents that the parser finds respect punctuation: none takes in a mark and part of what
    lies between marks. Unset: they do, unless trees are given."""
    vector_samples: int = 0
    """Trees whose roots are averaged for the sentence vector; 0 takes the best tree alone."""

    def __post_init__(self) -> None:
        for name in ("samples", "validation_samples", "tree_width", "stack_layers", "parser_width"):
            if getattr(self, name) < 1:
                raise InputError(f"{opt(name)} {getattr(self, name)} must be 1 or more")
        for name in ("supervised", "prior_warmup", "parser_from", "parser_until"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{opt(name)} {getattr(self, name)} is a share of the run: between 0 and 1")
        if not 0 <= self.tree_dropout < 1:
            raise InputError(
                f"{opt('tree_dropout')} {self.tree_dropout} is a share of the values: 0 or more, below 1"
            )
        if min(self.rate_of_parser, self.action_rate, self.vector_samples) < 0:
            rates = f"{opt('parser_rate')} {self.rate_of_parser}, {opt('action_rate')} {self.action_rate}"
            raise InputError(f"{rates}, {opt('vector_samples')} {self.vector_samples}: 0 or more")
        if self.trees_used is not None and self.trees_used < 1:
            raise InputError(f"{opt('trees_used')} {self.trees_used} must be 1 or more")
        if (self.trees is None) != (self.supervision == "none"):
            raise InputError(
                f"supervision needs both: {opt('trees')} FILE, and {opt('supervision')} only or first"
            )
        if self.branching != "parser" and (self.supervision != "none" or self.vector_samples):
            raise InputError(
                f"{opt('branching')} {self.branching} has no parser that could learn trees or draw them; leave it at parser"
            )

    @property
    def rate_of_parser(self) -> float:
        """Its share of the learning rate."""
        return (
            {"none": 0.05, "only": 1.0, "first": 0.25}[self.supervision]
            if self.parser_rate is None
            else self.parser_rate
        )

    @property
    def respects_marks(self) -> bool:
        """Whether constituents that the parser finds respect punctuation."""
        return self.supervision == "none" if self.marks is None else self.marks
