"""Parsing: are the brackets of a tree where people put them, and are they more than branching to one side?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

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
    read_trees,
    reduced,
    right_binarised,
)
from sentrep.evaluation.datasets.tsv import called, of_one_split, of_split
from sentrep.evaluation.metrics.ranking import Floats
from sentrep.evaluation.metrics.tree_f1 import corpus_f1, overlaps, sentence_f1
from sentrep.evaluation.models.branching import left_branching, right_branching
from sentrep.evaluation.result import EXAMPLES, Example, Score, fingerprint
from sentrep.evaluation.statistics.bootstrap import value_of
from sentrep.evaluation.task import Model, Parses, Task
from sentrep.utils.capabilities import ScoresLikelihood
from sentrep.utils.errors import InputError

SHORT = 10
"""Words of the longest sentence in WSJ10, on which grammars were long induced (Klein and Manning 2002)."""

COLLAPSED = 90.0
"""F1 to branching to one side from which on a parser does little else."""

_LABEL_SHARE = 0.01


class Parsing(Task):
    """Unlabelled F1 x 100 of spans, by each of the conventions that published numbers differ by.

    "F1" is that of Kim, Dyer and Rush 2019 ("Compound probabilistic context-free grammars", their released
    code): the mean over sentences, without punctuation, without trivial spans. Two more readings of the same
    trees: with "punctuation seen" the model is given it, and brackets are compared when it has been taken out
    of them; with "punctuation kept" it counts like words, and branching to the right, which cannot leave the
    full stop at the top, comes out near 0. "corpus" puts the spans of all sentences together.

    F1 to left and right branching are no scores: they say whether a parser does anything else. Nor is F1 of
    binarised gold, which is the same for all models: trees of people have more than two branches, and no
    binary tree comes nearer to them than that."""

    needs = (Parses,)

    def __init__(
        self, name: str, trees: Sequence[Bracketed], *, split: str = "test", punctuation: str = "tags"
    ) -> None:
        """`punctuation`: "tags", where trees have those of `PUNCTUATION_TAGS`, or "words", where it is known
        by its signs.

        Raises `ValueError` where no sentence has two words.
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
        """Items are a sentence's."""
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
        """Of a model that has one. Where words are cut otherwise, or others are unknown, it does not
        compare."""
        if not isinstance(model.implementation, ScoresLikelihood):
            return []
        items = np.array(model.implementation.nll([tree.words for tree in self.whole]), dtype=np.float64)
        return [Score("perplexity", items, "perplexity", higher_is_better=False)]

    def _parsed(self, model: Model) -> tuple[list[Spans], list[Spans]]:
        """The model's spans, checked and without trivial ones, of sentences without and with punctuation."""
        if not isinstance(model.implementation, Parses):
            raise TypeError(f"{model.name} does not parse")
        parsed: list[list[Spans]] = []
        for trees in (self.bare, self.whole):
            given = list(model.implementation.parse([tree.words for tree in trees]))
            if len(given) != len(trees):
                raise ValueError(f"parse gave {len(given)} trees for {len(trees)} sentences")
            parsed.append(
                [_checked(spans, len(tree.words)) for spans, tree in zip(given, trees, strict=True)]
            )
        return parsed[0], parsed[1]

    def _recalls(self, found: Sequence[Spans]) -> list[Score]:
        """Of each label that is not rare, the most frequent first."""
        labelled = [_labelled(tree) for tree in self.bare]
        counts = Counter(each.label for spans in labelled for each in spans)
        scores = []
        for label, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
            if count >= _LABEL_SHARE * counts.total():
                wanted = [{(start, stop) for its, start, stop in spans if its == label} for spans in labelled]
                items = [(len(mine & gold), len(gold)) for mine, gold in zip(found, wanted, strict=True)]
                scores.append(Score(f"recall {label}", np.array(items, dtype=np.float64), "ratio"))
        return scores


def is_parsing(path: Path) -> bool:
    """Whether a path is a file of trees, or a folder that holds one."""
    return bool(_files(path))


def read_parsing(
    path: str | Path, *, name: str = "", split: str | None = None, punctuation: str = ""
) -> list[Task]:
    """Bracketed trees, one a line, in a .trees or .trees.gz file, or in a folder of them; each file that is
    chosen is a task.

    Files named test.trees or NAME.test.trees are of the test split, and likewise dev and train; any other is
    of "all". `name`: in tables; the folder's own, if empty. `split`: test where there is one, otherwise every
    file, if not given. `punctuation`: known by "tags" or by its signs ("words"); by tags if there are such,
    if empty.

    Raises `InputError`, with file and line, for what is no tree, and where no sentence has two words;
    `MissingSplit` where there is no such split."""
    path = Path(path)
    files = _files(path)
    if not files:
        raise InputError(
            f"{path}: no trees; expected .trees or .trees.gz with one bracketed tree on each line"
        )
    if punctuation not in ("", "tags", "words"):
        raise InputError(f"{path}: punctuation is {punctuation!r}; expected 'tags' or 'words'")
    splits = {file: of_split(_named(file)) for file in files}
    chosen = of_one_split(path, splits, split)
    name = name or called(_named(path))
    names = [f"{name}: {_named(file).name}" if len(chosen) > 1 else name for file in chosen]
    return [_task(full, file, splits[file], punctuation) for full, file in zip(names, chosen, strict=True)]


def _task(name: str, file: Path, split: str, punctuation: str) -> Parsing:
    trees = read_trees(file)
    tagged = any(not PUNCTUATION_TAGS.isdisjoint(tree.tags) for tree in trees)
    try:
        return Parsing(name, trees, split=split, punctuation=punctuation or ("tags" if tagged else "words"))
    except ValueError as error:
        raise InputError(f"{file}: {error}") from error


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*")) if path.is_dir() else [path]
    return [file for file in files if file.name.endswith((".trees", ".trees.gz")) and file.is_file()]


def _named(path: Path) -> Path:
    """Without what says the format."""
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".trees")) if path.name else path


def _kept(tree: Bracketed, punctuation: str) -> list[bool]:
    """Which words are none of the punctuation, (word,)."""
    if punctuation == "tags":
        return [tag not in PUNCTUATION_TAGS for tag in tree.tags]
    return [not is_punctuation(word) for word in tree.words]


def _checked(spans: Collection[Span], count: int) -> Spans:
    check(spans, count)
    return nontrivial(spans, count)


def _corpus(metric: str, counts: Floats) -> Score:
    return Score(metric, corpus_f1(counts), "ratio")


def _both(how: str, counts: Floats) -> list[Score]:
    return [Score(f"F1 {how}", sentence_f1(counts)), _corpus(f"F1 corpus {how}", counts)]


def _doubles(tree: Bracketed) -> int:
    """Brackets around the same words as another, of those that are not trivial."""
    spans = tree.spans
    return sum(each[1:] in spans for each in tree.constituents) - len(spans)


def _labelled(tree: Bracketed) -> set[Constituent]:
    """Its brackets that are not trivial; of a unary chain one of each label."""
    spans = tree.spans
    return {each for each in tree.constituents if each[1:] in spans}


def _alarm(toward: dict[str, Floats]) -> str:
    """What is wrong with trees that branch to one side only, or nothing; sentences that cannot branch
    otherwise do not count."""
    for side, counts in toward.items():
        reached = value_of(corpus_f1(counts), "ratio")
        if reached >= COLLAPSED:
            return (
                f"the trees have collapsed: {side} branching and little else (F1 to it "
                f"{reached:.1f}, all spans together)"
            )
    return ""


def _worst(trees: Sequence[Bracketed], found: Sequence[Spans], scores: Floats) -> list[Example]:
    """Sentences whose brackets agree least with the treebank's, scored by F1; of equal ones the shortest,
    easiest to read."""
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
