"""Disentangling: a sentence is generated from two vectors, its content and its style, where style is what
tells the documents apart.

    phase autoencoder    − log p(x | s, c) + λ_s CE(a | q(s)) − λ_c H(r(c))        [s; c] = heads of f(x)
    phase adversary      CE(a | r(c))                                              c without gradient

a is the document of the sentence, which nobody has to annotate; q and r are classifiers with two hidden
layers, H is the entropy of their softmax. The exported vector is c. To train on authors or on collections
instead, give the text of each as one document.

Differs from the paper:
    * The classes are documents, not sentiments; there are no bag-of-words losses and no KL terms.
    * Style and content have a mean square of 1 before a classifier or the decoder reads them.
    * The adversary reads content that is standardised over the batch; otherwise the encoder avoids it by
      content that hardly differs between sentences, from which a new classifier still finds the document.
    * With more documents than `sources`, documents share classes.

Data: documents of two or more sentences, two documents or more.

Reference:
    "Disentangled representation learning for non-parallel text style transfer", John, Mou, Bahuleyan &
    Vechtomova, ACL 2019, section 3.2. "Domain-adversarial training of neural networks", Ganin et al., JMLR
    2016.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.batching import encode_tokens
from sentrep.encoders.projection import apply_projection, before_projection, project
from sentrep.encoders.serialization import Encoder
from sentrep.encoders.token_table import token_table
from sentrep.methods.base import Group, MakeEncoder, Method, Step, Usability
from sentrep.methods.disentangle.config import DisentangleConfig
from sentrep.methods.disentangle.monitors import MONITORS
from sentrep.methods.monitors import Monitor
from sentrep.modules.adversary import VectorClassifier, document_separation, entropy, standardised
from sentrep.modules.conditional_decoder import all_targets
from sentrep.modules.contrastive import mean_over_rows
from sentrep.modules.decoding import Generator
from sentrep.modules.latent.bottleneck import BottleneckOutput
from sentrep.modules.reconstruction import ITSELF, gru_decoder, reconstruct, sentence_nll
from sentrep.modules.scaling import scale_to_unit_rms

AUTOENCODER, ADVERSARY = "autoencoder", "adversary"
USABILITY = Usability(
    steps=2000,
    reason="readable text starts at about 2,000",
    documents=2,
    remedy="give the sentences of each source (site, author, collection) as one document: one text per file, "
    "or one per record",
)


class Halves(NamedTuple):
    """Content and style of sentences, each of a mean square of 1."""

    content: Float[Tensor, "sentence content"]
    style: Float[Tensor, "sentence style"]


class Disentangle(Method):
    """An encoder with two heads, a decoder that reads both, and a classifier of each.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    phases = (AUTOENCODER, ADVERSARY)
    usability = USABILITY
    headline_metrics = ("style_separation", "content_separation", "code_gap", "content_gap")

    def __init__(
        self, config: DisentangleConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        self.f = project(make_encoder(), config.content_width)
        # In a list, so that the modules it shares with the encoder are not registered twice.
        self.body: list[Encoder] = [before_projection(self.f)]
        width = self.body[0].get_embedding_dimension()
        assert width is not None
        self.style_head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.style_width))
        both = config.content_width + config.style_width
        self.decoder = gru_decoder(config, token_table(self.f).num_embeddings, both)
        self.classifier = VectorClassifier(config.style_width, config.classifier_width, config.sources)
        self.adversary = VectorClassifier(config.content_width, config.classifier_width, config.sources)

    def active_phases(self, progress: float) -> tuple[str, ...]:
        return (AUTOENCODER, *[ADVERSARY] * self.config.adversary_steps)

    def parameter_groups(self, phase: str) -> list[Group]:
        adversary = list(self.adversary.parameters())
        if phase == ADVERSARY:
            return [Group(adversary, self.config.adversary_lr_scale)]
        apart = {id(each) for each in adversary}
        return [Group([each for each in self.parameters() if each.requires_grad and id(each) not in apart])]

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        source = batch.document % self.config.sources
        if phase == ADVERSARY:
            with torch.no_grad():
                content = self.halves(batch).content
            return Step(*classified(self.adversary, standardised(content), source, "adversary_accuracy"))
        halves = self.halves(batch)
        latent = torch.cat(halves, dim=1)
        output = BottleneckOutput(latent, latent.new_zeros(len(latent)), {})
        nll, metrics = reconstruct(self.decoder, batch, output, self.config.input_dropout)
        style_loss, predicted = classified(self.classifier, halves.style, source, "style_accuracy")
        uncertainty = mean_over_rows(entropy(self.adversary(standardised(halves.content))))
        loss = nll + self.config.style_weight * style_loss - self.config.adversary_weight * uncertainty
        metrics |= {"style_loss": style_loss.detach(), "adversary_entropy": uncertainty.detach(), **predicted}
        return Step(loss, metrics if self.training else metrics | self.held_out(batch, halves))

    def halves(self, batch: SentenceBatch) -> Halves:
        """Returns content and style of sentences."""
        vectors = encode_tokens(self.body[0], batch.ids, batch.offsets, self.token_budget)
        content = apply_projection(self.f, vectors).float()
        return Halves(scale_to_unit_rms(content), scale_to_unit_rms(self.style_head(vectors).float()))

    @torch.no_grad()
    def held_out(self, batch: SentenceBatch, halves: Halves) -> dict[str, Tensor]:
        """How well either half separates documents, and what an exchanged half costs a token (nats)."""
        found = {
            f"{name}_separation": document_separation(half, batch.document)
            for name, half in halves._asdict().items()
        }
        own = self.total_nll(batch, *halves)
        tokens = len(all_targets(self.decoder, batch).packing.targets)
        content, style = (half.roll(len(batch) // 2, 0) for half in halves)
        found["content_gap"] = (self.total_nll(batch, content, halves.style) - own) / tokens
        found["style_gap"] = (self.total_nll(batch, halves.content, style) - own) / tokens
        return {name: value for name, value in found.items() if value is not None}

    def total_nll(self, batch: SentenceBatch, content: Tensor, style: Tensor) -> Float[Tensor, ""]:
        """Returns −log p(x | s, c) of a batch in nats."""
        return sentence_nll(self.decoder, batch, torch.cat([content, style], dim=1)).sum()

    def codes(self, batch: SentenceBatch) -> Float[Tensor, "sentence code"]:
        """Returns content and style side by side, which `generator` reads."""
        return torch.cat(self.halves(batch), dim=1)

    def restyle(
        self, codes: Float[Tensor, "sentence code"], document: Float[Tensor, "other code"]
    ) -> Float[Tensor, "sentence code"]:
        """Returns the content of `codes` with the mean style of the sentences of a document."""
        width = self.config.content_width
        style = scale_to_unit_rms(document[:, width:].mean(0, keepdim=True))
        return torch.cat([codes[:, :width], style.expand(len(codes), -1)], dim=1)

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """Returns a generator of the sentences themselves, from `codes`, or from vectors of `embed` with a
        style of zeros."""
        width = self.config.content_width
        style = vectors.new_zeros(len(vectors), self.config.style_width)
        style = vectors[:, width:] if vectors.shape[1] > width else style
        halves = (scale_to_unit_rms(half) for half in (vectors[:, :width], style))
        return self.decoder.generator(to, torch.cat(list(halves), dim=1))

    def generates(self) -> tuple[str, ...]:
        """Names of the decoders."""
        return (ITSELF,)

    def monitors(self) -> list[Monitor]:
        return MONITORS


def classified(
    classifier: nn.Module, vectors: Float[Tensor, "row width"], source: Int[Tensor, " row"], name: str
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """Returns the mean cross-entropy, and under `name` the accuracy."""
    logits = classifier(vectors)
    loss = mean_over_rows(F.cross_entropy(logits, source, reduction="none"))
    return loss, {name: (logits.detach().argmax(1) == source).float().mean()}
