"""The command anomalies."""

from __future__ import annotations

from pathlib import Path

from sentrep.api import mining_anomalies as api
from sentrep.cli.options import ACCESS, READING, Access, Files, MaybeModel, Reading, keywords
from sentrep.data.config import CorpusConfig
from sentrep.mining.output import text_table
from sentrep.mining.settings import AnomalySettings
from sentrep.utils.terminal import cut_middle

SETTINGS = AnomalySettings()
SHOWN = 20
"""Texts that are printed; all are written to `out`."""


def anomalies(
    normal: Files,
    input: Files,
    against: Files = (),
    model: MaybeModel = None,
    settings: AnomalySettings = SETTINGS,
    drift: bool = False,
    out: Path | None = None,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Find texts that differ from normal texts, with p-values.

    Args:
        normal: Files and folders of normal text, or a folder that `sentrep embed` made.
        input: Files and folders of the text to score, or a folder that `sentrep embed` made.
        against: Other text for the likelihood ratio. Unset: the rest of the input.
        model: A model for the scores that compare vectors. Unset: latent semantic analysis of both corpora.
        settings: How texts are scored.
        drift: Also test whether normal text and input have the same distribution.
        out: File for all scores: .jsonl, .csv, .tsv or .parquet.
        reading: How files are read.
        access: Where models may come from.
    """
    found = api.anomalies(
        CorpusConfig(normal), CorpusConfig(input), against=CorpusConfig(against) if against else None,
        model=model, settings=settings, drift=drift, out=out, **keywords(reading, access),
    )  # fmt: skip
    rows = [{**vars(text), "id": cut_middle(text.id, 24)} for text in found.texts[:SHOWN]]
    print(text_table(rows, ("score", "p_value", "id", "text")))
    print(
        f"rank correlation with length {found.length_correlation:.2f}, rarity {found.rarity_correlation:.2f}"
    )
    if found.drift is not None:
        print(f"drift: energy distance {found.drift.distance:.4f}, p = {found.drift.p_value:.3f}")
        words = [
            {"ratio": ratio, "p_value": p_value, "word": word} for word, ratio, p_value in found.drift.words
        ]
        print(text_table(words, ("ratio", "p_value", "word")))
    if out is not None:
        print(f"all {len(found.texts)} in {out}")
