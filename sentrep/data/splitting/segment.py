"""Documents to sentences: Punkt (Kiss and Strunk, Computational Linguistics 32, 2006), trained on the corpus
itself.

NLTK learns the parameters; splitting is done here, from tables, because NLTK's import costs each worker a
second and 200 MB and its splitter a multiple of the time. The decisions are NLTK's, with one difference: NLTK
also splits after "Mr." in "Good morning, Mr. Holmes.”" because the word *behind* ends a sentence (the context
it looks at holds two stops, and it does not ask which of them it found). Here each stop answers for itself.

Around Punkt: typographic quotes count as straight ones; "“Stop!” she cried." is one sentence; Chinese and
Japanese stops end a sentence wherever they stand, together with the quotes that close behind them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from sentrep.data.splitting.punkt import Punkt
from sentrep.utils.errors import InputError

LONGEST = 2_000
"""Characters; what goes on longer without a stop (tables, lists, noise) is cut at white space."""

_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_SPACED_DOTS = re.compile(r"\.(?: \.){2,}")
_QUOTES = {'"': "“”„‟«»", "'": "‘’‚‛"}

# A stop that can end a sentence: . ? ! before a space or a sign that is part of no word ...
_NARROW = r"""[.?!](?=[ )";}\]*:@'({\[!?“”„‟«»‘’‚‛])"""
# ... or a full-width stop, which ends it without further question, together with the quotes that close behind
# it. An ellipsis of Chinese prose does so only where a quote closes behind it.
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WIDE = (
    rf"""(?:[。！？｡]+|(?<=[{_CJK}])[?!]+(?=[”’」』）{_CJK}])|(?<=[{_CJK}])…+(?=[”’」』）]))"""
    r"""[。！？｡…]*[”’」』）】》〉〕]*(?:["'](?= |$))?"""
)
_STOP = re.compile(f"(?P<wide>{_WIDE})|{_NARROW}")
_STOP_NARROW = re.compile(f"{_NARROW}(?P<wide>$^)?")
_HAS_WIDE = re.compile(rf"[。！？｡{_CJK}]")
_CLOSING = re.compile(r""" ?["')\]}]+(?: |(?=--)|$)""")
_CLOSED = frozenset("\"')]}”’」』）】》〉〕")
_GOES_ON = re.compile(r"""[-–—,;，、；]|\W{0,2}[a-zß-öø-ÿ]""")
_QUOTE_AND_DASH = re.compile(r"""["')\]}]+[-–—,;]""")


class Segmenter:
    """Splits text into sentences. Small, cheap to send to another process, saved as JSON."""

    def __init__(self, punkt: Punkt) -> None:
        self._punkt = punkt

    @classmethod
    def train(cls, texts: Iterable[str]) -> Segmenter:
        """Learn abbreviations, sentence starters and the rest from raw texts; a few million characters are
        plenty."""
        return cls(Punkt.train(map(_straight, texts)))

    def split(self, text: str) -> list[str]:
        """The sentences of a text, white space folded. Paragraphs (blank lines between them) are never
        joined.

        >>> Segmenter(Punkt()).split("Dr. No came in.  “Who?” they asked.\\n\\n他走了。“好。”我说。")
        ['Dr. No came in.', '“Who?” they asked.', '他走了。', '“好。”', '我说。']
        """
        sentences: list[str] = []
        for paragraph in _PARAGRAPHS.split(text):
            folded = " ".join(paragraph.split())
            if ". . ." in folded:
                folded = _SPACED_DOTS.sub("...", folded)
            start = 0
            for cut in self._ends(folded):
                _keep(folded[start:cut].strip(), sentences)
                start = cut
        return sentences

    def sentences(self, text: str, lines: bool) -> list[str]:
        """The sentences of a text that may be split already, one sentence a line."""
        if not lines:
            return self.split(text)
        sentences: list[str] = []
        for line in text.split("\n"):
            _keep(" ".join(line.split()), sentences)
        return sentences

    def to_json(self) -> str:
        return json.dumps(self._punkt.to_dict(), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Segmenter:
        """Raises InputError where `text` is not what `to_json` wrote."""
        try:
            return cls(Punkt.from_dict(json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"not the parameters of a sentence splitter ({error})") from error

    def _ends(self, text: str) -> Iterator[int]:
        """Where the sentences of a paragraph end, the last one included."""
        straight = _straight(text)
        for cut in self._stops(text, straight):
            last = straight[cut - 1] if straight[cut - 1] != " " else straight[cut - 2]
            # “Stop!” she cried.  “Stop!”—and she ran.
            if (last in _CLOSED and _GOES_ON.match(straight, cut)) or _QUOTE_AND_DASH.match(straight, cut):
                continue
            yield cut
        yield len(text)

    def _stops(self, text: str, straight: str) -> Iterator[int]:
        """Where Punkt and the full-width stops end a sentence: behind the stop and the quotes that close with
        it.

        A stop is decided when the next is seen: of "?!" and of "U.S.A.)." only the last sign is asked.
        """
        begun = end = 0  # of the word with the last stop, and of that stop
        waiting = False
        stops = _STOP if _HAS_WIDE.search(text) else _STOP_NARROW  # the same, at a fifth of the time
        for stop in stops.finditer(text):
            word = straight.rfind(" ", end, stop.start()) + 1
            wide = stop["wide"] is not None
            if waiting and (word or wide) and self._punkt.ends_sentence(straight, begun, end):
                yield _closed(straight, end)
            if wide:
                yield stop.end()
            begun, end, waiting = word or (stop.end() if wide else begun), stop.end(), not wide
        if waiting and self._punkt.ends_sentence(straight, begun, end):
            yield _closed(straight, end)


def _straight(text: str) -> str:
    """Typographic quotes made straight, one character for one. (`str.translate` takes ten times as long.)"""
    if not text.isascii():
        for straight, curved in _QUOTES.items():
            for quote in curved:
                text = text.replace(quote, straight)
    return text


def _closed(text: str, end: int) -> int:
    """`end`, moved behind the quotes and brackets that close the sentence."""
    closing = _CLOSING.match(text, end)
    return closing.end() if closing else end


def _keep(sentence: str, sentences: list[str]) -> None:
    """Append a sentence that has a letter or a digit; in pieces where it has no end."""
    while len(sentence) > LONGEST:
        cut = sentence.rfind(" ", LONGEST // 2, LONGEST)
        cut = LONGEST if cut < 0 else cut
        _keep(sentence[:cut], sentences)
        sentence = sentence[cut:].lstrip()
    if sentence and (sentence[0].isalnum() or any(map(str.isalnum, sentence))):
        sentences.append(sentence)
