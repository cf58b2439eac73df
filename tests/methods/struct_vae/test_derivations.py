"""Derivations as latent structures: parser, prior and writer as distributions, where everything can be
enumerated."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sentrep.methods.struct_vae.derivations import DerivationModel, DerivationPosterior
from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.logical_form import format_logical_form, parse_logical_form
from sentrep.methods.struct_vae.transition import DerivationBatch
from sentrep.modules.padding import Texts, pad_lists
from tests.methods.struct_vae.test_grammar import write
from tests.methods.struct_vae.test_transition import SMALL, derived, every

VOCAB = 2
TEXTS = pad_lists([[0, 1, 1], [1], [0, 0, 1, 0]])


def made(place: Path, max_actions: int = 6, shortlist: int = VOCAB, learned: bool = True) -> DerivationModel:
    torch.manual_seed(0)
    built = DerivationModel(
        Grammar.read(write(place, SMALL)), VOCAB, 6, 16, shortlist, max_actions, 0.0, learned
    )
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return built


def tokens(texts: Texts = TEXTS) -> Tensor:
    return torch.randn(
        *texts.ids.shape, 6, generator=torch.Generator().manual_seed(1)
    ) * texts.mask.unsqueeze(2)


def posterior(built: DerivationModel) -> DerivationPosterior:
    return built.posterior(TEXTS, tokens())


def all_of(built: DerivationModel) -> DerivationBatch:
    """Every derivation, for each of the sentences."""
    rows = derived(every(built.grammar, built.system.max_actions))
    return DerivationBatch(*(part.expand(len(TEXTS.ids), *part.shape) for part in rows))


@pytest.mark.parametrize("max_actions", [4, 6])
@pytest.mark.parametrize("learned", [True, False])
def test_parser_and_prior_are_distributions_over_derivations(
    max_actions: int, learned: bool, tmp_path: Path
) -> None:
    built = made(tmp_path, max_actions, learned=learned)
    rows = all_of(built)
    log_q, log_p = posterior(built).log_prob(rows), built.log_prior(rows)
    assert torch.allclose(log_q.logsumexp(1), torch.zeros(3), atol=1e-5)
    assert torch.allclose(log_p.logsumexp(1), torch.zeros(3), atol=1e-5)
    assert (log_q[0] - log_q[1]).abs().max() > 0.1  # the sentence is heard
    assert torch.equal(log_p[0], log_p[1])


def test_samples_come_as_often_as_they_should(tmp_path: Path) -> None:
    built, count = made(tmp_path), 4000
    rows, q = all_of(built), posterior(built)
    torch.manual_seed(3)
    drawn = q.sample(count)
    steps = rows.actions.shape[2]
    actions = torch.nn.functional.pad(drawn.actions, (0, steps - drawn.actions.shape[2]), value=VOCAB)
    for row in range(3):
        same = (actions[row].unsqueeze(1) == rows.actions[row]).all(2)
        assert same.any(1).all()  # well formed, all of them
        seen, chance = same.float().mean(0), q.log_prob(rows)[row].exp()
        error = (chance * (1 - chance) / count).sqrt()
        assert ((seen - chance).abs() < 4.5 * error + 1e-3).all()


def test_only_what_the_grammar_derives_is_drawn(tmp_path: Path) -> None:
    """What is drawn and written as text is read again as the same derivation."""
    built = made(tmp_path, max_actions=9)
    torch.manual_seed(0)
    drawn = posterior(built).sample(60)
    seen = set()
    for actions, mask in zip(
        drawn.actions.flatten(0, 1).tolist(), drawn.mask.flatten(0, 1).sum(1).tolist(), strict=True
    ):
        names = built.system.names(actions[:mask])
        text = format_logical_form(built.grammar, names, lambda ids: " ".join("ab"[token] for token in ids))
        assert (
            parse_logical_form(
                built.grammar, text, lambda words: ["ab".index(word) for word in words.split()]
            )
            == names
        )
        assert mask <= 9
        seen.add(text)
    assert len(seen) > 20


def test_the_best_by_single_steps(tmp_path: Path) -> None:
    built = made(tmp_path)
    q = posterior(built)
    best = q.viterbi()
    assert best.actions.shape[:2] == (3, 1)
    drawn = q.log_prob(q.sample(100))
    assert (q.log_prob(best)[:, 0] > drawn.mean(1)).all()
    assert torch.equal(q.viterbi().actions, best.actions)


def test_the_writer_is_a_distribution_over_sentences(tmp_path: Path) -> None:
    """Over those of up to 3 tokens and their ends, and what is longer."""
    built = made(tmp_path)
    sentences = pad_lists(
        [list(each) for length in range(1, 4) for each in itertools.product(range(VOCAB), repeat=length)]
    )
    rows = all_of(built)
    many = DerivationBatch(*(part[:1, :5].expand(len(sentences.ids), 5, part.shape[2]) for part in rows))
    told = built.reconstruct(sentences, many).log_prob
    assert told.shape == (14, 5)
    assert (told.exp().sum(0) < 1).all()
    assert told.std(1).min() > 1e-3


def test_padding_and_company_change_nothing(tmp_path: Path) -> None:
    built, rows = made(tmp_path), DerivationBatch(*(part[:, ::7] for part in all_of(made(tmp_path))))
    together = posterior(built).log_prob(rows), built.reconstruct(TEXTS, rows).log_prob
    for row, length in enumerate(TEXTS.lengths.tolist()):
        text = Texts(TEXTS.ids[row : row + 1, :length], TEXTS.mask[row : row + 1, :length])
        mine = DerivationBatch(*(part[row : row + 1] for part in rows))
        alone = built.posterior(text, tokens()[row : row + 1, :length])
        assert torch.allclose(alone.log_prob(mine)[0], together[0][row], atol=1e-5)
        assert torch.allclose(built.reconstruct(text, mine).log_prob[0], together[1][row], atol=1e-5)
        assert torch.equal(
            alone.viterbi().actions.flatten(),
            posterior(built).viterbi().actions[row].flatten()[: alone.viterbi().actions.shape[2]],
        )


def test_agreement_is_of_whole_derivations(tmp_path: Path) -> None:
    built = made(tmp_path)
    rows = all_of(built)
    mine = DerivationBatch(*(part[:, :1] for part in rows))
    other = DerivationBatch(mine.actions[:, :, :3].clone(), mine.mask[:, :, :3])
    assert built.agreement(mine, mine)["labelled_exact"] == 1
    longer = DerivationBatch(*(part[:, -1:] for part in rows))
    assert built.agreement(longer, other)["labelled_exact"] == 0
