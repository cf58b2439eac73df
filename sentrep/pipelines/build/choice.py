"""Which of the measured models `build` uses: the best one, unless a cheaper one is as good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.statistics.compare import holm
from sentrep.evaluation.statistics.permutation import Difference, difference

SIGNIFICANT = 0.05


class Candidate(NamedTuple):
    """A model with its scores."""

    name: str
    cost: int
    """Rank of its price at search time: lower is cheaper."""
    items: NDArray[np.float64]
    """(question,) scores; the same questions for all."""

    @property
    def value(self) -> float:
        return float(self.items.mean())


class Choice(NamedTuple):
    """The chosen model and how it compares."""

    chosen: Candidate
    best: Candidate
    """The one with the highest mean; the chosen one, unless that is cheaper and not significantly worse."""
    against: dict[str, Difference]
    """The chosen model less each other model, by its name."""
    p: dict[str, float]
    """p-values of these differences, corrected by Holm's procedure."""


def choose(candidates: Sequence[Candidate]) -> Choice:
    """The cheapest model that is not significantly worse than the best one.

    No cheaper model has a higher mean than the chosen one. Paired randomisation tests over the
    questions, corrected for their number.
    """
    top = max(candidates, key=lambda each: (each.value, -each.cost))
    cheaper = [each for each in candidates if each.cost < top.cost]
    tests = [difference([top.items], [each.items]) for each in cheaper]
    corrected = holm([test.p for test in tests])
    equal = [each for each, p in zip(cheaper, corrected, strict=True) if p >= SIGNIFICANT]
    good = [each for each in equal if not _beaten(each, candidates)]
    chosen = min(good, key=lambda each: (each.cost, -each.value)) if good else top
    others = [each for each in candidates if each is not chosen]
    against = {each.name: difference([chosen.items], [each.items]) for each in others}
    p = dict(zip(against, holm([each.p for each in against.values()]), strict=True))
    return Choice(chosen, top, against, p)


def _beaten(one: Candidate, candidates: Sequence[Candidate]) -> bool:
    """Whether a cheaper model has a higher mean."""
    return any(each.cost < one.cost and each.value > one.value for each in candidates)


def verdict(choice: Choice, baseline: str) -> str:
    """One sentence: what was chosen, and by how much it is better than `baseline`.

    >>> better, worse = Candidate("table + BM25", 1, np.ones(200)), Candidate("BM25", 0, np.arange(200) % 2)
    >>> print(verdict(choose([better, worse]), "BM25"))
    Chosen: table + BM25, which is better than BM25 by .500 (95 % interval .425 to .570, p < .001).
    """
    chosen = choice.chosen.name
    return f"Chosen: {chosen}{_against(choice, baseline)}{_cheaper(choice)}."


def _against(choice: Choice, baseline: str) -> str:
    """How the chosen model compares with `baseline`."""
    if baseline not in choice.against:
        return "; no other model is significantly better"
    found, p = choice.against[baseline], choice.p[baseline]
    sure = f"p {'< .001' if p < 0.001 else f'= {_short(p)}'}"
    if p >= SIGNIFICANT:
        return f"; its difference from {baseline} is not significant ({sure})"
    word = "better" if found.value > 0 else "worse"
    return (
        f", which is {word} than {baseline} by {_short(abs(found.value))} "
        f"(95 % interval {_short(found.low)} to {_short(found.high)}, {sure})"
    )


def _cheaper(choice: Choice) -> str:
    """That the model with the highest mean is another one, where it is."""
    if choice.best is choice.chosen or choice.best.name not in choice.against:
        return ""
    lead = -choice.against[choice.best.name].value
    return f"; {choice.best.name} costs more and is not significantly better (by {_short(lead)})"


def _short(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)
