"""Parsing: agreement of the spans of predicted trees with a treebank and with one-sided branching."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from sentrep.data.trees.brackets import (
    PUNCTUATION_TAGS,
    Bracketed,
    Constituent,
    Span,
    Spans,
    check,
    is_punctuation,
    legible,
    nontrivial,
    reduced,
    right_binarised,
)
from sentrep.evaluation.metrics.ranking import Floats
from sentrep.evaluation.metrics.tree_f1 import corpus_f1, overlaps, sentence_f1
from sentrep.evaluation.models.branching import left_branching, right_branching
from sentrep.evaluation.result import EXAMPLES, Example, Score, fingerprint
from sentrep.evaluation.statistics.bootstrap import value_of
from sentrep.evaluation.task import Model, Parses, Task
from sentrep.utils.capabilities import ScoresLikelihood

SHORT = 10
"""Words of the longest sentence in WSJ10, a common test set of grammar induction (Klein and Manning 2002)."""

COLLAPSED = 90.0
"""F1 against one-sided branching at which a parser counts as collapsed."""

_LABEL_SHARE = 0.01
"""Labels below this share of all constituents have no recall of their own."""


class Parsing(Task):
    """Unlabelled F1 x 100 of spans, by each of the conventions in which published numbers differ.

    "F1" is the mean over sentences, without punctuation and without trivial spans, as in the code of Kim,
    Dyer and Rush. With "punctuation seen" the model parses sentences with punctuation, which is then removed
    from the spans. With "punctuation kept" it counts like words; right branching, which cannot attach the
    full stop at the top, then gets nearly 0. "corpus" counts the spans of all sentences together.

    Two kinds of metrics only describe. F1 to left and right branching shows whether a parser does anything
    else. F1 of binarised gold is the same for all models: nodes of treebanks may have more than two children,
    and no binary tree agrees better with them.

    Reference:
        Kim, Dyer and Rush 2019, "Compound probabilistic context-free grammars for grammar induction".
    """

    needs = (Parses,)

    def __init__(
        self, name: str, trees: Sequence[Bracketed], *, split: str = "test", punctuation: str = "tags"
    ) -> None:
        """A task of some trees.

        Args:
            name: of the task in tables.
            trees: of a treebank.
            split: that they belong to.
            punctuation: how it is recognised: by "tags" of `PUNCTUATION_TAGS`, or by "words" without letters
                and digits.

        Raises:
            ValueError: no sentence has two words.
        """
        self.name, self.split = name, split
        self.whole = [tree for tree in trees if len(tree.words) > 1]
        self.kept = [_kept(tree, punctuation) for tree in self.whole]
        self.bare = [
            tree.only(mask) for tree, mask in zip(self.whole, self.kept, strict=True) if sum(mask) > 1
        ]
        if not self.bare:
            raise ValueError(
                f"{name}: {len(trees)} trees; needs one or more of two words, punctuation left out"
            )
        how = (
            f"tagged {' '.join(sorted(PUNCTUATION_TAGS))}"
            if punctuation == "tags"
            else "words of nothing but signs"
        )
        self.protocol = (
            "parsing: unlabelled F1 x 100 of spans; sentences of two words or more; traces taken out; "
            "punctuation "
            f"({how}) taken out before parsing, or, where a metric says seen, parsed and then taken "
            "out of all spans, or, where it "
            "says kept, parsed and counted; spans of one word, of the whole sentence, and doubles by "
            "unary chains dropped unless a "
            "metric says with them; mean over sentences, 100 where neither side has a span, or corpus: "
            "all spans together; recall "
            "of a label: all its spans together; perplexity: a word, punctuation and the ends of "
            "sentences among them, of models "
            "that have one"
        )
        self.data = fingerprint(map(repr, trees))

    def run(self, model: Model) -> list[Score]:
        """All metrics, with one item per sentence, (sentence,), or (sentence, 2) for ratios."""
        found, whole = self._parsed(model)
        seen = [reduced(spans, mask) for spans, mask in zip(whole, self.kept, strict=True) if sum(mask) > 1]
        gold, lengths = [tree.spans for tree in self.bare], [len(tree.words) for tree in self.bare]
        counts = overlaps(found, gold)
        f1, short = sentence_f1(counts), counts[np.array(lengths) <= SHORT]
        sides = {
            side: [nontrivial(branch(length), length) for length in lengths]
            for side, branch in _SIDES.items()
        }
        toward = {side: overlaps(found, spans) for side, spans in sides.items()}
        binary = [nontrivial(right_binarised(*each), each[1]) for each in zip(gold, lengths, strict=True)]
        return [
            Score("F1", f1, examples=_worst(self.bare, found, f1), alarm=_alarm(toward)),
            _corpus("F1 corpus", counts),
            *_both("with sentence spans", counts + 1),
            _corpus(
                "F1 corpus with unary chains",
                counts + np.array([[0, 0, _doubles(tree)] for tree in self.bare]),
            ),
            *(_both(f"to {SHORT} words", short) if len(short) else []),
            *_both("punctuation seen", overlaps(seen, gold)),
            *_both("punctuation kept", overlaps(whole, [tree.spans for tree in self.whole])),
            *self._recalls(found),
            *(
                Score(f"F1 to {side} branching", sentence_f1(each), higher_is_better=None)
                for side, each in toward.items()
            ),
            Score("F1 of binarised gold", sentence_f1(overlaps(binary, gold)), higher_is_better=None),
            *self._perplexity(model),
        ]

    def _perplexity(self, model: Model) -> list[Score]:
        """Perplexity of models that have a likelihood. It is comparable between models with the same
        vocabulary only."""
        if not isinstance(model.implementation, ScoresLikelihood):
            return []
        items = np.array(model.implementation.nll([tree.words for tree in self.whole]), dtype=np.float64)
        return [Score("perplexity", items, "perplexity", higher_is_better=False)]

    def _parsed(self, model: Model) -> tuple[list[Spans], list[Spans]]:
        """The nontrivial spans of the model, checked, for sentences without and with punctuation."""
        if not isinstance(model.implementation, Parses):
            raise TypeError(f"{model.name} does not parse")
        parsed: list[list[Spans]] = []
        for trees in (self.bare, self.whole):
            given = list(model.implementation.parse([tree.words for tree in trees]))
            if len(given) != len(trees):
                raise ValueError(f"parse returned {len(given)} trees for {len(trees)} sentences")
            parsed.append(
                [_checked(spans, len(tree.words)) for spans, tree in zip(given, trees, strict=True)]
            )
        return parsed[0], parsed[1]

    def _recalls(self, found: Sequence[Spans]) -> list[Score]:
        """Recall of each label that is not rare, the most frequent first."""
        labelled = [_labelled(tree) for tree in self.bare]
        counts = Counter(each.label for spans in labelled for each in spans)
        scores = []
        for label, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
            if count >= _LABEL_SHARE * counts.total():
                wanted = [{(start, stop) for its, start, stop in spans if its == label} for spans in labelled]
                items = [(len(mine & gold), len(gold)) for mine, gold in zip(found, wanted, strict=True)]
                scores.append(Score(f"recall {label}", np.array(items, dtype=np.float64), "ratio"))
        return scores


def _kept(tree: Bracketed, punctuation: str) -> list[bool]:
    """Mask of the words that are not punctuation, (word,)."""
    if punctuation == "tags":
        return [tag not in PUNCTUATION_TAGS for tag in tree.tags]
    return [not is_punctuation(word) for word in tree.words]


def _checked(spans: Collection[Span], count: int) -> Spans:
    check(spans, count)
    return nontrivial(spans, count)


def _corpus(metric: str, counts: Floats) -> Score:
    return Score(metric, corpus_f1(counts), "ratio")


def _both(how: str, counts: Floats) -> list[Score]:
    """F1 as mean over sentences and over the corpus."""
    return [Score(f"F1 {how}", sentence_f1(counts)), _corpus(f"F1 corpus {how}", counts)]


def _doubles(tree: Bracketed) -> int:
    """Number of nontrivial constituents with the same span as another."""
    spans = tree.spans
    return sum(each[1:] in spans for each in tree.constituents) - len(spans)


def _labelled(tree: Bracketed) -> set[Constituent]:
    """The nontrivial constituents of a tree; one per label for a unary chain."""
    spans = tree.spans
    return {each for each in tree.constituents if each[1:] in spans}


def _alarm(toward: dict[str, Floats]) -> str:
    """A message if the trees branch to one side only, else an empty one. Sentences with one possible tree do
    not count."""
    for side, counts in toward.items():
        reached = value_of(corpus_f1(counts), "ratio")
        if reached >= COLLAPSED:
            return f"the trees have collapsed to {side} branching (F1 with it {reached:.1f} over all spans)"
    return ""


def _worst(trees: Sequence[Bracketed], found: Sequence[Spans], scores: Floats) -> list[Example]:
    """The sentences with the lowest F1; of equal ones the shortest."""
    lengths = np.array([len(tree.words) for tree in trees])
    return [
        Example(
            " ".join(trees[at].words),
            legible(trees[at].words, trees[at].spans),
            legible(trees[at].words, found[at]),
            float(scores[at]),
        )
        for at in np.lexsort((lengths, scores))[:EXAMPLES]
    ]


_SIDES = {"left": left_branching, "right": right_branching}
