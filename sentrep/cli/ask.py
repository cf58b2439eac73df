"""Questions to the person at the terminal."""

from __future__ import annotations


def ask() -> str:
    """One line of input, without spaces around it; empty at the end of the input."""
    try:
        return input("> ").strip()
    except EOFError:
        return ""
