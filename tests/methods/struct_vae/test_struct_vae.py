"""StructVAE: who learns when, and that labels and texts teach it; its gradient has a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from sentrep.data.batch import SentenceBatch
from sentrep.encoders import serialization as folder
from sentrep.methods.struct_vae.bracketings import UniformTreePrior
from sentrep.methods.struct_vae.config import StructVAEConfig
from sentrep.methods.struct_vae.method import StructVAE
from sentrep.utils.errors import InputError, ReadWarning
from tests import toy, toy_run
from tests.errors import refuses
from tests.toy_language import orders, treebank

SMALL = {
    "structure_token_width": 16,
    "structure_width": 24,
    "structure_dropout": 0.0,
    "shortlist": 60,
    "labelled_batch_size": 8,
}


def method(seed: int = 0, kind: str = "bag", **settings: Any) -> StructVAE:
    torch.manual_seed(seed)
    made: StructVAE = toy_run.make("struct-vae", SMALL | settings, kind, seed)
    return made


def batch(sentences: list[list[int]]) -> SentenceBatch:
    return toy.batch(sentences, list(range(len(sentences))))


def block_of(made: StructVAE, file: Path) -> SentenceBatch:
    """The sentences of a treebank, or of pairs."""
    made = method(trees=str(file)) if file.suffix == ".trees" else made
    labelled = made.labelled
    assert labelled is not None
    texts = labelled.texts
    return batch([row[:length].tolist() for row, length in zip(texts.ids, texts.lengths, strict=True)])


def trained(made: StructVAE, given: SentenceBatch, steps: int, size: int = 32) -> StructVAE:
    """Without the house's trainer, whose rates are for longer runs."""
    optimizers = {
        phase: torch.optim.Adam(
            [each for group in made.parameter_groups(phase) for each in group.parameters], lr=0.015
        )
        for phase in made.phases
    }
    torch.manual_seed(1)
    rows = [given.ids[a:b].tolist() for a, b in zip(given.offsets, given.offsets[1:], strict=False)]
    for step in range(steps):
        chosen = torch.randperm(len(rows))[:size].tolist()
        for phase in made.active_phases(step / steps):
            optimizers[phase].zero_grad()
            made(batch([rows[each] for each in chosen]), phase).loss.backward()
            optimizers[phase].step()
    return made.eval()


# --- Who learns when
# --------------------------------------------------------------------------------------------------


def test_the_curriculum(tmp_path: Path) -> None:
    made = method(trees=str(treebank(tmp_path, 8)), pretrain_share=0.4)
    assert made.active_phases(0.0) == made.active_phases(0.39) == ("prior", "train")
    assert made.active_phases(0.4) == made.active_phases(1.0) == ("train",)
    assert method(trees=str(treebank(tmp_path, 8)), unlabelled_weight=0.0).active_phases(0.9) == (
        "prior",
        "train",
    )
    assert method(trees=None).active_phases(0.0) == ("train",)


def test_the_decoder_learns_before_the_parser(tmp_path: Path) -> None:
    made, texts = (
        method(trees=str(treebank(tmp_path, 8)), pretrain_share=0.4, decoder_warmup=0.5),
        toy.batches(size=16).batch(0, 0),
    )
    for share, judging in ((0.41, False), (0.69, False), (0.71, True), (1.0, True)):
        made.active_phases(share)
        assert made.parser_learns is judging
        torch.manual_seed(share > 0)  # the same sentences of the treebank each time, and the same draws
        with_text = made(texts, "train").loss
        torch.manual_seed(share > 0)
        taught = made.labelled_step(*made.labelled.sample(made.config.labelled_batch_size)).loss  # type: ignore[union-attr]
        made.zero_grad()
        (with_text - taught).backward()
        moved = {
            name
            for name, each in made.named_parameters()
            if each.grad is not None and each.grad.abs().max() > 1e-6
        }
        assert any(name.startswith("structures.decoder") for name in moved)
        assert any(name.startswith("structures.parser") for name in moved) is judging
    assert method(trees=None).parser_learns, "nothing is to be waited for"


def test_the_prior_learns_in_its_own_phase_and_then_is_frozen(tmp_path: Path) -> None:
    made = method(trees=str(treebank(tmp_path, 8)))
    prior = {id(each) for each in made.structures.prior.parameters()}
    for share, phase in ((0.0, "prior"), (0.0, "train"), (1.0, "train")):
        made.zero_grad()
        made.active_phases(share)
        made(toy.batches(size=16).batch(0, 0), phase).loss.backward()
        moved = {
            id(each) for each in made.parameters() if each.grad is not None and each.grad.abs().sum() > 0
        }
        assert moved == (prior if phase == "prior" else {id(each) for each in made.parameters()} - prior)


def test_pre_training_does_not_look_at_the_block(tmp_path: Path) -> None:
    made = method(trees=str(treebank(tmp_path, 8)))
    for share, equal in ((0.0, True), (1.0, False)):
        made.active_phases(share)
        losses = []
        for index in (0, 1):
            torch.manual_seed(3)
            losses.append(float(made(toy.batches(size=16).batch(0, index), "train").loss.detach()))
        assert (losses[0] == losses[1]) is equal


def test_without_labels_it_warns_and_runs() -> None:
    made = method(trees=None)
    assert isinstance(made.structures.prior, UniformTreePrior)
    with pytest.warns(ReadWarning, match="without labelled sentences") as told:
        step = made(toy.batches(size=16).batch(0, 0), "train")
    assert str(told[0].message).isprintable()  # without the marks of settings
    assert torch.isfinite(step.loss)
    with pytest.raises(InputError) as error:
        made(toy.batches(size=16).batch(0, 0), "prior")
    assert error.value.setting == "trees"


def test_so_many_labels_and_some_of_the_rest_to_compare_with(tmp_path: Path) -> None:
    made = method(trees=str(treebank(tmp_path, 30)), max_trees=20)
    assert made.labelled is not None
    assert made.heldout is not None
    assert (len(made.labelled.texts.ids), len(made.heldout.texts.ids)) == (20, 10)
    assert "labelled_f1" in made.eval()(toy.batches(size=16).batch(0, 0), "train").metrics
    assert method(trees=str(treebank(tmp_path, 30))).heldout is None
    assert method(trees=str(treebank(tmp_path, 30)), max_trees=30).heldout is None


# --- What is learned
# --------------------------------------------------------------------------------------------------


def f1(made: StructVAE, place: Path) -> float:
    """On other sentences of the toy language."""
    given = method(trees=str(treebank(place, 60, seed=9))).labelled
    assert given is not None
    with torch.no_grad():
        return float(
            made.structures.agreement(made.posterior(given.texts)[0].viterbi(), given[1])["labelled_f1"]
        )


@pytest.mark.slow
def test_labels_alone_teach_a_toy_treebank(tmp_path: Path) -> None:
    made = method(trees=str(treebank(tmp_path, 150)), unlabelled_weight=0.0, labelled_batch_size=16)
    untrained = f1(made.eval(), tmp_path)
    made = trained(made.train(), block_of(made, treebank(tmp_path, 10, seed=1)), 35)
    assert untrained < 0.7
    assert f1(made, tmp_path) > 0.95


@pytest.mark.slow
def test_texts_without_labels_add_to_a_few_labels(tmp_path: Path) -> None:
    texts, found = block_of(method(trees=None), treebank(tmp_path, 200, seed=1)), []
    for weight in (0.0, 1.0):
        made = method(
            trees=str(treebank(tmp_path, 6)), unlabelled_weight=weight, labelled_batch_size=6, samples=3
        )
        found.append(f1(trained(made, texts, 40, size=12), tmp_path))
    assert found[1] > found[0] + 0.02


@pytest.mark.slow
def test_logical_forms_are_learned(tmp_path: Path) -> None:
    grammar, pairs = orders(tmp_path, 110)
    made = method(
        trees=None,
        grammar=str(grammar),
        pairs=str(pairs),
        max_pairs=80,
        unlabelled_weight=0.0,
        labelled_batch_size=24,
    )
    made = trained(made, batch([[5, 7, 20]]), 70)
    look = made(batch([[5, 7, 20], [6, 7, 21, 22]]), "train").metrics
    assert look["labelled_exact"] > 0.8
    one = batch([[6, 7, 33, 8]])
    assert made.logical_forms(one) == [f'(Do what=Close to="{toy.WORDS[33]}" very=Much)']
    with refuses(setting="grammar"):
        made.trees(one)


# --- What is given back
# -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bag", "gru"])
def test_a_method_put_together_again_parses_as_before(kind: str, tmp_path: Path) -> None:
    made = method(kind=kind, trees=str(treebank(tmp_path, 60)), unlabelled_weight=0.0)
    made = trained(made, batch([[7, 8]]), 10)
    folder.save(made.encoder(), tmp_path / "model")
    save_file(
        {name: each.detach().contiguous() for name, each in made.beside_encoder().items()},
        tmp_path / "rest.safetensors",
    )
    again = StructVAE(made.config, lambda: folder.load(tmp_path / "model")).eval()
    again.load_state_dict(load_file(tmp_path / "rest.safetensors"), strict=False)
    given = toy.batches(size=32).batch(0, 0)
    before, after = made.trees(given), again.trees(given)
    assert before.start.shape[:2] == (len(given), 1)
    assert torch.equal(before.start, after.start)
    assert torch.equal(before.end, after.end)


@torch.no_grad()
def test_validation_tells_the_parts_of_the_bound(tmp_path: Path) -> None:
    made = method(trees=str(treebank(tmp_path, 8)), baseline="learned").eval()
    torch.manual_seed(0)
    found = made(toy.batches(size=32).batch(0, 0), "train")
    assert {
        "elbo",
        "reconstruction_nll",
        "kl",
        "entropy",
        "signal",
        "right_f1",
        "left_f1",
        "best_reconstruction_nll",
    } <= set(found.metrics)
    assert float(found.loss) == pytest.approx(-float(found.metrics["elbo"]))
    assert float(found.metrics["elbo"]) == pytest.approx(
        -float(found.metrics["reconstruction_nll"]) - float(found.metrics["kl"]), abs=1e-5
    )
    assert torch.isfinite(made(toy.batches(size=32).batch(0, 0), "prior").loss)


def test_empty_and_long_sentences_are_passed_over(tmp_path: Path) -> None:
    made = method(trees=str(treebank(tmp_path, 20)), max_sentence_tokens=6)
    some = batch([[7, 8, 9], [], [20], [20, 21, 22, 23, 24, 25, 26], [9, 8, 7, 6]])
    assert made.texts(some).lengths.tolist() == [3, 4]
    assert made.texts(batch([[], [20], [20, 21, 22, 23, 24, 25, 26]])).lengths.tolist() == [1, 6]
    made.active_phases(1.0)
    assert torch.isfinite(made(some, "train").loss)
    assert made.trees(some).lengths[:, 0].tolist() == [3, 0, 1, 7, 4]


def test_trees_have_no_logical_forms(tmp_path: Path) -> None:
    with refuses(setting="grammar"):
        method(trees=str(treebank(tmp_path, 8))).logical_forms(batch([[7, 8]]))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"samples": 0}, "samples"),
        ({"max_trees": -1}, "max_trees"),
        ({"structure_width": 20}, "structure_width"),
        ({"pretrain_share": 1.5}, "pretrain_share"),
        ({"kl_weight": -0.1}, "kl_weight"),
        ({"baseline": "leave-one-out", "samples": 1}, "samples"),
        ({"trees": "a", "grammar": "b"}, "trees"),
        ({"pairs": "a"}, "pairs"),
        ({"unlabelled_weight": 0.0}, "unlabelled_weight"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as raised:
        StructVAEConfig(**settings)
    assert raised.value.setting == named
