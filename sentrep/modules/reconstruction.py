"""The objective that auto-encoders share: generate a sentence from its own code.

    L = ( − Σ_i log p(x_i | c_i) + Σ_i penalty_i ) / number of tokens

The penalty of a code (KL, commitment) is in nats, like the log-likelihood, so its weight does not depend on
the length of the sentences. In validation c_i is the most likely code, so L is no bound of the log-likelihood
where codes are random; `nll_sentence` is one.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.modules.conditional_decoder import ConditionalDecoder, Targets, all_targets, sentence_sums
from sentrep.modules.contrastive import row_weight
from sentrep.modules.decoder_settings import DecoderSettings
from sentrep.modules.gru_decoder import GRUDecoder
from sentrep.modules.latent.bottleneck import BottleneckOutput

ITSELF = "itself"
"""Name of the decoder that generates the sentence itself."""
AT_ONCE = 1024
"""Tokens whose most likely prediction is computed at once."""


class Reconstructed(NamedTuple):
    """The objective and what is logged of it."""

    loss: Float[Tensor, ""]
    metrics: dict[str, Tensor]


def reconstruct(
    decoder: ConditionalDecoder, batch: SentenceBatch, output: BottleneckOutput, input_dropout: float = 0.0
) -> Reconstructed:
    """Returns the loss of generating each sentence of `batch` from its row of the latent.

    Args:
        decoder: with a decoder called 'itself'.
        batch: the sentences, without noise.
        output: of the bottleneck.
        input_dropout: share of the decoder's input tokens that are hidden, in training only.
    """
    targets = all_targets(decoder, batch)
    hidden = targets.hide(input_dropout) if decoder.training and input_dropout else targets
    scored = decoder({ITSELF: hidden}, output.latent)
    weight = row_weight(torch.tensor(len(targets.packing.targets), device=batch.ids.device))
    loss = scored.loss + output.penalty.sum() * weight
    metrics = {"nll_itself": scored.each[ITSELF].mean(), **output.metrics}
    if not decoder.training:
        metrics |= _held_out(decoder, targets, output.latent, metrics["nll_itself"])
        metrics |= _of_sentences(decoder, targets, output, scored.each[ITSELF])
    return Reconstructed(loss, {name: value.detach() for name, value in metrics.items()})


def sentence_nll(
    decoder: ConditionalDecoder, batch: SentenceBatch, latent: Float[Tensor, "sentence latent"]
) -> Float[Tensor, " sentence"]:
    """Returns −log p(x | c) of each sentence and its end, in nats, without gradient."""
    targets = all_targets(decoder, batch)
    nll = decoder({ITSELF: targets}, latent).each[ITSELF]
    return sentence_sums(nll, targets.packing, len(batch))


def gru_decoder(settings: DecoderSettings, vocab: int, code_width: int) -> ConditionalDecoder:
    """Returns a GRU decoder that reads the code in every gate.

    >>> gru_decoder(DecoderSettings(decoder_width=8), vocab=10, code_width=4).end
    10
    """
    sizes = settings.decoder_token_width, settings.decoder_width
    return ConditionalDecoder(
        vocab,
        *sizes,
        lambda: GRUDecoder(*sizes, code_width, "every-gate", layer_norm=False),
        (ITSELF,),
        settings.longest,
        settings.samples,
        settings.decoder_dropout,
    )


@torch.no_grad()
def _of_sentences(
    decoder: ConditionalDecoder, targets: Targets, output: BottleneckOutput, nll: Float[Tensor, " token"]
) -> dict[str, Tensor]:
    """Mean negative log-likelihood and penalty of a sentence.

    Where codes are random, `nll_sentence` is that of a draw: an unbiased estimate of an upper bound of
    − log p(x) if the penalty is the KL divergence. At the mean of the code it is usually smaller, and no
    bound.

    Args:
        decoder: with a decoder called 'itself'.
        targets: the sentences.
        output: of the bottleneck.
        nll: of each token, given `output.latent`.
    """
    count, penalty = max(len(output.latent), 1), output.penalty.mean()
    at_mean = nll.sum() / count + penalty
    if output.draw is None:
        return {"nll_sentence": at_mean}
    drawn = decoder({ITSELF: targets}, output.draw).each[ITSELF]
    return {"nll_sentence": drawn.sum() / count + penalty, "nll_sentence_at_mean": at_mean}


@torch.no_grad()
def _held_out(
    decoder: ConditionalDecoder, targets: Targets, latent: Tensor, nll: Float[Tensor, ""]
) -> dict[str, Tensor]:
    """Returns the increase of the loss with another sentence's code (nats a token), the token accuracy, and
    the share of sentences that are predicted exactly."""
    other = decoder({ITSELF: targets}, latent.roll(len(latent) // 2, 0)).loss
    states = decoder.states(ITSELF, targets, latent).split(AT_ONCE)
    best = torch.cat([decoder.vocabulary.log_probs(part).argmax(1) for part in states])
    right = (best == targets.packing.targets).float()
    wrong = sentence_sums(1 - right, targets.packing, len(latent))
    return {
        "code_gap": other - nll,
        "token_accuracy": right.mean(),
        "exact_match": (wrong == 0).float().mean(),
    }
