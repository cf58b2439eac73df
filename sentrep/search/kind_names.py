"""Names of the kinds of an index. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from typing import Literal, get_args

from sentrep.utils.errors import InputError, nearest, opt

Kind = Literal["auto", "flat", "hnsw", "ivf", "ivf-pq", "binary"]
"""What can be asked for: 'auto', or a kind."""
KINDS: tuple[Kind, ...] = get_args(Kind)[1:]
"""The kinds that an index can have."""


def checked_kind(kind: str) -> Kind:
    """Returns `kind` if it can be asked for.

    Raises:
        InputError: there is no such kind.

    >>> checked_kind("ivf-pq")
    'ivf-pq'
    """
    known = ("auto", *KINDS)
    if kind not in known:
        raise InputError(f"{opt('kind')}: no index kind is called {kind!r}; {nearest(str(kind), known)}")
    return kind
