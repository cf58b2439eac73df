"""How good is the model that a rule of choice takes, on questions that the rule has not seen?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from own_documents_corpora import candidates, without_teacher
from own_documents_rows import BM25, FUSED, METRIC, Items, weighted

from sentrep.evaluation.result_store import ResultStore, read_items
from sentrep.evaluation.statistics.compare import holm
from sentrep.evaluation.statistics.permutation import difference
from sentrep.pipelines.build import choice
from sentrep.pipelines.build.choice import Scored

COUNTS = (20, 60, 200, 500)
"""Questions of each kind by which a rule chooses; at most half of those that there are."""

Rule = Callable[[Sequence[Scored]], Scored]


def rules(names: Sequence[str], teacher: str, work: Path, draws: int, out: Path) -> None:
    """Print and write the table of rules for the corpora that `corpora` has measured.

    Args:
        names: of the corpora; their results lie in a folder of this name in `work`.
        teacher: name of the public model in these results.
        work: folder of the results.
        draws: how often questions are drawn for each corpus and number.
        out: file of the record.
    """
    items = {name: read(work / name / "results.jsonl") for name in names}
    record = {}
    for title, alone in (("with a teacher", False), ("without a teacher", True)):
        found = {
            count: {name: mean_scores(each, count, draws, teacher, alone) for name, each in items.items()}
            for count in COUNTS
        }
        record[title] = found
        print(f"\n{markdown(title, found)}", flush=True)
    out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> dict[str, Items]:
    """Model -> kind of question -> (question,) scores."""
    found = dict[str, Items]()
    for result in ResultStore(file).read():
        if result.metric == METRIC:
            found.setdefault(result.model, {})[result.task] = read_items(result)
    return found


def mean_scores(
    items: Mapping[str, Items], count: int, draws: int, teacher: str, alone: bool
) -> dict[str, float]:
    """Rule -> the score, out of 100, of the models that it takes: the mean over the draws."""
    totals = dict[str, float]()
    for seed in range(draws):
        seen, unseen = split(items, count, np.random.default_rng(seed))
        compared = candidates(seen, teacher)
        if alone:
            compared = without_teacher(compared, teacher)
        for name, rule in RULES.items():
            totals[name] = totals.get(name, 0.0) + 100 * unseen[rule(compared).name] / draws
    return totals


def split(items: Mapping[str, Items], count: int, rng: np.random.Generator) -> tuple[Items, dict[str, float]]:
    """The scores of some questions of each kind, and the mean of the others, of every model."""
    seen: dict[str, Items] = {model: {} for model in items}
    unseen: dict[str, list[float]] = {model: [] for model in items}
    for kind, scores in items[BM25].items():
        order = rng.permutation(len(scores))
        first = min(count, len(scores) // 2)
        for model, kinds in items.items():
            seen[model][kind] = kinds[kind][order[:first]]
            unseen[model].append(float(kinds[kind][order[first:]].mean()))
    drawn = {model: weighted(kinds, list(kinds)) for model, kinds in seen.items()}
    return drawn, {model: float(np.mean(means)) for model, means in unseen.items()}


def cheapest(compared: Sequence[Scored]) -> Scored:
    """The cheapest model that is not significantly worse than the one with the highest mean (Holm), and has
    no cheaper one above it."""
    best = highest(compared)
    cheaper = [each for each in compared if price(each) < price(best)]
    corrected = holm([difference([best.items], [each.items]).p for each in cheaper])
    equal = [each for each, p in zip(cheaper, corrected, strict=True) if p >= choice.SIGNIFICANT]
    beaten = [
        each
        for each in equal
        if any(price(other) < price(each) and other.value > each.value for other in compared)
    ]
    good = [each for each in equal if each not in beaten]
    return min(good, key=lambda each: (price(each), -each.value), default=best)


def highest(compared: Sequence[Scored]) -> Scored:
    """The model with the highest mean."""
    return max(compared, key=lambda each: (each.value, -price(each)))


def price(one: Scored) -> int:
    """A fusion costs more than its vectors alone, and less than the next dearer vectors."""
    return 2 * one.cost + one.name.endswith(FUSED)


def of_build(compared: Sequence[Scored]) -> Scored:
    """The rule of `build`."""
    return choice.choose(compared).chosen


def best_expected(compared: Sequence[Scored]) -> Scored:
    """The model that was the best elsewhere, whatever the questions say."""
    return max(compared, key=lambda each: each.expected)


RULES: dict[str, Rule] = {
    "the cheapest that is not significantly worse than the best": cheapest,
    "the highest mean": highest,
    "always the expected one": best_expected,
    "the expected one, unless the questions show something else (`build`)": of_build,
    "always BM25": lambda compared: next(each for each in compared if each.name == BM25),
}


def markdown(title: str, found: Mapping[int, Mapping[str, Mapping[str, float]]]) -> str:
    """Rules as rows, numbers of questions as columns; means over the corpora."""
    lines = [f"| {title}; questions of each kind | {' | '.join(map(str, found))} |"]
    lines.append("|---|" + "---|" * len(found))
    for rule in RULES:
        means = [np.mean([scores[rule] for scores in corpora.values()]) for corpora in found.values()]
        lines.append(f"| {rule} | {' | '.join(f'{mean:.1f}' for mean in means)} |")
    return "\n".join(lines)
