"""Marks of list items: "1.", "(2)", "IV.", "a)", "•", "Step 1."."""

from __future__ import annotations

import re

from sentrep.data.splitting.abbreviations import LABELS

_ROMAN = r"(?:[ivx]{1,6}|[IVX]{1,6})"
_NUMBER = rf"(?:\d{{1,3}}(?:\.\d{{1,3}})*|{_ROMAN}|[^\W\d_])"
BULLETS = "-–*+•‣◦▪▫●○■□►▸➤·∙⁃"
ROMAN = frozenset(
    tens + ones
    for tens in ("", "x", "xx")
    for ones in ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
) | {"x", "xx"}
"""Lower-case Roman numerals up to 29."""

_LIST_MARK = re.compile(rf"(?:[{BULLETS}] ?)?(?:[(\[（]?{_NUMBER}[.)\]．）]+ ?)+|[{BULLETS}]")
_LABEL = re.compile(r"([^\W\d_]+) \d{1,3}(?:\.\d{1,3})*\.")
_LINE_MARK = re.compile(rf"[^\S\n]*(?:[{BULLETS}]|[(\[（]?{_NUMBER}[.)\]．）]+)[^\S\n]+\S")
_LONGEST_MARK = 24


def is_list_mark(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` is nothing but the mark of a list item: "1.", "(2)", "a)", "•", "Step 1."."""
    if end - start > _LONGEST_MARK:
        return False
    if _LIST_MARK.fullmatch(text, start, end):
        return True
    label = _LABEL.fullmatch(text, start, end)
    return label is not None and label[1].lower() in LABELS


def item_starts(paragraph: str) -> list[int]:
    """Return where list items begin in a paragraph of several lines; empty if it holds no list.

    >>> item_starts("We need:\\n- eggs\\n- milk"), item_starts("at the age of\\n12. He left")
    ([9, 16], [])
    """
    marked: list[int] = []
    single: list[int] = []
    start = 0
    while start < len(paragraph):
        stop = paragraph.find("\n", start) % (len(paragraph) + 1)
        if _LINE_MARK.match(paragraph, start, stop):
            marked.append(start)
            if paragraph[:start].rstrip()[-1:] in tuple(".?!:;…。！？："):
                single.append(start)
        start = stop + 1
    return [start for start in (marked if len(marked) > 1 else single) if start]
