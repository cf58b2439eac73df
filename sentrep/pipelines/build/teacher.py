"""The public model that `build` compares and distills."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.inference.loading import encoding, opened
from sentrep.inference.names import MINILM, Located, locate
from sentrep.pipelines.build.remembered import Remembered, Vectors
from sentrep.utils.errors import InputError

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder

AUTO = "auto"
ENGLISH = "english"
SAMPLE, CHARACTERS = 24, 700
"""Texts by which the speed is measured, and their length at most."""


class Teacher:
    """A sentence-transformers model; each text is encoded once.

    Args:
        located: where it is.
        offline: never use the network.
    """

    def __init__(self, located: Located, offline: bool = False) -> None:
        self.name = located.name or Path(located.path).name
        self._path, self._offline = located.path, offline

    @cached_property
    def encoder(self) -> Encoder:
        """The model itself."""
        return opened(self._path, self._offline)

    @cached_property
    def _vectors(self) -> Remembered:
        encode = encoding(self.encoder)
        return Remembered(encode, encode.truncation)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors (text, width)."""
        return self._vectors.encode(texts)

    def seconds(self, texts: Sequence[str], characters: int) -> float:
        """How long it takes to encode text of so many characters, by the speed on some of `texts`."""
        sample = [text[:CHARACTERS] for text in texts[:SAMPLE]]
        self.encode(sample[:2])
        began = time.monotonic()
        encoding(self.encoder)(sample)
        return (time.monotonic() - began) * characters / max(1, sum(map(len, sample)))


def teacher_of(
    name: str | Path | None, language: str, offline: bool = False, hub: bool = False
) -> Teacher | None:
    """The teacher with a name, or None.

    Args:
        name: a model; 'auto' for all-MiniLM-L6-v2 where its package is installed and the text is English;
            None or 'none' for no teacher.
        language: of the text.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: there is no such model.
    """
    if name is None or name == "none":
        return None
    if name != AUTO:
        return Teacher(locate(name, hub=hub, setting="teacher"), offline)
    if language != ENGLISH:
        return None
    try:
        return Teacher(locate(MINILM), offline)
    except InputError:  # the package is not installed
        return None
