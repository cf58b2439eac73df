"""The base class of methods, the only part of a method that the training loop uses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.batching import encode_tokens
from sentrep.encoders.serialization import Encoder
from sentrep.methods.monitors import Monitor

MakeEncoder = Callable[[], Encoder]
"""Returns a newly initialised encoder at each call."""


class Step(NamedTuple):
    """One evaluation of the objective."""

    loss: Float[Tensor, ""]
    metrics: dict[str, Tensor]
    """Scalars to log, detached. They stay on the device until they are logged."""


@dataclass(frozen=True)
class Group:
    """Parameters of one phase that share a learning rate."""

    parameters: list[nn.Parameter]
    lr_scale: float = 1.0
    """Multiplies the learning rate of the run."""
    beta1: float = 0.9
    """β₁ of Adam, the decay of its mean of gradients."""


@dataclass(frozen=True)
class Usability:
    """Conditions on a run and a corpus for a method to learn anything."""

    steps: int = 30
    """With fewer steps a run is undertrained."""
    reason: str = "with fewer the encoder stays nearly as it was initialised"
    """Reason that the warning gives."""
    document_length: int = 2
    """Minimum number of sentences of a document; shorter documents are not used."""
    documents: int = 1
    """Minimum number of documents that are used; with fewer an error is raised."""
    least_share: float = 0.05
    """Share of the corpus's sentences that must be usable; otherwise an error is raised."""
    warn_below: float = 0.8
    """Share of usable sentences below which a warning is given."""
    remedy: str = (
        "train infomax, which reads each sentence by itself, or give the sentences of a text as one "
        "document: one text per file, or one per record"
    )
    """Advice for a corpus of documents that are too short."""


class Method(nn.Module, ABC):
    """An objective over batches, and the encoder that it trains.

    A subclass sets ``f`` to the encoder that it exports, or overrides `encoder`. Its constructor takes
    (config, make_encoder, token_budget)."""

    phases: ClassVar[tuple[str, ...]] = ("train",)
    """Phases of the training on one batch, in order. Each has its own optimiser."""
    usability: Usability = Usability()
    """Conditions on corpus and run."""
    headline_metrics: ClassVar[tuple[str, ...]] = ()
    """Metrics of validation that are printed, besides those that every method has."""
    reinitialised: ClassVar[tuple[str, ...]] = ()
    """Prefixes of names of parameters and buffers. When a run goes on from another one, these may be
    initialised anew where a changed setting gives them another shape, or only one of the runs has them."""

    token_budget: int = 4096
    """Padded tokens in a micro-batch of the encoder."""
    f: Encoder

    @abstractmethod
    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        """The objective, as the paper writes it."""

    def active_phases(self, progress: float) -> tuple[str, ...]:
        """The phases to train on the next batch.

        Args:
            progress: how much of the run is done, 0 to 1; methods with a curriculum depend on it.
        """
        return self.phases

    def loss_name(self, phase: str) -> str:
        """What the loss of a phase is called in the log."""
        return "loss" if len(self.phases) == 1 else f"{phase}_loss"

    def parameter_groups(self, phase: str) -> list[Group]:
        """What a phase trains. Each trainable parameter is in exactly one group of one phase."""
        return [Group([parameter for parameter in self.parameters() if parameter.requires_grad])]

    def encoder(self) -> Encoder:
        """The encoder that is exported."""
        return self.f

    def embed(self, batch: SentenceBatch) -> Float[Tensor, "sentence width"]:
        """The vectors that the exported encoder gives, up to their length."""
        return encode_tokens(self.encoder(), batch.ids, batch.offsets, self.token_budget)

    def monitors(self) -> list[Monitor]:
        """What to watch at validation, besides the monitors that hold for every method."""
        return []

    def beside_encoder(self) -> dict[str, Tensor]:
        """Everything learnt that is not in the exported encoder, by name: decoders, critics, counts."""
        encoder = self.encoder()
        exported = {id(each) for each in (*encoder.parameters(), *encoder.buffers())}
        state = self.state_dict(keep_vars=True)
        return {name: each for name, each in state.items() if id(each) not in exported}
