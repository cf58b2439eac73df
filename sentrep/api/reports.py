"""The verb report: one HTML page of scores, training curves, a map of sentences, and what a corpus holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sentrep.api.corpora import corpus_source
from sentrep.api.reading import watched
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus, sentences
from sentrep.data.outputs import check_outputs
from sentrep.data.reading.report import ReadReport
from sentrep.inference.eval_adapter import measured
from sentrep.utils.arguments import existing_paths
from sentrep.utils.errors import InputError, opt
from sentrep.utils.settings import arguments_checked, checked

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder


@arguments_checked
def report(
    results: str | Path | Sequence[str | Path] = (),
    out: str | Path = "report.html",
    *,
    runs: str | Path | Sequence[str | Path] = (),
    model: str | Path | Encoder | None = None,
    input: Corpus | None = None,
    corpus: Corpus | None = None,
    against: Corpus | None = None,
    unit: Literal["document", "sentence"] = "document",
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> Path:
    """Write one HTML page; see `sentrep.evaluation.report.write_report`.

    Args:
        results: results files, for the table of scores and the worst failures.
        out: the page.
        runs: run folders, for training curves and monitors of collapse.
        model: what the texts of `input`, and of `corpus`, are embedded with.
        input: files, folders or documents for the map of sentences.
        corpus: files, folders, documents or embedded sentences: its duplicates, unusual texts, clusters and
            terms. Without a model, its vectors are of latent semantic analysis.
        against: other text, which the terms of `corpus` are compared with.
        unit: what a text of `corpus` is: 'document' or 'sentence'.
        strict: raise for anything of `input` or `corpus` that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        The path of the page.

    Raises:
        InputError: there is nothing to show, a file or folder does not exist, results cannot be compared,
            `input` is given without `model`, or `model` with neither `input` nor `corpus`.

    Example:
        >>> sentrep.report("results.jsonl", "report.html").name
        'report.html'
    """
    files = existing_paths(results, "results file", "results")
    folders = existing_paths(runs, "run folder", "runs")
    check_outputs([input, corpus, against, *files], out=out)
    if (model is None or corpus is None) and (model is None) != (input is None):
        raise InputError(
            f"the map of sentences needs both: {opt('model')} and {opt('input')}",
            setting="model" if model is None else "input",
        )
    if against is not None and corpus is None:
        raise InputError(f"{opt('against')} needs {opt('corpus')}, whose terms are compared with it")
    source = None if input is None else corpus_source(input, fields, "input", offline=offline, hub=hub)

    access: dict[str, Any] = {"strict": strict, "offline": offline, "hub": hub}
    held = None
    if corpus is not None:
        from sentrep.api.corpus_report import corpus_data

        held = corpus_data(corpus, fields, model=model, against=against, unit=unit, **access)

    from sentrep.evaluation.report import Run, write_report
    from sentrep.training.run_folder import RunFolder

    return write_report(
        files,
        checked("out", out, Path),
        runs=[Run(run, RunFolder(Path(run)).history()) for run in folders],
        corpus=held,
        model=None if model is None or source is None else measured(model, offline=offline, hub=hub),
        sentences=() if source is None else _texts(source, strict),
    )


def _texts(source: CorpusConfig, strict: bool) -> Iterator[str]:
    report = ReadReport()
    return (text for _, text in watched(sentences(source, report), report, strict))
