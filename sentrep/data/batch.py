"""Blocks: what every method reads.

A block is made of runs, and a run is so many consecutive sentences of one document. One run a block is the
quick-thought paper's contiguous batch; many short runs take most of a block from elsewhere in the corpus.
Which it is decides what contrastive vectors are good for, because the other sentences of a block are the
negatives.

Item i of an epoch IS block i, by arithmetic on (seed, epoch, i): shuffling, sharding over processes and
resuming need no state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from sentrep.utils.errors import InputError


@dataclass(frozen=True)
class SentenceBlock:
    """Ragged sentences in text order, run after run."""

    ids: Int[Tensor, " token"]
    """Token ids of all sentences, one after the other."""
    offsets: Int[Tensor, " offset"]
    """Sentence i is ``ids[offsets[i]:offsets[i + 1]]``; one more than there are sentences."""
    document: Int[Tensor, " sentence"]
    """Equal numbers: same document."""
    run: Int[Tensor, " sentence"]
    """Equal numbers: same run; neighbours never cross it."""

    def __len__(self) -> int:
        return len(self.document)

    def pairs(self, step: int) -> tuple[Int[Tensor, " pair"], Int[Tensor, " pair"]]:
        """Positions (i, i + step) that lie in one run."""
        first = torch.arange(max(0, len(self) - step), device=self.run.device)
        first = first[self.run[: len(first)] == self.run[step:]]
        return first, first + step

    def neighbours(self, window: int) -> Bool[Tensor, "sentence sentence"]:
        """[i, j]: j is another sentence of i's run, at most `window` away."""
        near = torch.zeros(len(self), len(self), dtype=torch.bool, device=self.run.device)
        for step in range(1, min(window, len(self) - 1) + 1):
            first, second = self.pairs(step)
            near[first, second] = near[second, first] = True
        return near

    def thinned(self, share: float) -> SentenceBlock:
        """Without a random `share` of the tokens (word dropout)."""
        return SentenceBlock(*thinned(self.ids, self.offsets, share), self.document, self.run)

    def to(self, device: torch.device | str) -> SentenceBlock:
        return SentenceBlock(
            *(
                field.to(device, non_blocking=True)
                for field in (self.ids, self.offsets, self.document, self.run)
            )
        )


def thinned(
    ids: Int[Tensor, " token"], offsets: Int[Tensor, " offset"], share: float
) -> tuple[Tensor, Tensor]:
    """Ragged sentences without a random `share` of their tokens, drawn from torch's generator."""
    kept = torch.rand(len(ids), device=ids.device) >= share
    before = torch.cat([kept.new_zeros(1, dtype=torch.long), kept.cumsum(0)])
    return ids[kept], before[offsets]


class Blocks:
    """A corpus dealt into blocks, anew in every epoch.

    Args:
        ids: (token,) token ids of the whole corpus; may be memory-mapped.
        offsets: (sentence + 1,) where each sentence starts in `ids`.
        spans: (span, 3) stretches of sentences to use: first sentence, one past the last, document.
        size: sentences in a block, about: a block ends with a whole run.
        run: consecutive sentences in a run, about: a single sentence left over joins its neighbour, as it
            would have no neighbours.
        seed: of the order of runs and of where documents are cut.
        neighbours: whether a sentence needs one; documents of a single sentence are left out then.

    Raises:
        InputError: no document has two sentences, so nothing has a neighbour.
    """

    def __init__(
        self,
        ids: np.ndarray,
        offsets: np.ndarray,
        spans: np.ndarray,
        size: int,
        run: int,
        seed: int,
        neighbours: bool = True,
    ) -> None:
        self.ids, self.offsets, self.size, self.run, self.seed = ids, offsets, size, min(run, size), seed
        self.spans = spans[spans[:, 1] - spans[:, 0] >= 1 + neighbours]
        self.sentences = int((self.spans[:, 1] - self.spans[:, 0]).sum())
        if self.sentences == 0:
            raise InputError(
                "no document of the corpus has 2 sentences or more, so no sentence has a neighbour; check --split and fields"
            )
        self._epoch: tuple[int, np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        """Blocks in an epoch, the same in each. What is left over (less than a block) waits for another
        epoch's order."""
        return max(1, self.sentences // self.size)

    def block(self, epoch: int, index: int, shard: int = 0, shards: int = 1) -> SentenceBlock:
        """Block `index` of `epoch`; of several shards, the runs that fall to this one."""
        runs, ends = self._runs(epoch)
        first, last = np.searchsorted(ends, [index * self.size, (index + 1) * self.size])
        if len(self) == 1:  # a corpus smaller than a block is one block
            last = len(runs)
        return self._gather(runs[first:last][shard::shards])

    def _runs(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """This epoch's runs in order, (run, 3) as spans are, and (run,) how many sentences came before
        each."""
        if self._epoch is None or self._epoch[0] != epoch:
            random = np.random.default_rng([self.seed, epoch])
            runs = cut(self.spans, self.run, random)
            runs = runs[random.permutation(len(runs))]
            lengths = runs[:, 1] - runs[:, 0]
            self._epoch = (epoch, runs, np.cumsum(lengths) - lengths)
        return self._epoch[1:]

    def _gather(self, runs: np.ndarray) -> SentenceBlock:
        lengths = runs[:, 1] - runs[:, 0]
        sentences = np.repeat(runs[:, 0] - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
        tokens = self.offsets[sentences + 1] - self.offsets[sentences]
        ids = [self.ids[self.offsets[start] : self.offsets[stop]] for start, stop, _ in runs]
        return SentenceBlock(
            torch.from_numpy(np.concatenate([np.empty(0, self.ids.dtype), *ids]).astype(np.int64)),
            torch.from_numpy(np.concatenate([[0], np.cumsum(tokens)]).astype(np.int64)),
            torch.from_numpy(np.repeat(runs[:, 2], lengths)),
            torch.from_numpy(
                np.repeat(runs[:, 0], lengths)
            ),  # a run is named by its first sentence: unique, and equal on all shards
        )


def cut(spans: np.ndarray, run: int, random: np.random.Generator) -> np.ndarray:
    """Cut each span into runs of `run` sentences from a random phase on, so that every pair of neighbours
    meets in some epoch.

    >>> cut(np.array([[0, 7, 5]]), 3, np.random.default_rng(0)).tolist()
    [[0, 2, 5], [2, 5, 5], [5, 7, 5]]
    """
    lengths = spans[:, 1] - spans[:, 0]
    phase = np.where(lengths > run, random.integers(0, run, len(spans)), 0)
    cuts = np.maximum(0, -(-(lengths - phase) // run))  # candidates at phase, phase + run, …
    owner = np.repeat(np.arange(len(spans)), cuts)
    nth = np.arange(cuts.sum()) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    place = phase[owner] + nth * run
    kept = (place >= 2) & (lengths[owner] - place >= 2)  # no run of a single sentence at either end
    owner, place = owner[kept], place[kept] + spans[owner[kept], 0]
    owner = np.concatenate([np.arange(len(spans)), owner])
    start = np.concatenate([spans[:, 0], place])
    order = np.lexsort((start, owner))
    owner, start = owner[order], start[order]
    last_of_span = np.append(owner[1:] != owner[:-1], True)
    stop = np.where(last_of_span, spans[owner, 1], np.append(start[1:], 0))
    return np.stack([start, stop, spans[owner, 2]], axis=1)
