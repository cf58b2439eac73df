"""Parsing: every convention of F1 by hand and against a second implementation, the published baselines, and
how trees are read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import nltk
import numpy as np
import pytest

from sentrep import api
from sentrep.data.trees.brackets import PUNCTUATION_TAGS, Span, nontrivial, right_binarised, tree_of
from sentrep.evaluation import Model, ResultStore, compare, evaluate, read_examples, read_items
from sentrep.evaluation.datasets.treebanks import is_parsing, read_parsing
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.evaluation.metrics.tree_f1 import corpus_f1, overlaps, sentence_f1
from sentrep.evaluation.models.branching import uniform_trees
from sentrep.evaluation.models.extractive import lead
from sentrep.evaluation.models.lexical import named
from sentrep.evaluation.statistics.bootstrap import value_of
from sentrep.evaluation.suite import tasks_from
from sentrep.evaluation.tasks.parsing import Parsing
from tests.errors import refuses
from tests.evaluation.toy import letters, words_task
from tests.paths import SHARED_DATA

DATA = SHARED_DATA

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the working copy")

BEFORE_LABELS = [
    *(
        "F1",
        "F1 corpus",
        "F1 with sentence spans",
        "F1 corpus with sentence spans",
        "F1 corpus with unary chains",
    ),
    *("F1 to 10 words", "F1 corpus to 10 words", "F1 punctuation seen", "F1 corpus punctuation seen"),
    *("F1 punctuation kept", "F1 corpus punctuation kept"),
]
AFTER_LABELS = ["F1 to left branching", "F1 to right branching", "F1 of binarised gold"]

OLD_CAT = "(S (NP (DT the) (JJ old) (NN cat)) (, ,) (VP (VBD sat) (PP (IN on) (NP (PRP me)))) (. .))"
GO = "(S (VP (VB go) (NP (S (VP (TO to) (NN bed)))) (RB now)) (. !))"


class Brackets:
    """A parser whose trees are given, by the words."""

    def __init__(self, trees: Mapping[str, Collection[Span]]) -> None:
        self.trees = trees

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[Collection[Span]]:
        return [self.trees[" ".join(words)] for words in sentences]


class Flat:
    """A parser that finds no constituents."""

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
        return [[] for _ in sentences]


def _values(task: Parsing, model: Model | None) -> dict[str, float]:
    assert model is not None
    done = evaluate(model, [task])
    assert not done.failed, done.failed
    return {result.metric: result.value for result in done.results}


def _task(*lines: str, punctuation: str = "tags") -> Parsing:
    return Parsing("toy", [tree_of(line) for line in lines], punctuation=punctuation)


def _brackets(trees: Mapping[str, Collection[Span]]) -> Model:
    return Model("brackets", "brackets", Brackets(trees))


def test_by_hand() -> None:
    task = _task(OLD_CAT, GO)
    model = _brackets(
        {
            "the old cat sat on me": [(0, 6), (0, 2), (0, 3), (3, 6), (3, 5)],  # gold: (0, 3), (3, 6), (4, 6)
            "the old cat , sat on me .": [
                (0, 4),
                (0, 3),
                (4, 8),
                (4, 7),
                (5, 7),
            ],  # gold: (0, 3), (4, 7), (5, 7)
            "go to bed now": [(0, 2), (2, 4)],  # gold: (1, 3), twice besides
            "go to bed now !": {(1, 3), (0, 3), (0, 4)},  # gold: (0, 4), (1, 3)
        }
    )
    values = _values(task, model)
    assert list(values) == [
        *BEFORE_LABELS,
        *("recall NP", "recall VP", "recall PP", "recall S"),
        *AFTER_LABELS,
    ]
    assert values["F1"] == pytest.approx(100 * (2 * 2 / (4 + 3) + 0) / 2)
    assert values["F1 corpus"] == pytest.approx(100 * 2 * 2 / (4 + 3 + 2 + 1))
    assert values["F1 with sentence spans"] == pytest.approx(100 * (2 * 3 / (5 + 4) + 2 * 1 / (3 + 2)) / 2)
    assert values["F1 corpus with sentence spans"] == pytest.approx(100 * 2 * (3 + 1) / (5 + 4 + 3 + 2))
    assert values["F1 corpus with unary chains"] == pytest.approx(100 * 2 * 2 / (4 + 3 + 2 + 3))
    assert values["F1 to 10 words"] == values["F1"]
    # with punctuation seen: (0, 4) and (0, 3) become one, (4, 8) and (4, 7) too; (0, 4) of the other becomes
    # the whole
    assert values["F1 punctuation seen"] == pytest.approx(100 * (1 + 2 * 1 / (2 + 1)) / 2)
    assert values["F1 corpus punctuation seen"] == pytest.approx(100 * 2 * (3 + 1) / (3 + 3 + 2 + 1))
    assert values["F1 punctuation kept"] == pytest.approx(100 * (2 * 3 / (5 + 3) + 2 * 2 / (3 + 2)) / 2)
    assert values["F1 corpus punctuation kept"] == pytest.approx(100 * 2 * (3 + 2) / (5 + 3 + 3 + 2))
    assert [values[f"recall {label}"] for label in ("NP", "VP", "PP", "S")] == pytest.approx([50, 50, 0, 0])
    # to left branching: of (0, 2) .. (0, 5) two are among four; of (0, 2), (0, 3) one among two
    assert values["F1 to left branching"] == pytest.approx(100 * (2 * 2 / (4 + 4) + 2 * 1 / (2 + 2)) / 2)
    assert values["F1 to right branching"] == pytest.approx(100 * (2 * 1 / (4 + 4) + 2 * 1 / (2 + 2)) / 2)
    assert values["F1 of binarised gold"] == pytest.approx(100 * (2 * 3 / (4 + 3) + 2 * 1 / (2 + 1)) / 2)


def test_what_has_no_two_words_is_left_out_and_two_words_are_right_whatever_one_does() -> None:
    yes, hush, dots = "(S (INTJ (UH yes)) (. .))", "(INTJ (UH hush))", "(S (: --) (. .))"
    done = evaluate(_model("left-branching"), [_task(OLD_CAT, yes, hush, dots, "(NP (DT the) (NN end))")])
    found = {result.metric: result for result in done.results}
    assert found["F1"].value == pytest.approx(100 * (2 / 7 + 1) / 2)
    assert found["F1 corpus"].value == pytest.approx(100 * 2 / 7), (
        "100 of two words is for the mean over sentences only"
    )
    assert found["F1"].count == 2
    assert found["F1 punctuation kept"].count == 4, "'yes .' and '-- .' are two words"
    with refuses(ValueError):
        _task(yes, hush, dots)


def test_long_sentences_are_not_short_ones() -> None:
    long = "(S (NP " + " ".join("(NN a)" for _ in range(10)) + ") (VB b))"
    values = _values(_task(OLD_CAT, long), named("left-branching"))
    assert values["F1 to 10 words"] == pytest.approx(100 * 2 / 7)
    assert values["F1"] == pytest.approx(100 * (2 / 7 + 2 / 10) / 2)
    assert not {"F1 to 10 words", "F1 corpus to 10 words"} & set(
        _values(_task(long), named("left-branching"))
    )


def test_flat_gold_is_no_gold_to_be_found() -> None:
    flat = "(NP (DT a) (JJ b) (JJ c) (NN d))"
    assert _values(_task(flat), named("balanced"))["F1"] == 0
    assert _values(_task(flat), _brackets({"a b c d": [(0, 4), (1, 2)]}))["F1"] == 100, (
        "an n-ary tree may say as little"
    )


def test_branching_to_one_side_raises_the_alarm() -> None:
    for name in ("left-branching", "right-branching"):
        done = evaluate(_model(name), [_task(OLD_CAT, GO)])
        (alarm,) = done.alarms
        assert name.replace("-", " ") in alarm.reason
        assert "100.0" in alarm.reason
        assert all(result.alarm for result in done.results)
    assert not evaluate(_model("balanced"), [_task(OLD_CAT, GO)]).alarms
    assert not evaluate(_model("balanced"), [_task("(S (NN a) (VB b))")]).alarms, (
        "two words can do nothing else"
    )


def test_the_oracle_is_what_the_binarised_gold_reaches() -> None:
    task = _task(OLD_CAT, GO)
    trees = {
        " ".join(tree.words): right_binarised(tree.spans, len(tree.words))
        for tree in (*task.bare, *task.whole)
    }
    values = _values(task, _brackets(trees))
    assert values["F1"] == values["F1 of binarised gold"] == pytest.approx(100 * (6 / 7 + 2 / 3) / 2)
    assert values["recall NP"] == values["recall VP"] == 100


def test_the_gold_itself_is_right_by_every_convention_that_counts_a_span_once() -> None:
    task = _task(OLD_CAT, GO)
    gold = _brackets({" ".join(tree.words): tree.spans for tree in (*task.bare, *task.whole)})
    values = _values(task, gold)
    assert {values[metric] for metric in BEFORE_LABELS if "unary" not in metric} == {100}
    assert values["F1 corpus with unary chains"] == pytest.approx(100 * 2 * 4 / (4 + 6)), (
        "no one can bracket twice"
    )


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        (
            [(0, 2), (1, 3)],
            r"ValueError: span (1, 3) crosses one that ends at 2; the spans of a tree lie inside each other",
        ),
        ([(0, 9)], "ValueError: span (0, 9) in a sentence of 4 words; expected 0 <= start < stop <= 4"),
    ],
)
def test_what_is_no_tree_is_a_failure_and_no_score(spans: list[Span], reason: str) -> None:
    done = evaluate(_brackets({"go to bed now": spans, "go to bed now !": []}), [_task(GO)])
    assert [left.reason for left in done.failed] == [reason]
    assert not done.results


def test_too_few_trees_are_a_failure() -> None:
    class Lazy:
        def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
            return [[]]

    (failed,) = evaluate(Model("lazy", "lazy", Lazy()), [_task(GO, OLD_CAT)]).failed
    assert failed.reason.startswith("ValueError: ")
    assert all(number in failed.reason for number in (" 1 ", " 2 "))


def test_only_parsers_parse() -> None:
    (left,) = evaluate(letters(), [_task(GO)]).skipped
    assert left.reason == "needs a model that Parses, which letters does not"
    assert evaluate(lead(3), [_task(GO)]).skipped
    (left,) = evaluate(_model("balanced"), [words_task()]).skipped
    assert left.reason == "needs a model that Embeds or Ranks, which balanced does not"


def test_the_worst_are_told_in_brackets(tmp_path: Path) -> None:
    done = evaluate(_model("right-branching"), [_task(OLD_CAT, GO)], ResultStore(tmp_path / "results.jsonl"))
    assert read_examples(done.results[0]) == [
        ("go to bed now", "go (to bed) now", "go (to (bed now))", 0.0),
        (
            "the old cat sat on me",
            "(the old cat) (sat (on me))",
            "the (old (cat (sat (on me))))",
            pytest.approx(100 * 4 / 7),
        ),
    ]
    assert not any(read_examples(result) for result in done.results[1:])


def test_directions_and_aggregates() -> None:
    results = evaluate(_model("balanced"), [_task(OLD_CAT, GO)]).results
    assert results
    for result in results:
        assert result.higher_is_better is (None if result.metric in AFTER_LABELS else True), result.metric
        assert (result.aggregate == "ratio") == ("corpus" in result.metric or "recall" in result.metric), (
            result.metric
        )
        assert result.low <= result.value <= result.high


def test_a_parser_that_is_a_model_of_language_has_a_perplexity_of_whole_sentences() -> None:
    class Predicting(Flat):
        def nll(self, sentences: Sequence[Sequence[str]]) -> list[tuple[float, int]]:
            return [(2.0 * len(words), len(words) + 1) for words in sentences]

    task = _task(OLD_CAT, GO)
    plain, found = (
        _values(task, Model("flat", "flat", Flat())),
        _values(task, Model("more", "more", Predicting())),
    )
    assert set(found) - set(plain) == {"perplexity"}
    assert found["perplexity"] == pytest.approx(np.exp(2 * (8 + 5) / (9 + 6))), "punctuation, and two ends"
    results = {each.metric: each for each in evaluate(Model("more", "more", Predicting()), [task]).results}
    assert results["perplexity"].higher_is_better is False


def test_paired_tests_tell_a_better_parser(tmp_path: Path) -> None:
    right = "(S (NN a) (VP (VB b) (NP (DT c) (NN d))))"
    task, store = _task(*[right] * 12, *[OLD_CAT] * 12), ResultStore(tmp_path / "results.jsonl")
    for name in ("right-branching", "left-branching"):
        evaluate(_model(name), [task], store)
    compared = compare(tmp_path / "results.jsonl")
    for metric in ("F1", "F1 corpus", "recall VP"):
        assert compared.beats("right-branching", ("toy", "test", metric)) == ["left-branching"], metric
        assert compared.beats("left-branching", ("toy", "test", metric)) == []
    assert compared.beats("right-branching", ("toy", "test", "F1 to right branching")) == [], (
        "which is no merit"
    )


def test_labels_that_differ_in_letters_of_any_script_keep_their_own_items(tmp_path: Path) -> None:
    task = _task("(S (VP‧的 (VB a) (NN b)) (VP‧地 (VB c) (NN d) (NN e)))")
    done = evaluate(_model("left-branching"), [task], ResultStore(tmp_path / "results.jsonl"))
    items = {result.metric: read_items(result).tolist() for result in done.results}
    assert items["recall VP‧的"] == [[1, 1]]
    assert items["recall VP‧地"] == [[0, 1]]


def test_rare_labels_have_no_metric_of_their_own() -> None:
    often, once = "(S (NP (NN a) (NN b)) (VB c))", "(S (X (NN a) (NN b)) (VB c))"
    assert "recall X" in _values(_task(*[often] * 99, once), named("balanced"))
    assert "recall X" not in _values(_task(*[often] * 100, once), named("balanced"))


def _naive(lines: Sequence[str], parse: dict[str, Collection[Span]]) -> dict[str, float]:
    """The same metrics from nested brackets, precision and recall; slow and plain."""
    found: dict[str, list[tuple[int, int, int]]] = {"bare": [], "seen": [], "kept": []}
    for line in lines:
        root = nltk.Tree.fromstring(line)
        words = root.pos()
        mask = [tag not in PUNCTUATION_TAGS for _, tag in words]
        bare = [word for (word, _), kept in zip(words, mask, strict=True) if kept]
        for how, some, tokens in (
            ("bare", mask, bare),
            ("seen", mask, root.leaves()),
            ("kept", [True] * len(words), root.leaves()),
        ):
            if sum(some) < 2:
                continue
            gold = {frozenset(ids) for ids in _nodes(root, some)}
            mine = {frozenset(range(*span)) for span in parse[" ".join(tokens)]}
            if how == "seen":
                mine = {_moved(ids, some) for ids in mine}
            mine, gold = ({ids for ids in each if 1 < len(ids) < sum(some)} for each in (mine, gold))
            found[how].append((len(mine & gold), len(mine), len(gold)))
    named_so = {"bare": "", "seen": " punctuation seen", "kept": " punctuation kept"}
    values = {}
    for how, counts in found.items():
        values[f"F1{named_so[how]}"] = 100 * float(np.mean([_f1(*each) for each in counts]))
        values[f"F1 corpus{named_so[how]}"] = 100 * _f1(
            *(sum(column) for column in zip(*counts, strict=True))
        )
    return values


def _nodes(tree: nltk.Tree, mask: list[bool]) -> list[set[int]]:
    """For each bracket the numbers of its words, of those that are kept."""
    places = {position: number for number, position in enumerate(tree.treepositions("leaves"))}
    nodes = [position for position in tree.treepositions() if isinstance(tree[position], nltk.Tree)]
    below = [frozenset(places[leaf] for leaf in places if leaf[: len(node)] == node) for node in nodes]
    return [set(_moved(ids, mask)) for ids in below]


def _moved(ids: Collection[int], mask: list[bool]) -> frozenset[int]:
    return frozenset(sum(mask[:number]) for number in ids if mask[number])


def _f1(both: int, mine: int, gold: int) -> float:
    if mine == gold == 0:
        return 1.0
    precision, recall = both / max(mine, 1), both / max(gold, 1)
    return 2 * precision * recall / (precision + recall) if both else 0.0


def _lines(count: int) -> list[str]:
    """Random trees over words that occur once each."""
    random = np.random.default_rng(0)
    words = iter(f"w{number}" for number in range(10**6))

    def grown(depth: int) -> str:
        if depth == 0 or random.random() < 0.25:
            return f"({random.choice(['NN', 'VB', ',', '.'])} {next(words)})"
        return (
            f"({random.choice(['S', 'NP'])} "
            + " ".join(grown(depth - 1) for _ in range(random.integers(1, 4)))
            + ")"
        )

    return [f"(S {grown(4)} {grown(4)})" for _ in range(count)]


def test_against_a_second_implementation() -> None:
    lines = _lines(60)
    task = Parsing("random", [tree_of(line) for line in lines])
    implementation = uniform_trees().implementation
    parse = {
        " ".join(tree.words): implementation.parse([tree.words])[0] for tree in (*task.bare, *task.whole)
    }  # type: ignore[union-attr]
    values, expected = _values(task, _brackets(parse)), _naive(lines, parse)
    assert len(expected) == 6
    assert {metric: values[metric] for metric in expected} == pytest.approx(expected)
    assert len({round(value, 3) for value in expected.values()}) == 6, "each convention says something else"


def test_folders_files_and_splits(tmp_path: Path) -> None:
    for name in ("test.trees", "dev.trees", "news.all.trees"):
        (tmp_path / name).write_text(f"{OLD_CAT}\n{GO}\n")
    (tmp_path / "README.md").write_text("nothing")
    assert is_parsing(tmp_path)
    assert is_parsing(tmp_path / "dev.trees")
    assert not is_parsing(tmp_path / "README.md")
    (task,) = tasks_from(tmp_path)
    assert isinstance(task, Parsing)
    assert (task.name, task.split, len(task.bare)) == (tmp_path.name, "test", 2)
    assert [(each.name, each.split) for each in read_parsing(tmp_path, name="n", split="all")] == [
        ("n", "all")
    ]
    expected = [(tmp_path.name, "dev")]
    assert [(each.name, each.split) for each in tasks_from(tmp_path / "dev.trees")] == expected
    (tmp_path / "news.test.trees").write_text(f"{OLD_CAT}\n")
    assert [each.name for each in read_parsing(tmp_path, name="n")] == ["n: news.test", "n: test"]
    with refuses(MissingSplit, place=tmp_path):
        read_parsing(tmp_path, split="train")


def test_punctuation_by_its_signs_where_tags_do_not_say_it(tmp_path: Path) -> None:
    (tmp_path / "all.trees").write_text("(3 (2 (2 a) (2 ,)) (2 (2 b) (3 (2 c) (2 !))))\n")
    (task,) = _read(tmp_path)
    assert "words of nothing but signs" in task.protocol
    assert task.bare[0].words == ("a", "b", "c")
    (other,) = _read(tmp_path, punctuation="tags")
    assert len(other.bare[0].words) == 5
    assert task.data == other.data
    assert task.fingerprint != other.fingerprint, "another protocol"


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    with refuses(place=tmp_path):
        read_parsing(tmp_path)
    (tmp_path / "all.trees").write_text("(S (UH yes) (. .))\n")
    with refuses(place="all.trees"):
        read_parsing(tmp_path)
    with refuses(place=tmp_path):
        read_parsing(tmp_path, punctuation="signs")
    (tmp_path / "all.trees").write_text(f"{GO}\n(S (NN a)\n")
    with refuses(place="all.trees:2"):
        read_parsing(tmp_path)


def test_a_name_is_enough_to_measure_by(tmp_path: Path) -> None:
    (tmp_path / "all.trees").write_text(f"{OLD_CAT}\n{GO}\n")
    done = api.evaluate("random-trees", [tmp_path], results=tmp_path / "results.jsonl")
    assert not done.failed + done.skipped
    assert {(result.model, result.seed) for result in done.results} == {("random-trees", 0)}


@pytest.mark.slow
@needs_data
def test_the_numbers_that_others_measured_on_the_whole_sample() -> None:
    """Corpus and sentence F1; whoever measured them rounded to one digit."""
    (task,) = _read(DATA / "trees-ptb-sample", split="all")
    assert (len(task.bare), len(task.whole)) == (3901, 3913)
    scores = {name: task.run(_model(name)) for name in ("left-branching", "right-branching", "balanced")}
    values = {
        name: {each.metric: value_of(each.items, each.aggregate) for each in some}
        for name, some in scores.items()
    }
    expected = {"left-branching": (6.3, 8.3), "right-branching": (35.5, 39.6), "balanced": (18.3, 20.7)}
    for name, both in expected.items():
        assert [round(values[name][metric], 1) for metric in ("F1 corpus", "F1")] == list(both), name
    right = values["right-branching"]
    assert [round(right[f"{metric} to 10 words"], 1) for metric in ("F1 corpus", "F1")] == [55.4, 58.0]
    assert [round(right[f"{metric} punctuation kept"], 1) for metric in ("F1 corpus", "F1")] == [0.1, 0.8]
    assert round(right["F1 of binarised gold"], 1) == 84.1
    for trees, oracle in ((task.bare, (84.4, 84.1)), (task.whole, (78.1, 77.0))):
        binary = [nontrivial(right_binarised(tree.spans, len(tree.words)), len(tree.words)) for tree in trees]
        counts = overlaps(binary, [tree.spans for tree in trees])
        assert (
            round(value_of(corpus_f1(counts), "ratio"), 1),
            round(float(sentence_f1(counts).mean()), 1),
        ) == oracle


def _model(name: str) -> Model:
    model = named(name)
    assert model is not None
    return model


def _read(path: Path, split: str | None = None, punctuation: str = "") -> list[Parsing]:
    return [
        task for task in read_parsing(path, split=split, punctuation=punctuation) if isinstance(task, Parsing)
    ]
