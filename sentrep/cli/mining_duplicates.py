"""The command duplicates."""

from __future__ import annotations

from pathlib import Path

from sentrep.api import mining_duplicates as api
from sentrep.cli.options import ACCESS, READING, Access, Input, MaybeModel, Reading, keywords
from sentrep.data.config import CorpusConfig
from sentrep.mining.output import text_table
from sentrep.mining.settings import DuplicateSettings
from sentrep.utils.terminal import cut_middle

SETTINGS = DuplicateSettings()
SHOWN = 10
"""Groups that are printed, with three texts each."""


def duplicates(
    input: Input,
    model: MaybeModel = None,
    settings: DuplicateSettings = SETTINGS,
    out: Path | None = None,
    drop: Path | None = None,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Find texts that are equal, nearly equal or of equal meaning. With `drop`, write the corpus without
    them.

    Args:
        input: Files, folders, '-', or a folder that `sentrep embed` made.
        model: A model for the search of texts of equal meaning.
        settings: When two texts are duplicates.
        out: File for all groups: .jsonl, .csv, .tsv or .parquet.
        drop: File for the corpus without duplicates, in the same formats.
        reading: How files are read.
        access: Where models may come from.
    """
    found = api.duplicates(
        CorpusConfig(input), model=model, settings=settings, out=out, drop=drop, **keywords(reading, access)
    )
    if found.groups:
        print(text_table(_shown(found), ("group", "kind", "similarity", "id", "text")))
    kinds = ", ".join(f"{found.count(kind):,} {kind}" for kind in ("exact", "near", "semantic"))
    print(f"{len(found.dropped):,} of {found.texts:,} texts are duplicates ({kinds})")
    print(f"groups: {len(found.groups):,}")
    for file in (out, drop):
        if file is not None:
            print(f"written: {file}")


def _shown(found: api.Duplicates) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, group in enumerate(found.groups[:SHOWN], start=1):
        rows += [
            {"group": number, **vars(member), "id": cut_middle(member.id, 24)} for member in group.members[:3]
        ]
    return rows
