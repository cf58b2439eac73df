"""Vectors of what a document has said so far, sentence by sentence: the contexts of contrastive predictive
coding."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.inference.loading import Reopened, reopen
from sentrep.methods.capabilities import HasContext
from sentrep.utils.files import sha256

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AT_ONCE = 512
"""Contexts that are made together."""


@dataclass
class Contexts:
    """Vectors of sentences that pass in the order of their documents, each with those before it.

    A context reaches back as far as in training, where nothing stands before a run: over `reach` sentences,
    this one included. So it depends on those alone, wherever the work was interrupted."""

    reopened: Reopened
    identity: str
    """Of the weights beside the encoder's."""
    passed: deque[tuple[str, str]] = field(default_factory=deque)
    """Document and text of what came by last."""

    @classmethod
    def open(cls, run: str | Path) -> Contexts:
        """The contexts of a run; InputError where its method has none."""
        reopened = reopen(run, HasContext, "embed contexts")
        return cls(reopened, sha256(Path(run) / "method" / "method.safetensors"))

    @property
    def reach(self) -> int:
        return self.reopened.reach

    def watch(self, pairs: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        """The pairs (id, text) as they are; an id is that of the document, and ``#`` with a number."""
        from sentrep.embedding.embed import PIECE

        for name, text in pairs:
            self.passed.append((name.rpartition("#")[0], text))
            if len(self.passed) > PIECE + self.reach:  # finished shards pass without being encoded
                self.passed.popleft()
            yield name, text

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Contexts (text, context width) of the texts that passed last."""
        import torch

        from sentrep.data.batch import SentenceBatch

        while len(self.passed) > len(texts) + self.reach - 1:
            self.passed.popleft()
        documents, known = zip(*self.passed, strict=True)
        before = len(known) - len(texts)
        assert list(known[before:]) == list(texts), "texts are encoded in the order in which they pass"
        method, z, pieces = self.reopened.method, self.reopened.vectors(known), []
        assert isinstance(method, HasContext)
        for start in range(before, len(known), AT_ONCE):
            runs = [self.run(documents, place) for place in range(start, min(start + AT_ONCE, len(known)))]
            run = torch.repeat_interleave(torch.tensor([len(places) for places in runs]))
            places = torch.tensor([place for places in runs for place in places])
            wordless = SentenceBatch(
                places[:0], places.new_zeros(len(places) + 1), run, run
            )  # only its runs are looked at
            with torch.no_grad():
                states = method.contexts(z[places], wordless)
            pieces.append(states[torch.bincount(run).cumsum(0) - 1])
        vectors: NDArray[np.float32] = torch.cat(pieces).numpy()
        return vectors

    def run(self, documents: Sequence[str], place: int) -> range:
        """The sentences of the same document that a context reaches, the one at `place` last."""
        first = place
        while first and place - first + 1 < self.reach and documents[first - 1] == documents[place]:
            first -= 1
        return range(first, place + 1)
