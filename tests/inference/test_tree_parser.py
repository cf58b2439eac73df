"""From raw text to trees: train on the toy corpus, reopen the run, parse, in Python and on the command
line."""

from __future__ import annotations

from pathlib import Path

import nltk
import pytest
import torch

from sentrep import api
from sentrep.cli.main import main
from sentrep.data.config import TokenizerConfig
from sentrep.data.trees.brackets import check, read_trees
from sentrep.data.trees.drawing import grown
from sentrep.encoders.config import EncoderConfig
from sentrep.inference.tree_parser import TreeParser, in_words
from sentrep.methods.capabilities import HasTrees
from sentrep.methods.urnng.config import URNNGConfig
from sentrep.training.config import TrainingConfig
from sentrep.utils.capabilities import Embeds, Parses, ScoresLikelihood
from sentrep.utils.errors import InputError
from tests import toy
from tests.errors import refuses
from tests.nested_trees import nested

SENTENCES = [" ".join(sentence) for document in toy.documents(4, seed=9) for sentence in document]


def train(place: Path, method: str = "urnng", seed: int = 0) -> Path:
    settings = (
        URNNGConfig(tree_width=16, parser_width=8, samples=2, validation_samples=2)
        if method == "urnng"
        else None
    )
    place.mkdir(exist_ok=True)
    return api.train(
        method,
        corpus=toy.write_corpus(place / "corpus.jsonl", 60),
        out=place / method,
        encoder=EncoderConfig("bag", width=16),
        tokenizer=TokenizerConfig("word", max_tokens=30),
        settings=settings,
        training=TrainingConfig(
            steps=3, batch_size=32, device="cpu", tracker="none", validation=0.1, lr=1e-2, seed=seed
        ),
        cache=place / "cache",
    ).run.path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("treeing"))


@pytest.fixture(scope="module")
def parser(run: Path) -> TreeParser:
    return TreeParser.open(run)


def test_nll_counts_words_and_an_end(parser: TreeParser) -> None:
    words = [sentence.split() for sentence in SENTENCES]
    found = parser.nll(words)
    assert [count for _, count in found] == [len(each) + 1 for each in words]
    backwards = parser.nll(words[::-1])[::-1]
    assert [nats for nats, _ in backwards] == pytest.approx([nats for nats, _ in found], rel=1e-4)
    per_word = sum(nats for nats, _ in found) / sum(count for _, count in found)
    assert 1 < per_word < 1.2 * torch.tensor(parser.trained.tokenizer.vocab_size).log().item()
    assert parser.nll([[]]) == [(0.0, 0)]


def test_words_that_the_encoder_does_not_read_are_not_counted(
    parser: TreeParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads 20 tokens, training read 30."""
    words = ["common1", "common2"] * 20
    [(longer, count)] = parser.nll([words])
    assert count == 31
    monkeypatch.setattr(parser.trained.encoder[0], "max_tokens", 20)
    [(nats, count)] = TreeParser(parser.trained).nll([words])
    assert count == 21
    assert nats < longer


def test_a_method_that_predicts_nothing_says_so(tmp_path: Path) -> None:
    grammar = TreeParser.open(train(tmp_path, "compound-pcfg"))
    with refuses(setting="run"):
        grammar.nll([["a", "word"]])
    assert not isinstance(api.measured(tmp_path / "compound-pcfg").implementation, ScoresLikelihood)


def test_trees_are_those_of_the_method_one_by_one(parser: TreeParser) -> None:
    method, tokenizer = parser.trained.method, parser.trained.tokenizer
    assert isinstance(method, HasTrees)
    seen = set()
    for sentence, tree in zip(SENTENCES, api.parse(parser, SENTENCES), strict=True):
        ids = tokenizer.encode(sentence)
        assert len(ids) == len(sentence.split()), "a token a word"
        with torch.no_grad():
            alone = method.trees(toy.batch([ids], [0]))
        assert tree == nested(alone.actions()[0, 0].tolist(), sentence.split())
        seen.add(str(tree).count("(("))
    assert len(seen) > 2


def test_as_the_evaluation_asks(parser: TreeParser) -> None:
    assert isinstance(parser, Parses)
    words = [sentence.split() for sentence in SENTENCES]
    for sentence, spans in zip(words, parser.parse(words), strict=True):
        check(spans, len(sentence))
        assert len(set(spans)) == len(sentence) - 1


def test_words_of_several_tokens_and_of_none(parser: TreeParser) -> None:
    """The tokenizer cuts at signs, so that the second word has three tokens."""
    words = ["common1", "common2-common3", "common4", "topic1word2", "common7"]
    (spans,) = parser.parse([words])
    check(spans, 5)
    assert len(set(spans)) == 4, "a binary tree without some of its leaves is one of the others"
    assert parser.parse([[], ["common1"]]) == [[], []]
    assert in_words([(0, 3), (1, 3), (0, 5), (3, 5)], [None, 0, 0, 2, None]) == [(0, 3)]


def test_what_is_beyond_the_longest_is_in_no_span(parser: TreeParser) -> None:
    words = ["common1", "common2"] * 20
    (spans,) = parser.parse([words])
    check(spans, 40)
    assert max(stop for _, stop in spans) == 30
    assert grown(words, spans)[-1] == "common2"


def test_refusals(run: Path, parser: TreeParser, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        api.parse(parser, "one")
    assert error.value.setting == "sentences"
    with refuses(setting="sentences"):
        api.parse(run, ["a b", " "])
    with pytest.raises(InputError, match="sentence 2 "):
        api.parse(parser, ["a b", " "])
    with refuses(place="quick-thought"):
        TreeParser.open(train(tmp_path, "quick-thought"))


def test_the_command(
    run: Path, parser: TreeParser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, trees = tmp_path / "my.txt", api.parse(parser, SENTENCES)
    file.write_text("\n\n".join(SENTENCES) + "\n")

    def printed(*options: str) -> str:
        assert main(["parse", str(run), "--input", str(file), *options]) == 0
        return capsys.readouterr().out

    (tmp_path / "out.trees").write_text(printed())
    read = read_trees(tmp_path / "out.trees")
    assert [grown(each.words, each.spans) for each in read] == trees
    assert [api.to_nltk(tree).leaves() for tree in trees] == [sentence.split() for sentence in SENTENCES]
    assert isinstance(api.to_nltk(trees[0]), nltk.Tree)
    assert printed("--draw", "text").count("┐") == sum(len(sentence.split()) - 1 for sentence in SENTENCES)
    assert printed("--draw", "svg").startswith("<svg ")


def test_a_run_is_evaluated_by_the_trees_it_finds(run: Path, parser: TreeParser) -> None:
    model = api.measured(run)
    assert isinstance(model.implementation, Parses)
    assert isinstance(model.implementation, Embeds)
    words = [sentence.split() for sentence in SENTENCES]
    assert model.implementation.parse(words) == parser.parse(words)
    assert not isinstance(api.measured(run / "model").implementation, Parses)
