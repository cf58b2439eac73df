"""StructVAE: the drawn gradient against the exact one, where all structures can be enumerated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sentrep.methods.struct_vae.derivations import DerivationModel
from sentrep.methods.struct_vae.method import StructVAE
from sentrep.modules.padding import Texts
from sentrep.modules.trees.binary_trees import Trees
from tests.methods.struct_vae.test_struct_vae import method
from tests.methods.struct_vae.test_transition import derived, every
from tests.modules.trees.test_crf import masks
from tests.toy_language import treebank

TINY = "Order = Do(what: Verb, very: Very*)\nVerb = Open | Close\nVery = Much | Little"


def of_trees(place: Path, **settings: Any) -> tuple[StructVAE, Any]:
    """A method, and all trees of a sentence of five tokens."""
    made = method(trees=str(treebank(place, 8)), **settings)
    return made, Trees.from_span_mask(masks(5, 5).unsqueeze(0))


def of_grammar(place: Path, **settings: Any) -> tuple[StructVAE, Any]:
    """A method, and all derivations of a small grammar."""
    file = place / "tiny.grammar"
    file.write_text(TINY, encoding="utf-8")
    made = method(trees=None, grammar=str(file), max_actions=5, **settings)
    assert isinstance(made.structures, DerivationModel)
    system = made.structures.system
    found = {
        tuple(each + system.stop - 2 for each in row) for row in every(system.grammar, 5)
    }  # there a vocabulary of two
    rows = derived(found)
    return made, type(rows)(rows.actions.where(rows.mask, system.stop).unsqueeze(0), rows.mask.unsqueeze(0))


def watched(made: StructVAE) -> list[Tensor]:
    """Parameters of q whose gradient is compared."""
    parser: Any = made.structures.parser
    return (
        [parser.scorer.score.weight, parser.scorer.bias]
        if hasattr(parser, "scorer")
        else [parser.choose.weight, parser.choose.bias]
    )


def sentence(copies: int) -> Texts:
    ids = torch.tensor([[7, 8, 30, 9, 41]]).expand(copies, -1)
    return Texts(ids, torch.ones_like(ids, dtype=torch.bool))


def drawn_gradients(made: StructVAE, runs: int, copies: int = 32) -> Tensor:
    """(run, number)"""
    found = []
    for _ in range(runs):
        gradients = torch.autograd.grad(made.unlabelled_step(sentence(copies)).loss, watched(made))
        found.append(torch.cat([each.flatten() for each in gradients]))
    return torch.stack(found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [of_trees, of_grammar])
@pytest.mark.parametrize("baseline", ["learned", "leave-one-out"])
def test_the_gradient_is_that_of_the_bound(
    kind: Callable[..., tuple[StructVAE, Any]], baseline: str, tmp_path: Path
) -> None:
    made, structures = kind(tmp_path, baseline=baseline, kl_weight=0.5)
    for parameter in made.structures.parameters():  # so that words and structures have to do with each other
        torch.nn.init.normal_(parameter, std=0.4)
    q = made.posterior(sentence(1))[0]
    log_q = q.log_prob(structures)
    assert log_q.logsumexp(1).item() == pytest.approx(0, abs=1e-5)
    told = (
        made.structures.reconstruct(sentence(1), structures).log_prob
        + 0.5 * made.structures.log_prior(structures).detach()
    )
    bound = (log_q.exp() * (told - 0.5 * log_q)).sum() / 5
    if made.baseline is not None:  # it has learned about what to expect
        assert isinstance(made.baseline.each[2], nn.Linear)
        nn.init.constant_(made.baseline.each[2].bias, float(told.mean()) / 5)
    exact = torch.cat([each.flatten() for each in torch.autograd.grad(-bound, watched(made))])
    torch.manual_seed(0)
    found = drawn_gradients(made, 30, copies=128)
    error = found.std(0) / 30**0.5
    tiny = 0.01 * exact.abs().max()  # what comes once in thousands of samples has an error that is not known
    assert ((found.mean(0) - exact).abs() < 5 * error + tiny).all()
    assert error.norm() < 0.35 * exact.norm()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [of_trees, of_grammar])
def test_the_baseline_takes_variance_away(kind: Callable[..., tuple[StructVAE, Any]], tmp_path: Path) -> None:
    made, _ = kind(tmp_path, baseline="learned")
    assert made.baseline is not None
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(made.baseline.parameters(), lr=0.02)
    for _ in range(30):
        optimizer.zero_grad()
        made.unlabelled_step(sentence(8)).loss.backward()
        optimizer.step()
    learned = drawn_gradients(made, 16).var(0).sum()
    assert isinstance(made.baseline.each[2], nn.Linear)
    nn.init.zeros_(made.baseline.each[2].weight)
    nn.init.zeros_(made.baseline.each[2].bias)
    assert learned < 0.2 * drawn_gradients(made, 16).var(0).sum()


def test_a_floor_raises_low_signals(tmp_path: Path) -> None:
    made, _ = of_trees(tmp_path, baseline="learned", signal_floor=-1.0)
    assert (
        made.unlabelled_step(sentence(8)).metrics["floored"] == 1
    )  # nothing is expected yet, and words are never certain
    made, _ = of_trees(tmp_path, baseline="learned", signal_floor=-1e4)
    assert made.unlabelled_step(sentence(8)).metrics["floored"] == 0
