"""Rectangles of ragged texts against plain lists."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sentrep.modules.padding import Texts, append_end, compact, pad, pad_lists, remove_token

END = 9
LISTS: list[list[list[int]]] = [[[5, 6, 7], [], [8], [1, 2, 3, 4], [7]], [[], []], [[3]], []]


def lists(texts: Texts) -> list[list[int]]:
    """Back again, with a look at what is promised: each text is alive from its first place on, and 0 beyond
    its end."""
    assert texts.ids.shape == texts.mask.shape
    assert texts.ids.dtype == torch.long
    assert not texts.ids[~texts.mask].any()
    assert texts.mask.long().diff(dim=1).le(0).all()
    assert texts.lengths.tolist() == texts.mask.sum(1).tolist()
    return [row[mask].tolist() for row, mask in zip(texts.ids, texts.mask, strict=True)]


def flat(texts: list[list[int]]) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([0, *map(len, texts)])
    return torch.tensor([token for text in texts for token in text], dtype=torch.long), lengths.cumsum(0)


@pytest.mark.parametrize("texts", LISTS)
def test_a_rectangle_holds_the_lists(texts: list[list[int]]) -> None:
    found = pad_lists(texts)
    assert lists(found) == texts
    assert found.ids.shape == (len(texts), max(map(len, texts), default=0))


@pytest.mark.parametrize("texts", LISTS)
@pytest.mark.parametrize("longest", [0, 1, 2, 3, 10])
def test_texts_are_cut(texts: list[list[int]], longest: int) -> None:
    found = pad(*flat(texts), longest)
    assert lists(found) == [text[:longest] for text in texts]
    assert found.ids.shape[1] == min(longest, max(map(len, texts), default=0))


def test_tokens_outside_of_every_text_are_not_read() -> None:
    assert lists(pad(torch.tensor([4, 5, 6, 7, 8]), torch.tensor([1, 3, 3]), 9)) == [[5, 6], []]


def test_chosen_texts_are_no_wider_than_they_need() -> None:
    texts = pad_lists(LISTS[0])
    chosen = texts.select(torch.tensor([2, 0, 2, 1]))
    assert lists(chosen) == [[8], [5, 6, 7], [8], []]
    assert chosen.ids.shape == (4, 3)
    assert texts.select(torch.tensor([1])).ids.shape == (1, 0)
    assert texts.select(torch.tensor([], dtype=torch.long)).ids.shape == (0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_kept_moves_together_in_its_order(seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, 100, (6, 8), generator=random)
    kept = torch.rand(6, 8, generator=random) < torch.tensor([0, 0.2, 0.5, 0.5, 0.8, 1]).unsqueeze(1)
    wanted = [
        [token for token, keep in zip(*row, strict=True) if keep]
        for row in zip(ids.tolist(), kept.tolist(), strict=True)
    ]
    assert lists(compact(ids, kept)) == wanted
    few = compact(ids[:3], kept[:3])
    assert few.ids.shape == (3, max(map(len, wanted[:3])))


def test_nothing_kept_is_nothing() -> None:
    ids = torch.ones(3, 4, dtype=torch.long)
    assert lists(compact(ids, ids == 0)) == [[], [], []]
    assert lists(compact(ids[:0], ids[:0] > 0)) == []
    assert lists(compact(ids[:, :0], ids[:, :0] > 0)) == [[], [], []]


@pytest.mark.parametrize("texts", LISTS)
def test_an_end_comes_and_goes(texts: list[list[int]]) -> None:
    longer = append_end(pad_lists(texts), END)
    assert lists(longer) == [[*text, END] for text in texts]
    assert lists(remove_token(longer, END)) == texts
    assert lists(remove_token(pad_lists(texts), END)) == texts


def test_rubbish_beyond_the_end_does_not_come_back() -> None:
    ids, mask = pad_lists(LISTS[0])
    dirty = Texts(ids.where(mask, 77), mask)
    assert lists(append_end(dirty, END)) == [[*text, END] for text in LISTS[0]]
    assert lists(remove_token(dirty, END)) == LISTS[0]
    assert lists(compact(*dirty)) == LISTS[0]
