"""Scores of all spans of a sentence, for the inference network of a grammar (`modules/trees/crf.py`).

    s_ij = w · norm(relu(W [h→_j − h→_{i−1}; h←_i − h←_{j+1}] + b))

"Unsupervised recurrent neural network grammars", Kim et al., NAACL 2019, section 2.2, with the differences of
"Graph-based dependency parsing with bidirectional LSTM", Wang & Chang, ACL 2016: h→_j has read up to token j,
h←_i from the end down to token i. The released code differs in this: it takes the differences one place
further out, h→_{j+1} − h→_i and h←_{i−1} − h←_j, of a sentence between two marks; it has a bias in the norm
and another after w, which every tree would get equally often, so they would change nothing; it drops units
for each span anew, where here all spans of a sentence are compared through the same units.

Both differences are between the two ends of a span. So W, being linear, is applied to the n + 1 ends and not
to n²/2 spans."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sentrep.modules.sequence import reorder, reversal


class SpanScorer(nn.Module):
    """Reads token vectors with an LSTM in both directions and scores each span. Widths as in the released
    code.

    Args:
        token_width: of the vectors that are read; the embedding of their position, as wide, is added to them.
        width: of the states of one direction.
        positions: that have an embedding; whatever comes later has that of the last.
        dropout: of position embeddings and of what w reads; token vectors come dropped out.
    """

    def __init__(
        self, token_width: int, width: int = 256, positions: int = 250, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.position = nn.Embedding(positions, token_width)
        self.ahead = nn.LSTM(token_width, width, batch_first=True)
        self.back = nn.LSTM(token_width, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.mix = nn.Linear(2 * width, 2 * width, bias=False)
        self.bias = nn.Parameter(torch.zeros(2 * width))
        self.norm = nn.LayerNorm(2 * width, bias=False)
        self.score = nn.Linear(2 * width, 1, bias=False)

    def forward(
        self, tokens: Float[Tensor, "sentence position token_width"], alive: Bool[Tensor, "sentence position"]
    ) -> Float[Tensor, "sentence position position"]:
        """Of each span from its first token to its last, in float32; a sentence is alive from its first
        position on.

        0 where there is no span, and for single tokens: those are in every tree, so no score of theirs would
        tell trees apart."""
        before, after = self.read(tokens, alive)
        sentences, width = alive.shape
        first, last = torch.triu_indices(width, width, 1, device=alive.device)
        with torch.autocast(
            tokens.device.type, enabled=False
        ):  # differences of numbers rounded to bf16 would be rough
            ends = self.mix(torch.cat([before, -after], 2).float())
            spans = (ends + self.bias).index_select(1, last + 1) - ends.index_select(1, first)
            kept = self.dropout(self.score.weight.expand(sentences, -1))
            scores: Tensor = (self.norm(spans.relu_()) @ kept.unsqueeze(2)).squeeze(2)
        table = scores.new_zeros(sentences, width**2).index_copy(1, first * width + last, scores)
        return table.view(sentences, width, width).where(alive.unsqueeze(1), 0)

    def read(
        self, tokens: Float[Tensor, "sentence position token_width"], alive: Bool[Tensor, "sentence position"]
    ) -> tuple[Float[Tensor, "sentence end width"], Float[Tensor, "sentence end width"]]:
        """States of both directions at each end of a token: what was read before it, and what comes after it;
        zeros if nothing."""
        place = torch.arange(alive.shape[1], device=alive.device).clamp(max=self.position.num_embeddings - 1)
        rows = tokens + self.dropout(self.position(place))
        flip = reversal(alive.sum(1), alive.shape[1])
        after = reorder(self.back(reorder(rows, flip))[0], flip).where(alive.unsqueeze(2), 0)
        return F.pad(self.ahead(rows)[0], (0, 0, 1, 0)), F.pad(after, (0, 0, 0, 1))
