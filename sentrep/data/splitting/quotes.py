"""Which quotation marks close: French « », German „ “ and »…«, English, Swedish and straight ones."""

from __future__ import annotations

from sentrep.data.splitting.terminals import CLOSING, QUOTES

_STRAIGHTENED = {'"': "“”„‟«»", "'": "‘’‚‛"}


def straight(text: str) -> str:
    """Replace typographic quotation marks by straight ones, one character for one.

    >>> straight("„Ja“, sagte sie.")
    '"Ja", sagte sie.'
    """
    if not text.isascii():  # str.translate takes ten times as long
        for mark, curved in _STRAIGHTENED.items():
            for quote in curved:
                text = text.replace(quote, mark)
    return text


def behind_closing(text: str, end: int) -> int:
    """Return where the quotation marks and brackets end that close at `text[end]`.

    A mark that follows a space closes only where the language puts a space before it, as French and tokenised
    text do.

    >>> behind_closing("« Oui. » Puis", 6), behind_closing("Non. « Oui. »", 4)
    (8, 4)
    """
    size = len(text)
    while end < size:
        spaced = text[end] == " "
        at = end + spaced
        if at >= size or not _closes(text, at, spaced):
            break
        end = at + 1
    return end


def _closes(text: str, at: int, spaced: bool) -> bool:
    sign = text[at]
    if sign in CLOSING:
        return sign != "*" or not spaced
    if sign not in QUOTES or sign in "„‚":
        return False
    behind = at + 1
    while behind < len(text) and text[behind] in QUOTES:
        behind += 1
    alone = behind == len(text) or text[behind] in " .?!,;:" + CLOSING
    if spaced != alone:
        return alone
    return _closes_by_form(text, at, spaced)


def _closes_by_form(text: str, at: int, spaced: bool) -> bool:
    """Whether a mark closes that has a space on both sides, or a letter on one and a stop on the other."""
    sign = text[at]
    if sign in "«»":
        first = min(text.find(mark) % (len(text) + 1) for mark in "«»")
        return sign != text[first]
    if sign in "‹›":
        return sign == "›"
    if sign in "“‟":
        return text.rfind("„", 0, at) > text.rfind("“", 0, at)
    if sign in "‘‛":
        return text.rfind("‚", 0, at) > text.rfind("‘", 0, at)
    if sign == '"':
        return text.count('"', 0, at) % 2 == 1
    if sign == "'" and text.startswith("''", at):
        return True
    if sign == "'" and spaced:
        return text.count(" ' ", 0, at) + text.startswith("' ") & 1 == 1
    return True
