"""Documents to sentences: Punkt, trained on the corpus itself, with rules for what Punkt does not cover.

NLTK learns the parameters. The decisions are made here, from tables, because importing NLTK costs each worker
process a second and 200 MB, and its splitter takes several times as long. They are those of NLTK, with one
difference: NLTK also splits after "Mr." in "Good morning, Mr. Holmes.”", because it looks at two stops at
once and does not ask which of them ends the sentence.

Around Punkt stand the stops of all scripts (`stops.py`, `terminals.py`), quotation marks (`quotes.py`), lists
(`list_marks.py`), and references, ordinals and ellipses (`rules.py`).

Reference: Kiss and Strunk, "Unsupervised Multilingual Sentence Boundary Detection", Computational Linguistics
32, 2006.

The file is over 250 lines long because the steps of one decision stand in the order in which they are
taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from sentrep.data.splitting import rules
from sentrep.data.splitting.abbreviations import NEVER_LAST, REFERENCES
from sentrep.data.splitting.list_marks import BULLETS, ROMAN, is_list_mark, item_starts
from sentrep.data.splitting.punkt import Punkt
from sentrep.data.splitting.quotes import behind_closing, straight
from sentrep.data.splitting.stops import MORE_STOPS, stops_of
from sentrep.data.splitting.terminals import EMOJI, EMOTICON
from sentrep.utils.errors import InputError

LONGEST = 2_000
"""Characters; what goes on longer without a stop (tables, lists, noise) is cut at white space."""

_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_SPACED_DOTS = re.compile(r"\.(?: \.){2,}")
_SMILE = re.compile(rf"(?: ?{EMOJI})+|(?: {EMOTICON})+")


class Segmenter:
    """Splits text into sentences. Small, cheap to send to another process, saved as JSON."""

    def __init__(self, punkt: Punkt) -> None:
        self._punkt = punkt
        self._uncertain = punkt.uncertain | REFERENCES | ROMAN
        """Words of two or more letters whose full stop may not end a sentence."""

    @classmethod
    def train(cls, texts: Iterable[str]) -> Segmenter:
        """Learn abbreviations, sentence starters and the rest from raw texts; two million characters are
        enough."""
        return cls(Punkt.train(map(straight, texts)))

    def split(self, text: str) -> list[str]:
        """Return the sentences of a text, with white space folded.

        Every character that is no white space is in one sentence, in order. What holds no letter or digit ("*
        * *") belongs to the sentence before it, the mark of a list item to the item; a text without letters
        and digits has no sentence. Sentences never join words of two paragraphs (blank lines between them).

        >>> Segmenter(Punkt()).split("Dr. No came in.  “Who?” they asked.\\n\\n他走了。“好。”我说。")
        ['Dr. No came in.', '“Who?” they asked.', '他走了。', '“好。”我说。']
        """
        sentences: list[str] = []
        mark = ""
        for piece in self._pieces(text):
            if not piece[0].isalnum() and not any(map(str.isalnum, piece)):
                if sentences and not mark and piece not in BULLETS:
                    sentences[-1] += " " + piece
                else:
                    mark = f"{mark} {piece}".lstrip()
            elif len(piece) < 8 and piece[-1] in ".)]" and _is_mark(piece):
                mark = f"{mark} {piece}".lstrip()
            elif mark or len(piece) > LONGEST:
                _append(f"{mark} {piece}".lstrip(), sentences)
                mark = ""
            else:
                sentences.append(piece)
        if mark and sentences:
            sentences[-1] += " " + mark
        elif any(map(str.isalnum, mark)):
            sentences.append(mark)
        return sentences

    def spans(self, text: str, lines: bool = False) -> list[tuple[int, int]]:
        """Return (start, end) of each sentence in `text`, in characters.

        `text[start:end]` is the sentence of `split` with its original white space; with `lines`, each line
        with a letter or digit is a sentence.

        >>> Segmenter(Punkt()).spans("It  works. It\\ndoes.")
        [(0, 10), (11, 19)]
        """
        if not lines:
            return list(_aligned(text, 0, self.split(text)))
        found: list[tuple[int, int]] = []
        start = 0
        for line in text.split("\n"):
            found += _aligned(line, start, self.sentences(line, lines=True))
            start += len(line) + 1
        return found

    def sentences(self, text: str, lines: bool) -> list[str]:
        """Return the sentences of a text that may be split already, one sentence a line.

        A line without a letter or digit is no sentence.
        """
        if not lines:
            return self.split(text)
        sentences: list[str] = []
        for line in text.split("\n"):
            folded = " ".join(line.split())
            if any(map(str.isalnum, folded)):
                _append(folded, sentences)
        return sentences

    def to_json(self) -> str:
        """Return the parameters as JSON: the same parameters give the same text."""
        return json.dumps(self._punkt.to_dict(), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Segmenter:
        """Read what `to_json` wrote.

        Raises:
            InputError: `text` is something else.
        """
        try:
            return cls(Punkt.from_dict(json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"not the parameters of a sentence splitter ({error})", setting="text"
            ) from error

    def _pieces(self, text: str) -> list[str]:
        """The parts of a text between its boundaries, white space folded."""
        pieces: list[str] = []
        for block in _PARAGRAPHS.split(text):
            for paragraph in _items(block) if "\n" in block else (block,):
                folded = " ".join(paragraph.split())
                if ". . ." in folded:
                    folded = _SPACED_DOTS.sub(lambda dots: dots[0].replace(" ", ""), folded)
                for text in rules.unglued(folded):
                    start = 0
                    for cut in self._cuts(text):
                        pieces.append(text[start:cut].rstrip())
                        start = cut
                    if start < len(text):
                        pieces.append(text[start:])
        return pieces

    def _cuts(self, text: str) -> list[int]:
        """Where sentences of a paragraph begin, without the first.

        A stop is decided when the next one is seen: of "?!" and of "U.S.A.)." only the last sign counts. Most
        stops stand behind a common word and before a capital letter; they need no further question.
        """
        plain = straight(text)
        cuts: list[int] = []
        start = begun = end = 0  # of the sentence, of the word with the last stop, and behind that stop
        waiting = False
        for stop in stops_of(text).finditer(text):
            word = plain.rfind(" ", end, stop.start()) + 1
            certain = stop.lastgroup is not None
            if waiting and (word or certain):
                if plain[end] == " " and plain[end + 1].isupper() and self._common(plain, begun, end):
                    cuts.append(start := end + 1)
                elif cut := self._cut(text, plain, start, begun, end):
                    cuts.append(start := cut)
            if stop.start() < start:  # it closed with the stop before it
                waiting = False
                continue
            begun, end, waiting = word or begun, stop.end(), not certain
            if certain and not is_list_mark(text, start, end) and (cut := _behind(text, end)):
                cuts.append(start := cut)
                begun = end = cut
        if waiting and (cut := self._cut(text, plain, start, begun, end)):
            cuts.append(cut)
        return cuts

    def _common(self, plain: str, begun: int, end: int) -> bool:
        """Whether the stop before `end` ends a sentence if a new one can begin behind it: most do."""
        sign = plain[end - 1]
        if sign != ".":
            return sign != "…"
        word = plain[begun : end - 1]
        return len(word) > 1 and word.isalpha() and word.lower() not in self._uncertain

    def _cut(self, text: str, plain: str, start: int, begun: int, end: int) -> int:
        """Where the next sentence begins if the stop before `end` ends one, else 0."""
        return _behind(text, end) if self._ends(text, plain, start, begun, end) else 0

    def _ends(self, text: str, plain: str, start: int, begun: int, end: int) -> bool:
        """Whether the stop before `end` ends a sentence that began at `start`; its word begins at `begun`."""
        sign = plain[end - 1]
        following = plain[end : end + 1]
        if following in (")", "]", " ") and rules.is_bracketed(text, begun, end):
            return False
        if sign in "?!":
            return not rules.is_name_with_mark(plain[begun : end - 1], text, end)
        if sign == "…" or plain.endswith("..", begun, end):
            begins = not any(map(str.isalnum, text[start:end]))
            return not begins and rules.ends_with_ellipsis(text, begun, end)
        if following != " " and self._common(plain, begun, end):
            return True
        before = plain[begun : end - 1]
        if rules.is_part(before, text, start, begun, end):
            return False
        if self._punkt.ends_sentence(plain, begun, end):
            return following != " " or before.lstrip("([\"'").lower() not in NEVER_LAST
        return rules.is_last(before, text, begun, end)


def _is_mark(piece: str) -> bool:
    """Whether a paragraph or the rest of one is the mark of a list item, whose text follows."""
    return " " not in piece and is_list_mark(piece, 0, len(piece))


def _items(block: str) -> Iterator[str]:
    """The items of a list, and what is before it."""
    starts = [0, *item_starts(block), len(block)]
    for start, stop in pairwise(starts):
        yield block[start:stop]


def _behind(text: str, end: int) -> int:
    """Where the next sentence begins if a stop before `end` ends one; 0 where the sentence goes on."""
    size = len(text)
    while end < size and text[end] in MORE_STOPS:
        end += 1
    at = behind_closing(text, end)
    quoted = at > end
    while quoted and at < size and text[at] in MORE_STOPS:
        at = behind_closing(text, at + 1)
    if smile := _SMILE.match(text, at):
        at = smile.end()
    spaced = text[at : at + 1] == " "
    at += spaced
    if at < size and rules.goes_on(text, at, text[end - 1], quoted, spaced):
        return 0
    return at


def _aligned(text: str, offset: int, sentences: list[str]) -> Iterator[tuple[int, int]]:
    """Where sentences that were folded are in `text`, which begins at `offset`."""
    words = re.finditer(r"\S+", text)
    start = stop = 0
    for sentence in sentences:
        missing = len("".join(sentence.split()))
        if start == stop:
            start, stop = next(words).span()
        begun = start
        while stop - start < missing:
            missing -= stop - start
            start, stop = next(words).span()
        start += missing
        yield offset + begun, offset + start


def _append(sentence: str, sentences: list[str]) -> None:
    """Append a sentence, in pieces where it is too long."""
    while len(sentence) > LONGEST:
        cut = sentence.rfind(" ", LONGEST // 2, LONGEST)
        cut = LONGEST if cut < 0 else cut
        sentences.append(sentence[:cut])
        sentence = sentence[cut:].lstrip()
    sentences.append(sentence)
