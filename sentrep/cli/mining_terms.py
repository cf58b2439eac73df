"""The command terms."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from sentrep.api import mining_terms as api
from sentrep.cli.options import ACCESS, READING, Access, Files, MaybeModel, Reading, keywords
from sentrep.data.config import CorpusConfig
from sentrep.mining.output import text_table
from sentrep.mining.settings import TermSettings

TERMS = TermSettings()
SHOWN = 40
"""Rows that are printed; all are written to `out`."""


def terms(
    corpus: Files,
    against: Files = (),
    settings: TermSettings = TERMS,
    model: MaybeModel = None,
    out: Path | None = None,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Find the terms of a corpus: words and phrases that it uses more than other text does.

    Args:
        corpus: Files, folders, '-', or a folder that `sentrep embed` made.
        against: Files and folders of other text, which the corpus is compared with.
        settings: How terms are found.
        model: A model. Terms whose vectors are near those of the best terms get a better rank.
        out: File for all terms: .jsonl, .csv, .tsv or .parquet. `sentrep train` takes it as `terms`.
        reading: How files are read.
        access: Where models may come from.
    """
    found = api.terms(
        CorpusConfig(corpus), CorpusConfig(against) if against else None,
        settings=settings, model=model, out=out, **keywords(reading, access),
    )  # fmt: skip
    columns = ("score", "count", "documents", "ratio", "cohesion", "boundary", "bits", "term")
    print(text_table([asdict(term) for term in found[:SHOWN]], columns))
    _print_rest(len(found), out)


def _print_rest(count: int, out: Path | None) -> None:
    if count > SHOWN:
        print(f"{SHOWN} of {count}")
    if out is not None:
        print(f"all {count} in {out}")
