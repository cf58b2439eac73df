"""A conditional random field over the unlabelled binary trees of a sentence, and such trees as tensors.

    q(z | x) = exp(Σ_{[i, j] ∈ z} s_ij) / Z      inside_ij = s_ij + log Σ_k exp(inside_ik + inside_{k+1, j})      log Z = inside_1n

"Unsupervised recurrent neural network grammars", Kim et al., NAACL 2019, section 2.2 and appendix: the
inference network. There are exponentially many trees, and yet log-partition, entropy, marginals, best tree
and samples are exact.

Everything runs over all sentences and all spans of one width at a time. Spans are kept twice, by where they
start, shortest first, and by where they end, longest first: so all ways to put spans together to wider ones
are a single addition. Marginals and the best tree are gradients of that recursion, with a sum and with a
maximum ("Inside-outside and forward-backward algorithms are just backprop", Eisner, 2016)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

SHIFT, REDUCE, DONE = 0, 1, 2
"""What a stack machine does at a step; `DONE` fills the steps after the last."""

Leaf = TypeVar("Leaf")
Nested: TypeAlias = "Leaf | tuple[Nested[Leaf], Nested[Leaf]]"
"""A tree for people: a token, or the pair of its parts."""
Combine = Callable[[Float[Tensor, "value start split sentence"]], Float[Tensor, "value start sentence"]]
"""From all ways to split a span to the span."""


class TreeCRF:
    """q(z | x) of each sentence of a batch, in float32 also where its scores are not.

        crf = TreeCRF(scores, lengths)
        trees = crf.sample(8)
        bonus, signal = crf.entropy, crf.log_probability(trees)

    A sentence of one token has one tree, and so has an empty one: log Z is the token's score, or 0, and the
    entropy 0.

    Args:
        scores: log-potential s_ij of each span, from its first token to its last; finite. What lies below the
            diagonal or beyond the end of a sentence may be anything.
        lengths: tokens of each sentence.
    """

    log_partition: Float[Tensor, " sentence"]
    entropy: Float[Tensor, " sentence"]
    """In nats. A sum of terms that are never negative, split by split ("Sample selection for statistical
    grammar induction", Hwa, EMNLP 2000): log Z minus the expected score would be a small difference of large
    numbers."""

    def __init__(
        self, scores: Float[Tensor, "sentence position position"], lengths: Int[Tensor, " sentence"]
    ) -> None:
        token = _positions(scores)
        there = (token.unsqueeze(1) <= token) & (token < lengths[:, None, None])
        self.scores = scores.to(torch.promote_types(scores.dtype, torch.float32)).where(there, 0)
        self.lengths = lengths
        self._inside = _inside(torch.stack([self.scores, torch.zeros_like(self.scores)]), _sum_and_entropy)
        self.log_partition, self.entropy = _roots(self._inside, lengths)

    def log_probability(self, trees: Trees) -> Float[Tensor, "sentence tree"]:
        """log q(z | x) of some trees of each sentence, (sentence, tree, position)."""
        spans = (trees.start * self.scores.shape[1] + trees.end).flatten(1)
        chosen = (
            self.scores.flatten(1)
            .gather(1, spans)
            .view_as(trees.start)
            .where(trees.start < trees.end, 0)
            .sum(2)
        )
        tokens = self.scores.diagonal(dim1=1, dim2=2).sum(1)  # they are in every tree
        return chosen + (tokens - self.log_partition).unsqueeze(1)

    def marginals(self) -> Float[Tensor, "sentence position position"]:
        """Probability of each span, without gradient; 1 for single tokens and for the whole sentence."""
        return self._slope(_sum)

    def viterbi(self) -> Trees:
        """The best tree of each sentence, (sentence, 1, position); of equally good ones, one."""
        return Trees.from_mask(self._slope(_maximum).unsqueeze(1) > 0.5)

    def sample(self, count: int, generator: torch.Generator | None = None) -> Trees:
        """So many independent trees of each sentence, (sentence, tree, position)."""
        shape = (len(self.lengths), count, self.scores.shape[1])
        return self.divide(torch.rand(shape, generator=generator, device=self.scores.device))

    @torch.no_grad()
    def divide(self, draws: Float[Tensor, "sentence tree position"]) -> Trees:
        """Trees out of uniform numbers in [0, 1), one for each constituent, so that what is drawn for a
        sentence need not depend on the batch that it is in. From the root down, one constituent of every tree
        at a time: it is divided, its parts queue."""
        of_left, of_right = self._halves()
        gap, (_, count, positions) = _positions(draws), draws.shape
        lengths = self.lengths.repeat_interleave(count)
        row = torch.arange(len(lengths), device=gap.device) // count * positions
        idle = torch.full(
            (len(lengths), positions + 1), positions - 1, device=gap.device
        )  # the last place is never read
        start, end, tail, divided = idle, idle.clone(), torch.ones_like(lengths), []
        start[:, 0], end[:, 0] = 0, (lengths - 1).clamp(min=0)
        for step, draw in enumerate(draws.flatten(0, 1).unbind(1)):
            i, j = start[:, step], end[:, step]
            below = (
                (of_left.index_select(0, row + i) + of_right.index_select(0, row + j)).softmax(1).cumsum(1)
            )
            k = (below <= draw.unsqueeze(1) * below[:, -1:]).sum(1).where(i < j, i)
            left, right = k > i, k + 1 < j  # which part is more than one token
            place = torch.stack([tail.where(left, positions), (tail + left).where(right, positions)], 1)
            start.scatter_(1, place, torch.stack([i, k + 1], 1))
            end.scatter_(1, place, torch.stack([k, j], 1))
            tail = tail + left + right
            divided.append(k)
        after = torch.stack(divided, 1)
        own = gap.expand_as(after)
        found = Trees(own.scatter(1, after, start[:, :-1]), own.scatter(1, after, end[:, :-1]), lengths)
        return Trees(*(part.unflatten(0, draws.shape[:2]) for part in found))

    def _halves(self) -> tuple[Float[Tensor, "row gap"], Float[Tensor, "row gap"]]:
        """Inside values of [i, k] by i and of [k + 1, j] by j, for all sentences; hardly anything where k < i
        or k ≥ j."""
        inside, gap = _square([span[0] for span in self._inside]), _positions(self.scores)
        never = torch.finfo(inside.dtype).min
        left = inside.masked_fill(gap < gap.unsqueeze(1), never)
        right = inside.roll(-1, 1).mT.masked_fill(gap >= gap.unsqueeze(1), never)
        return left.flatten(0, 1), right.flatten(0, 1)

    def _slope(self, combine: Combine) -> Float[Tensor, "sentence position position"]:
        with torch.inference_mode(False), torch.enable_grad():  # encoders are used in inference mode
            scores, lengths = self.scores.detach().clone().requires_grad_(), self.lengths.clone()
            root = _roots(_inside(scores.unsqueeze(0), combine), lengths)
            return torch.autograd.grad(root.sum(), scores)[0]


def _inside(
    scores: Float[Tensor, "value sentence position position"], combine: Combine
) -> list[Float[Tensor, "value _start sentence"]]:
    """The inside recursion, by width. Values of a span are those of its parts added, combined over its
    splits, plus its own. Sentences come last: they are what a processor does side by side."""
    width = scores.shape[2]
    rows = scores.permute(0, 2, 3, 1).flatten(1, 2)
    skewed = (
        F.pad(rows, (0, 0, 0, width)).unflatten(1, (width, width + 1)).unbind(2)
    )  # so that a diagonal is a column
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
    log_chance = weight.log_softmax(1)
    return torch.stack([weight.logsumexp(1), (log_chance.exp() * (entropy - log_chance)).sum(1)])


def _sum(splits: Float[Tensor, "1 start split sentence"]) -> Float[Tensor, "1 start sentence"]:
    return splits.logsumexp(2)


def _maximum(splits: Float[Tensor, "1 start split sentence"]) -> Float[Tensor, "1 start sentence"]:
    return splits.max(2).values


def _roots(
    spans: list[Float[Tensor, "value _start sentence"]], lengths: Int[Tensor, " sentence"]
) -> Float[Tensor, "value sentence"]:
    """Of the whole sentences; 0 for an empty one."""
    roots = torch.stack([torch.zeros_like(spans[0][:, 0]), *(span[:, 0] for span in spans)], 2)
    return roots.gather(2, lengths.expand(len(roots), -1).unsqueeze(2)).squeeze(2)


def _square(spans: list[Float[Tensor, "_start sentence"]]) -> Float[Tensor, "sentence position position"]:
    """By first and last token; the way back from `skewed`."""
    width = len(spans)
    columns = [F.pad(span, (0, 0, 0, wider)) for wider, span in enumerate(spans)]
    skewed = torch.stack([*columns, torch.zeros_like(columns[0])], 1)
    return skewed.flatten(0, 1)[: width**2].view(width, width, -1).permute(2, 0, 1)


def _positions(rows: Tensor) -> Int[Tensor, " position"]:
    return torch.arange(rows.shape[-1], device=rows.device)


class Trees(NamedTuple):
    """Binary trees, each by its constituents, which are as many as there are gaps between tokens: one divides
    in each gap.

    Where none divides, after a sentence's last token and beyond, both fields hold the position itself.
    """

    start: Int[Tensor, "*tree position"]
    """First token of the constituent that divides right after each token."""
    end: Int[Tensor, "*tree position"]
    """Its last token."""
    lengths: Int[Tensor, "*tree"]

    def actions(self) -> Int[Tensor, "*tree step"]:
        """What a stack machine does to build each tree: 2 n − 1 steps for n tokens, `DONE` after those."""
        token = _positions(self.start)
        reduces = torch.zeros_like(self.end).scatter_add(-1, self.end, (self.start < self.end).long())
        shifted = token + reduces.cumsum(-1) - reduces
        length = self.lengths.unsqueeze(-1)
        step = torch.arange(2 * len(token) - 1, device=token.device)
        return torch.where(step < 2 * length - 1, REDUCE, DONE).scatter(
            -1, shifted, torch.where(token < length, SHIFT, DONE)
        )

    def mask(self) -> Bool[Tensor, "*tree position position"]:
        """Which spans [i, j] are constituents, single tokens among them."""
        token = _positions(self.start)
        empty = torch.zeros(*self.start.shape, len(token), dtype=torch.bool, device=token.device)
        spans = empty.flatten(-2).scatter(-1, self.start * len(token) + self.end, True).view_as(empty)
        return (spans | (token == token.unsqueeze(1))) & (token < self.lengths[..., None, None])

    @staticmethod
    def from_actions(actions: Int[Tensor, "*tree step"]) -> Trees:
        """Of 2 n − 1 actions that build one tree each; they may be followed by `DONE`."""
        lengths = (actions == SHIFT).sum(-1)
        step = actions.argsort(dim=-1, stable=True)[
            ..., : (actions.shape[-1] + 1) // 2
        ]  # of each token: SHIFT sorts first
        return _from_heights(2 * _positions(step) + 1 - step, lengths)

    @staticmethod
    def from_mask(mask: Bool[Tensor, "*tree position position"]) -> Trees:
        """Of the constituents of one tree each."""
        reduces = mask.triu(1).sum(-2)
        return _from_heights(
            _positions(reduces) + 1 - reduces.cumsum(-1) + reduces, mask.diagonal(dim1=-2, dim2=-1).sum(-1)
        )


def _from_heights(height: Int[Tensor, "*tree position"], lengths: Int[Tensor, "*tree"]) -> Trees:
    """From the height of the stack right after each token was shifted. A constituent that divides after token
    k puts together a right part, which began on top of the stack with token k + 1, and the left part just
    below it."""
    token = _positions(height)
    length, gap = lengths.unsqueeze(-1), token.unsqueeze(1)
    right = height.roll(-1, -1).unsqueeze(-1)
    left_begins = (height.unsqueeze(-2) == right - 1) & (token <= gap)
    taken_off = (height.unsqueeze(-2) <= right) & (token > gap + 1) & (token < length.unsqueeze(-1))
    start = torch.where(left_begins, token, -1).amax(-1)
    end = torch.where(taken_off, token, length.unsqueeze(-1)).amin(-1) - 1
    divides = token < length - 1
    return Trees(start.where(divides, token), end.where(divides, token), lengths)


def nested(actions: Sequence[int], tokens: Sequence[Leaf]) -> Nested[Leaf]:
    """One tree, for people.

    >>> nested([SHIFT, SHIFT, SHIFT, REDUCE, REDUCE], ["the", "old", "tree"])
    ('the', ('old', 'tree'))

    Raises:
        ValueError: if they do not make one tree of these tokens.
    """
    stack: list[Nested[Leaf]] = []
    waiting = list(reversed(tokens))
    for action in actions:
        if action == SHIFT and waiting:
            stack.append(waiting.pop())
        elif action == REDUCE and len(stack) > 1:
            right = stack.pop()
            stack[-1] = (stack[-1], right)
        elif action != DONE:
            break
    else:
        if len(stack) == 1 and not waiting:
            return stack[0]
    raise ValueError(f"actions {list(actions)} do not make one tree of {len(tokens)} tokens")


def flattened(tree: Nested[Leaf]) -> tuple[list[int], list[Leaf]]:
    """The actions that build a tree, and its tokens.

    >>> flattened(("the", ("old", "tree")))
    ([0, 0, 0, 1, 1], ['the', 'old', 'tree'])
    """
    if not isinstance(tree, tuple):
        return [SHIFT], [tree]
    (left, first), (right, second) = map(flattened, tree)
    return [*left, *right, REDUCE], [*first, *second]
