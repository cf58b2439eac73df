"""The stops at which a sentence may end, in all scripts."""

from __future__ import annotations

import re

from sentrep.data.splitting.terminals import CERTAIN, CJK, EMOJI, FULL_STOPS, SHAD, SPACELESS

_BEHIND = r""" )";}\]*:@'({\[?!…“”„‟«»‘’‚‛‹›（「『"""
_PLAIN = rf"[.?!…](?=[{_BEHIND}])"
"""A stop that may end a sentence: it stands before a space or a sign that is part of no word."""


def _stop(certain: str) -> re.Pattern[str]:
    """A stop of any script; group "certain" is set where it ends a sentence without further question.

    The pattern begins with one set of characters, because `re` finds these fast; it then looks back at
    which it was.
    """
    greek = r"\u0370-\u03ff\u1f00-\u1fff"
    ends = "|".join(
        (
            r"(?<=[।॥]) ?\d{1,4} ?[।॥]+",  # the number of a verse
            rf"(?<=[{SHAD}])(?: ?[{SHAD}])+",
            rf"(?<=[{certain}])[{certain}?!.…\ufe0e\ufe0f]*",
            rf"(?<=[{SPACELESS}][?!])[?!]*(?=[”’」』）\"{SPACELESS}])",
            rf"(?<=[{CJK}]…)…*(?=[”’」』）])",
            rf"(?<=[{CJK}][{FULL_STOPS}])[{FULL_STOPS}]*(?=\d)",
            rf"(?<=[{FULL_STOPS}])[{FULL_STOPS}]*(?=[ ”’」』）{CJK}])",
            rf"(?<=[{greek}];)(?= )",  # the Greek question mark as it is typed
        )
    )
    first = rf"[{certain}{FULL_STOPS}.?!…;]"
    return re.compile(rf"{first}(?:(?P<certain>{ends})|(?<=[.?!…])(?=[{_BEHIND}]|{EMOJI}))")


_STOP = _stop(CERTAIN)
_STOP_BASIC = _stop("".join(sign for sign in CERTAIN if sign <= "\uffff"))
_HAS_RARE = re.compile("[\U00010a00-\U0001dfff]")
"""A character of the scripts beyond the basic plane; without them, a smaller and faster pattern does."""
_STOP_PLAIN = re.compile(_PLAIN)
_HAS_MORE = re.compile(r"[^\x00-\u036f\u0400-\u0560\u2000-\u2023\u2025-\u203b\u20a0-\u20cf]")
"""A character outside Latin, Cyrillic and common punctuation; other text needs the small pattern only."""
MORE_STOPS = frozenset(".?!…" + CERTAIN + FULL_STOPS)
"""What may stand behind a stop and belong to it."""


def stops_of(text: str) -> re.Pattern[str]:
    """The smallest and fastest pattern that finds the stops of a text; group "certain" is set where a stop
    ends a sentence without further question."""
    if text.isascii() or not _HAS_MORE.search(text):
        return _STOP_PLAIN
    return _STOP if _HAS_RARE.search(text) else _STOP_BASIC
