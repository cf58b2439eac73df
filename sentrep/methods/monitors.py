"""Monitors as data: which metric is watched, when it is bad, why that happens, and what to change.

A method lists its own in `Method.monitors`; those that hold for every method are in
`sentrep.training.monitors`, which also evaluates them. This module imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import opt

Direction = Literal["above", "below"]


@dataclass(frozen=True)
class Condition:
    """A further condition of a monitor; it holds where the metric is not measured.

    >>> pretraining_is_over = Condition("pretraining", 0.5, "below")
    """

    name: str
    threshold: float
    direction: Direction


@dataclass(frozen=True)
class Remedy:
    """One thing to try: a setting to change, or advice in words.

    >>> from sentrep.utils.errors import as_options
    >>> remedies = lower("lr"), use("score", "cosine"), Remedy("check the corpus")
    >>> [as_options(remedy.text) for remedy in remedies]
    ['lower --lr', 'set --score to cosine', 'check the corpus']
    """

    text: str
    setting: str | None = None
    """The field of a configuration that is to be changed."""
    value: object = None
    """What it is to be set to; None where the direction alone is known."""


@dataclass(frozen=True)
class Monitor:
    """A metric of validation that is bad beyond a threshold.

    The cause may name any metric in braces, as `str.format` does."""

    name: str
    """The metric."""
    threshold: float
    direction: Direction
    """'above': the monitor alarms when the metric is greater than the threshold; 'below': when it is less."""
    cause: str
    remedy: tuple[Remedy, ...]
    when: tuple[Condition, ...] = ()
    """Further conditions, all of which must hold as well."""


def higher(setting: str) -> Remedy:
    """Advice to raise a setting."""
    return Remedy(f"raise {opt(setting)}", setting)


def lower(setting: str) -> Remedy:
    """Advice to lower a setting."""
    return Remedy(f"lower {opt(setting)}", setting)


def change(setting: str) -> Remedy:
    """Advice to try another value of a setting."""
    return Remedy(f"try another {opt(setting)}", setting)


def use(setting: str, value: object) -> Remedy:
    """Advice to give a setting a value."""
    return Remedy(f"set {opt(setting)} to {value}", setting, value)


def anisotropy(*remedies: Remedy) -> Monitor:
    """All vectors have nearly the same direction (anisotropy)."""
    return Monitor(
        "mean_cosine",
        0.9,
        "above",
        "all vectors point the same way (mean cosine {mean_cosine:.2f})",
        (lower("lr"), *remedies, Remedy("check that the corpus does not repeat one text")),
    )


def collapse(*remedies: Remedy) -> Monitor:
    """The vectors use few of their dimensions (dimensional collapse)."""
    return Monitor(
        "effective_rank_share",
        0.1,
        "below",
        "dimensional collapse: the vectors fill {effective_rank:.0f} of {width:.0f} dimensions",
        (higher("batch_size"), lower("lr"), *remedies),
    )


def few_candidates(*remedies: Remedy) -> Monitor:
    """Contrastive methods: a sentence is compared with too few others."""
    return Monitor(
        "candidates",
        16.0,
        "below",
        "the task is too easy: a sentence is compared with {candidates:.1f} candidates",
        (higher("batch_size"), Remedy("give more text if a batch holds all of it already"), *remedies),
    )


def topic_shortcuts(*remedies: Remedy) -> list[Monitor]:
    """Contrastive methods: the vectors tell documents apart, but not the sentences of a document."""
    longer = higher("segment_length")
    return [
        Monitor(
            "accuracy_gap",
            0.4,
            "above",
            "shortcut: neighbours are found among sentences of other documents {accuracy_gap:.0%} more often "
            "than among those of their own document; the vectors represent topics, not sentences",
            (longer, *remedies),
        ),
        Monitor(
            "next_gap",
            0.3,
            "above",
            "shortcut: the next sentence is nearer than one of another document in "
            "{next_against_other_documents:.0%} of the cases, but nearer than another one of its "
            "own document "
            "in {next_against_same_document:.0%}; the vectors represent documents, not sentences",
            (longer, *remedies),
            when=(Condition("next_against_same_document", 0.55, "below"),),
        ),
    ]


def ignored_code(*remedies: Remedy) -> Monitor:
    """Auto-encoders and skip-thought: the decoder does not use the vector."""
    return Monitor(
        "code_gap",
        0.02,
        "below",
        "the decoder does not use the vector: that of another sentence costs it only "
        "{code_gap:.3f} nats a token",
        (higher("epochs"), higher("lr"), *remedies),
    )


def one_sided_trees(*remedies: Remedy) -> list[Monitor]:
    """Methods that infer trees: nearly all of them branch to one side."""
    return [
        Monitor(
            f"{side}_f1",
            0.9,
            "above",
            f"the trees have collapsed: {{{side}_f1:.0%}} of their constituents are those of "
            f"{side} branching",
            (change("seed"), *remedies, Remedy("keep punctuation in the corpus")),
        )
        for side in ("right", "left")
    ]
