"""Questions to the person at the terminal."""

from __future__ import annotations

import sys


def ask(as_json: bool = False) -> str:
    """One line of input, without spaces around it; empty at the end of the input.

    Args:
        as_json: whether standard output is for JSON; the prompt goes to standard error then.
    """
    if as_json:
        print("> ", end="", file=sys.stderr, flush=True)
    try:
        return input("" if as_json else "> ").strip()
    except EOFError:
        return ""
