"""The one exception for input that a person can put right, and the hint that often comes with it."""

from __future__ import annotations

from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: the message says what was wrong, where (file and line), and what to do about it.

    The command line prints it without a traceback; everything else that is raised is a defect of ours.
    """


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a name that nobody knows.

    >>> nearest("quick-thougt", ["quick-thought", "cpc"]), nearest("x", ["quick-thought", "cpc"])
    ("did you mean 'quick-thought'?", 'there are: quick-thought, cpc')
    """
    import difflib

    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
