"""The tables of Punkt, and its decision whether a full stop ends a sentence.

Reference: Kiss and Strunk, "Unsupervised Multilingual Sentence Boundary Detection", Computational Linguistics
32, 2006, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sentrep.data.splitting.abbreviations import ABBREVIATIONS, STARTERS

ENOUGH = 100_000
"""Characters. No abbreviations are learnt from less: in a small sample, many short words occur once, with a
stop."""

# Contexts of a word, as bits: its case at the beginning of a sentence, within one, or at an
# unknown place.
BEGIN_UPPER, MIDDLE_UPPER, UNSURE_UPPER, BEGIN_LOWER, MIDDLE_LOWER, UNSURE_LOWER = (
    1 << bit for bit in range(1, 7)
)
UPPER = BEGIN_UPPER | MIDDLE_UPPER | UNSURE_UPPER
LOWER = BEGIN_LOWER | MIDDLE_LOWER | UNSURE_LOWER

_AFTER = r""")";}\]*:@'({\[?!"""  # signs that end the word before them
_TOKEN = re.compile(
    rf"""-{{2,}}|\.{{2,}}"""
    r"""|[^\s("`{\[:;&#*@)}\]\-,]\S*?"""
    rf"""(?=\s|$|[{_AFTER}]|-{{2,}}|\.{{2,}}|,(?=$|\s|[{_AFTER}]|-{{2,}}|\.{{2,}}))"""
    r"""|\S"""
)
_NUMBER = re.compile(r"-?[.,]?\d[\d,.-]*\.?$")
_INITIAL = re.compile(r"[^\W\d]\.$")


@dataclass
class Punkt:
    """Punkt's tables for a language: sets of lower-case words, and in which contexts each word was seen."""

    abbreviations: frozenset[str] = ABBREVIATIONS
    collocations: frozenset[tuple[str, str]] = frozenset()
    """Pairs of words around a stop that does not separate them."""
    starters: frozenset[str] = STARTERS
    """Words that often begin a sentence."""
    contexts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.uncertain = self.abbreviations | {first for first, _ in self.collocations}
        """All other words of two or more letters end a sentence with their full stop, whatever follows."""
        self._known: dict[tuple[str, str], bool] = {}

    @classmethod
    def train(cls, texts: Iterable[str]) -> Punkt:
        """Learn the tables from raw text with NLTK's trainer; paragraphs are separated by blank lines."""
        from nltk.tokenize.punkt import PunktTrainer

        trainer = PunktTrainer()
        characters = 0
        for portion in _portions(texts):
            trainer.train(portion, finalize=False)
            characters += len(portion)
        if characters == 0:
            return cls()
        learnt = trainer.get_params()
        abbreviations = ABBREVIATIONS.union(learnt.abbrev_types if characters >= ENOUGH else ())
        starters = STARTERS.union(learnt.sent_starters)
        return cls(abbreviations, frozenset(learnt.collocations), starters, dict(learnt.ortho_context))

    def ends_sentence(self, text: str, word: int, end: int) -> bool:
        """Whether the stop text[end - 1] ends a sentence, if the word before it begins at `word`.

        Signs that can stand between words follow the stop, or white space and another word: the caller
        looked."""
        if text[end - 1] != ".":
            return True
        before = text[word : end - 1]
        if len(before) > 1 and before.isalpha() and before.lower() not in self.uncertain:
            return True
        following = _TOKEN.search(text, end)
        if following is None:
            return True
        this, that = _TOKEN.findall(text, word, end)[-1], following[0]
        known = self._known.get((this, that))
        if known is None:
            if len(self._known) > 200_000:  # bounded, whatever the corpus
                self._known.clear()
            known = self._known[this, that] = self._decide(this, that)
        return known

    def _decide(self, this: str, that: str) -> bool:
        """Whether there is a boundary between two tokens, the first of which ends in a full stop."""
        if this == ".":
            return True
        kind = _kind(this).removesuffix(".")
        # A token that ends a sentence itself is known without its stop.
        that_kind = _kind(that)
        if that.endswith(".") and not that.endswith("..") and len(that) > 1 and not self._abbreviated(that):
            that_kind = that_kind[:-1]
        initial = _INITIAL.match(this) is not None
        ellipsis = this.endswith("..")
        boundary = not ellipsis and not self._abbreviated(this)

        if (kind, that_kind) in self.collocations:  # 4.1.2
            return False
        begins = self._begins_sentence(that, that_kind)
        capital = that[0].isupper()
        if not boundary and not initial:  # 4.2
            boundary = bool(begins) or (capital and that_kind in self.starters)
        if initial or kind == "##number##":  # 4.3
            never_small = not self.contexts.get(that_kind, 0) & LOWER
            if begins is False or (begins is None and initial and capital and never_small):
                return False
        return boundary

    def _abbreviated(self, token: str) -> bool:
        word = token[:-1].lower()
        return word in self.abbreviations or word.rpartition("-")[2] in self.abbreviations

    def _begins_sentence(self, token: str, kind: str) -> bool | None:
        """The orthographic heuristic, 4.1.1; None where it does not decide."""
        if token in ";:,.!?":
            return False
        seen = self.contexts.get(kind, 0)
        if token[0].isupper() and seen & LOWER and not seen & MIDDLE_UPPER:
            return True
        if token[0].islower() and (seen & UPPER or not seen & BEGIN_LOWER):
            return False
        return None

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, sorted: the same tables are the same bytes."""
        return {
            "abbreviations": sorted(self.abbreviations),
            "collocations": sorted(map(list, self.collocations)),
            "starters": sorted(self.starters),
            "contexts": dict(sorted(self.contexts.items())),
        }

    @classmethod
    def from_dict(cls, tables: dict[str, Any]) -> Punkt:
        return cls(
            frozenset(map(str, tables["abbreviations"])),
            frozenset((str(first), str(second)) for first, second in tables["collocations"]),
            frozenset(map(str, tables["starters"])),
            {str(word): int(seen) for word, seen in tables["contexts"].items()},
        )


def _kind(token: str) -> str:
    """A token without its case, all numbers alike."""
    return _NUMBER.sub("##number##", token.lower())


def _portions(texts: Iterable[str], size: int = 200_000) -> Iterable[str]:
    """Gather texts into portions: the trainer holds an object for each token of what it is given at once."""
    gathered: list[str] = []
    length = 0
    for text in texts:
        gathered.append(text)
        length += len(text)
        if length >= size:
            yield "\n\n".join(gathered)
            gathered, length = [], 0
    if length:
        yield "\n\n".join(gathered)
