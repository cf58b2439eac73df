"""URNNG where every tree can be enumerated, supervised on trees with a rule, and its baselines."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch, offsets_of
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.methods.urnng.config import URNNGConfig
from sentrep.methods.urnng.method import UnsupervisedRNNG
from sentrep.modules.padding import Texts
from sentrep.modules.trees.binary_trees import REDUCE, SHIFT, Trees
from sentrep.modules.trees.parser import BatchedTreeCRF
from sentrep.utils.errors import InputError
from tests import toy
from tests.errors import refuses

SIZES: dict[str, Any] = {"tree_width": 8, "parser_width": 6, "tree_dropout": 0.0}


def method(seed: int = 0, std: float = 0.5, **settings: Any) -> UnsupervisedRNNG:
    torch.manual_seed(seed)
    made = UnsupervisedRNNG(
        URNNGConfig(**SIZES | settings),
        lambda: build(EncoderConfig("bag", width=12), toy.tokenizer(), toy.counts(), 32),
    )
    for parameter in made.parameters() if std else ():
        nn.init.normal_(parameter, std=std)
    return made


def batch(*lengths: int, seed: int = 0) -> SentenceBatch:
    generator = torch.Generator().manual_seed(seed)
    sentences = [
        torch.randint(5, len(toy.WORDS), (length,), generator=generator).tolist() for length in lengths
    ]
    return toy.batch(sentences, list(range(len(lengths))))


def every_tree(length: int) -> Trees:
    """(1, tree, position)."""

    def grown(count: int) -> list[list[int]]:
        if count == 1:
            return [[SHIFT]]
        return [[*a, *b, REDUCE] for cut in range(1, count) for a in grown(cut) for b in grown(count - cut)]

    return Trees.from_actions(torch.tensor([grown(length)]))


def enumerated(made: UnsupervisedRNNG, texts: Texts) -> tuple[Tensor, Tensor]:
    """log p(x, z) and log q(z | x) of all trees of one sentence, each with gradient."""
    trees = every_tree(int(texts.lengths))
    joint = []
    for tree in range(trees.start.shape[1]):
        told = made.joint_log_probs(texts, Trees(*(each[:, tree : tree + 1] for each in trees)))
        joint.append(told.mean_words + told.actions.sum())
    posterior = made.posterior(texts)
    assert posterior is not None
    return torch.stack(joint), posterior.log_prob(trees)[0]


def gradients(made: UnsupervisedRNNG, loss: Tensor) -> dict[str, Tensor]:
    made.zero_grad()
    loss.backward()
    return {
        name: parameter.grad.clone()
        for name, parameter in made.named_parameters()
        if parameter.grad is not None
    }


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_the_expected_gradient_of_two_samples_is_that_of_the_exact_bound(
    weight: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pairs of trees of a sentence of four tokens, each as likely as it is drawn: no chance is left in
    it."""
    made, read = method(samples=2), batch(4)
    made.prior_weight = weight
    texts, trees = made.texts(read), every_tree(4)
    joint, chance = enumerated(made, texts)
    words = torch.stack(
        [
            made.joint_log_probs(texts, Trees(*(each[:, tree : tree + 1] for each in trees))).mean_words
            for tree in range(5)
        ]
    )
    bound = (chance.exp() * (words + weight * (joint - words - chance))).sum()
    size = 5  # four tokens and the end
    exact = gradients(made, -bound / size)
    likely = chance.detach().exp()
    expected = {name: torch.zeros_like(gradient) for name, gradient in exact.items()}
    value = 0.0
    for first, second in itertools.product(range(5), repeat=2):
        pair = Trees(*(each[:, [first, second]] for each in trees))
        monkeypatch.setattr(BatchedTreeCRF, "sample", lambda self, count, pair=pair: pair)
        step = made(read, "train")
        share = (likely[first] * likely[second]).item()
        value += share * step.loss.item()
        for name, gradient in gradients(made, step.loss).items():
            expected[name] += share * gradient
    assert value == pytest.approx(-bound.item() / size, abs=1e-5)
    assert set(expected) == {name for name, _ in made.named_parameters()}
    for name, gradient in expected.items():
        assert torch.allclose(gradient, exact[name], atol=1e-5), name
    assert exact["f.0.parser.scorer.score.weight"].abs().max() > 1e-3


@pytest.mark.slow
def test_the_bounds_are_below_the_exact_likelihood_and_more_samples_come_nearer() -> None:
    made = method(std=0.8).eval()
    lengths = (2, 3, 4, 5, 5)
    read = batch(*lengths)
    with torch.no_grad():
        exact, bound, size = 0.0, 0.0, sum(lengths) + len(lengths)
        for sentence in range(len(lengths)):
            ids = read.ids[read.offsets[sentence] : read.offsets[sentence + 1]].unsqueeze(0)
            joint, chance = enumerated(made, Texts(ids, ids >= 0))
            exact += joint.logsumexp(0).item() / size
            bound += (chance.exp() * (joint - chance)).sum().item() / size
        found = {}
        for count in (1, 20):
            object.__setattr__(made.config, "validation_samples", count)
            steps = [made(read, "train") for _ in range(60)]
            found[count] = -torch.stack([step.loss for step in steps]).mean().item()
            elbo = torch.stack([step.metrics["elbo"] for step in steps]).mean().item()
            assert elbo == pytest.approx(bound, abs=0.02), "with one sample or many, in expectation the same"
    assert bound < found[1] + 0.02
    assert found[1] < found[20] < exact
    assert exact - found[20] < 0.5 * (exact - bound)


@pytest.mark.parametrize("branching", ["parser", "right", "none"])
def test_surprise_is_no_less_than_the_exact_one_and_the_same_each_time(branching: str) -> None:
    made, lengths = method(std=0.8, branching=branching, validation_samples=20).eval(), (4, 2, 5)
    read = batch(*lengths)
    found = made.nll(read)
    assert torch.equal(made.nll(read), found)
    for sentence in range(len(lengths)):
        ids = read.ids[read.offsets[sentence] : read.offsets[sentence + 1]]
        assert torch.allclose(made.nll(toy.batch([ids.tolist()], [0])), found[sentence], atol=1e-4), (
            "whatever stands beside it"
        )
        if branching == "parser":
            exact = -enumerated(made, Texts(ids.unsqueeze(0), ids.unsqueeze(0) >= 0))[0].logsumexp(0).item()
            assert exact - 1e-4 < found[sentence].item() < 1.2 * exact
    if branching != "parser":
        assert found.sum().item() == pytest.approx(
            made(read, "train").loss.item() * (sum(lengths) + 3), rel=1e-5
        )


def test_what_validation_reports_belongs_together() -> None:
    made = method().eval()
    with torch.no_grad():
        found = made(batch(4, 7, 1, 9), "train")
    told = found.metrics
    assert told["perplexity"].item() == pytest.approx(found.loss.exp().item(), rel=1e-5)
    assert told["elbo"].item() == pytest.approx(-(told["reconstruction"] + told["kl"]).item(), rel=1e-4)
    assert 0 <= told["right_f1"] <= 1
    assert 0 <= told["left_f1"] <= 1
    assert told["depth"] > 1


def test_one_by_one_equals_a_block() -> None:
    made, read = method(validation_samples=1).eval(), batch(4, 1, 9, 2, 6)
    with torch.no_grad():
        best, vectors = made.trees(read), made.embed(read)
        exact = made.joint_log_probs(made.texts(read), best)
        for sentence in range(len(read)):
            ids = read.ids[read.offsets[sentence] : read.offsets[sentence + 1]]
            alone = toy.batch([ids.tolist()], [0])
            tree = made.trees(alone)
            assert torch.equal(tree.start[0], best.start[sentence, :, : len(ids)])
            assert torch.equal(tree.end[0], best.end[sentence, :, : len(ids)])
            told = made.joint_log_probs(made.texts(alone), tree)
            assert torch.allclose(told.words[0], exact.words[sentence], atol=1e-4)
            assert torch.allclose(told.actions[0], exact.actions[sentence], atol=1e-4)
            assert torch.allclose(made.embed(alone)[0], vectors[sentence], atol=1e-5)


def test_actions_and_entropy_come_to_count_and_the_parser_stops() -> None:
    made = method(prior_warmup=0.2, parser_start=0.1, parser_stop=0.5)
    seen = []
    for share in (0.0, 0.1, 0.2, 0.49, 0.51, 1.0):
        assert made.active_phases(share) == ("train",)
        seen.append((made.prior_weight, made.parser_learns))
    assert seen == [(0, False), (0.5, True), (1, True), (1, True), (1, False), (1, False)]
    made(batch(5, 6), "train").loss.backward()
    parser = made.tree.parser
    assert parser is not None
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in parser.parameters())
    assert made.grammar.action.weight.grad is not None
    assert made.grammar.action.weight.grad.any()


def test_after_supervision_everything_counts_at_once() -> None:
    made = method(supervision="first", trees=toy.treebank(), supervised_share=0.5, parser_stop=0.5)
    seen = []
    for share in (0.0, 0.49, 0.5, 0.74, 0.76):
        made.active_phases(share)
        seen.append((made.supervised, made.prior_weight, made.parser_learns))
    assert seen == [(True, 1, True), (True, 1, True), (False, 1, True), (False, 1, True), (False, 1, False)]
    only = method(supervision="only", trees=toy.treebank(), parser_stop=0.1)
    only.active_phases(1.0)
    assert (only.supervised, only.parser_learns) == (True, True)


@torch.no_grad()
def test_the_likelihood_of_a_model_as_it_is_opened_is_that_at_the_end_of_the_run() -> None:
    """In the unsupervised part of the run trees do not cross punctuation."""
    made = method(supervision="first", trees=toy.treebank(), respect_punctuation=True).eval()
    read = batch(6, 7, 8)
    made.tree.punctuation[read.ids[[2, 9]]] = True
    opened = made.nll(read)
    made.active_phases(0.0)
    assert not torch.equal(made.nll(read), opened)
    made.active_phases(1.0)
    assert torch.equal(made.nll(read), opened)
    assert method(supervision="only", trees=toy.treebank()).supervised


@pytest.mark.slow
def test_supervision_teaches_the_rule_of_a_treebank(tmp_path: Path) -> None:
    """A word with an even number goes with what is on its right, the others with what is before: nothing that
    a side could tell."""
    dice = torch.Generator().manual_seed(0)

    def bracketed(words: list[str]) -> str:
        if len(words) == 1:
            return f"(T {words[0]})"
        cut = len(words) - 1 if int(words[0].removeprefix("common")) % 2 else 1
        return f"(S {bracketed(words[:cut])} {bracketed(words[cut:])})"

    def sentence() -> list[str]:
        length = int(torch.randint(4, 8, (1,), generator=dice))
        return [f"common{int(number)}" for number in torch.randint(20, (length,), generator=dice)]

    (tmp_path / "rule.trees").write_text("\n".join(bracketed(sentence()) for _ in range(150)))
    made = method(
        std=0, supervision="only", trees=str(tmp_path / "rule.trees"), tree_width=16, parser_width=16
    )
    optimizer = torch.optim.AdamW(made.parameters(), lr=1e-2)
    read = batch(*[5] * 24)
    for _ in range(150):
        made.active_phases(0.5)
        step = made(read, "train")
        optimizer.zero_grad()
        step.loss.backward()
        optimizer.step()
    assert step.metrics["parser_nll"] < 0.15
    bank = made.treebank
    made.eval()
    block_of = SentenceBatch(
        bank.texts.ids[bank.texts.mask],
        offsets_of(bank.texts.lengths),
        *[torch.arange(150)] * 2,
    )
    with torch.no_grad():
        found = made.trees(block_of)
    right = (found.start == bank.trees.start) & (found.end == bank.trees.end)
    assert right[(bank.trees.start < bank.trees.end)].float().mean() > 0.9


@pytest.mark.parametrize("branching", ["right", "left", "none"])
def test_grammars_without_a_parser(branching: str) -> None:
    made = method(branching=branching)
    read = batch(4, 1, 7)
    step = made(read, "train")
    step.loss.backward()
    unused = {name for name, parameter in made.named_parameters() if parameter.grad is None}
    assert not unused
    made.eval()
    with torch.no_grad():
        assert made(read, "train").loss.item() == pytest.approx(step.loss.item(), rel=1e-5)
        shape = made.trees(read)
    assert (shape.start < shape.end).any() == (branching != "none")


def test_the_given_encoder_gives_its_vocabulary_and_rows_of_the_same_width() -> None:
    def given(width: int) -> SentenceTransformer:
        torch.manual_seed(5)
        return build(EncoderConfig("gru", token_width=width, width=10), toy.tokenizer(), toy.counts(), 17)

    taken, fresh = (UnsupervisedRNNG(URNNGConfig(**SIZES), partial(given, width)) for width in (8, 12))
    torch.manual_seed(5)
    assert torch.equal(taken.tree.table.weight, given(8)[0].table.weight)
    assert fresh.tree.table.weight.shape == (len(toy.WORDS), 8)
    assert taken.tree.max_tokens == 17
    again = UnsupervisedRNNG(URNNGConfig(**SIZES), taken.encoder)
    assert again.encoder() is taken.encoder()
    with refuses(setting="tree_width"):
        UnsupervisedRNNG(URNNGConfig(**SIZES | {"tree_width": 9}), taken.encoder)


def test_a_tree_encoder_that_is_trained_further_gets_the_settings_of_the_new_run() -> None:
    before = method(tree_dropout=0.3)
    changed = {"tree_dropout": 0.5, "vector_samples": 3, "respect_punctuation": False}
    after = UnsupervisedRNNG(URNNGConfig(**SIZES | changed), before.encoder)
    tree = after.tree
    assert (tree.dropout, tree.samples, tree.respect_punctuation) == (0.5, 3, False)
    assert {each.p for each in after.modules() if isinstance(each, nn.Dropout)} == {0.5}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 0}, "samples"),
        ({"tree_width": 0}, "tree_width"),
        ({"parser_stop": 1.5}, "parser_stop"),
        ({"tree_dropout": 1.0}, "tree_dropout"),
        ({"parser_lr_scale": -1.0}, "parser_lr_scale"),
        ({"trees": "x.trees"}, "supervision"),
        ({"supervision": "only"}, "trees"),
        ({"trees": "x", "supervision": "only", "max_trees": 0}, "max_trees"),
        ({"branching": "right", "vector_samples": 3}, "branching"),
        ({"branching": "none", "trees": "x", "supervision": "only"}, "branching"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        URNNGConfig(**settings)
    assert raised.value.setting == message


def test_a_treebank_that_is_not_there_is_said_when_it_is_needed() -> None:
    made = method(supervision="only", trees="none.trees")
    with refuses(setting="trees", place="none.trees"):
        made(batch(3, 4), "train")
