"""The document probe: whether vectors represent more than the document of a sentence.

Sentences of one document share names, topic and style. A contrastive method with negatives from other
documents can be solved by these alone ("the shortcut"); its vectors then find the correct document but
not the correct sentence. Two measurements show this:

    * A linear map is fitted to predict the document from the vectors of half of the segments; its
      accuracy is measured on the other half.
    * How often the following sentence is closer than another sentence of the same document, and than one
      of another document; 0.5 is chance level for both.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.modules.spectrum import SAMPLE
from sentrep.training.monitors import TIE

RIDGE = 0.1
"""Ridge penalty of the probe, relative to a mean squared length of 1. It keeps the probe from memorising
its few documents."""


def document_probe(
    vectors: Float[Tensor, "sentence width"],
    document: Int[Tensor, " sentence"],
    segment: Int[Tensor, " sentence"],
) -> dict[str, float]:
    """Returns ``document_probe``, the accuracy of a linear map for the document of unseen segments, and
    ``document_chance``, that of the most frequent document.

    The result is empty if fewer than two documents have segments both to fit to and to measure on.
    """
    vectors, document, segment = vectors[:SAMPLE], document[:SAMPLE], segment[:SAMPLE]
    asked = segment.unique(return_inverse=True)[1] % 2 == 1
    shared = torch.isin(document, document[asked]) & torch.isin(document, document[~asked])
    known, wanted = shared & ~asked, shared & asked
    names, number = document[shared].unique(), torch.searchsorted(document[shared].unique(), document)
    if len(names) < 2:
        return {}
    unit = F.normalize(vectors.float().nan_to_num(0, 0, 0), dim=1)
    unit = unit - unit[known].mean(0)
    learnt, target = unit[known], F.one_hot(number[known], len(names)).float()
    # Ridge regression by its dual, which costs the same for vectors of any width.
    weights = torch.linalg.solve(
        learnt @ learnt.T + RIDGE * torch.eye(len(learnt), device=unit.device), target - target.mean(0)
    )
    guess = (unit[wanted] @ learnt.T @ weights + target.mean(0)).argmax(1)
    return {
        "document_probe": (guess == number[wanted]).float().mean().item(),
        "document_chance": number[wanted].bincount().max().item() / int(wanted.sum()),
    }


def next_against(vectors: Float[Tensor, "sentence width"], batch: SentenceBatch) -> dict[str, float]:
    """Returns ``next_against_same_document`` and ``next_against_other_documents``: the probability that
    the following sentence is closer, by cosine, than a random one from there.

    Ties count one half. A value is left out if there are no such sentences.
    """
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
    # The mean of an empty tensor is NaN.
    return {name: value for name, value in found.items() if value == value}
