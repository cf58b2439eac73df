"""Errors and warnings about input that a person can correct, and the parts of their messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

_MARKED = re.compile("\x02(\\w+)\x03")
_PLACE = re.compile("\x04(.*?)\x05", re.DOTALL)


class InputError(ValueError):
    """Bad input. The message says what was wrong, where (file and line), and what to do.

    Settings are named with `opt`: Python users read ``window``, users of the command line ``--window``. Files
    and lines are named with `at`. The command line prints the message without a traceback; any other
    exception is a defect of this package.

    Args:
        message: what was wrong, where, and what to do.
        setting: name of the setting, where the message does not name it with `opt`.

    Attributes:
        setting: name of the setting that has to be changed, if there is one.
        place: the file that the error is about, as ``file`` or ``file:line``, if there is one.

    >>> error = InputError(f"{opt('window')} 0: must be 1 or more")
    >>> str(error), error.for_command_line(), error.setting
    ('window 0: must be 1 or more', '--window 0: must be 1 or more', 'window')
    >>> InputError(f"{at('a.csv', 3)}: expected two columns").place
    'a.csv:3'
    """

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(as_keywords(message))
        self._marked = message
        named = _MARKED.search(message)
        self.setting = setting or (named.group(1) if named else None)
        found = _PLACE.search(message)
        self.place = found.group(1) if found else None

    def for_command_line(self) -> str:
        """The message with settings written as command-line options."""
        return as_options(self._marked)


class ReadWarning(UserWarning):
    """A part of the input was skipped, cut or assumed; the message counts it and names the first
    places. Or it is used in another way than usual, for a reason that the message gives.

    >>> issubclass(ReadWarning, UserWarning)
    True
    """


def opt(setting: str) -> str:
    """The name of a setting, for the message of an `InputError`."""
    return f"\x02{setting}\x03"


def at(place: str | Path, line: int | None = None) -> str:
    """A file, folder or line of a file, for the message of an `InputError`.

    Args:
        place: path of the file, or ``path:line``.
        line: number of the line, from 1.
    """
    return f"\x04{place}\x05" if line is None else f"\x04{place}:{line}\x05"


def damaged(path: Path) -> InputError:
    """The error for a file of a folder that this package wrote, if it is not as it was written.

    >>> damaged(Path("vectors/manifest.json")).place
    'vectors/manifest.json'
    """
    return InputError(
        f"{at(path)} is not as it was written (damaged, cut short or edited); make the folder "
        f"{path.parent} again"
    )


def as_keywords(message: str) -> str:
    """A message with marks of `opt` and `at`, for users of Python."""
    return _PLACE.sub(r"\1", _MARKED.sub(r"\1", message))


def as_options(message: str) -> str:
    """A message with marks of `opt` and `at`, for users of the command line.

    >>> as_options(f"{opt('text_field')} 'body'")
    "--text-field 'body'"
    """
    named = _MARKED.sub(lambda name: f"--{name.group(1).replace('_', '-')}", message)
    return _PLACE.sub(r"\1", named)


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


def cut(text: str, limit: int = 60) -> str:
    r"""A text for a message: one line of at most `limit` characters; of a longer one the end is left out.

    >>> cut("a long text", 8), cut("two\nlines")
    ('a lon...', 'two lines')
    """
    text = " ".join(text.splitlines())
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for an unknown name.

    >>> nearest("quick-thougt", ["quick-thought", "cpc"]), nearest("x", ["quick-thought", "cpc"])
    ("did you mean 'quick-thought'?", 'there are: quick-thought, cpc')
    """
    import difflib

    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
