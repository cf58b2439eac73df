"""The verb `parse` as Python functions: trees out of a trained method. They are in `sentrep.api` too."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sentrep.data.trees.drawing import Node, bracketed, grown
from sentrep.inference.loading import Reopened, reopen
from sentrep.methods.capabilities import HasLikelihood, HasTrees
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    import nltk

    from sentrep.data.batch import SentenceBatch
    from sentrep.data.trees.brackets import Span

AT_ONCE = 64
"""Sentences that are parsed together."""


@runtime_checkable
class Parser(Protocol):
    """What is asked of one run that is opened, `TreeParser`, or of several,
    `sentrep.inference.ensemble.Ensemble`."""

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
        """Spans of the trees of sentences whose words are given."""


def parse(run: str | Path | Parser, sentences: Sequence[str]) -> list[Node]:
    """The tree of each sentence over what stands between its spaces; a word is a tree, too.

    Args:
        run: folder of a run of a method that parses; or a `TreeParser`, which is such a run opened once, or
            an `Ensemble` of some.
        sentences: to parse, none of them empty.

    Raises:
        InputError: the run cannot be opened, or its method does not parse; or a sentence is empty.
    """
    if isinstance(sentences, str):
        raise InputError(
            f"sentences is one string, {sentences[:40]!r}; give a list, even if it is a list of one"
        )
    parser = TreeParser.open(run) if isinstance(run, str | Path) else run
    words = [sentence.split() for sentence in sentences]
    if [] in words:
        raise InputError(f"sentence {words.index([])} is empty, and has no tree; leave it out")
    return [grown(each, spans) for each, spans in zip(words, parser.parse(words), strict=True)]


def to_nltk(tree: Node) -> nltk.Tree:
    """As NLTK has trees, to be drawn, measured and converted by it; its labels are all X."""
    from nltk import Tree

    return Tree.fromstring(bracketed(tree))


@dataclass(frozen=True)
class TreeParser:
    """A method that parses, reopened from its run."""

    reopened: Reopened

    @classmethod
    def open(cls, run: str | Path) -> TreeParser:
        """The method of a run; InputError where it does not parse or lacks a file."""
        return cls(reopen(run, HasTrees, "parse"))

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
        """Spans of the trees of sentences whose words are given, as the evaluation asks for them.

        A word stands where its first token does. What a method does not read, of a long sentence its end, is
        in no span."""
        import torch

        method = self.reopened.method
        assert isinstance(method, HasTrees)
        found: list[list[Span]] = [[] for _ in sentences]
        for part, batch in self._batches(sentences, "parsing"):
            with torch.no_grad():
                trees = method.trees(batch)
            both = zip(part, trees.start[:, 0].tolist(), trees.end[:, 0].tolist(), strict=True)
            for (place, word_of), starts, ends in both:
                spans = [(start, end + 1) for start, end in zip(starts, ends, strict=True) if start < end]
                found[place] = in_words(spans, word_of)
        return found

    def nll(self, sentences: Sequence[Sequence[str]]) -> list[tuple[float, int]]:
        """-log p of sentences whose words are given, or a bound above it, in nats, and how many words that is
        told for, an end among them, as the evaluation asks for it. What a method does not read, of a long
        sentence its end, is not told.

        Raises:
            InputError: the run's method is no model of language.
        """
        method = self.reopened.method
        if not isinstance(method, HasLikelihood):
            raise InputError("this run's method says of no sentence how likely it is; one of urnng does")
        found = [(0.0, 0)] * len(sentences)
        for part, batch in self._batches(sentences, "predicting"):
            for (place, word_of), nats in zip(part, method.nll(batch).tolist(), strict=True):
                found[place] = nats, 1 + len({word for word in word_of if word is not None})
        return found

    def _batches(
        self, sentences: Sequence[Sequence[str]], doing: str
    ) -> Iterator[tuple[list[tuple[int, list[int | None]]], SentenceBatch]]:
        """Sentences as a method reads them, long ones apart from short ones: the place of each and the word
        of each of its tokens, and their tokens."""
        import torch

        from sentrep.data.batch import SentenceBatch
        from sentrep.modules.trees.treebank import read_words

        read = [read_words(words, self.reopened.tokenizer) for words in sentences]
        cut = [
            (ids[: self.reopened.max_tokens], word_of[: self.reopened.max_tokens]) for ids, word_of in read
        ]
        order = sorted(
            (place for place, (ids, _) in enumerate(cut) if ids), key=lambda place: len(cut[place][0])
        )
        parts = [order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE)]
        for part in progress(parts, doing, len(parts), f"batch of {AT_ONCE}") if len(parts) > 1 else parts:
            rows = [cut[place][0] for place in part]
            offsets = torch.tensor([0, *itertools.accumulate(map(len, rows))])
            each, ids = torch.arange(len(rows)), torch.tensor([token for row in rows for token in row])
            yield [(place, cut[place][1]) for place in part], SentenceBatch(ids, offsets, each, each)


def in_words(spans: Sequence[Span], word_of: Sequence[int | None]) -> list[Span]:
    """Spans of tokens as spans of words, each word where its first token is; those of two words or more.

    >>> in_words([(0, 4), (0, 2), (1, 4), (2, 4)], [0, 0, 1, 2])
    [(0, 3), (1, 3), (1, 3)]
    """
    firsts = [place for place, word in enumerate(word_of) if word is not None and word not in word_of[:place]]
    moved = []
    for start, stop in spans:
        inside = [word_of[place] for place in firsts if start <= place < stop]
        words = [word for word in inside if word is not None]
        if len(words) > 1:
            moved.append((words[0], words[-1] + 1))
    return moved
