"""The document probe: does a vector tell more than which document its sentence is from?

Sentences of one document share names, topic and style. A contrastive method whose negatives come from other
documents can be content with that ("the shortcut"), and then its vectors find the right book and not the
right page. Two questions tell:

* from the vectors of half of the runs, a linear map learns which document they are from; how often is it
right on the other half?
* is the following sentence nearer than another of the same document, and than one of another document? A coin
says .5 to both."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.modules.spectrum import SAMPLE
from sentrep.training.monitors import TIE

RIDGE = 0.1
"""Of the probe, against a mean squared length of 1: it is to read what is there, not to learn its few
documents by heart."""


def document_probe(
    vectors: Float[Tensor, "sentence width"],
    document: Int[Tensor, " sentence"],
    run: Int[Tensor, " sentence"],
) -> dict[str, float]:
    """``document_probe``, how often a linear map names the document of unseen runs, and ``document_chance``,
    how often it would by naming the commonest one. Nothing where fewer than two documents have runs to learn
    from and runs to be asked about."""
    vectors, document, run = vectors[:SAMPLE], document[:SAMPLE], run[:SAMPLE]
    asked = run.unique(return_inverse=True)[1] % 2 == 1
    shared = torch.isin(document, document[asked]) & torch.isin(document, document[~asked])
    known, wanted = shared & ~asked, shared & asked
    names, number = document[shared].unique(), torch.searchsorted(document[shared].unique(), document)
    if len(names) < 2:
        return {}
    unit = F.normalize(vectors.float().nan_to_num(0, 0, 0), dim=1)
    unit = unit - unit[known].mean(0)
    learnt, told = unit[known], F.one_hot(number[known], len(names)).float()
    # Ridge regression by its dual, which costs the same for vectors of any width.
    weights = torch.linalg.solve(
        learnt @ learnt.T + RIDGE * torch.eye(len(learnt), device=unit.device), told - told.mean(0)
    )
    guess = (unit[wanted] @ learnt.T @ weights + told.mean(0)).argmax(1)
    return {
        "document_probe": (guess == number[wanted]).float().mean().item(),
        "document_chance": number[wanted].bincount().max().item() / int(wanted.sum()),
    }


def next_against(vectors: Float[Tensor, "sentence width"], batch: SentenceBatch) -> dict[str, float]:
    """``next_against_same_document`` and ``next_against_other_documents``: the probability that the following
    sentence is nearer, by cosine, than one drawn from there; equal ones count half. Left out where there is
    none to draw."""
    unit = F.normalize(vectors.float().nan_to_num(0, 0, 0), dim=1)
    first, second = batch.pairs(1)
    scores = unit[first] @ unit.T
    own = scores.gather(1, second.unsqueeze(1))
    beaten = (scores < own - TIE).float() + 0.5 * ((scores - own).abs() <= TIE)
    same = batch.document[first].unsqueeze(1) == batch.document
    others = (
        torch.ones_like(same).scatter(1, first.unsqueeze(1), False).scatter(1, second.unsqueeze(1), False)
    )

    def mean(among: Bool[Tensor, "pair sentence"]) -> float:
        count = among.sum(1)
        return ((beaten * among).sum(1) / count.clamp(min=1))[count > 0].mean().item()

    found = {
        "next_against_same_document": mean(same & others),
        "next_against_other_documents": mean(~same & others),
    }
    return {
        name: value for name, value in found.items() if value == value
    }  # the mean of nothing is no number
