"""From words on a command line to a call that is ready to run."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tyro

from sentrep.methods.registry import entry
from sentrep.utils.errors import InputError, nearest

CONFIG = (tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes)

Verb = Callable[..., int | None]


def parsed(verbs: Mapping[str, Verb], arguments: Sequence[str], description: str) -> Callable[[], int | None]:
    """The command, ready to run. The parser would bury our own words on a bad value, so these are dug out and
    raised.

    Raises:
        InputError: a value that its dataclass refuses, or a verb or method that does not exist; names the
            nearest.
        SystemExit: help was asked for, or an option is unknown or missing; the parser has said so.
    """
    _check_names(verbs, arguments)
    later = {name: _later(verb) for name, verb in verbs.items()}
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            command: Callable[[], int | None] = tyro.extras.subcommand_cli_from_dict(
                later, prog="sentrep", description=description, args=arguments, config=CONFIG
            )
    except SystemExit as end:
        cause: BaseException | None = end
        while cause is not None and not isinstance(cause, InputError):
            cause = cause.__cause__ or cause.__context__
        if cause is not None:
            raise cause from None
        print(said.getvalue(), end="", file=sys.stderr)
        raise
    return command


def _check_names(verbs: Mapping[str, Verb], arguments: Sequence[str]) -> None:
    """The parser finds the nearest option, but not the nearest verb."""
    first, second = [*arguments, "", ""][:2]
    if first and not first.startswith("-") and first not in verbs:
        raise InputError(f"no command is called {first!r}; {nearest(first, verbs)}")
    if first == "train" and second and not second.startswith("-"):
        entry(second)


def _later(verb: Verb) -> Callable[..., Callable[[], int | None]]:
    """A verb that is parsed now and run afterwards."""

    @functools.wraps(verb)
    def parsed(*values: Any, **named: Any) -> Callable[[], int | None]:
        return functools.partial(verb, *values, **named)

    return parsed
