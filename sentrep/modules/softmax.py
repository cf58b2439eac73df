"""The softmax over the vocabulary, where a decoder spends most of its time.

No tensor of sentence × token × vocabulary is ever made: tokens are processed in chunks, and the gradient of a
chunk is computed while its logits are in memory. This takes three matrix products; recomputing the logits in
the backward pass would take four.

With `samples`, training compares the target with sampled tokens instead of the whole vocabulary, each
weighted by the inverse of its expected count (importance sampling). Samples are drawn from the targets of the
batch and, for one in ten, from the whole vocabulary, so no frequency table is needed and every token can be
drawn. The estimate of the partition function is unbiased; its logarithm is slightly biased.

Reference:
    "On using very large target vocabulary for neural machine translation", Jean et al., ACL 2015, section
    3.1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

LOGITS_IN_MEMORY = 1 << 24
"""Logits that are held at once: 64 MB in fp32."""
LOGITS_IN_CACHE = 1 << 21
"""Logits of a full softmax that are processed at once, several passes over them: 8 MB."""
UNIFORM_SHARE = 0.1
"""Share of the samples that are drawn uniformly from the whole vocabulary."""


class Likelihood(NamedTuple):
    """Negative log-likelihood of target tokens."""

    loss: Float[Tensor, ""]
    """Weighted sum of the negative log-likelihoods, with gradient."""
    nll: Float[Tensor, " token"]
    """Negative log-likelihood of each token in nats, without gradient; of a sampled softmax an estimate."""


class VocabularySoftmax(nn.Module):
    """Predicts tokens from decoder states.

    Args:
        size: size of the vocabulary.
        width: width of the states.
        samples: tokens that the target is compared with in training; 0 compares with all. Evaluation always
            compares with all.

    >>> softmax = VocabularySoftmax(size=10, width=4)
    >>> found = softmax(torch.randn(3, 4), torch.tensor([1, 2, 9]), torch.full((3,), 1 / 3))
    >>> found.nll.shape
    torch.Size([3])
    """

    def __init__(self, size: int, width: int, samples: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size, width).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(size))
        self.samples = samples if samples < size else 0

    def forward(
        self,
        states: Float[Tensor, "token width"],
        targets: Int[Tensor, " token"],
        weights: Float[Tensor, " token"],
    ) -> Likelihood:
        """Returns the negative log-likelihood of the targets, weighted by `weights` in the loss."""
        if not (self.samples and self.training):
            return softmax_nll(states, self.weight, self.bias, targets, weights)
        sampled, log_count = self.draw_samples(targets)
        chosen = torch.cat([targets, sampled])
        target_rows, rows = F.embedding(chosen, self.weight).split([len(targets), len(sampled)])
        target_bias, bias = self.bias[chosen].split([len(targets), len(sampled)])
        kernel = partial(_SampledSoftmax, targets=targets, candidates=sampled, weights=weights)
        return _chunked(kernel, weights, states, target_rows, target_bias, rows, bias - log_count)

    def draw_samples(
        self, targets: Int[Tensor, " token"]
    ) -> tuple[Int[Tensor, " sample"], Float[Tensor, " sample"]]:
        """Draws tokens to compare with; returns them and the logarithm of their expected counts."""
        size = len(self.bias)
        near = targets[torch.randint(len(targets), (self.samples,), device=targets.device)]
        uniform = torch.randint(size, (self.samples,), device=targets.device)
        sampled = near.where(torch.rand(self.samples, device=targets.device) >= UNIFORM_SHARE, uniform)
        share = torch.bincount(targets, minlength=size) / len(targets)
        expected = self.samples * ((1 - UNIFORM_SHARE) * share + UNIFORM_SHARE / size)
        return sampled, expected[sampled].log()

    def log_probs(self, states: Float[Tensor, "row width"]) -> Float[Tensor, "row vocab"]:
        """Returns the log-probability of every token, for decoding."""
        return F.linear(states, self.weight, self.bias).float().log_softmax(1)


def softmax_nll(
    states: Float[Tensor, "token width"],
    rows: Float[Tensor, "vocab width"],
    bias: Float[Tensor, " vocab"],
    targets: Int[Tensor, " token"],
    weights: Float[Tensor, " token"],
) -> Likelihood:
    """Returns the negative log-likelihood of targets under a softmax over all rows.

    Args:
        states: states that predict the tokens.
        rows: a weight vector for each token; may be an embedding table that is shared.
        bias: a bias for each token.
        targets: the token that each state should predict.
        weights: weight of each token in the loss.
    """
    kernel = partial(_FullSoftmax, targets=targets, weights=weights)
    return _chunked(kernel, weights, states, rows, bias)


class _Kernel(Protocol):
    """A softmax over one chunk of tokens."""

    size: int
    """Tokens of a chunk."""

    def __call__(self, here: slice, gradients: list[Tensor]) -> Float[Tensor, " _token"]:
        """Returns the negative log-likelihoods of a chunk; adds its gradients, if a list is given."""


def _chunked(make_kernel: Callable[..., _Kernel], weights: Tensor, *inputs: Tensor) -> Likelihood:
    learning = torch.is_grad_enabled() and any(each.requires_grad for each in inputs)
    found = _ChunkedLoss.apply(make_kernel, learning, weights, *inputs)  # type: ignore[no-untyped-call]
    return Likelihood(*found)


class _ChunkedLoss(torch.autograd.Function):
    """Runs a kernel over all tokens, chunk by chunk, and computes the gradient in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        make_kernel: Callable[..., _Kernel],
        learning: bool,
        weights: Float[Tensor, " token"],
        *inputs: Tensor,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, " token"]]:
        # `ctx.needs_input_grad` is True for parameters under no_grad, too.
        gradients = [torch.zeros_like(each, dtype=torch.float32) for each in inputs if learning]
        nll, kernel = torch.empty(len(weights), device=weights.device), make_kernel(*inputs)
        for here in _chunks(len(weights), kernel.size):
            nll[here] = kernel(here, gradients)
        if learning:
            ctx.save_for_backward(*gradients)
            ctx.types = [each.dtype for each in inputs]
        ctx.mark_non_differentiable(nll)
        return (nll * weights).sum(), nll

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        scaled = (
            (value * gradient).to(kind) for value, kind in zip(ctx.saved_tensors, ctx.types, strict=True)
        )
        return (None, None, None, *scaled)


class _FullSoftmax:
    """Compares each target with all tokens.

    Logits become probabilities, and these their own gradient, in one buffer that stays in the cache: new
    memory for every chunk would cost more than the arithmetic.
    """

    def __init__(self, states: Tensor, rows: Tensor, bias: Tensor, targets: Tensor, weights: Tensor) -> None:
        device = states.device.type
        self.narrow = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else states.dtype
        self.states, self.rows = states.to(self.narrow), rows.to(self.narrow)
        self.bias, self.targets, self.weights = bias, targets, weights
        self.size, self.part = (
            max(1, min(len(states), limit // len(rows))) for limit in (LOGITS_IN_MEMORY, LOGITS_IN_CACHE)
        )
        self.products = self.states.new_empty(self.size, len(rows))
        self.logits, self.shares = (torch.empty(self.part, len(rows), device=states.device) for _ in range(2))

    def __call__(self, here: slice, gradients: list[Tensor]) -> Float[Tensor, " _token"]:
        states, weight = self.states[here], self.weights[here]
        product = torch.mm(states, self.rows.T, out=self.products[: len(states)])
        targets, nll = self.targets[here].unsqueeze(1), torch.empty(len(states), device=states.device)
        for part in _chunks(len(states), self.part):
            nll[part] = self._part(product[part], targets[part], weight[part], gradients)
        if gradients:
            of_states, of_rows, _ = gradients
            torch.mul(product @ self.rows, weight.unsqueeze(1), out=of_states[here])
            of_rows.add_(product.T @ (states * weight.unsqueeze(1)).to(self.narrow))
        return nll

    def _part(
        self, product: Tensor, target: Tensor, weight: Tensor, gradients: list[Tensor]
    ) -> Float[Tensor, " _token"]:
        """Returns the negative log-likelihoods; puts the gradient of the logits in place of `product`."""
        logits = self.logits[: len(product)].copy_(product).add_(self.bias)
        own, highest = logits.gather(1, target), logits.amax(1, keepdim=True)
        share = torch.softmax(logits, 1, out=self.shares[: len(product)])
        nll = (highest - own - share.amax(1, keepdim=True).log()).squeeze(1)
        if gradients:
            product[:] = share.scatter_add_(1, target, -torch.ones_like(own))
            gradients[2].addmv_(share.T, weight)
        return nll


class _SampledSoftmax:
    """Compares each target with sampled candidates, among which the target does not count a second time."""

    def __init__(
        self,
        states: Tensor,
        target_rows: Tensor,
        target_bias: Tensor,
        rows: Tensor,
        bias: Tensor,
        targets: Tensor,
        candidates: Tensor,
        weights: Tensor,
    ) -> None:
        self.states, self.target_rows, self.target_bias = states, target_rows, target_bias
        self.rows, self.bias, self.candidates = rows, bias, candidates
        self.targets, self.weights = targets, weights
        self.size = max(1, LOGITS_IN_MEMORY // len(rows))

    def __call__(self, here: slice, gradients: list[Tensor]) -> Float[Tensor, " _token"]:
        states = self.states[here]
        own = (states * self.target_rows[here]).sum(1, dtype=torch.float32) + self.target_bias[here]
        logits = (states @ self.rows.T).float() + self.bias
        logits.masked_fill_(self.candidates == self.targets[here].unsqueeze(1), -torch.inf)
        total = torch.logaddexp(own, logits.logsumexp(1))
        if gradients:
            weight = self.weights[here].unsqueeze(1)
            others = logits.sub_(total.unsqueeze(1)).exp_().mul_(weight)
            missing = ((own - total).exp() - 1) * weight.squeeze(1)
            self._add(here, others, missing, gradients)
        return total - own

    def _add(self, here: slice, others: Tensor, missing: Tensor, gradients: list[Tensor]) -> None:
        """Adds the gradients of a chunk, given those of its logits."""
        of_states, of_target_rows, of_target_bias, of_rows, of_bias = gradients
        states, column, narrow = self.states[here], missing.unsqueeze(1), others.to(self.states.dtype)
        of_bias += others.sum(0)
        of_target_bias[here] = missing
        of_states[here] = narrow @ self.rows + column * self.target_rows[here]
        of_target_rows[here] = column * states
        of_rows += narrow.T @ states


def _chunks(total: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]
