"""What the package knows of a method without loading it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sentrep.methods.capabilities import HasSummarizer, HasTrees
from sentrep.methods.defaults import MethodDefaults, Presets

if TYPE_CHECKING:
    from sentrep.methods.base import Method


@dataclass(frozen=True)
class Entry:
    """Where a method's settings and its class are."""

    config: type
    place: str
    """module:Class"""
    defaults: MethodDefaults = field(default_factory=MethodDefaults)
    """Values for settings of training that the user leaves open."""
    presets: Presets = field(default_factory=Presets)
    """Named values for its settings."""
    corpus_only: bool = True
    """Whether it needs no other data than a corpus."""
    stochastic: bool = False
    """Whether its loss depends on samples (trees, codes, summaries): other rounding or several processes draw
    other samples."""
    comparable_losses: bool = True
    """Whether its losses fall in training and hardly depend on rounding. Not so with a critic, or where
    targets are counted during training."""
    capabilities: tuple[type, ...] = ()
    """What it provides besides vectors: protocols of `sentrep.methods.capabilities`."""

    @property
    def then(self) -> str:
        """The command that comes after training, with {run} for the run's folder."""
        return next((NEXT[each] for each in self.capabilities if each in NEXT), NEXT_OF_ENCODERS)

    def load(self) -> type[Method]:
        module, name = self.place.split(":")
        found: type[Method] = getattr(importlib.import_module(module), name)
        return found


NEXT_OF_ENCODERS = 'sentrep index {run}/model --input FILES --out INDEX; sentrep search INDEX "words"'
NEXT: dict[type, str] = {
    HasSummarizer: "sentrep summarize {run} --input FILES",
    HasTrees: "sentrep parse {run} --input FILES",
}
