"""Vectors of documents up to each sentence: the contexts of contrastive predictive coding."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.inference.runs import RunRecord, TrainedMethod, open_run
from sentrep.inference.units import Record
from sentrep.methods.capabilities import HasContext
from sentrep.utils.files import sha256

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 512
"""Contexts that are made together."""


@dataclass
class Contexts:
    """Context vectors of sentences that come in the order of their documents.

    A context covers `reach` sentences, this one included: as many as a segment had in training. It depends on
    these alone, so work that was interrupted goes on to the same vectors."""

    trained: TrainedMethod
    identity: str
    """Checksum of the method's weights beside the encoder's."""
    passed: deque[tuple[str, str]] = field(default_factory=deque)
    """Document and text of the last sentences, oldest first."""

    @classmethod
    def open(cls, run: str | Path | RunRecord) -> Contexts:
        """The contexts of a run.

        Raises:
            InputError: its method has none.
        """
        trained = open_run(run, HasContext, "embed contexts")
        return cls(trained, sha256(trained.record.path / "method" / "method.safetensors"))

    @property
    def reach(self) -> int:
        """Sentences that a context covers."""
        return self.trained.record.segment_length

    def watch(self, records: Iterator[Record]) -> Iterator[Record]:
        """The records unchanged; an id is the document's, with ``#`` and a number."""
        from sentrep.embedding.embed import PIECE

        for record in records:
            self.passed.append((record.id.rpartition("#")[0], record.text))
            if len(self.passed) > PIECE + self.reach:  # finished shards pass without being encoded
                self.passed.popleft()
            yield record

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Contexts (text, context width) of the last texts that `watch` passed on."""
        import torch

        from sentrep.data.batch import SentenceBatch

        while len(self.passed) > len(texts) + self.reach - 1:
            self.passed.popleft()
        documents, known = zip(*self.passed, strict=True)
        before = len(known) - len(texts)
        assert list(known[before:]) == list(texts), "texts are encoded in the order of watch()"
        method, z, pieces = self.trained.method, self.trained.vectors(known), []
        assert isinstance(method, HasContext)
        for start in range(before, len(known), AT_ONCE):
            ends = range(start, min(start + AT_ONCE, len(known)))
            segments = [self.segment(documents, place) for place in ends]
            segment = torch.repeat_interleave(torch.tensor([len(places) for places in segments]))
            places = torch.tensor([place for places in segments for place in places])
            # `contexts` reads the segments of the batch and none of its tokens.
            empty = SentenceBatch(places[:0], places.new_zeros(len(places) + 1), segment, segment)
            with torch.no_grad():
                states = method.contexts(z[places], empty)
            pieces.append(states[torch.bincount(segment).cumsum(0) - 1])
        vectors: NDArray[np.float32] = torch.cat(pieces).numpy()
        return vectors

    def segment(self, documents: Sequence[str], place: int) -> range:
        """The sentences of the same document that a context covers; the one at `place` is the last."""
        first = place
        while first and place - first + 1 < self.reach and documents[first - 1] == documents[place]:
            first -= 1
        return range(first, place + 1)
