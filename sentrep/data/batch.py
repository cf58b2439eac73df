"""Batches of sentences, the input of every method.

A batch consists of segments of consecutive sentences of one document. One segment in a batch is the
contiguous batch of the quick-thought paper; with many short segments most sentences of a batch are from
other documents. This determines what contrastive vectors represent, because the other sentences of a
batch are the negatives.

Item i of an epoch is batch i as a function of (seed, epoch, i), so shuffling, sharding over processes
and resuming need no state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor

from sentrep.utils.errors import InputError


@dataclass(frozen=True)
class SentenceBatch:
    """Sentences of different lengths in text order, segment after segment."""

    ids: Int[Tensor, " token"]
    """Token ids of all sentences, one after the other."""
    offsets: Int[Tensor, " offset"]
    """Sentence i is ``ids[offsets[i]:offsets[i + 1]]``; there is one more offset than sentences."""
    document: Int[Tensor, " sentence"]
    """Number of the document of each sentence."""
    segment: Int[Tensor, " sentence"]
    """Number of the segment of each sentence; neighbours are in the same segment."""

    def __len__(self) -> int:
        return len(self.document)

    def pairs(self, step: int) -> tuple[Int[Tensor, " pair"], Int[Tensor, " pair"]]:
        """Returns the positions (i, i + step) that are in one segment."""
        first = torch.arange(max(0, len(self) - step), device=self.segment.device)
        first = first[self.segment[: len(first)] == self.segment[step:]]
        return first, first + step

    def neighbours(self, window: int) -> Bool[Tensor, "sentence sentence"]:
        """Returns a matrix that is True at [i, j] if j is another sentence of i's segment, at most
        `window` away."""
        near = torch.zeros(len(self), len(self), dtype=torch.bool, device=self.segment.device)
        for step in range(1, min(window, len(self) - 1) + 1):
            first, second = self.pairs(step)
            near[first, second] = near[second, first] = True
        return near

    def select(self, chosen: Bool[Tensor, " sentence"]) -> SentenceBatch:
        """Returns the chosen sentences."""
        lengths = self.offsets.diff()
        ids = self.ids[chosen.repeat_interleave(lengths)]
        return SentenceBatch(ids, offsets_of(lengths[chosen]), self.document[chosen], self.segment[chosen])

    def thinned(self, share: float) -> SentenceBatch:
        """Returns the batch without a random `share` of the tokens (word dropout)."""
        return SentenceBatch(*thinned(self.ids, self.offsets, share), self.document, self.segment)

    def to(self, device: torch.device | str) -> SentenceBatch:
        return SentenceBatch(
            *(
                field.to(device, non_blocking=True)
                for field in (self.ids, self.offsets, self.document, self.segment)
            )
        )


def offsets_of(lengths: Int[Tensor, " sentence"]) -> Int[Tensor, " offset"]:
    """Returns the offsets of ragged sentences of these lengths.

    >>> offsets_of(torch.tensor([2, 0, 3]))
    tensor([0, 2, 2, 5])
    """
    return F.pad(lengths.cumsum(0), (1, 0))


def thinned(
    ids: Int[Tensor, " token"], offsets: Int[Tensor, " offset"], share: float
) -> tuple[Tensor, Tensor]:
    """Returns sentences without a random `share` of their tokens, drawn from torch's generator."""
    kept = torch.rand(len(ids), device=ids.device) >= share
    before = torch.cat([kept.new_zeros(1, dtype=torch.long), kept.cumsum(0)])
    return ids[kept], before[offsets]


class SentenceBatches:
    """A corpus as batches, in another order in every epoch.

    Args:
        ids: (token,) token ids of the whole corpus; may be memory-mapped.
        offsets: (sentence + 1,) where each sentence starts in `ids`.
        spans: (span, 3) stretches of sentences to use: first sentence, one past the last, document.
        size: approximate number of sentences in a batch; a batch ends with a whole segment.
        segment_length: consecutive sentences in a segment. A single sentence that is left over is added
            to the segment before it.
        seed: of the order of segments and of the positions where documents are cut.
        min_document_length: documents with fewer sentences are not used.

    Raises:
        InputError: no document has as many sentences.
    """

    def __init__(
        self,
        ids: np.ndarray,
        offsets: np.ndarray,
        spans: np.ndarray,
        size: int,
        segment_length: int,
        seed: int,
        min_document_length: int = 2,
    ) -> None:
        self.ids, self.offsets, self.size, self.seed = ids, offsets, size, seed
        self.segment_length = min(segment_length, size)
        self.spans = spans[spans[:, 1] - spans[:, 0] >= min_document_length]
        self.sentences = int((self.spans[:, 1] - self.spans[:, 0]).sum())
        if self.sentences == 0:
            raise InputError(
                f"no document has {min_document_length} sentences or more; check how texts are "
                "split into sentences",
                setting="split",
            )
        self._epoch: tuple[int, np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        """Number of batches in an epoch, the same in each.

        Sentences that do not fill a batch are not used in this epoch; the next epoch has another order.
        """
        return max(1, self.sentences // self.size)

    def batch(self, epoch: int, index: int, shard: int = 0, shards: int = 1) -> SentenceBatch:
        """Returns batch `index` of `epoch`; with several shards, the segments of this shard."""
        segments, ends = self._segments(epoch)
        first, last = np.searchsorted(ends, [index * self.size, (index + 1) * self.size])
        first = min(first, last - 1)  # one segment that is longer than a batch covers all of this one
        if len(self) == 1:  # a corpus smaller than a batch is one batch
            last = len(segments)
        return self._gather(segments[first:last][shard::shards])

    def _segments(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns this epoch's segments in order, (segment, 3) like spans, and (segment,) the number of
        sentences before each."""
        if self._epoch is None or self._epoch[0] != epoch:
            random = np.random.default_rng([self.seed, epoch])
            segments = cut(self.spans, self.segment_length, random)
            segments = segments[random.permutation(len(segments))]
            lengths = segments[:, 1] - segments[:, 0]
            self._epoch = (epoch, segments, np.cumsum(lengths) - lengths)
        return self._epoch[1:]

    def _gather(self, segments: np.ndarray) -> SentenceBatch:
        lengths = segments[:, 1] - segments[:, 0]
        before = np.cumsum(lengths) - lengths
        sentences = np.repeat(segments[:, 0] - before, lengths) + np.arange(lengths.sum())
        tokens = self.offsets[sentences + 1] - self.offsets[sentences]
        ids = [self.ids[self.offsets[start] : self.offsets[stop]] for start, stop, _ in segments]
        return SentenceBatch(
            torch.from_numpy(np.concatenate([np.empty(0, self.ids.dtype), *ids]).astype(np.int64)),
            torch.from_numpy(np.concatenate([[0], np.cumsum(tokens)]).astype(np.int64)),
            torch.from_numpy(np.repeat(segments[:, 2], lengths)),
            # A segment is named by its first sentence: unique, and equal on all shards.
            torch.from_numpy(np.repeat(segments[:, 0], lengths)),
        )


def cut(spans: np.ndarray, segment_length: int, random: np.random.Generator) -> np.ndarray:
    """Cuts each span into segments of `segment_length` sentences, at random positions, so that every pair
    of neighbours is in one segment in some epochs.

    >>> cut(np.array([[0, 7, 5]]), 3, np.random.default_rng(0)).tolist()
    [[0, 2, 5], [2, 5, 5], [5, 7, 5]]
    """
    lengths = spans[:, 1] - spans[:, 0]
    phase = np.where(lengths > segment_length, random.integers(0, segment_length, len(spans)), 0)
    # Candidates at phase, phase + segment_length, …
    cuts = np.maximum(0, -(-(lengths - phase) // segment_length))
    owner = np.repeat(np.arange(len(spans)), cuts)
    nth = np.arange(cuts.sum()) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    place = phase[owner] + nth * segment_length
    kept = (place >= 2) & (lengths[owner] - place >= 2)  # no segment of a single sentence at either end
    owner, place = owner[kept], place[kept] + spans[owner[kept], 0]
    owner = np.concatenate([np.arange(len(spans)), owner])
    start = np.concatenate([spans[:, 0], place])
    order = np.lexsort((start, owner))
    owner, start = owner[order], start[order]
    last_of_span = np.append(owner[1:] != owner[:-1], True)
    stop = np.where(last_of_span, spans[owner, 1], np.append(start[1:], 0))
    return np.stack([start, stop, spans[owner, 2]], axis=1)
