"""Noise on ragged token ids, drawn anew at each call from torch's generator.

Every function takes and returns ids and offsets of all sentences of a batch. Tokens that are marked as
`fixed`, such as those that a pretrained tokenizer puts around a sentence, stay as they are.

Reference:
    "Unsupervised machine translation using monolingual corpora only", Lample et al., ICLR 2018, section 2.3
    (deletion and local shuffle). "TSDAE", Wang, Reimers & Gurevych, Findings of EMNLP 2021, section 3
    (deletion of 60 %).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from sentrep.data.batch import SentenceBatch


class Ragged(NamedTuple):
    """Token ids of several sentences."""

    ids: Int[Tensor, " token"]
    offsets: Int[Tensor, " offset"]


class Noise(NamedTuple):
    """What is done to the sentences that an encoder reads. The shares are of tokens.

    >>> Noise(delete=0.6)(Ragged(torch.arange(10), torch.tensor([0, 4, 10]))).offsets.diff().min().item() > 0
    True
    """

    delete: float = 0.0
    mask: float = 0.0
    substitute: float = 0.0
    shuffle: int = 0
    """Places that a token moves at most; 0 keeps the order."""
    vocab: int = 0
    """Substitutes are drawn from the ids below."""
    mask_id: int = 0
    """The id that stands for a masked token."""
    fixed: tuple[int, ...] = ()
    """Ids that are never changed, moved or drawn."""

    def __call__(self, sentences: Ragged) -> Ragged:
        """Deletes, masks, substitutes and shuffles, in this order."""
        if self.delete:
            sentences = delete(sentences, self.delete, self.fixed)
        if self.mask:
            sentences = mask(sentences, self.mask, self.mask_id, self.fixed)
        if self.substitute:
            sentences = substitute(sentences, self.substitute, self.vocab, self.fixed)
        return shuffle(sentences, self.shuffle, self.fixed) if self.shuffle else sentences

    def on(self, batch: SentenceBatch) -> SentenceBatch:
        """Returns the batch with noise."""
        return SentenceBatch(*self(Ragged(batch.ids, batch.offsets)), batch.document, batch.segment)


def delete(sentences: Ragged, share: float, fixed: Sequence[int] = ()) -> Ragged:
    """Deletes a random share of the tokens; at least one token of a sentence is left.

    >>> delete(Ragged(torch.tensor([5, 6]), torch.tensor([0, 2])), 1.0).offsets.tolist()
    [0, 1]
    """
    draws = torch.rand(len(sentences.ids), device=sentences.ids.device)
    stays = is_fixed(sentences.ids, fixed)
    draws = draws.masked_fill(stays, 0)
    kept = (draws >= share) | stays | _largest(draws, sentences.offsets)
    before = torch.cat([kept.new_zeros(1, dtype=torch.long), kept.cumsum(0)])
    return Ragged(sentences.ids[kept], before[sentences.offsets])


def mask(sentences: Ragged, share: float, mask_id: int, fixed: Sequence[int] = ()) -> Ragged:
    """Replaces a random share of the tokens by `mask_id`."""
    chosen = torch.rand(len(sentences.ids), device=sentences.ids.device) < share
    chosen &= ~is_fixed(sentences.ids, fixed)
    return sentences._replace(ids=sentences.ids.masked_fill(chosen, mask_id))


def substitute(sentences: Ragged, share: float, vocab: int, fixed: Sequence[int] = ()) -> Ragged:
    """Replaces a random share of the tokens by random ones below `vocab`."""
    ids = sentences.ids
    chosen = torch.rand(len(ids), device=ids.device) < share
    drawn = torch.randint(vocab, (len(ids),), device=ids.device)
    chosen &= ~(is_fixed(ids, fixed) | is_fixed(drawn, fixed))
    return sentences._replace(ids=drawn.where(chosen, ids))


def shuffle(sentences: Ragged, distance: int, fixed: Sequence[int] = ()) -> Ragged:
    """Moves tokens by at most `distance` places within their sentence.

    Tokens are sorted by place + u, u uniform in [0, distance + 1). Fixed tokens keep their places.

    >>> ids = shuffle(Ragged(torch.arange(6), torch.tensor([0, 6])), 1).ids
    >>> bool(((ids - torch.arange(6)).abs() <= 1).all())
    True
    """
    ids, offsets = sentences
    place = torch.arange(len(ids), device=ids.device)
    sentence = torch.searchsorted(offsets[1:], place, right=True)
    key = place + torch.rand(len(ids), device=ids.device, dtype=torch.float64) * (distance + 1)
    free = (~is_fixed(ids, fixed)).nonzero().squeeze(1)
    order = free[_sorted_within(key[free], sentence[free])]
    moved = ids.clone()
    moved[free] = ids[order]
    return sentences._replace(ids=moved)


def is_fixed(ids: Int[Tensor, " token"], fixed: Sequence[int]) -> Bool[Tensor, " token"]:
    """Returns which ids are among `fixed`."""
    return torch.isin(ids, torch.tensor(list(fixed), dtype=ids.dtype, device=ids.device))


def _largest(values: Tensor, offsets: Int[Tensor, " offset"]) -> Bool[Tensor, " token"]:
    """Returns which value is the largest of its sentence."""
    lengths = offsets.diff()
    sentence = torch.arange(len(lengths), device=values.device).repeat_interleave(lengths)
    lowest = values.new_full((len(lengths),), -1.0)
    return values == lowest.scatter_reduce(0, sentence, values, "amax")[sentence]


def _sorted_within(key: Tensor, group: Tensor) -> Int[Tensor, " token"]:
    """Returns the order by group, then by key."""
    by_key = key.argsort(stable=True)
    return by_key[group[by_key].argsort(stable=True)]
