"""What a method is: the only thing that the trainer knows of any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.serialization import Encoder

MakeEncoder = Callable[[], Encoder]
"""Makes a freshly initialised encoder each time it is called."""


class Step(NamedTuple):
    """One evaluation of the objective."""

    loss: Float[Tensor, ""]
    metrics: dict[str, Tensor]
    """Scalars to log: detached, and left on the device until they are."""


@dataclass(frozen=True)
class Group:
    """Parameters that one phase trains, with their share of the learning rate."""

    parameters: list[nn.Parameter]
    rate: float = 1.0


class Method(nn.Module, ABC):
    """An objective over batches, and the encoder that it trains."""

    phases: ClassVar[tuple[str, ...]] = ("train",)
    """What is done for each batch, in order; each phase has its own optimiser."""
    neighbours: ClassVar[bool] = True
    """Whether a sentence is read beside others of its document; if not, documents may be single sentences."""

    anew: ClassVar[tuple[str, ...]] = ()
    """Beginnings of names of what a run that goes on from another may have to begin anew, since its settings
    changed."""

    @abstractmethod
    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        """The objective, as the paper writes it."""

    def turn(self, share: float) -> tuple[str, ...]:
        """The phases of the next batch, `share` of the way through the run; a method with a curriculum says
        which, how often."""
        return self.phases

    @abstractmethod
    def embed(self, batch: SentenceBatch) -> Float[Tensor, "sentence width"]:
        """The vectors that the exported encoder gives, up to their length."""

    @abstractmethod
    def encoder(self) -> Encoder:
        """What is exported."""

    def beside_encoder(self) -> dict[str, Tensor]:
        """What is learnt besides the encoder that is exported, by name: decoders, discriminators, counts."""
        exported = {
            id(each) for part in (self.encoder().parameters(), self.encoder().buffers()) for each in part
        }
        return {
            name: each for name, each in self.state_dict(keep_vars=True).items() if id(each) not in exported
        }

    def parameter_groups(self, phase: str) -> list[Group]:
        """What `phase` trains. The phases partition the parameters: each trainable parameter is in one group
        of one phase."""
        return [Group([parameter for parameter in self.parameters() if parameter.requires_grad])]
