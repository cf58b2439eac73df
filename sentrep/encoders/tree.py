"""An encoder that puts a sentence together along its tree: the vector is that of the root.

The tree is the best one of a parser that was trained with it, or always branches to one side. It opens with
`sentrep.load`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from tokenizers import Tokenizer
from torch import Tensor, nn

from sentrep.data.tokenization.tokenizer import Tokenizer as SentenceTokenizer
from sentrep.encoders.token_encoder import TokenEncoder
from sentrep.modules.padding import Texts
from sentrep.modules.trees.crf import Trees
from sentrep.modules.trees.parser import Parser, TreesOfMany
from sentrep.modules.trees.punctuation import crossing, marks_of
from sentrep.modules.trees.tree_lstm import Composer, constituents

Branching = Literal["parser", "right", "left", "none"]
"""Where trees come from; without any, the vector is the mean of the token rows."""


class TreeEncoder(TokenEncoder):
    """Token table, parser and composer.

    Args:
        trees: where they come from.
        parser_width: of the parser's states in one direction.
        sampled: trees drawn from the parser, whose roots are averaged; 0 takes the best tree alone.
        marks: whether the parser's constituents respect punctuation; see `modules.trees.punctuation`.
        dropout: in the parser, while it is trained.
    """

    config_keys: ClassVar = [
        "vocab",
        "width",
        "trees",
        "parser_width",
        "sampled",
        "marks",
        "dropout",
        "max_tokens",
    ]
    config_file_name = "tree_config.json"
    mark: Bool[Tensor, " vocab"]
    """Which tokens are punctuation."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        vocab: int,
        width: int,
        trees: Branching = "parser",
        parser_width: int = 256,
        sampled: int = 0,
        marks: bool = False,
        dropout: float = 0.0,
        max_tokens: int = 128,
    ) -> None:
        super().__init__(tokenizer, vocab, width, width, "mean", max_tokens)
        self.trees, self.parser_width, self.sampled, self.marks, self.dropout = (
            trees,
            parser_width,
            sampled,
            marks,
            dropout,
        )
        self.register_buffer("mark", marks_of(SentenceTokenizer(tokenizer), vocab), persistent=False)
        nn.init.uniform_(self.table.weight, -0.1, 0.1)
        self.parser = Parser(width, parser_width, dropout) if trees == "parser" else None
        self.composer = None if trees == "none" else Composer(width)

    def states(
        self, rows: Float[Tensor, "sentence token width"], mask: Tensor, lengths: Int[Tensor, " sentence"]
    ) -> Float[Tensor, "sentence token width"]:
        """The rows as they are: tokens are the leaves."""
        return rows

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        texts = Texts(features["input_ids"], features["attention_mask"].bool())
        features["token_embeddings"] = self.table(texts.ids)
        features["sentence_embedding"] = self.roots(features["token_embeddings"], texts)
        return features

    def roots(
        self, rows: Float[Tensor, "sentence token width"], texts: Texts
    ) -> Float[Tensor, "sentence width"]:
        """The vector of each sentence; zeros for an empty one."""
        if self.composer is None:
            return self.pool(rows, texts.alive, texts.lengths)
        trees = self.best(rows, texts, self.sampled)
        parts = constituents(trees)
        roots: Tensor = self.composer(rows, parts)[parts.roots]
        mean = roots.view(*trees.lengths.shape, -1).mean(1)
        return mean.where((texts.lengths > 0).unsqueeze(1), 0)

    def posterior(
        self, rows: Float[Tensor, "sentence token width"], texts: Texts, free: bool = False
    ) -> TreesOfMany:
        """The parser's trees; free ones may cross punctuation, as trees of people do where a sentence
        ends."""
        assert self.parser is not None
        forbidden = crossing(*texts, self.mark) if self.marks and not free else None
        found: TreesOfMany = self.parser(rows, texts.alive, forbidden)
        return found

    def best(self, rows: Float[Tensor, "sentence token width"], texts: Texts, sampled: int = 0) -> Trees:
        """Trees of sentences, the best or some sampled ones, the same whenever a sentence is met, (sentence,
        tree, position)."""
        if self.parser is None:
            return one_sided(texts.alive, self.trees)
        with torch.no_grad():
            posterior = self.posterior(rows, texts)
            return self.drawn(posterior, sampled) if sampled else posterior.viterbi()

    def drawn(self, posterior: TreesOfMany, count: int) -> Trees:
        """So many trees of each sentence, the same whenever it is met."""
        draws = torch.rand(count, self.max_tokens, generator=torch.Generator().manual_seed(0))
        return posterior.divide(draws.to(self.table.weight.device))


def one_sided(alive: Bool[Tensor, "sentence position"], side: str) -> Trees:
    """Trees (sentence, 1, position) that branch to the right or to the left; with "none", tokens beside each
    other."""
    lengths, token = alive.sum(1, keepdim=True), torch.arange(alive.shape[1], device=alive.device)
    divides = token < lengths - 1
    start = torch.where(divides, 0, token) if side == "left" else token.expand_as(divides)
    ends = {"left": token + 1, "right": lengths - 1, "none": token}
    return Trees(start.unsqueeze(1), torch.where(divides, ends[side], token).unsqueeze(1), lengths)
