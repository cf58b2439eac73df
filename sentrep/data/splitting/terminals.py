"""Characters that end sentences, and characters that stand around them.

Reference: Unicode Character Database 18.0, `PropList.txt`, property Sentence_Terminal; the split into full
stops (ATerm) and other terminals (STerm) is that of UAX #29, table 4.
"""

from __future__ import annotations

_SENTENCE_TERMINAL = """
0021 002E 003F 0589 061D..061F 06D4 0700..0702 07F9 0837 0839 083D..083E 0964..0965 104A..104B 1362 1367..1368
166E 1735..1736 17D4..17D5 1803 1809 1944..1945 1AA8..1AAB 1B4E..1B4F 1B5A..1B5B 1B5E..1B5F 1B7D..1B7F
1C3B..1C3C 1C7E..1C7F 2024 203C..203D 2047..2049 2CF9..2CFB 2E2E 2E3C 2E53..2E54 2E60..2E61 3002 A4FF
A60E..A60F A6F3 A6F7 A876..A877 A8CE..A8CF A92F A9C8..A9C9 AA5D..AA5F AAF0..AAF1 ABEB FE12 FE15..FE16 FE52
FE56..FE57 FF01 FF0E FF1F FF61 10A56..10A57 10F55..10F59 10F86..10F89 11047..11048 110BE..110C1 11141..11143
111C5..111C6 111CD 111DE..111DF 11238..11239 1123B..1123C 112A9 113D4..113D5 1144B..1144C 115C2..115C3
115C9..115D7 11641..11642 1173C..1173E 11944 11946 11A42..11A43 11A9B..11A9C 11C41..11C42 11EF7..11EF8
11F43..11F44 16A6E..16A6F 16AF5 16B37..16B38 16B44 16D6E..16D6F 16E98 1BC9F 1DA88
"""


def _characters(ranges: str) -> str:
    """All characters of a list of code points and ranges as the Unicode Character Database writes it."""
    found = []
    for entry in ranges.split():
        first, _, last = entry.partition("..")
        found += [chr(code) for code in range(int(first, 16), int(last or first, 16) + 1)]
    return "".join(found)


SENTENCE_TERMINAL = _characters(_SENTENCE_TERMINAL)
"""All characters with the Unicode property Sentence_Terminal."""

FULL_STOPS = "․﹒．"
"""Full stops (ATerm) other than ".": they also stand between digits."""

SHAD = _characters("0F0D..0F11 0F14")
"""The Tibetan shad and its variants; two with a space between them end a sentence together."""

_WITHOUT_PROPERTY = _characters("037E 05C3 0DF4 0E5A..0E5B 10FB 17DA 2CFE") + SHAD
"""Used as terminals though they lack the property: the Greek question mark, the Hebrew sof pasuq, the
Sinhala kunddaliya, the Thai angkhankhu and khomut, the Georgian paragraph separator, the Khmer koomuut, the
Coptic full stop, and the Tibetan shad."""

CERTAIN = "".join(sign for sign in SENTENCE_TERMINAL if sign not in ".?!" + FULL_STOPS) + _WITHOUT_PROPERTY
"""Terminals that end a sentence wherever they stand."""

CJK = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters of Chinese and Japanese, for a character class: there are no spaces between their words."""

SPACELESS = CJK + r"\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"
"""Characters of Chinese, Japanese, Thai, Lao, Tibetan, Burmese and Khmer, for a character class."""

CLOSING = ")]}）］｝」』】》〉〕〗〙｣*"
"""Brackets and the like that always close."""

QUOTES = "\"'“”„‟«»‹›‘’‚‛"
"""Quotation marks that open in one language and close in another."""

_SYMBOL = (
    r"(?:[\u231a\u231b\u23e9-\u23f3\u2600-\u26ff\u2728\u2753-\u2757\u2763\u2764\u2b50\u2b55]"
    r"|[\U0001f000-\U0001faff]"
    r"|[\u203c\u2049\u2190-\u2bff©®]\ufe0f)"
)
_MODIFIER = r"[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
EMOJI = rf"{_SYMBOL}{_MODIFIER}*(?:\u200d{_SYMBOL}{_MODIFIER}*)*"
"""Regular expression of one emoji, sequences included (UTS #51, section 1.4.9, simplified)."""

EMOTICON = r"[:;=8]['’]?-?[)(DPpO3|/\\*](?![^\W_])"
"""Regular expression of an emoticon such as ":-)"."""
