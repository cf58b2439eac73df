"""Settings of URNNG. This module imports nothing heavy: the command line builds its help from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_at_least, check_between, check_share
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class URNNGConfig:
    """URNNG (Kim et al. 2019): learn a grammar that generates sentences along their trees, and a parser that
    finds the trees.

    Example:
        >>> URNNGConfig(samples=4).samples
        4
    """

    branching: Literal["parser", "right", "left", "none"] = "parser"
    """Source of the trees: a parser that is learned or, for comparison, trees that always branch to one side;
    'none' makes the grammar an LSTM language model of the same size."""
    trees: str | None = None
    """File of bracketed trees, one on each line, for supervised training."""
    max_trees: int | None = None
    """Number of trees that are used, from the first on; all, if unset."""
    supervision: Literal["none", "only", "first"] = "none"
    """'only' learns from the trees only (the supervised RNNG); 'first' learns from them first and then from
    the corpus (RNNG -> URNNG). Validation uses the corpus in both cases."""
    supervised_share: float = 0.5
    """Share of the run that is supervised, with supervision first."""
    samples: int = 8
    """Number of sampled trees of each sentence (the paper: 8)."""
    validation_samples: int = 8
    """Number of sampled trees of each sentence for the perplexity (the paper: 5)."""
    tree_width: int = 256
    """Width of token embeddings, constituents, states and sentence vectors (the paper: 650). Token embeddings
    of the encoder are used if they have this width."""
    stack_layers: int = 1
    """Layers of the LSTM over the stack (the paper: 2)."""
    parser_width: int = 128
    """Width of the parser's states in one direction (the paper: 256)."""
    tree_dropout: float = 0.3
    """Dropout of token embeddings, states and span features (the paper: .5)."""
    prior_warmup: float = 1.0
    """Share of the run over which the weight of actions and entropy rises to 1; after supervision it is 1 at
    once (the paper: 2 of 18 epochs). Left branching has the fewest actions with a choice, and with a short
    warm-up trials found nothing else."""
    parser_start: float = 0.1
    """Share of the run after which the parser begins to learn, if it was not supervised: before, the grammar
    is too weak to teach it (the paper: 0)."""
    parser_stop: float = 0.6
    """Share of the run, or of its unsupervised part, after which the parser stops learning (the released
    code: 1 of 18 epochs)."""
    parser_lr_scale: float | None = None
    """Learning rate of the parser, relative to the rest. Unset: .05; 1 with supervision only, .25 with
    supervision first."""
    action_lr_scale: float = 0.1
    """Learning rate of the choice of actions, relative to the rest (the paper: .1)."""
    respect_punctuation: bool | None = None
    """Whether constituents of the parser must not cross punctuation: none contains a mark and only a part of
    the text between marks. Unset: yes, unless trees are given."""
    vector_samples: int = 0
    """Number of sampled trees whose roots are averaged for the sentence vector; 0 uses the best tree."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "samples", "validation_samples", "tree_width", "stack_layers", "parser_width")
        check_at_least(self, 1, "max_trees")
        check_at_least(self, 0, "parser_lr_scale", "action_lr_scale", "vector_samples")
        check_between(self, 0, 1, "supervised_share", "prior_warmup", "parser_start", "parser_stop")
        check_share(self, "tree_dropout")
        if (self.trees is None) != (self.supervision == "none"):
            raise InputError(
                f"{opt('trees')} and {opt('supervision')} go together: give a file of trees, and supervision "
                "only or first",
                setting="trees" if self.trees is None else "supervision",
            )
        if self.branching != "parser" and (self.supervision != "none" or self.vector_samples):
            raise InputError(
                f"{opt('branching')} {self.branching} has no parser, which {opt('supervision')} and "
                f"{opt('vector_samples')} need; leave it at parser"
            )

    @property
    def resolved_parser_lr_scale(self) -> float:
        """Learning rate of the parser, relative to the rest."""
        default = {"none": 0.05, "only": 1.0, "first": 0.25}[self.supervision]
        return default if self.parser_lr_scale is None else self.parser_lr_scale

    @property
    def resolved_respect_punctuation(self) -> bool:
        """Whether constituents of the parser must not cross punctuation."""
        unset = self.respect_punctuation is None
        return self.supervision == "none" if unset else bool(self.respect_punctuation)
