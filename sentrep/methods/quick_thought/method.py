"""Quick-thought: sentence vectors from classifying the neighbours of a sentence.

Instead of generating the neighbouring sentence word by word, the model finds it among the sentences of
the batch. An encoder f reads the sentence, an encoder g reads the candidates, and a softmax over the
candidates classifies. Without a decoder, each sentence is encoded once and the rest is one matrix
product.

    S_ij = f(s_i) · g(s_j)                                                         section 3
    L    = −(1/N) Σ_i Σ_j T_ij log softmax_j(S_i),   T_i uniform over i's neighbours, at most `window` away

With `target="rest"` the same classifier finds the text that a sentence was taken from: the inverse
cloze task.

Differs from the paper, by default:
    * One encoder for f and g; the score is a cosine divided by a temperature.
    * Sentences of the same segment are not negatives.
    * A batch holds many short segments of different documents.
    The paper's settings: towers="separate", score="dot", negatives="all", segment_length=400,
    batch_size=400, encoder="gru", pooling="last", width=1200, lr=5e-4, schedule="constant", warmup=0,
    epochs=1.

Data: documents of two or more sentences, in order.

References:
    "An efficient framework for learning sentence representations", Logeswaran & Lee, ICLR 2018.

    "Latent retrieval for weakly supervised open domain question answering", Lee, Chang & Toutanova, ACL
    2019, section 4: the inverse cloze task.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.data.batch import SentenceBatch, offsets_of, thinned
from sentrep.encoders.batching import encode_tokens
from sentrep.encoders.concat import Concatenation, concatenate
from sentrep.encoders.serialization import Encoder
from sentrep.methods.base import Group, MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import (
    Monitor,
    anisotropy,
    collapse,
    few_candidates,
    higher,
    topic_shortcuts,
    use,
)
from sentrep.methods.quick_thought.config import QuickThoughtConfig
from sentrep.modules.contrastive import classify, gather, mean_over_rows, place, similarity
from sentrep.utils.errors import opt

Ragged = tuple[Int[Tensor, " _"], Int[Tensor, " _"]]
"""Token ids of several texts, and their offsets: where each text starts, and the end of the last one."""


MONITORS = [
    collapse(higher("temperature")),
    anisotropy(use("score", "cosine")),
    few_candidates(use("negatives", "other-segments")),
    *topic_shortcuts(use("negatives", "all")),
]


class QuickThought(Method):
    """One or two encoders that are trained by classification over a batch.

    Args:
        config: settings of the method.
        make_encoder: makes an encoder; it is called twice for separate towers.
        token_budget: tokens that are encoded at once.
    """

    headline_metrics = ("accuracy",)
    usability = Usability(
        remedy=f"take {opt('preset')} short-texts without {opt('steps')}, which needs no neighbours, or "
        "give the sentences of a text as one document: one text per file, or one per record"
    )

    def __init__(
        self, config: QuickThoughtConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        self.f = make_encoder()
        self.g = make_encoder() if config.towers == "separate" else None

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        return self.each(batch) if self.config.target == "each" else self.rest(batch)

    @property
    def word_dropout(self) -> float:
        return self.config.word_dropout if self.training else 0.0

    def each(self, batch: SentenceBatch) -> Step:
        """The paper's objective: every sentence is classified among all sentences of the batch, including
        those of other processes."""
        batch = batch.thinned(self.word_dropout) if self.word_dropout else batch
        f = encode_tokens(self.f, batch.ids, batch.offsets, self.token_budget)
        g = f if self.g is None else encode_tokens(self.g, batch.ids, batch.offsets, self.token_budget)
        begin, count = place(len(batch), f.device), len(batch)
        candidates, segment, document = gather(g), gather(batch.segment), gather(batch.document)
        positive = torch.zeros(count, len(candidates), dtype=torch.bool, device=f.device)
        positive[:, begin : begin + count] = batch.neighbours(self.config.window)
        itself = torch.zeros_like(positive)
        itself[torch.arange(count), torch.arange(begin, begin + count)] = True
        same_segment = batch.segment.unsqueeze(1) == segment
        same = {
            "all": itself,
            "other-segments": same_segment,
            "other-documents": batch.document.unsqueeze(1) == document,
        }
        allowed = positive | ~same[self.config.negatives]
        if self.config.self_as_zero:
            allowed = allowed | itself
        step = self.step(f, candidates, positive, allowed, zero=itself if self.config.self_as_zero else None)
        if not self.training:  # accuracy among the sentences of the same document
            near = classify(self.similarity(f, candidates).detach(), positive, same_segment & ~itself)
            step.metrics["accuracy_same_document"] = mean_over_rows(
                near.hit.float(), positive.any(1)
            ).detach()
        return step

    def rest(self, batch: SentenceBatch) -> Step:
        """The inverse cloze task: one sentence of each segment against the rest of the segment, in both
        directions, among the segments of the batch."""
        segment = batch.segment.unique_consecutive(return_inverse=True)[1]
        length = torch.bincount(segment)
        first = length.cumsum(0) - length

        def uniform() -> Float[Tensor, " segment"]:
            return torch.rand(len(length), device=segment.device)

        chosen = first + (uniform() * length).long().where(uniform() >= self.config.lead, 0)
        kept = uniform() < self.config.keep
        by_f = torch.zeros(len(batch), dtype=torch.bool, device=segment.device)
        by_f[chosen] = True
        by_g = ~by_f | kept[segment]
        tokens = batch.offsets.diff()
        f, g = self.read(
            (batch.ids[by_f.repeat_interleave(tokens)], offsets_of(tokens[chosen])),
            (
                batch.ids[by_g.repeat_interleave(tokens)],
                offsets_of(torch.zeros_like(length).index_add(0, segment, tokens.where(by_g, 0))),
            ),
        )
        begin, document = place(len(f), f.device), batch.document[chosen]
        everywhere = gather(document)
        positive = torch.zeros(len(f), len(everywhere), dtype=torch.bool, device=f.device)
        positive[torch.arange(len(f)), torch.arange(begin, begin + len(f))] = True
        others = (
            document.unsqueeze(1) != everywhere if self.config.negatives == "other-documents" else ~positive
        )
        there = self.step(f, gather(g), positive, positive | others)
        back = self.step(g, gather(f), positive, positive | others)
        return Step((there.loss + back.loss) / 2, there.metrics)

    def read(
        self, by_f: Ragged, by_g: Ragged
    ) -> tuple[Float[Tensor, "segment width"], Float[Tensor, "segment width"]]:
        """Returns the vectors of two lists of texts. A shared encoder reads both in one pass."""
        if self.word_dropout:
            by_f, by_g = thinned(*by_f, self.word_dropout), thinned(*by_g, self.word_dropout)
        if self.g is not None:
            return encode_tokens(self.f, *by_f, self.token_budget), encode_tokens(
                self.g, *by_g, self.token_budget
            )
        (ids, starts), (more_ids, more_starts) = by_f, by_g
        both = encode_tokens(
            self.f,
            torch.cat([ids, more_ids]),
            torch.cat([starts, more_starts[1:] + starts[-1]]),
            self.token_budget,
        )
        return both[: len(starts) - 1], both[len(starts) - 1 :]

    def step(
        self,
        rows: Float[Tensor, "row width"],
        candidates: Float[Tensor, "candidate width"],
        positive: Bool[Tensor, "row candidate"],
        allowed: Bool[Tensor, "row candidate"],
        zero: Bool[Tensor, "row candidate"] | None = None,
    ) -> Step:
        """Returns the mean cross-entropy over the rows that have a positive candidate, and metrics."""
        counted = positive.any(1)
        scores = self.similarity(rows, candidates)
        outcome = classify(scores if zero is None else scores.masked_fill(zero, 0), positive, allowed)
        metrics = {
            "accuracy": mean_over_rows(outcome.hit.float(), counted).detach(),
            "chance": mean_over_rows(outcome.candidates.clamp(min=1).float().log(), counted).detach(),
            "norm_f": rows.detach().norm(dim=1).mean(),
        }
        return Step(mean_over_rows(outcome.loss, counted), metrics)

    def similarity(
        self, left: Float[Tensor, "row width"], right: Float[Tensor, "candidate width"]
    ) -> Float[Tensor, "row candidate"]:
        return similarity(left, right, self.config.temperature if self.config.score == "cosine" else None)

    def parameter_groups(self, phase: str) -> list[Group]:
        """All parameters; the token weights of a bag have their own learning rate if `weight_lr` is not 1."""
        every = [(name, each) for name, each in self.named_parameters() if each.requires_grad]
        weights = [each for name, each in every if name.endswith("token_weight")]
        if self.config.weight_lr == 1 or not weights:
            return super().parameter_groups(phase)
        others = [each for name, each in every if not name.endswith("token_weight")]
        return [Group(others), Group(weights, self.config.weight_lr)]

    def embed(self, batch: SentenceBatch) -> Float[Tensor, "sentence width"]:
        f = encode_tokens(self.f, batch.ids, batch.offsets, self.token_budget)
        if self.g is None:
            return f
        g = encode_tokens(self.g, batch.ids, batch.offsets, self.token_budget)
        return {"both": concatenate([f, g]), "f": f, "g": g}[self.config.export]

    def monitors(self) -> list[Monitor]:
        return MONITORS

    def encoder(self) -> Encoder:
        if self.g is None or self.config.export == "f":
            return self.f
        if self.config.export == "g":
            return self.g
        return Encoder(modules=[Concatenation([self.f, self.g])], device=str(self.f.device))
