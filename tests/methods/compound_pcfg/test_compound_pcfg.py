from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig
from sentrep.methods.compound_pcfg.method import CompoundPCFG
from sentrep.methods.compound_pcfg.pcfg import log_likelihood
from tests import toy
from tests.errors import refuses

SMALL = CompoundPCFGConfig(nonterminals=4, preterminals=6, rank=8, symbol_width=24, latent_width=5)
SENTENCES = [[5, 6, 70], [9], [30, 7, 8, 9, 10], [], [11, 12]]


def make(config: CompoundPCFGConfig = SMALL, kind: str = "bag", seed: int = 0) -> CompoundPCFG:
    torch.manual_seed(seed)
    encoder = EncoderConfig(kind, width=16, token_width=12)
    return CompoundPCFG(config, partial(build, encoder, toy.tokenizer(), toy.counts(), 32))


def batch_of(sentences: Sequence[Sequence[int]]) -> SentenceBatch:
    return toy.batch([list(each) for each in sentences], list(range(len(sentences))))


def test_rules_are_probabilities_and_words_a_distribution_for_each_sentence() -> None:
    method = make().eval()
    code = torch.randn(2, 5) * 3
    every = batch_of([list(range(len(toy.WORDS)))] * 2)
    rules, words = method.rules(method.symbols, code, method.words(every))
    assert torch.allclose(words.exp().view(2, -1, 6).sum(1), torch.ones(2, 6), atol=1e-5)
    assert torch.allclose(rules.root.sum(1), torch.ones(2))
    assert torch.allclose(rules.left.sum(0), torch.ones(8))
    assert not torch.allclose(words[: len(toy.WORDS)], words[len(toy.WORDS) :], atol=1e-2)


def test_rules_are_the_softmax_of_the_symbols_scores_plus_those_of_the_code() -> None:
    method = make().eval()
    code, one = torch.randn(1, 5), batch_of([[5, 6, 70]])
    rules, words = method.rules(method.symbols, code, method.words(one))
    preterminals, latent_scores = method.symbols[5:], method.rules.latent_scores
    assert rules.sentence_weights is not None
    out: Any = method.rules.scores["words"].out
    logits = method.rules.scores["words"](preterminals) + latent_scores["words"](code) @ out.weight.T
    assert torch.allclose(words, logits.log_softmax(1).T[[5, 6, 70]], atol=1e-5)
    rank = rules.rank * rules.sentence_weights
    wanted = (method.rules.scores["rank"](method.symbols[1:5]) + latent_scores["rank"](code)).softmax(1)
    assert torch.allclose(rank / rank.sum(1, keepdim=True), wanted, atol=1e-5)


def test_a_code_that_leaves_nothing_of_a_rule_does_no_harm() -> None:
    """What the symbol wants and what the code wants may be e^100 apart; the gradient has to stay a number."""
    method, batch = make(), batch_of(SENTENCES)
    with torch.no_grad():
        for name in ("rank", "words"):
            cast(nn.Linear, method.rules.latent_scores[name]).weight.mul_(1e3)
    loss = method(batch, "train").loss
    loss.backward()
    assert loss.isfinite()
    assert all(
        parameter.grad is not None and parameter.grad.isfinite().all() for parameter in method.parameters()
    )


def test_the_loss_is_the_bound_of_one_draw_over_tokens() -> None:
    method, batch = make().eval(), batch_of(SENTENCES)
    torch.manual_seed(3)
    step = method(batch, "train")
    counted = batch.select(batch.offsets.diff() > 1)
    mean, deviation = method.latent(counted)
    torch.manual_seed(3)
    rules, words = method.rules(method.symbols, mean + deviation * torch.randn(3, 5), method.words(counted))
    kl = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0)).sum(1)
    bound = (kl - log_likelihood(rules, words, torch.tensor([3, 5, 2]))).sum() / 10
    assert step.loss.item() == pytest.approx(bound.item(), rel=1e-5)
    assert step.metrics["perplexity"].item() == pytest.approx(math.exp(bound.item()), rel=1e-4)
    assert step.metrics["kl"].item() == pytest.approx(kl.mean().item(), rel=1e-5)


def test_the_kl_weight_rises_during_training() -> None:
    method, batch = (
        make(
            CompoundPCFGConfig(
                nonterminals=4, preterminals=6, rank=8, symbol_width=24, latent_width=5, kl_warmup=0.5
            )
        ),
        batch_of(SENTENCES),
    )
    losses = []
    for share in (0.0, 0.25, 0.5, 1.0):
        assert method.active_phases(share) == ("train",)
        torch.manual_seed(0)
        step = method(batch, "train")
        losses.append(step.loss.item())
    price = step.metrics["kl"].item() * 3 / 10
    assert [loss - losses[0] for loss in losses] == pytest.approx([0, price / 2, price, price], abs=1e-5)


def test_sentences_without_a_tree_or_too_long_teach_nothing() -> None:
    method = make(
        CompoundPCFGConfig(
            nonterminals=4, preterminals=6, rank=8, symbol_width=24, latent_width=0, max_sentence_tokens=4
        )
    ).eval()
    least = batch_of([[5, 6, 70], [11, 12]])
    assert method(batch_of(SENTENCES), "train").loss == method(least, "train").loss
    nothing = method(batch_of([[5], []]), "train")
    assert nothing.loss == 0
    nothing.loss.backward()


def test_punctuation_forbids_and_is_not_written() -> None:
    method = make(
        CompoundPCFGConfig(nonterminals=4, preterminals=6, rank=8, symbol_width=24, latent_width=0)
    ).eval()
    method.punctuation[70] = True
    plain, marked = batch_of([[5, 6, 7, 8]]), batch_of([[5, 6, 70, 7, 8, 70]])
    step = method(marked, "train")
    likelihoods = []
    for forbidden in (torch.zeros(1, 4, 4, dtype=torch.bool), method.words(marked).forbidden):
        likelihoods.append(
            log_likelihood(
                *method.rules(method.symbols, torch.zeros(1, 0), method.words(plain)),
                torch.tensor([4]),
                forbidden,
            )
        )
    assert likelihoods[1] < likelihoods[0]
    assert step.loss.item() == pytest.approx(-likelihoods[1].item() / 4, rel=1e-5)
    spans = method.trees(marked).span_mask()[0, 0]
    assert spans[0, 1]  # what stands between marks is together, whatever the grammar thinks
    assert spans[3, 4]
    heedless = make(
        CompoundPCFGConfig(
            nonterminals=4, preterminals=6, rank=8, symbol_width=24, latent_width=0, respect_punctuation=False
        )
    )
    heedless.punctuation[70] = True
    assert len(heedless.words(marked).ids) == 6


def test_trees_of_all_sentences_whatever_their_length() -> None:
    method = make(
        CompoundPCFGConfig(
            nonterminals=4, preterminals=6, rank=8, symbol_width=24, latent_width=5, max_sentence_tokens=4
        )
    ).eval()
    with torch.no_grad():
        found = method.trees(batch_of(SENTENCES))
    assert found.lengths.flatten().tolist() == [3, 1, 5, 0, 2]
    assert (found.start < found.end).sum(2).flatten().tolist() == [2, 0, 4, 0, 1]
    assert torch.equal(found.start, method.train().trees(batch_of(SENTENCES)).start)  # nothing is drawn


def test_a_neural_pcfg_has_nothing_to_teach_an_encoder() -> None:
    method = make(CompoundPCFGConfig(nonterminals=4, preterminals=6, rank=8, symbol_width=24, latent_width=0))
    step = method(batch_of(SENTENCES), "train")
    step.loss.backward()
    assert step.metrics["kl"] == 0
    trained = [parameter for group in method.parameter_groups("train") for parameter in group.parameters]
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in trained)
    assert not {id(parameter) for parameter in trained} & {
        id(parameter) for parameter in method.f.parameters()
    }


@pytest.mark.parametrize(
    "wrong",
    [{"rank": 0}, {"nonterminals": 0}, {"latent_width": -1}, {"max_sentence_tokens": 1}, {"kl_warmup": 1.5}],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with refuses(setting=name):
        CompoundPCFGConfig(**wrong)


STEPS = 120


def spoken(dice: random.Random) -> tuple[list[int], set[tuple[int, int]]]:
    """A sentence of a small language, and its pairs. Some words come alone; of four kinds of pairs each has
    three first and three second words of its own. So a grammar that is worth its while joins pairs before it
    does anything else."""
    words: list[int] = []
    pairs = set()
    for _ in range(dice.randint(3, 5)):
        kind = dice.randrange(6)
        if kind > 3:
            words.append(dice.randrange(5, 10))
        else:
            words += [10 + 6 * kind + dice.randrange(3), 13 + 6 * kind + dice.randrange(3)]
            pairs.add((len(words) - 2, len(words) - 1))
    return words, pairs


@pytest.mark.slow
def test_the_grammar_of_a_small_language_is_found() -> None:
    """Branching to one side gets at most one pair of a sentence right."""
    dice = random.Random(0)
    method = make(
        CompoundPCFGConfig(nonterminals=6, preterminals=12, rank=12, symbol_width=32, latent_width=2)
    )
    optimizer = torch.optim.Adam([each for each in method.parameters() if each.requires_grad], 1e-2)
    for step in range(STEPS):
        method.active_phases(step / STEPS)
        optimizer.zero_grad()
        method(batch_of([spoken(dice)[0] for _ in range(32)]), "train").loss.backward()
        optimizer.step()
    heard = [spoken(dice) for _ in range(100)]
    with torch.no_grad():
        found = method.eval().trees(batch_of([words for words, _ in heard]))
    pairs = [(number, *pair) for number, (_, pairs) in enumerate(heard) for pair in pairs]
    mask = found.span_mask()[:, 0]
    recall = sum(mask[pair].item() for pair in pairs) / len(pairs)
    assert recall > 0.9
