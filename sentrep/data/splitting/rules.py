"""Decisions around Punkt: references, ordinals, abbreviations, ellipses, and what follows a quotation."""

from __future__ import annotations

import re
from itertools import pairwise

from sentrep.data.splitting.abbreviations import (
    AFTER_ORDINALS,
    BEFORE_ORDINALS,
    MONTHS,
    NAMES_WITH_MARKS,
    PARTICLES,
    REFERENCES,
    STARTERS,
    UNITS,
    VOWELS,
    WORDS,
)
from sentrep.data.splitting.list_marks import ROMAN, is_list_mark
from sentrep.data.splitting.terminals import CJK

_WRITTEN_NUMBER = re.compile(r"[(\[#]?(?:[A-Z]{0,2}[-.]?\d|[IVXLC]{2,}\b|[VX]\b)")
_DATE = re.compile(r" \d{1,2}\. ?\d{2,4}\b")
_WORD = re.compile(r"[^\W_]+")
_LETTERED = ("app", "appx", "fig", "figs", "tab", "annex", "sched", "sch")
_LETTER_NEXT = re.compile(r"[B-HJ-Z](?![\w.'’-])")
_ORDINAL_ARTICLES = (
    "das",
    "dem",
    "vom",
    "zum",
    "zur",
    "im",
    "beim",
    "ins",
    "einem",
    "einen",
    "jeden",
    "jedes",
)
_VERB = r"(?:(?<!听)[说說问問喊叫答嚷吼骂罵叹嘆讲講]|(?<![知街])道|心想)"
_SAID = re.compile(
    rf" ?[^\W\d_没不無无沒]{{0,12}}?{_VERB}(?:[了过過道][^\W\d_]{{0,6}}?)?"
    rf"(?=[。！？…]|[，、,](?=[“‘「『\"])|[，,]?$)"
    rf"|[^\W\d_没不無无沒听一边邊]{{0,4}}?{_VERB}(?=[，,])"
    r"|(?:と(?!ても|にかく|うとう|ころ|たん|もあれ|きどき|っさ|なり|もに|りあえず|つぜん|きに)"
    r"|って|という|とか|なんて|を)"
)
"""Words that tie a quotation to what follows: "he said" in Chinese, a particle in Japanese.

A verb with a colon introduces the next quotation."""
_QUOTED_ON = re.compile(r" (?:하고|하며|라고|이라고|라며)(?= )")
_KOREAN_ENDING = re.compile(r"[다요까죠네지]$")
_GLUED = re.compile(r"[.?!](?=[A-ZÀ-ÖØ-ÞΑ-ΩА-Я])")
_GLUED_WORD = re.compile(r"""[(\["'“‘«]*[^\W\d_]+(?:['’-][^\W\d_]+)*(?<=[^\W\d_]{2})""")
_WORD_BEHIND = re.compile(r"""[^\W\d_]+(?=['’ ,;:]|[.?!]*[)\]"'”’»]*(?: |$))""")


def is_part(before: str, text: str, start: int, begun: int, end: int) -> bool:
    """Whether the full stop before `end` belongs to a list mark, a reference, an ordinal or an abbreviation.

    Args:
        before: The word before the stop.
        text: The paragraph.
        start: Where the sentence begins.
        begun: Where the word begins.
        end: Behind the stop.
    """
    return (
        is_list_mark(text, start, end)
        or refers(before, text, end)
        or is_ordinal(before, text, start, begun, end)
        or is_abbreviated(before, text, end)
    )


def is_bracketed(text: str, begun: int, end: int) -> bool:
    """Whether the stop stands alone in brackets, "(!)" or "[...]": a remark within a sentence."""
    inside = text[begun:end].rstrip(".?!…")
    if not inside:
        return text[begun - 2 : begun] in ("( ", "[ ") and text[end : end + 2] in (" )", " ]")
    return inside[-1] in "([" and text[end : end + 1] in (")", "]")


def unglued(text: str) -> list[str]:
    """Cut a paragraph where the space between two sentences is missing.

    A sentence ends at a full stop there if the letter before it is in lower case and a function word with a
    capital letter follows: names of files, hosts and attributes have the form of the other cases.

    >>> unglued("Hello.How are you? See example.Com and file.Names."), unglued("Node.js, U.S.A, e.g.The")
    (['Hello.', 'How are you? See example.Com and file.Names.'], ['Node.js, U.S.A, e.g.The'])
    """
    cuts = [stop.end() for stop in _GLUED.finditer(text) if _is_glued(text, stop.end())]
    return [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]


def _is_glued(text: str, end: int) -> bool:
    """Whether one sentence ends before `end` and another begins there, without a space between them."""
    token = text[text.rfind(" ", 0, end) + 1 : end - 1]
    following = _WORD_BEHIND.match(text, end)
    if following is None or not token[-1:].islower() or not _GLUED_WORD.fullmatch(token):
        return False
    word = following[0]
    if len(word) > 1 and not word[1:].islower():
        return False
    return text[end - 1] in "?!" or word.lower() in STARTERS


def is_name_with_mark(before: str, text: str, end: int) -> bool:
    """Whether a mark belongs to a name, and the sentence goes on in lower case: "Yahoo! in 1994"."""
    return before.lower() in NAMES_WITH_MARKS and text[end + 1 : end + 2].islower()


def refers(before: str, text: str, end: int) -> bool:
    """Whether a word with a full stop refers to the number behind it: "No. 5", "pp. 5–7", "Fig. A1"."""
    word = re.split("[('’\"\\[]", before.lower())[-1]
    if word not in REFERENCES or text[end : end + 1] != " ":
        return False
    if word in _LETTERED and _LETTER_NEXT.match(text, end + 1):
        return True
    return _WRITTEN_NUMBER.match(text, end + 1) is not None


def is_ordinal(before: str, text: str, start: int, begun: int, end: int) -> bool:
    """Whether a number with a full stop is an ordinal: "am 3. Mai", "im 19. Jahrhundert", "5. 3. 2021"."""
    if not before.isdecimal() or len(before) > 3:
        return False
    if len(before) < 3 and (_DATE.match(text, end) or (_DATE.match(text, begun - 1) and text[end].isspace())):
        return True
    following = _WORD.match(text, end + 1)
    if following is None:
        return False
    word = following[0].lower()
    if len(before) < 3 and word in MONTHS:
        return True
    if text[begun - 2 : begun] == ": ":
        return True
    previous = text[max(start, text.rfind(" ", 0, max(begun - 1, 0)) + 1) : max(begun - 1, 0)].lower()
    return previous in BEFORE_ORDINALS and (word in AFTER_ORDINALS or previous in _ORDINAL_ARTICLES)


def is_abbreviated(before: str, text: str, end: int) -> bool:
    """Whether a word has the form of an abbreviation: without a vowel, or one letter of a caseless script.

    Thai full stops end abbreviations only."""
    following = text[end + 1 : end + 2]
    last = before[-1:]
    if "\u0e00" <= last <= "\u0e7f":
        return True
    if before in ("ex", "ej", "es") and text.endswith("p. ", 0, end - len(before) - 1):
        return True
    if len(before) == 1 and not re.match(f"[{CJK}]", before):
        return last.isalpha() and not last.isupper() and not last.islower()
    if not (following.islower() or following.isdigit()) or not before.isalpha():
        return False
    lower = before.lower()
    if lower in ROMAN and before.isupper():
        return following.islower()
    return not before.isupper() and before[1:].islower() and VOWELS.isdisjoint(lower) and _has_vowels(lower)


def is_last(before: str, text: str, begun: int, end: int) -> bool:
    """Whether an abbreviation ends its sentence: "vitamin C. It", "at 10 h. Then", "и т. д. Он"."""
    following = text[end + 1 : end + 2]
    capital = following.isupper()
    if before in WORDS:
        return not (following.islower() or following.isdigit())
    if before in UNITS and text[begun - 2 : begun - 1].isdigit():
        return capital
    if before in ("д", "п") and text.endswith("т. ", 0, begun):
        return capital
    if before == "I" and text.endswith((" and ", " than ", " but ", " as "), 0, begun):
        return capital
    if len(before) != 1 or not before.isupper() or text[begun - 2 : begun - 1] in tuple(".,"):
        return False
    return starts_sentence(text, end)


def starts_sentence(text: str, end: int) -> bool:
    """Whether a function word with a capital letter follows, one that is no part of names."""
    following = _WORD.match(text, end + 1)
    if following is None or not following[0][0].isupper():
        return False
    word = following[0].lower()
    return word in STARTERS and word not in PARTICLES and text[following.end() : following.end() + 1] != "."


def ends_with_ellipsis(text: str, begun: int, end: int) -> bool:
    """Whether an ellipsis ends a sentence: a capital letter follows, but not "I", an acronym or a stutter."""
    at = end
    while at < len(text) and not text[at].isalnum():
        at += 1
    if at == len(text):
        return True
    if text[end:at].strip(" ") == "" and _KOREAN_ENDING.search(text[begun:end].rstrip("….")):
        return True
    if not text[at].isupper():
        return False
    if not text[end:at].strip(" "):
        word = _WORD.match(text, at)
        following = word[0] if word else ""
        previous = text[begun:end].strip("….\"'([¿¡- ").lower()
        if following == "I" or (len(following) > 1 and following.isupper()):
            return False
        return not (previous and following.lower().startswith(previous))
    return True


def goes_on(text: str, at: int, sign: str, quoted: bool, spaced: bool) -> bool:
    """Whether the sentence goes on at `text[at]`, behind a stop (`sign`) and what closed with it.

    Args:
        text: The paragraph.
        at: First character that is no space.
        sign: The stop.
        quoted: Whether quotation marks or brackets closed behind the stop.
        spaced: Whether a space was before `at`.
    """
    following = text[at]
    if following in ",;:，、；;:)]}%/\\@_":
        return True
    if following in "-–—":
        word = text[at + 1 : at + 3].lstrip(" -–—")[:1]
        return quoted or word.islower()
    if not quoted:
        return False
    if following.islower() or (not following.isalnum() and _lower_within(text, at)):
        return True
    if following.isalpha() and not following.isupper():
        return _tag_follows(text, at, sign, spaced)
    return False


def _tag_follows(text: str, at: int, sign: str, spaced: bool) -> bool:
    """Whether "she said" follows a quotation in a script without capital letters."""
    if re.match(f"[{CJK}]", text[at]):
        return _SAID.match(text, at) is not None
    if not spaced or _QUOTED_ON.match(text, at - 1):
        return True
    return sign in "?!؟"


def _lower_within(text: str, at: int) -> bool:
    """Whether a lower-case letter follows after at most two signs."""
    for sign in text[at : at + 3]:
        if sign.isalnum():
            return sign.islower()
    return False


def _has_vowels(word: str) -> bool:
    """Whether the script of a word is one whose vowels the table lists: Latin, Greek or Cyrillic."""
    return word[0] < "\u0530"
