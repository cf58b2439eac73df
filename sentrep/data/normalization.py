"""The normalisation of text that tokenizers, BM25, ROUGE and the baselines share.

1. Lone surrogates, which no encoding can hold, become U+FFFD.
2. Invisible characters are replaced or removed. Zero-width spaces, blank fillers and control characters
   become spaces; soft hyphens, word joiners, byte order marks, directional marks, variation selectors and
   tags are removed. Zero-width joiners and non-joiners stay between letters of Arabic and of Indic and other
   Brahmic scripts, where they change the word, and between emoji, where they make one of several; elsewhere
   they are removed.
3. Typographic quotation marks and dashes become those of ASCII.
4. Unicode normalisation form KC: composed accents, and no full-width letters or ligatures.

The same steps exist twice: `normalize` for Python, `tokenizer_steps` for the `tokenizer.json` of a saved
model, so that plain sentence-transformers reads a text as this package does.

Reference: Unicode Standard Annex 15 (normalisation forms) and 44 (Default_Ignorable_Code_Point).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import tokenizers

SPACES = "\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u200b\u2800\u3164\uffa0\ufffc"
"""Become spaces: control characters, zero-width space, Braille blank, Hangul fillers, object replacement."""

REMOVED = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Are removed: soft hyphen, joiners without width, directional marks, variation selectors, tags."""

JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner."""

JOINING = (
    "\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06df-\u06e8\u06ea-\u06ef\u06fa-\u06ff\u0700-\u07ff\u0840-\u08ff"
    "\u0900-\u0dff\u0e80-\u0fff\u1000-\u109f\u1700-\u18af\u1900-\u1aaf\u1b00-\u1c4f\ua840-\ua8ff\ua900-\ua9ff"
    "\uaa00-\uaaff\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00011000-\U000115ff\U00011600-\U00011aaf"
    "\U00011c00-\U00011eff"
)
"""Letters and marks of scripts in which a joiner changes a word: Arabic to Mandaic, Indic and Brahmic
scripts."""

EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u231a-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
"""Emoji, with their modifiers of skin colour."""


class Replacement(NamedTuple):
    """A replacement of all matches of a pattern, in the syntax that Python and the tokenizers library
    share."""

    pattern: str
    by: str


REPLACEMENTS = (
    Replacement(f"[{SPACES}]", " "),
    Replacement(f"[{REMOVED}]", ""),
    Replacement(f"[{JOINERS}](?![{JOINING}{EMOJI}])|(?<![{JOINING}{EMOJI}])[{JOINERS}]", ""),
    Replacement("[“”„‟«»〝〞]", '"'),
    Replacement("[‘’‚‛`´]", "'"),
    Replacement("[‐-―−]", "-"),
)

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""Tokens that stand for no text. In a text, these characters are text."""

_COMPILED = [(re.compile(pattern), by) for pattern, by in REPLACEMENTS]
_SURROGATES = re.compile("[\ud800-\udfff]")


def normalize(text: str) -> str:
    r"""The text as every component reads it; see the module for the steps.

    >>> normalize("The\u200bgovern\u00adment\ufeff said “ﬁne” – cafe\u0301")
    'The government said "fine" - café'
    """
    if text.isascii() and text.isprintable():
        return text.replace("`", "'")
    text = without_surrogates(text)
    for pattern, by in _COMPILED:
        text = pattern.sub(by, text)
    return unicodedata.normalize("NFKC", text)


def without_surrogates(text: str) -> str:
    r"""The text with each lone surrogate replaced by U+FFFD: what can be encoded.

    >>> without_surrogates("half \ud83d emoji")
    'half � emoji'
    """
    return _SURROGATES.sub("\ufffd", text)


def tokenizer_steps() -> list[tokenizers.normalizers.Normalizer]:
    """`normalize` as steps of the tokenizers library, which gets no surrogates."""
    from tokenizers import Regex, normalizers

    replaced: list[Any] = [normalizers.Replace(Regex(pattern), by) for pattern, by in REPLACEMENTS]
    return [*replaced, normalizers.NFKC()]


def word_preserving_steps() -> list[tokenizers.normalizers.Normalizer]:
    """Steps for a text that was cut into words before: they change letters, but never the number of words.

    Invisible characters are removed within a word, and accents composed (form C). A word that looks like a
    special token gets an invisible mark, and so is none.
    """
    from tokenizers import Regex, normalizers

    ignored = f"{SPACES}{REMOVED}"
    beside = f"[{ignored}]+(?=[^\\s{ignored}])|(?<=[^\\s{ignored}])[{ignored}]+"
    visible = f"[^\\s{ignored}{JOINERS}{JOINING}{EMOJI}]"
    names = "|".join(token[1:-1] for token in SPECIAL)
    return [
        normalizers.Replace(Regex(beside), ""),
        normalizers.Replace(Regex(f"[{JOINERS}](?={visible})|(?<={visible})[{JOINERS}]"), ""),
        normalizers.NFC(),
        normalizers.Replace(Regex(rf"\[(?=(?:{names})\])"), "[\u2060"),
    ]


@cache
def marks() -> str:
    """All combining marks, as ranges for use between the brackets of a regular expression.

    Python's ``\\w`` lacks them, so that it would cut Devanagari or pointed Hebrew within a word.
    """
    points = [point for point in range(0x300, 0x1E950) if unicodedata.category(chr(point)).startswith("M")]
    ranges: list[list[int]] = []
    for point in points:
        if ranges and point == ranges[-1][1] + 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
