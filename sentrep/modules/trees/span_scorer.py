"""Scores of all spans of a sentence, for the inference network of a grammar (`modules/trees/crf.py`).

    s_ij = w · norm(relu(W [h→_j − h→_{i−1}; h←_i − h←_{j+1}] + b))

h→_j is the state of an LSTM that has read up to token j, h←_i that of one that has read from the end down to
token i. Both differences are between the two ends of a span; W is linear, so it is applied to the n + 1 ends
instead of the n²/2 spans.

Differs from the released code of URNNG: there the differences are taken one place further out, h→_{j+1} −
h→_i and h←_{i−1} − h←_j, of a sentence between two boundary tokens; there the norm and w have biases, which
add the same to every tree; and there units are dropped for each span anew, here the same units for all spans
of a sentence.

Reference:
    "Unsupervised recurrent neural network grammars", Kim et al., NAACL 2019, section 2.2, with the
    differences of "Graph-based dependency parsing with bidirectional LSTM", Wang & Chang, ACL 2016.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sentrep.modules.sequence import run_backwards


class SpanScorer(nn.Module):
    """Reads token vectors with an LSTM in both directions and scores each span.

    The defaults are the sizes of the released code of URNNG.

    Args:
        token_width: width of the token vectors; an embedding of their position, as wide, is added to them.
        width: width of the states of one direction.
        positions: number of position embeddings; later positions use the last one.
        dropout: rate for position embeddings and for what w reads; the caller drops out token vectors.
    """

    def __init__(
        self, token_width: int, width: int = 256, positions: int = 250, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.position = nn.Embedding(positions, token_width)
        self.forward_lstm = nn.LSTM(token_width, width, batch_first=True)
        self.backward_lstm = nn.LSTM(token_width, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.mix = nn.Linear(2 * width, 2 * width, bias=False)
        self.bias = nn.Parameter(torch.zeros(2 * width))
        self.norm = nn.LayerNorm(2 * width, bias=False)
        self.score = nn.Linear(2 * width, 1, bias=False)

    def forward(
        self, tokens: Float[Tensor, "sentence position token_width"], mask: Bool[Tensor, "sentence position"]
    ) -> Float[Tensor, "sentence position position"]:
        """Returns the score of each span from its first token to its last, in float32.

        The score is 0 where there is no span, and for single tokens: those are part of every tree.
        """
        before, after = self.read(tokens, mask)
        sentences, width = mask.shape
        first, last = torch.triu_indices(width, width, 1, device=mask.device)
        # Differences of numbers that were rounded to bf16 would be too coarse.
        with torch.autocast(tokens.device.type, enabled=False):
            ends = self.mix(torch.cat([before, -after], 2).float())
            spans = (ends + self.bias).index_select(1, last + 1) - ends.index_select(1, first)
            kept = self.dropout(self.score.weight.expand(sentences, -1))
            scores: Tensor = (self.norm(spans.relu_()) @ kept.unsqueeze(2)).squeeze(2)
        table = scores.new_zeros(sentences, width**2).index_copy(1, first * width + last, scores)
        return table.view(sentences, width, width).where(mask.unsqueeze(1), 0)

    def read(
        self, tokens: Float[Tensor, "sentence position token_width"], mask: Bool[Tensor, "sentence position"]
    ) -> tuple[Float[Tensor, "sentence end width"], Float[Tensor, "sentence end width"]]:
        """Returns the states of both directions before the first token and after each token; zeros where
        nothing was read."""
        place = torch.arange(mask.shape[1], device=mask.device).clamp(max=self.position.num_embeddings - 1)
        rows = tokens + self.dropout(self.position(place))
        after = run_backwards(self.backward_lstm, rows, mask.sum(1)).where(mask.unsqueeze(2), 0)
        return F.pad(self.forward_lstm(rows)[0], (0, 0, 1, 0)), F.pad(after, (0, 0, 0, 1))
