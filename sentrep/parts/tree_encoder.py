"""An encoder that puts a sentence together along its tree: the vector is that of the root.

The tree is the best one of a parser that was trained with it, or always branches to one side. It opens with `sentrep.load`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from tokenizers import Tokenizer
from torch import Tensor, nn

from sentrep.encoders.reader import Reader
from sentrep.parts.composer import Composer, constituents
from sentrep.parts.parser import Parser, TreesOfMany
from sentrep.parts.tree_crf import Trees

Branching = Literal["parser", "right", "left", "none"]
"""Where trees come from; without any, the vector is the mean of the token rows."""


class TreeEncoder(Reader):
    """Token table, parser and composer.

    Args:
        trees: where they come from.
        parser_width: of the parser's states in one direction.
        sampled: trees drawn from the parser, whose roots are averaged; 0 takes the best tree alone.
        dropout: in the parser, while it is trained.
    """

    config_keys: ClassVar = ["vocab", "width", "trees", "parser_width", "sampled", "dropout", "max_tokens"]
    config_file_name = "tree_config.json"

    def __init__(
        self,
        tokenizer: Tokenizer,
        vocab: int,
        width: int,
        trees: Branching = "parser",
        parser_width: int = 256,
        sampled: int = 0,
        dropout: float = 0.0,
        max_tokens: int = 128,
    ) -> None:
        super().__init__(tokenizer, vocab, width, width, "mean", max_tokens)
        self.trees, self.parser_width, self.sampled, self.dropout = trees, parser_width, sampled, dropout
        nn.init.uniform_(self.table.weight, -0.1, 0.1)
        self.parser = Parser(width, parser_width, dropout) if trees == "parser" else None
        self.composer = None if trees == "none" else Composer(width)

    def states(
        self, rows: Float[Tensor, "sentence token width"], mask: Tensor, lengths: Int[Tensor, " sentence"]
    ) -> Float[Tensor, "sentence token width"]:
        """The rows as they are: tokens are the leaves."""
        return rows

    def pool(
        self, states: Float[Tensor, "sentence token width"], mask: Tensor, lengths: Int[Tensor, " sentence"]
    ) -> Float[Tensor, "sentence width"]:
        if self.composer is None:
            return super().pool(states, mask, lengths)
        trees = self.best(states, mask, self.sampled)
        parts = constituents(trees)
        roots: Tensor = self.composer(states, parts)[parts.roots]
        mean = roots.view(*trees.lengths.shape, -1).mean(1)
        return mean.where((lengths > 0).unsqueeze(1), 0)

    def best(self, rows: Float[Tensor, "sentence token width"], mask: Bool[Tensor, "sentence token"], sampled: int = 0) -> Trees:
        """Trees of sentences, the best or some sampled ones, the same whenever a sentence is met, (sentence, tree, position)."""
        if self.parser is None:
            return one_sided(mask, self.trees)
        with torch.no_grad():
            posterior: TreesOfMany = self.parser(rows, mask)
            if not sampled:
                return posterior.viterbi()
            draws = torch.rand(sampled, self.max_tokens, generator=torch.Generator().manual_seed(0))
            return posterior.divide(draws.to(rows.device))


def one_sided(alive: Bool[Tensor, "sentence position"], side: str) -> Trees:
    """Trees (sentence, 1, position) that branch to the right or to the left; with "none", tokens beside each other."""
    lengths, token = alive.sum(1, keepdim=True), torch.arange(alive.shape[1], device=alive.device)
    divides = token < lengths - 1
    start = torch.where(divides, 0, token) if side == "left" else token.expand_as(divides)
    ends = {"left": token + 1, "right": lengths - 1, "none": token}
    return Trees(start.unsqueeze(1), torch.where(divides, ends[side], token).unsqueeze(1), lengths)
