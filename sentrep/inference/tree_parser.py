"""The verb `parse`: trees from a trained method that parses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sentrep.data.inputs import texts_of
from sentrep.data.trees.drawing import Node, bracketed, grown
from sentrep.inference.runs import RunRecord, TrainedMethod, open_run
from sentrep.methods.capabilities import HasLikelihood, HasTrees
from sentrep.utils.errors import InputError
from sentrep.utils.progress import batch_progress
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    import nltk

    from sentrep.data.batch import SentenceBatch
    from sentrep.data.trees.brackets import Span

AT_ONCE = 64
"""Sentences that are parsed together."""


@runtime_checkable
class Parser(Protocol):
    """One run, `TreeParser`, or several, `sentrep.inference.ensemble.Ensemble`."""

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
        """Spans of the trees of sentences whose words are given."""


@arguments_checked
def parse(run: str | Path | Parser, sentences: Sequence[str]) -> list[Node]:
    """Parse sentences, whose words are separated by spaces.

    Args:
        run: folder of a run of a method that parses; or a `TreeParser`, which is such a run opened once, or
            an `Ensemble` of some.
        sentences: what to parse; none is empty.

    Returns:
        For each sentence, its tree over words; one word is a tree, too.

    Raises:
        InputError: the run cannot be opened, or its method does not parse; or a sentence is empty.

    Example:
        >>> [tree] = sentrep.parse("runs/pcfg", ["the cat left"])
        >>> str(tree).count("(")
        2
    """
    sentences = texts_of(sentences, "sentences")
    parser = TreeParser.open(run) if isinstance(run, str | Path) else run
    words = [sentence.split() for sentence in sentences]
    if [] in words:
        raise InputError(
            f"sentence {words.index([]) + 1} is empty, and has no tree; leave it out", setting="sentences"
        )
    return [grown(each, spans) for each, spans in zip(words, parser.parse(words), strict=True)]


def to_nltk(tree: Node) -> nltk.Tree:
    """Convert a tree to an `nltk.Tree`.

    Args:
        tree: one of `parse`.

    Returns:
        The same tree with the label X at each node.

    Example:
        >>> [tree] = sentrep.parse("runs/pcfg", ["the cat left"])
        >>> to_nltk(tree).leaves()
        ['the', 'cat', 'left']
    """
    from nltk import Tree

    return Tree.fromstring(bracketed(tree))


@dataclass(frozen=True)
class TreeParser:
    """A trained method that parses."""

    trained: TrainedMethod

    @classmethod
    def open(cls, run: str | Path | RunRecord) -> TreeParser:
        """Open a run.

        Raises:
            InputError: its method does not parse, or a file is missing.
        """
        return cls(open_run(run, HasTrees, "parse"))

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
        """Spans of the trees of sentences, given as words (`Parses`).

        A word has the place of its first token. Words beyond the longest sentence of training are in no span.
        """
        import torch

        method = self.trained.method
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
        """Negative log-likelihood of sentences, given as words, in nats, exact or an upper bound; and the
        number of words that it covers, the end of the sentence included (`ScoresLikelihood`).

        Words beyond the longest sentence of training are not covered.

        Raises:
            InputError: the run's method is no language model.
        """
        method = self.trained.method
        if not isinstance(method, HasLikelihood):
            raise InputError("this run's method is no language model; give a run of urnng", setting="run")
        found = [(0.0, 0)] * len(sentences)
        for part, batch in self._batches(sentences, "predicting"):
            for (place, word_of), nats in zip(part, method.nll(batch).tolist(), strict=True):
                found[place] = nats, 1 + len({word for word in word_of if word is not None})
        return found

    @cached_property
    def longest(self) -> int:
        """Tokens of a sentence that are read: those that training read, as far as the encoder reads them."""
        trained_on = self.trained.record.max_tokens
        return min(trained_on, self.trained.encoder.max_seq_length or trained_on)

    def _batches(
        self, sentences: Sequence[Sequence[str]], doing: str
    ) -> Iterator[tuple[list[tuple[int, list[int | None]]], SentenceBatch]]:
        """Batches of sentences of similar length: the place of each and the word of each of its tokens, and
        the tokens as a batch."""
        import torch

        from sentrep.data.batch import SentenceBatch
        from sentrep.modules.trees.treebank import read_words

        read = [read_words(words, self.trained.tokenizer) for words in sentences]
        cut = [(ids[: self.longest], word_of[: self.longest]) for ids, word_of in read]
        order = sorted(
            (place for place, (ids, _) in enumerate(cut) if ids), key=lambda place: len(cut[place][0])
        )
        parts = [order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE)]
        for part in batch_progress(parts, doing, AT_ONCE):
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
