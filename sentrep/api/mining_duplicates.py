"""The verb duplicates: texts of a corpus that are equal, nearly equal, or of equal meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.mining_inputs import items_of, split_options
from sentrep.api.mining_vectors import TextVectors, vectors_of
from sentrep.data.corpus import Corpus
from sentrep.data.outputs import check_outputs
from sentrep.mining.items import Item, on_disk, texts_of
from sentrep.mining.output import check_ending, write_rows
from sentrep.mining.settings import DuplicateSettings
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    from sentrep.mining.near_duplicates import Grouping


@dataclass(frozen=True)
class Member:
    """A text of a group."""

    id: str
    text: str
    kind: str
    """'kept', 'exact', 'near' or 'semantic': how it resembles the one that is kept."""
    similarity: float
    """Similarity to the text that is kept: Jaccard of near, cosine of semantic duplicates."""


@dataclass(frozen=True)
class Group:
    """Texts that are duplicates of each other, the one that is kept first."""

    members: tuple[Member, ...]


@dataclass(frozen=True)
class Duplicates:
    """The duplicates of a corpus."""

    groups: list[Group]
    """Groups of two texts or more, largest first."""
    texts: int
    """Texts in the corpus."""
    dropped: list[str]
    """Ids of all texts but the one that is kept of each group, in the order of the corpus."""

    def count(self, kind: str) -> int:
        """How many texts are dropped for a reason: 'exact', 'near' or 'semantic'."""
        return sum(member.kind == kind for group in self.groups for member in group.members)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each text of each group."""
        for number, group in enumerate(self.groups, start=1):
            for member in group.members:
                yield {"group": number, **vars(member)}


@arguments_checked
def duplicates(
    input: Corpus,
    *,
    model: object = None,
    settings: DuplicateSettings | None = None,
    out: str | Path | None = None,
    drop: str | Path | None = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **options: Any,
) -> Duplicates:
    """Find groups of texts that are equal, nearly equal, or of equal meaning.

    Args:
        input: files, folders, '-', a data set, texts in memory, or a folder of embedded sentences.
        model: a model; its vectors find texts of equal meaning.
        settings: when two texts are duplicates.
        out: file to write the groups to: .jsonl, .csv, .tsv or .parquet.
        drop: file to write the corpus without duplicates to, in the same formats.
        strict: raise for anything that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        options: of `DuplicateSettings` and `CorpusConfig`, such as ``threshold=0.8, text_field="body"``.

    Returns:
        The groups. They do not depend on the order of the corpus.

    Raises:
        InputError: the corpus or a setting is wrong.

    Example:
        >>> found = duplicates(["A cat sat.", "A dog ran.", "a cat  sat"])
        >>> [(member.id, member.kind) for member in found.groups[0].members], found.dropped
        ([('1', 'kept'), ('3', 'near')], ['3'])
    """
    chosen, fields = split_options(settings or DuplicateSettings(), options)
    for name, file in (("out", out), ("drop", drop)):
        if file is not None:
            check_ending(Path(file), name)
    check_outputs([input], out=out, drop=drop)
    reading = {"strict": strict, "offline": offline, "hub": hub}
    items = on_disk(items_of(input, fields, "input", unit=chosen.unit, **reading))
    made = vectors_of(input, items, model, offline=offline, hub=hub)
    found = grouped(items, made, chosen)
    result = described(items, found)
    if out is not None:
        write_rows(result.rows(), Path(out))
    if drop is not None:
        kept = (item._asdict() for item, stays in zip(items, found.kept, strict=True) if stays)
        write_rows(kept, Path(drop), "drop")
    return result


def grouped(items: Sequence[Item], made: TextVectors | None, settings: DuplicateSettings) -> Grouping:
    """The groups of duplicates among items, by their texts and vectors."""
    from sentrep.mining.near_duplicates import group_duplicates

    vectors = None if made is None else made.vectors
    return group_duplicates(texts_of(items), settings.threshold, vectors, settings.cosine)


def described(items: Sequence[Item], found: Grouping) -> Duplicates:
    """Groups of several texts, with ids and texts."""
    import numpy as np

    several = np.flatnonzero(found.sizes[found.group] > 1)
    order = several[np.lexsort((~found.kept[several], found.group[several]))]
    ends = np.flatnonzero(np.diff(found.group[order])) + 1
    groups = [_group(items, found, places.tolist()) for places in np.split(order, ends) if len(places)]
    groups.sort(key=lambda group: -len(group.members))
    dropped = [items[at].id for at in np.flatnonzero(~found.kept).tolist()]
    return Duplicates(groups, len(items), dropped)


def _group(items: Sequence[Item], found: Grouping, places: list[int]) -> Group:
    from sentrep.mining.near_duplicates import KINDS

    members = []
    for at in places:
        kind = "kept" if found.kept[at] else KINDS[found.kind[at]]
        members.append(Member(items[at].id, items[at].text, kind, round(float(found.similarity[at]), 4)))
    return Group(tuple(members))
