"""An encoder that composes the vector of a sentence along its tree: the vector is that of the root.

The tree is the best one of a parser that was trained together with the encoder, or it always branches to one
side. The model opens with `sentrep.load`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from tokenizers import Tokenizer
from torch import Tensor, nn

from sentrep.data.tokenization.tokenizer import Tokenizer as SentenceTokenizer
from sentrep.encoders.token_encoder import TokenEncoder
from sentrep.modules.padding import Texts
from sentrep.modules.trees.binary_trees import Trees, one_sided_trees
from sentrep.modules.trees.parser import BatchedTreeCRF, Parser
from sentrep.modules.trees.punctuation import crossing_spans, punctuation_mask
from sentrep.modules.trees.tree_lstm import TreeLSTM, constituents

Branching = Literal["parser", "right", "left", "none"]
"""Source of the trees; with 'none' the vector is the mean of the token vectors."""


class TreeEncoder(TokenEncoder):
    """A token table, a parser and a tree LSTM.

    Args:
        tokenizer: makes tokens of sentences.
        vocab: number of tokens.
        width: width of token vectors, constituents and sentence vectors.
        branching: source of the trees.
        parser_width: width of the parser's states in one direction.
        samples: number of sampled trees whose roots are averaged; 0 uses the best tree.
        respect_punctuation: whether constituents of the parser must not cross punctuation; see
            `modules.trees.punctuation`.
        dropout: rate in the parser during training.
        max_tokens: longer sentences are cut.
    """

    config_keys: ClassVar = [
        "vocab",
        "width",
        "branching",
        "parser_width",
        "samples",
        "respect_punctuation",
        "dropout",
        "max_tokens",
    ]
    config_file_name = "tree_config.json"
    punctuation: Bool[Tensor, " vocab"]
    """Which tokens are punctuation."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        vocab: int,
        width: int,
        branching: Branching = "parser",
        parser_width: int = 256,
        samples: int = 0,
        respect_punctuation: bool = False,
        dropout: float = 0.0,
        max_tokens: int = 128,
    ) -> None:
        super().__init__(tokenizer, vocab, width, width, "mean", max_tokens)
        self.branching, self.parser_width, self.samples = branching, parser_width, samples
        self.respect_punctuation, self.dropout = respect_punctuation, dropout
        mask = punctuation_mask(SentenceTokenizer(tokenizer), vocab)
        self.register_buffer("punctuation", mask, persistent=False)
        nn.init.uniform_(self.table.weight, -0.1, 0.1)
        self.parser = Parser(width, parser_width, dropout) if branching == "parser" else None
        self.tree_lstm = None if branching == "none" else TreeLSTM(width)

    def configure(self, samples: int, respect_punctuation: bool, dropout: float) -> None:
        """Changes settings of an encoder that is trained further; see the class."""
        self.samples, self.respect_punctuation, self.dropout = samples, respect_punctuation, dropout
        if self.parser is not None:
            self.parser.scorer.dropout.p = dropout

    def states(
        self, rows: Float[Tensor, "sentence token width"], mask: Tensor, lengths: Int[Tensor, " sentence"]
    ) -> Float[Tensor, "sentence token width"]:
        """Returns the token vectors unchanged: tokens are the leaves."""
        return rows

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        texts = Texts(features["input_ids"], features["attention_mask"].bool())
        features["token_embeddings"] = self.table(texts.ids)
        features["sentence_embedding"] = self.roots(features["token_embeddings"], texts)
        return features

    def roots(
        self, rows: Float[Tensor, "sentence token width"], texts: Texts
    ) -> Float[Tensor, "sentence width"]:
        """Returns the vector of each sentence; zeros for an empty one."""
        if self.tree_lstm is None:
            return self.pool(rows, texts.mask, texts.lengths)
        trees = self.best_trees(rows, texts, self.samples)
        parts = constituents(trees)
        roots: Tensor = self.tree_lstm(rows, parts)[parts.roots]
        mean = roots.view(*trees.lengths.shape, -1).mean(1)
        return mean.where((texts.lengths > 0).unsqueeze(1), 0)

    def posterior(
        self, rows: Float[Tensor, "sentence token width"], texts: Texts, unconstrained: bool = False
    ) -> BatchedTreeCRF:
        """Returns the parser's distribution over trees.

        Args:
            rows: token vectors.
            texts: the sentences.
            unconstrained: whether trees may cross punctuation, as annotated trees sometimes do.
        """
        assert self.parser is not None
        constrained = self.respect_punctuation and not unconstrained
        forbidden = crossing_spans(*texts, self.punctuation) if constrained else None
        found: BatchedTreeCRF = self.parser(rows, texts.mask, forbidden)
        return found

    def best_trees(
        self, rows: Float[Tensor, "sentence token width"], texts: Texts, samples: int = 0
    ) -> Trees:
        """Returns trees (sentence, tree, position): the best tree of each sentence, or some sampled trees
        that are the same whenever the sentence occurs."""
        if self.parser is None:
            return one_sided_trees(texts.mask, self.branching)
        with torch.no_grad():
            posterior = self.posterior(rows, texts)
            return self.sample_fixed(posterior, samples) if samples else posterior.viterbi()

    def sample_fixed(self, posterior: BatchedTreeCRF, count: int) -> Trees:
        """Samples trees of each sentence with the same random numbers whenever it occurs."""
        draws = torch.rand(count, self.max_tokens, generator=torch.Generator().manual_seed(0))
        return posterior.sample_with(draws.to(self.table.weight.device))
