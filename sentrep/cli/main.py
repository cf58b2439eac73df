"""The command line: parses, calls `sentrep.api`, prints. Options come from the dataclasses and docstrings
that document them."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from sentrep.cli.parser import Verb, check_names, parsed
from sentrep.utils.errors import InputError, ReadWarning, options_shown
from sentrep.utils.files import FULL
from sentrep.utils.terminal import replace_what_cannot_be_encoded

DESCRIPTION = (
    "Train sentence encoders on raw text, build search indexes with them, and measure them. "
    "Help of a command: sentrep COMMAND --help."
)

VERBS = {
    "quickstart": "quickstart:quickstart",
    "build": "documents:build",
    "train": "train:train_with",
    "embed": "search:embed",
    "index": "search:index",
    "search": "search:search",
    "add": "documents:add",
    "remove": "documents:remove",
    "update": "documents:update",
    "generate": "generate:generate",
    "compress": "compress:compress",
    "decompress": "compress:decompress",
    "summarize": "generate:summarize",
    "parse": "parse:parse",
    "eval": "evaluate:evaluate",
    "compare": "evaluate:compare",
    "report": "evaluate:report",
    "terms": "mining_terms:terms",
    "duplicates": "mining_duplicates:duplicates",
    "anomalies": "mining_anomalies:anomalies",
    "clusters": "mining_clusters:clusters",
    "combine": "models:combine",
    "expand": "models:expand",
    "distill": "documents:distill",
    "reduce": "reduction:reduce",
    "baseline": "evaluate:baseline",
}
"""Each command: a module of this package and the function in it."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 bad input or something failed, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    replace_what_cannot_be_encoded()
    try:
        if given == ["--version"]:
            return _version()
        with options_shown(), _read_warnings_printed():
            check_names(VERBS, given)
            status = int(parsed(_verbs(given), given, DESCRIPTION)() or 0)
        sys.stdout.flush()  # what cannot be written is an error here, not when the interpreter ends
        return status
    except InputError as error:
        print(f"sentrep: {error.for_command_line()}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        print(f"sentrep: out of memory: {error}; choose smaller settings, or free memory", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(f"sentrep: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, `head` for instance, has ended
        _discard_output()
        return 0
    except OSError as error:
        if error.errno not in FULL:
            raise
        place = error.filename or "the output"
        print(f"sentrep: no space left for {place}; make room, then run it again", file=sys.stderr)
        _discard_output()
        return 1


def _discard_output() -> None:
    """Discard what is still in the buffer: it would fail again when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _out_of_memory(error: Exception) -> bool:
    """Whether an error is about memory; that of torch on a CPU has no class of its own."""
    known = ("OutOfMemoryError", "DefaultCPUAllocator: ")
    return isinstance(error, MemoryError) or any(name in f"{type(error).__name__}{error}" for name in known)


def _verbs(arguments: list[str]) -> dict[str, Verb]:
    """The command that the arguments name; all of them where they name none, as for help.

    The modules of other commands are not imported, so that a command starts quickly.
    """
    names = arguments[:1] if arguments and arguments[0] in VERBS else VERBS
    verbs = {name: _imported(VERBS[name]) for name in names}
    if "train" in verbs:
        verbs["train"] = verbs["train"](arguments)  # its options depend on the preset
    return verbs


def _imported(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(f"sentrep.cli.{module}"), name)


def _version() -> int:
    from sentrep import __version__

    print(f"sentrep {__version__}", flush=True)
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
