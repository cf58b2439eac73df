"""A conditional random field over the unlabelled binary trees of a sentence.

    q(z | x) = exp(Σ_{[i, j] ∈ z} s_ij) / Z      log Z = inside_1n
    inside_ij = s_ij + log Σ_k exp(inside_ik + inside_{k+1, j})

There are exponentially many trees, but log-partition, entropy, marginals, the best tree and samples are
computed exactly.

The recursion runs over all sentences and all spans of one width at once. Spans are stored twice, by where
they start, shortest first, and by where they end, longest first: so all ways to join spans to wider ones are
a single addition. Marginals and the best tree are gradients of the recursion, with a sum and with a maximum.

Reference:
    "Unsupervised recurrent neural network grammars", Kim et al., NAACL 2019, section 2.2 and appendix (the
    inference network); "Inside-outside and forward-backward algorithms are just backprop", Eisner, 2016.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from sentrep.modules.trees.binary_trees import Trees, positions

Combine = Callable[[Float[Tensor, "value start split sentence"]], Float[Tensor, "value start sentence"]]
"""Combines all ways to split a span."""


class TreeCRF:
    """The distribution q(z | x) over the trees of each sentence of a batch, in float32 or better.

    A sentence of one token has one tree, and so has an empty one: log Z is the score of the token, or 0, and
    the entropy is 0.

    Args:
        scores: log-potential s_ij of each span, from its first token to its last; finite. Values below the
            diagonal and beyond the end of a sentence are ignored.
        lengths: tokens of each sentence.

    >>> crf = TreeCRF(torch.zeros(1, 3, 3), torch.tensor([3]))
    >>> trees = crf.sample(8)
    >>> crf.log_prob(trees)[0, 0], crf.entropy
    (tensor(-0.6931), tensor([0.6931]))
    """

    log_partition: Float[Tensor, " sentence"]
    entropy: Float[Tensor, " sentence"]
    """In nats. It is summed over splits, from terms that are never negative (Hwa, EMNLP 2000): log Z minus
    the expected score would be a small difference of large numbers."""

    def __init__(
        self, scores: Float[Tensor, "sentence position position"], lengths: Int[Tensor, " sentence"]
    ) -> None:
        token = positions(scores)
        there = (token.unsqueeze(1) <= token) & (token < lengths[:, None, None])
        self.scores = scores.to(torch.promote_types(scores.dtype, torch.float32)).where(there, 0)
        self.lengths = lengths
        self._inside = _inside(torch.stack([self.scores, torch.zeros_like(self.scores)]), _sum_and_entropy)
        self.log_partition, self.entropy = _roots(self._inside, lengths)

    def log_prob(self, trees: Trees) -> Float[Tensor, "sentence tree"]:
        """Returns log q(z | x) in nats of some trees of each sentence, (sentence, tree, position)."""
        spans = (trees.start * self.scores.shape[1] + trees.end).flatten(1)
        each = self.scores.flatten(1).gather(1, spans).view_as(trees.start)
        chosen = each.where(trees.start < trees.end, 0).sum(2)
        tokens = self.scores.diagonal(dim1=1, dim2=2).sum(1)  # single tokens are part of every tree
        return chosen + (tokens - self.log_partition).unsqueeze(1)

    def marginals(self) -> Float[Tensor, "sentence position position"]:
        """Returns the probability of each span, without gradient; 1 for tokens and for whole sentences."""
        return self._gradient(_sum)

    def viterbi(self) -> Trees:
        """Returns the best tree of each sentence, (sentence, 1, position)."""
        return Trees.from_span_mask(self._gradient(_maximum).unsqueeze(1) > 0.5)

    def sample(self, count: int, generator: torch.Generator | None = None) -> Trees:
        """Draws `count` independent trees of each sentence, (sentence, tree, position)."""
        shape = (len(self.lengths), count, self.scores.shape[1])
        return self.sample_with(torch.rand(shape, generator=generator, device=self.scores.device))

    @torch.no_grad()
    def sample_with(self, draws: Float[Tensor, "sentence tree position"]) -> Trees:
        """Makes trees of uniform numbers in [0, 1), one for each constituent.

        So the tree of a sentence need not depend on the batch that it is in. From the root down, one
        constituent of every tree at a time is split, and its parts are queued.
        """
        of_left, of_right = self._halves()
        gap, (_, count, width) = positions(draws), draws.shape
        lengths = self.lengths.repeat_interleave(count)
        row = torch.arange(len(lengths), device=gap.device) // count * width
        # The queue of constituents; its last place takes what is not queued and is never read.
        start = torch.full((len(lengths), width + 1), width - 1, device=gap.device)
        end, tail, splits = start.clone(), torch.ones_like(lengths), []
        start[:, 0], end[:, 0] = 0, (lengths - 1).clamp(min=0)
        for step, draw in enumerate(draws.flatten(0, 1).unbind(1)):
            i, j = start[:, step], end[:, step]
            k = _choose_split(of_left.index_select(0, row + i) + of_right.index_select(0, row + j), draw)
            k = k.where(i < j, i)
            left, right = k > i, k + 1 < j  # whether the part has more than one token
            place = torch.stack([tail.where(left, width), (tail + left).where(right, width)], 1)
            start.scatter_(1, place, torch.stack([i, k + 1], 1))
            end.scatter_(1, place, torch.stack([k, j], 1))
            tail = tail + left + right
            splits.append(k)
        after = torch.stack(splits, 1)
        own = gap.expand_as(after)
        found = Trees(own.scatter(1, after, start[:, :-1]), own.scatter(1, after, end[:, :-1]), lengths)
        return Trees(*(part.unflatten(0, draws.shape[:2]) for part in found))

    def _halves(self) -> tuple[Float[Tensor, "row gap"], Float[Tensor, "row gap"]]:
        """Returns the inside values of [i, k] by i and of [k + 1, j] by j, for all sentences; the smallest
        number where k < i or k ≥ j."""
        inside, gap = _square([span[0] for span in self._inside]), positions(self.scores)
        lowest = torch.finfo(inside.dtype).min
        left = inside.masked_fill(gap < gap.unsqueeze(1), lowest)
        right = inside.roll(-1, 1).mT.masked_fill(gap >= gap.unsqueeze(1), lowest)
        return left.flatten(0, 1), right.flatten(0, 1)

    def _gradient(self, combine: Combine) -> Float[Tensor, "sentence position position"]:
        """Returns the gradient of the recursion at the root with respect to the scores."""
        # Encoders are used in inference mode, which has to be left here.
        with torch.inference_mode(False), torch.enable_grad():
            scores, lengths = self.scores.detach().clone().requires_grad_(), self.lengths.clone()
            root = _roots(_inside(scores.unsqueeze(0), combine), lengths)
            return torch.autograd.grad(root.sum(), scores)[0]


def _choose_split(scores: Float[Tensor, "row gap"], draw: Float[Tensor, " row"]) -> Int[Tensor, " row"]:
    """Samples a gap by its share, with a uniform number for each row."""
    below = scores.softmax(1).cumsum(1)
    return (below <= draw.unsqueeze(1) * below[:, -1:]).sum(1)


def _inside(
    scores: Float[Tensor, "value sentence position position"], combine: Combine
) -> list[Float[Tensor, "value _start sentence"]]:
    """Runs the inside recursion; returns the values of all spans by width.

    The values of a span are those of its parts added, combined over its splits, plus its own. Sentences are
    the last dimension, which the processor handles in parallel.
    """
    width = scores.shape[2]
    rows = scores.permute(0, 2, 3, 1).flatten(1, 2)
    # Skewed, so that a diagonal is a column.
    skewed = F.pad(rows, (0, 0, 0, width)).unflatten(1, (width, width + 1)).unbind(2)
    spans = [skewed[0]]
    by_start = by_end = skewed[0].unsqueeze(2)
    for wider in range(1, width):
        left, right = by_start[:, :-1], by_end[:, 1:]
        spans.append(combine(left + right) + skewed[wider][:, : width - wider])
        newest = spans[-1].unsqueeze(2)
        by_start, by_end = torch.cat([left, newest], 2), torch.cat([newest, right], 2)
    return spans


def _sum_and_entropy(splits: Float[Tensor, "2 start split sentence"]) -> Float[Tensor, "2 start sentence"]:
    weight, entropy = splits
    log_share = weight.log_softmax(1)
    return torch.stack([weight.logsumexp(1), (log_share.exp() * (entropy - log_share)).sum(1)])


def _sum(splits: Float[Tensor, "1 start split sentence"]) -> Float[Tensor, "1 start sentence"]:
    return splits.logsumexp(2)


def _maximum(splits: Float[Tensor, "1 start split sentence"]) -> Float[Tensor, "1 start sentence"]:
    return splits.max(2).values


def _roots(
    spans: list[Float[Tensor, "value _start sentence"]], lengths: Int[Tensor, " sentence"]
) -> Float[Tensor, "value sentence"]:
    """Returns the values of whole sentences; 0 for an empty one."""
    roots = torch.stack([torch.zeros_like(spans[0][:, 0]), *(span[:, 0] for span in spans)], 2)
    return roots.gather(2, lengths.expand(len(roots), -1).unsqueeze(2)).squeeze(2)


def _square(spans: list[Float[Tensor, "_start sentence"]]) -> Float[Tensor, "sentence position position"]:
    """Returns the values by first and last token; the inverse of the skewing in `_inside`."""
    width = len(spans)
    columns = [F.pad(span, (0, 0, 0, wider)) for wider, span in enumerate(spans)]
    skewed = torch.stack([*columns, torch.zeros_like(columns[0])], 1)
    return skewed.flatten(0, 1)[: width**2].view(width, width, -1).permute(2, 0, 1)
