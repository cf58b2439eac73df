"""What is the same for every row of the league: corpus, time, cores and the size of encoders."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.data.config import TokenizerConfig
from sentrep.encoders.config import EncoderConfig

MAX_TOKENS = TokenizerConfig().max_tokens
"""Longer texts are cut here."""


@dataclass(frozen=True)
class Setup:
    """The conditions that all rows share."""

    corpus: tuple[str, ...]
    cache: str
    store: str
    """Folder of the prepared corpus. Preparing it is not counted as training time."""
    minutes: float
    threads: int
    width: int
    layers: int
    """Layers of a transformer. A bag has none."""

    def encoder(self, kind: str) -> EncoderConfig:
        return EncoderConfig(kind, width=self.width, layers=self.layers if kind == "transformer" else None)
