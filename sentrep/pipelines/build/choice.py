"""Which of the measured models `build` uses: the one that is expected to be the best, unless the questions
show that another one is better, or that a cheaper one is as good.

A few hundred questions seldom tell the better of two good models. Where they do not, the order decides that
was found on other collections (eval/own_documents.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.statistics.compare import holm
from sentrep.evaluation.statistics.permutation import Difference, difference

SIGNIFICANT = 0.05
MARGIN = 0.01
"""A cheaper model is as good where the 95 % interval shows that it loses less than this."""


class Scored(NamedTuple):
    """A candidate with its scores."""

    name: str
    cost: int
    """Rank of its cost at search time: lower is cheaper."""
    expected: int
    """Rank of how good it was on other collections: higher is better."""
    items: NDArray[np.float64]
    """(question,) scores; the same questions for all."""

    @property
    def value(self) -> float:
        return float(self.items.mean())


class Choice(NamedTuple):
    """The chosen model and how it compares."""

    chosen: Scored
    best: Scored
    """The one with the highest mean."""
    against: dict[str, Difference]
    """The chosen model less each other model, by its name."""
    p: dict[str, float]
    """p-values of these differences, corrected by Holm's procedure."""


def choose(candidates: Sequence[Scored]) -> Choice:
    """The model that is expected to be the best, unless the scores contradict.

    Where others are significantly better (paired randomisation tests over the questions, corrected for
    their number), the best of these takes its place; and then the cheapest model that loses less than
    `MARGIN`, if there is one. No model is chosen that is significantly worse than a cheaper one.
    """
    best = max(candidates, key=lambda each: (each.value, -each.cost))
    first = _supported(candidates)
    chosen = min(_as_good(first, candidates), key=lambda each: (each.cost, -each.value))
    others = [each for each in candidates if each is not chosen]
    against = {each.name: difference([chosen.items], [each.items]) for each in others}
    p = dict(zip(against, holm([each.p for each in against.values()]), strict=True))
    return Choice(chosen, best, against, p)


def _supported(candidates: Sequence[Scored]) -> Scored:
    """The expected one; the best of those that are significantly better, where there are any."""
    expected = max(candidates, key=lambda each: (each.expected, -each.cost, each.value))
    higher = [each for each in candidates if each.value > expected.value]
    corrected = holm([difference([each.items], [expected.items]).p for each in higher])
    better = [each for each, p in zip(higher, corrected, strict=True) if p < SIGNIFICANT]
    return max(better, key=lambda each: each.value, default=expected)


def _as_good(first: Scored, candidates: Sequence[Scored]) -> list[Scored]:
    """Itself, and the cheaper ones that lose less than `MARGIN` and have no cheaper one above them."""
    cheaper = [each for each in candidates if each.cost < first.cost]
    close = [each for each in cheaper if difference([each.items], [first.items]).low > -MARGIN]
    return [first, *(each for each in close if not _beaten(each, candidates))]


def _beaten(one: Scored, candidates: Sequence[Scored]) -> bool:
    """Whether a cheaper model has a higher mean."""
    return any(each.cost < one.cost and each.value > one.value for each in candidates)


def verdict(choice: Choice, baseline: str) -> str:
    """What was chosen, by how much it is better than `baseline`, and which model has a higher mean.

    >>> fused = Scored("table + BM25", 1, 1, np.ones(200))
    >>> print(verdict(choose([fused, Scored("BM25", 0, 0, np.arange(200) % 2)]), "BM25"))
    Chosen: table + BM25, which is better than BM25 by .500 (95 % interval .425 to .570, p < .001).
    """
    chosen = choice.chosen.name
    return f"Chosen: {chosen}{_against(choice, baseline)}{_higher(choice)}."


def _against(choice: Choice, baseline: str) -> str:
    """How the chosen model compares with `baseline`."""
    if choice.chosen.name == baseline and choice.best.value == choice.chosen.value:
        return "; no other model is better" if choice.against else ""
    if baseline not in choice.against:
        return ""
    found, p = choice.against[baseline], choice.p[baseline]
    word = "better" if found.value > 0 else "worse"
    sure = f"p {'< .001' if p < 0.001 else f'= {_short(p)}'}"
    unsure = "" if p < SIGNIFICANT else "; too few questions to be certain"
    return (
        f", which is {word} than {baseline} by {_short(abs(found.value))} "
        f"(95 % interval {_short(found.low)} to {_short(found.high)}, {sure}{unsure})"
    )


def _higher(choice: Choice) -> str:
    """Why the model with the highest mean was not chosen, where it is another one."""
    if choice.best is choice.chosen or choice.best.value == choice.chosen.value:
        return ""
    lead = _short(-choice.against[choice.best.name].value)
    if choice.chosen.cost < choice.best.cost:
        return f"; {choice.best.name} is better by {lead} here, but costs more"
    return f"; {choice.best.name} is better by {lead} here, which is not significant"


def _short(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)
