"""Queries without words."""

from __future__ import annotations

import unicodedata


def is_blank(query: str) -> bool:
    """Whether a query has nothing but spaces and punctuation, so that it finds nothing. The vector that a
    model gives to it says nothing of what is sought.

    >>> is_blank(" ?!"), is_blank("C++"), is_blank("🙂"), is_blank("海")
    (True, False, False, False)
    """
    return all(unicodedata.category(sign)[0] in "ZPC" for sign in query)
