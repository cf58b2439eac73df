"""The command clusters."""

from __future__ import annotations

from pathlib import Path

from sentrep.api import mining_clusters as api
from sentrep.cli.options import ACCESS, READING, Access, Files, Input, MaybeModel, Reading, keywords
from sentrep.data.config import CorpusConfig
from sentrep.mining.output import text_table
from sentrep.mining.settings import ClusterSettings

SETTINGS = ClusterSettings()


def clusters(
    input: Input,
    model: MaybeModel = None,
    settings: ClusterSettings = SETTINGS,
    assign: Files = (),
    stored: Path | None = None,
    save: Path | None = None,
    out: Path | None = None,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Cluster texts by their vectors, and name the clusters.

    Args:
        input: Files, folders, '-', or a folder that `sentrep embed` made.
        model: A model. Unset: the vectors of a folder, or latent semantic analysis of the texts.
        settings: How many clusters, and by which method.
        assign: New texts. Each gets the nearest cluster of the input; the clusters do not change.
        stored: Folder of clusters that `save` made. The input gets the nearest of them; no new ones are made.
        save: Folder in which the clusters are saved, for use with `stored`.
        out: File for each text with its cluster: .jsonl, .csv, .tsv or .parquet.
        reading: How files are read.
        access: Where models may come from.
    """
    found = api.clusters(
        CorpusConfig(input), model=model, settings=settings, assign=CorpusConfig(assign) if assign else None,
        stored=stored, save=save, out=out, **keywords(reading, access),
    )  # fmt: skip
    rows = [
        {
            "cluster": each.number,
            "texts": each.size,
            "name": ", ".join(each.name)[:44],
            "like": each.representative,
        }
        for each in found.clusters
    ]
    print(text_table(rows, ("cluster", "texts", "name", "like")))
    for number, (one, other, distance) in enumerate(found.merges, start=len(found.clusters) + 1):
        print(f"hierarchy: {number} = {one} + {other}, at distance {distance:.3f}")
    if stored is None:
        print(f"agreement over {settings.seeds} seeds: {found.agreement:.3f} (adjusted Rand index)")
    if save is not None:
        print(f"clusters kept in {save}; for new texts: sentrep clusters FILE --stored {save}")
    if out is not None:
        print(f"all {len(found.ids)} texts in {out}")
