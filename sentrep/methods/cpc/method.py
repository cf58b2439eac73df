"""Contrastive predictive coding on text.

A document is a sequence of sentences. Each sentence is encoded independently, a recurrent network reads
the vectors in order, and its state predicts the vectors of the following sentences. A prediction is
correct if it is closer to the sentence that follows than to the other candidates.

    z_t = g(sentence_t)        c_t = GRU(z_≤t)        f_k(x, c_t) = exp(z(x)ᵀ W_k c_t)
    L   = − (1/K) Σ_k mean_t log ( f_k(x_{t+k}, c_t) / Σ_{x in candidates} f_k(x, c_t) )

These are equation 3 (section 2.2) and equation 4 (section 2.3). log N − L_k is a lower bound of the
mutual information of context and sentence, where N is the number of candidates. The bound cannot exceed
log N (section 2.3).

Differs from the paper:
    * Any encoder can be used; the paper's is `encoder="conv"`.
    * Sentence vectors have unit length in the score, which is divided by a temperature.
    * Each sentence of a batch is encoded once and is a candidate for all others, except those that the
      context has read: they are not what follows, and are too similar to it for a network at the start of
      training.
    * The exported vector is z, that of a single sentence.
    The paper's settings: encoder="conv", width=2400, context_width=2400, token_width=620,
    tokenizer="word", vocab=20000, normalize=False, temperature=1, lr=2e-4, schedule="constant".

Data: documents of many sentences, in order. `segment_length` must be larger than `horizons`.

Reference:
    "Representation learning with contrastive predictive coding", van den Oord, Li & Vinyals 2018,
    sections 2 and 3.3.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.serialization import Encoder
from sentrep.methods.base import MakeEncoder, Method, Step
from sentrep.methods.cpc.config import CPCConfig
from sentrep.methods.monitors import Monitor, collapse, few_candidates, higher, topic_shortcuts, use
from sentrep.modules.contrastive import classify, gather, mean_over_rows, place, similarity
from sentrep.utils.errors import InputError, opt

MONITORS = [
    collapse(higher("temperature")),
    few_candidates(use("negatives", "both")),
    *topic_shortcuts(use("negatives", "same-document")),
]


class ContrastivePredictiveCoding(Method):
    """An encoder of sentences, a recurrent network over them, and a linear map for each distance.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    headline_metrics = ("accuracy",)

    def __init__(self, config: CPCConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        self.g = make_encoder()
        width = self.g.get_embedding_dimension()
        assert width is not None
        self.context = nn.GRU(width, config.context_width, batch_first=True)
        maps = [nn.Linear(config.context_width, width, bias=False) for _ in range(config.horizons)]
        for each in maps:  # small weights: the loss starts at log N, even at a low temperature
            each.weight.data *= min(1.0, config.temperature)
        self.predict = nn.ModuleList(maps)

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        z = self.embed(batch)
        c = self.contexts(z, batch)
        candidates, document, segment = gather(z), gather(batch.document), gather(batch.segment)
        begin, number = place(len(z), z.device), torch.arange(len(candidates), device=z.device)
        losses, metrics = [], dict[str, Tensor]()
        for k, predict in enumerate(self.predict, start=1):
            now, later = batch.pairs(k)
            if self.training and len(now) == 0:
                raise InputError(
                    f"{opt('horizons')} {len(self.predict)}: no segment has {k + 1} sentences; raise "
                    f"{opt('segment_length')}, or lower {opt('horizons')}"
                )
            scores = self.similarity(predict(c[now]), candidates)
            positive = torch.zeros_like(scores, dtype=torch.bool)
            positive[torch.arange(len(now)), begin + later] = True
            same = batch.document[now].unsqueeze(1) == document
            already_read = (batch.segment[now].unsqueeze(1) == segment) & (number <= begin + now.unsqueeze(1))
            against = {"same-document": same, "other-documents": ~same, "both": torch.ones_like(same)}[
                self.config.negatives
            ]
            outcome = classify(scores, positive, positive | (against & ~already_read))
            counted = outcome.candidates > 1
            losses.append(mean_over_rows(outcome.loss, counted))
            chance = mean_over_rows(outcome.candidates.float().log(), counted)
            metrics[f"accuracy_{k}"] = mean_over_rows(outcome.hit.float(), counted).detach()
            metrics[f"bound_{k}"] = (chance - losses[-1]).detach()
            if k == 1:
                metrics |= {"accuracy": metrics["accuracy_1"], "chance": chance}
            if k == 1 and not self.training:  # accuracy among the sentences of the same document
                near = classify(scores, positive, positive | (same & ~already_read))
                metrics["accuracy_same_document"] = mean_over_rows(near.hit.float(), near.candidates > 1)
        return Step(torch.stack(losses).mean(), metrics)

    def contexts(
        self, z: Float[Tensor, "sentence width"], batch: SentenceBatch
    ) -> Float[Tensor, "sentence context_width"]:
        """Returns the state after each sentence of its segment, which has read that sentence and those
        before it."""
        lengths = batch.segment.unique_consecutive(return_counts=True)[1]
        padded = pad_sequence(list(z.split(lengths.tolist())), batch_first=True)
        inside = torch.arange(padded.shape[1], device=z.device) < lengths.unsqueeze(1)
        states: Tensor = self.context(padded)[0]
        return states[inside]

    def similarity(
        self, prediction: Float[Tensor, "row width"], candidates: Float[Tensor, "candidate width"]
    ) -> Float[Tensor, "row candidate"]:
        if self.config.normalize:
            candidates = F.normalize(candidates.float(), dim=1)
        return similarity(prediction.float() / self.config.temperature, candidates, None)

    def monitors(self) -> list[Monitor]:
        return MONITORS

    def encoder(self) -> Encoder:
        return self.g
