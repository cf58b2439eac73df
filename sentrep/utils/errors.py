"""Errors and warnings about input that a person can correct, and the hint for a mistyped name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_MARKED = re.compile("\x02(\\w+)\x03")


class InputError(ValueError):
    """Bad input. The message says what was wrong, where (file and line), and what to do.

    Settings are named with `opt`: Python users read ``window``, users of the command line ``--window``. The
    command line prints the message without a traceback; any other exception is a defect of this package.

    Attributes:
        setting: name of the setting that has to be changed, if there is one.

    >>> error = InputError(f"{opt('window')} 0: must be 1 or more")
    >>> str(error), error.for_command_line(), error.setting
    ('window 0: must be 1 or more', '--window 0: must be 1 or more', 'window')
    """

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(as_keywords(message))
        self._marked = message
        named = _MARKED.search(message)
        self.setting = setting or (named.group(1) if named else None)

    def for_command_line(self) -> str:
        """The message with settings written as command-line options."""
        return as_options(self._marked)


class ReadWarning(UserWarning):
    """Something of the input was skipped, cut or assumed; the message counts it and names the first
    places."""


def opt(setting: str) -> str:
    """The name of a setting, for the message of an `InputError`."""
    return f"\x02{setting}\x03"


def as_keywords(message: str) -> str:
    """A message whose settings are marked by `opt`, for users of Python."""
    return _MARKED.sub(r"\1", message)


def as_options(message: str) -> str:
    """The same for users of the command line.

    >>> as_options(f"{opt('text_field')} 'body'")
    "--text-field 'body'"
    """
    return _MARKED.sub(lambda name: f"--{name.group(1).replace('_', '-')}", message)


def shown(message: str) -> str:
    """A message that is printed and not raised: with options where the command line runs, else with keywords.

    >>> shown(f"raise {opt('batch_size')}")
    'raise batch_size'
    """
    return as_options(message) if _style.options else as_keywords(message)


@contextmanager
def options_shown() -> Iterator[None]:
    """Within it `shown` writes command-line options; the command line runs in it."""
    before, _style.options = _style.options, True
    try:
        yield
    finally:
        _style.options = before


def on_command_line() -> bool:
    """Whether settings are shown as options: the command line runs."""
    return _style.options


class _Style:
    """How `shown` writes settings, in all threads of the process."""

    options = False


_style = _Style()


PARSER_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, NameError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip
"""What a parser of another library raises, beside errors of its own, for a file that it was not written for
(RuntimeError includes RecursionError). Neither a missing library nor a lack of memory is among them."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name.

    >>> nearest("quick-thougt", ["quick-thought", "cpc"]), nearest("x", ["quick-thought", "cpc"])
    ("did you mean 'quick-thought'?", 'there are: quick-thought, cpc')
    """
    import difflib

    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
