"""From the words of a command line to a call that is ready to run."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import tyro

from sentrep.cli.help_text import readable
from sentrep.utils.errors import InputError, nearest

CONFIG = (
    tyro.conf.OmitArgPrefixes,
    tyro.conf.OmitSubcommandPrefixes,
    tyro.conf.FlagCreatePairsOff,  # --overwrite, without --no-overwrite beside it
    tyro.conf.DisallowNone,  # --cache PATH, instead of --cache {None}|PATH
)

Verb = Callable[..., int | None]


def parsed(verbs: Mapping[str, Verb], arguments: Sequence[str], description: str) -> Callable[[], int | None]:
    """The command, ready to run.

    Raises:
        InputError: a value that its dataclass refuses.
        SystemExit: help was asked for, or an option is unknown or missing; what the parser printed is shown.
    """
    later = {name: _later(verb) for name, verb in verbs.items()}
    out, errors = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(out):
            command: Callable[[], int | None] = tyro.extras.subcommand_cli_from_dict(
                later, prog="sentrep", description=description, args=arguments, config=CONFIG
            )
    except SystemExit as end:
        if (cause := _input_error(end)) is not None:
            raise cause from None
        print(readable(out.getvalue()), end="", flush=True)
        print(errors.getvalue(), end="", file=sys.stderr)
        raise
    return command


def check_names(verbs: Collection[str], arguments: Sequence[str]) -> None:
    """Refuse a command or a method that does not exist; the parser itself suggests names of options only.

    Raises:
        InputError: names the nearest.
    """
    first, second = [*arguments, "", ""][:2]
    if first and not first.startswith("-") and first not in verbs:
        raise InputError(f"no command is called {first!r}; {nearest(first, verbs)}")
    if first == "train" and second and not second.startswith("-"):
        from sentrep.methods.registry import entry

        entry(second)


def _input_error(end: BaseException) -> InputError | None:
    """The error of ours that made the parser end; the parser would print it as one of its own."""
    cause: BaseException | None = end
    while cause is not None and not isinstance(cause, InputError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _later(verb: Verb) -> Callable[..., Callable[[], int | None]]:
    """A verb that is parsed now and run afterwards."""

    @functools.wraps(verb)
    def parsed(*values: Any, **named: Any) -> Callable[[], int | None]:
        return functools.partial(verb, *values, **named)

    return parsed
