"""The softmax over the vocabulary, where a decoder spends most of its time.

Never is there a tensor of sentence × token × vocabulary: tokens pass in chunks, and the gradient of a chunk
is made while its logits are there. That takes three matrix products instead of the four of recomputing them
in the backward pass.

With `samples`, training compares the right token with so many drawn ones instead of all, each counting for
what it stands for (importance sampling: "On using very large target vocabulary for neural machine
translation", Jean et al., ACL 2015, section 3.1). The draws come from the targets of the block at hand and,
for one in ten, from the whole vocabulary, so no frequency table is kept and every token can be drawn. The
estimate of the partition function is unbiased; its logarithm, a little."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

ROWS = 1 << 24
"""Logits at a time: 64 MB in fp32."""
IN_CACHE = 1 << 21
"""Of these at a time, what a softmax over everything goes over several times: 8 MB."""
ELSEWHERE = 0.1
"""Share of the draws that come from the whole vocabulary."""


class Likelihood(NamedTuple):
    """What a softmax says of the right tokens."""

    loss: Float[Tensor, ""]
    """Weighted sum of the negative log-likelihoods, with gradient."""
    each: Float[Tensor, " token"]
    """They themselves in nats, without gradient; of a sampled softmax an estimate."""


class Vocabulary(nn.Module):
    """From decoder states to tokens; the last token of the vocabulary ends a sentence.

    Args:
        size: of the vocabulary.
        width: of the states.
        samples: tokens to compare with in training; 0 compares with all. Evaluation always does.
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
        if not (self.samples and self.training):
            return likelihood(states, self.weight, self.bias, targets, weights)
        drawn, correction = self.draw(targets)
        asked = torch.cat([targets, drawn])
        own_rows, rows = F.embedding(asked, self.weight).split([len(targets), len(drawn)])
        own_bias, bias = self.bias[asked].split([len(targets), len(drawn)])
        found = _Softmax.apply(  # type: ignore[no-untyped-call]
            states, own_rows, own_bias, rows, bias - correction, targets, drawn, weights
        )
        return Likelihood(*found)

    def draw(self, targets: Int[Tensor, " token"]) -> tuple[Int[Tensor, " sample"], Float[Tensor, " sample"]]:
        """Tokens to compare with, and the logarithm of how often each is expected among them."""
        size = len(self.bias)
        near = targets[torch.randint(len(targets), (self.samples,), device=targets.device)]
        far = torch.randint(size, (self.samples,), device=targets.device)
        drawn = near.where(torch.rand(self.samples, device=targets.device) >= ELSEWHERE, far)
        share = torch.bincount(targets, minlength=size) / len(targets)
        return drawn, (self.samples * ((1 - ELSEWHERE) * share + ELSEWHERE / size))[drawn].log()

    def log_probabilities(self, states: Float[Tensor, "row width"]) -> Float[Tensor, "row vocab"]:
        """Of every token, as decoding wants them."""
        return F.linear(states, self.weight, self.bias).float().log_softmax(1)


def likelihood(
    states: Float[Tensor, "token width"],
    rows: Float[Tensor, "vocab width"],
    bias: Float[Tensor, " vocab"],
    targets: Int[Tensor, " token"],
    weights: Float[Tensor, " token"],
) -> Likelihood:
    """Of the right tokens among all, by rows that may be those of another table too."""
    return Likelihood(*_WholeSoftmax.apply(states, rows, bias, targets, weights))  # type: ignore[no-untyped-call]


class _WholeSoftmax(torch.autograd.Function):
    """Logits become probabilities, and these their own gradient, in one place that stays in the cache."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Float[Tensor, "token width"],
        rows: Float[Tensor, "vocab width"],
        bias: Float[Tensor, " vocab"],
        targets: Int[Tensor, " token"],
        weights: Float[Tensor, " token"],
    ) -> tuple[Float[Tensor, ""], Float[Tensor, " token"]]:
        learning, device = any(ctx.needs_input_grad), states.device.type
        narrow = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else states.dtype
        read, wanted = states.to(narrow), rows.to(narrow)
        of_states, of_rows, of_bias = (
            torch.zeros_like(tensor, dtype=torch.float32) for tensor in (states, rows, bias)
        )
        each = torch.empty(len(states), device=states.device)
        block, chunk = (max(1, min(len(states), size // len(rows))) for size in (ROWS, IN_CACHE))
        # Fresh memory for every chunk would cost more than what is done with it.
        products = read.new_empty(block, len(rows))
        logits, shares = (torch.empty(chunk, len(rows), device=states.device) for _ in range(2))
        for here in _chunks(len(states), block):
            product = torch.mm(read[here], wanted.T, out=products[: here.stop - here.start])
            for part in _chunks(len(product), chunk):
                target, size = targets[here][part].unsqueeze(1), part.stop - part.start
                values = logits[:size].copy_(product[part]).add_(bias)
                own, highest = values.gather(1, target), values.amax(1, keepdim=True)
                share = torch.softmax(values, 1, out=shares[:size])
                each[here][part] = (highest - own - share.amax(1, keepdim=True).log()).squeeze(1)
                if learning:
                    product[part] = share.scatter_add_(1, target, -torch.ones_like(own))
                    of_bias.addmv_(share.T, weights[here][part])
            if learning:
                weight = weights[here].unsqueeze(1)
                torch.mul(product @ wanted, weight, out=of_states[here])
                of_rows.add_(product.T @ (read[here] * weight).to(narrow))
        if learning:
            ctx.save_for_backward(of_states, of_rows, of_bias)
            ctx.types = states.dtype, rows.dtype, bias.dtype
        ctx.mark_non_differentiable(each)
        return (each * weights).sum(), each

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        scaled = [
            (value * gradient).to(kind) for value, kind in zip(ctx.saved_tensors, ctx.types, strict=True)
        ]
        return (*scaled, None, None)


class _Softmax(torch.autograd.Function):
    """Each token's own logit against those of the candidates, among which it does not count a second time."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Float[Tensor, "token width"],
        own_rows: Float[Tensor, "token width"],
        own_bias: Float[Tensor, " token"],
        rows: Float[Tensor, "candidate width"],
        bias: Float[Tensor, " candidate"],
        targets: Int[Tensor, " token"],
        candidates: Int[Tensor, " candidate"],
        weights: Float[Tensor, " token"],
    ) -> tuple[Float[Tensor, ""], Float[Tensor, " token"]]:
        learning = any(ctx.needs_input_grad)
        gradients = [
            torch.zeros_like(tensor, dtype=torch.float32)
            for tensor in (states, own_bias, rows, bias)
            if learning
        ]
        each = torch.empty(len(states), device=states.device)
        for here in _chunks(len(states), max(1, ROWS // len(rows))):
            state, target, weight = states[here], targets[here], weights[here].unsqueeze(1)
            own = (state * own_rows[here]).sum(1, dtype=torch.float32) + own_bias[here]
            logits = (state @ rows.T).float() + bias
            logits.masked_fill_(candidates == target.unsqueeze(1), -torch.inf)
            total = torch.logaddexp(own, logits.logsumexp(1))
            each[here] = total - own
            if learning:
                of_states, of_own, of_rows, of_bias = gradients
                others = logits.sub_(total.unsqueeze(1)).exp_().mul_(weight)
                missing = ((own - total).exp() - 1) * weight.squeeze(1)
                of_bias += others.sum(0)
                of_own[here] = missing
                narrow = others.to(state.dtype)
                of_states[here] = narrow @ rows + missing.unsqueeze(1) * own_rows[here]
                of_rows += narrow.T @ state
        if learning:
            ctx.save_for_backward(states, *gradients)
        ctx.mark_non_differentiable(each)
        return (each * weights).sum(), each

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        states, of_states, of_own, of_rows, of_bias = ctx.saved_tensors
        of_own_rows = of_own.unsqueeze(1) * states
        scaled = [value * gradient for value in (of_states, of_own_rows, of_own, of_rows, of_bias)]
        return (scaled[0].to(states.dtype), *scaled[1:], None, None, None)


def _chunks(total: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]
