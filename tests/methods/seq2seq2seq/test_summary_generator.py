"""The rewriter against a decoder that is asked step by step, against all texts that there are, and against
what it promises."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise, product
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from sentrep.methods.seq2seq2seq.summary_generator import PointerGenerator, Source, Strategy, breaks_word
from sentrep.modules.decoding import Constraints, beam_search, greedy_search
from sentrep.modules.padding import Texts, append_end, pad_lists, remove_token
from sentrep.modules.pointer_generator import Memory

VOCAB, SHORTLIST, END = 12, 6, 12
TOKEN_WIDTH, WIDTH, CODE_WIDTH, AT_MOST = 5, 6, 3, 7
ARTICLES = [[3, 9, 3, 11, 4], [10], [1, 2, 8], [9, 10, 11, 7, 6, 0, 5]]
"""Words from 6 on can only be copied."""
LENGTH = torch.tensor([3, 1, 6, 2])
NOTHING = torch.zeros(VOCAB, dtype=torch.bool)
FORBIDDEN = NOTHING.index_fill(0, torch.tensor([0, 9]), True)
HOWS: list[Strategy] = list(get_args(Strategy))


def rewriter(
    seed: int = 0, coverage: bool = True, vocab: int = VOCAB, shortlist: int = SHORTLIST
) -> PointerGenerator:
    torch.manual_seed(seed)
    made = PointerGenerator(vocab, shortlist, TOKEN_WIDTH, WIDTH, CODE_WIDTH, coverage)
    for parameter in made.parameters():  # large enough that nothing is near uniform
        nn.init.normal_(parameter, std=0.8)
    made.requires_grad_(False)
    made.decoder.words.weight *= 0.4  # and nothing near certain
    made.decoder.p_gen.weight *= 0.3
    return made


def code(count: int = 4) -> Tensor:
    return torch.randn(count, CODE_WIDTH, generator=torch.Generator().manual_seed(5))


def source(made: PointerGenerator, articles: list[list[int]] = ARTICLES) -> Source:
    return made.encode_source(pad_lists(articles), code(len(articles)))


def rows(told: Source, chosen: Tensor) -> Source:
    return Source(Memory(*(part[chosen] for part in told.memory)), told.latent[chosen])


def lists(made: PointerGenerator, texts: Texts) -> list[list[int]]:
    """Without their ends, of which each has one, in its last place."""
    assert texts.mask.long().diff(dim=1).le(0).all()
    assert not texts.ids[~texts.mask].any()
    found = [row[mask].tolist() for row, mask in zip(texts.ids, texts.mask, strict=True)]
    assert all(text.index(made.end) == len(text) - 1 for text in found)
    return [text[:-1] for text in found]


def chances(made: PointerGenerator, told: Source, text: list[int], length: int) -> list[list[float]]:
    """Distributions at each step of one text and after it, one step after the other."""
    advance, state, _ = made.generator(told, torch.tensor([length]))
    steps, last = [], None
    for token in [*text, made.end]:
        log_prob, state = advance(last, state)
        steps.append(log_prob[0].exp().tolist())
        last = torch.tensor([token])
    return steps


@pytest.mark.parametrize("never", [NOTHING, FORBIDDEN])
@pytest.mark.parametrize("seed", range(4))
def test_greedy_texts_are_those_of_greedy_search(seed: int, never: Tensor) -> None:
    made = rewriter(seed, coverage=seed % 2 > 0)
    written, noises = made.generate(source(made), LENGTH, AT_MOST, never, "greedy")
    bounds = Constraints(max_length=AT_MOST, forbidden=tuple(never.nonzero().flatten().tolist()))
    found = greedy_search(made.generator(source(made), LENGTH), bounds)
    assert lists(made, written) == [each.tokens for each in found]
    assert any(each.tokens for each in found)
    assert noises == []


@pytest.mark.parametrize("seed", range(4))
def test_a_text_is_written_as_if_it_were_alone(seed: int) -> None:
    made = rewriter(seed)
    together = lists(made, made.generate(source(made), LENGTH, AT_MOST, NOTHING, "greedy")[0])
    for row, article in enumerate(ARTICLES):
        told = made.encode_source(pad_lists([article]), code()[[row]])
        assert lists(made, made.generate(told, LENGTH[[row]], AT_MOST, NOTHING, "greedy")[0]) == [
            together[row]
        ]
    assert len({tuple(text) for text in together}) > 1


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("at_most", [1, AT_MOST])
def test_forbidden_words_never_come_and_texts_end_in_time(how: Strategy, at_most: int) -> None:
    made, many = rewriter(), torch.arange(4).repeat(200)
    made.decoder.words.bias[SHORTLIST] = -2.0
    torch.manual_seed(0)
    told = rows(source(made), many)
    free = lists(made, made.generate(told, LENGTH[many], at_most, NOTHING, how)[0])
    common = {token for token, _ in Counter(token for text in free for token in text).most_common(2)}
    assert common
    never = NOTHING.index_fill(0, torch.tensor(sorted(common)), True)
    bound = lists(made, made.generate(told, LENGTH[many], at_most, never, how)[0])
    assert not common & {token for text in bound for token in text}
    assert max(map(len, free)) == max(map(len, bound)) == at_most


def test_what_it_would_write_is_what_it_writes_step_by_step() -> None:
    made = rewriter()
    texts = [[3, 9], [], [8, 8, 1, 2], [5, 11, 10]]
    ids, mask = append_end(pad_lists(texts), END)
    given = Texts(ids.where(mask, 7), mask)  # what lies beyond the end is not looked at
    for length in (None, LENGTH):
        outcome = made.teacher_force(source(made), given, length)
        found = made.decoder.probabilities(outcome, source(made).memory)
        for row, text in enumerate(texts):
            count = len(text) if length is None else int(length[row])
            wanted = torch.tensor(chances(made, rows(source(made), torch.tensor([row])), text, count))
            assert torch.allclose(found[row, : len(text) + 1], wanted, atol=1e-5)


def test_it_reads_how_many_tokens_are_left() -> None:
    made, given = rewriter(), append_end(pad_lists([[3, 9]] * 4), END)
    one, same, other, past = (
        made.decoder.probabilities(made.teacher_force(source(made), given, length), source(made).memory)
        for length in (None, LENGTH * 0 + 2, LENGTH * 0 + 30, LENGTH * 0)
    )
    assert torch.equal(one, same)
    assert ((one - other).abs().amax(2) > 1e-3).all()
    assert torch.equal(past[:, :1], made.decoder.probabilities(
        made.teacher_force(source(made), given, LENGTH * 0 - 4), source(made).memory)[:, :1])  # fmt: skip


def test_its_code_is_read_at_each_step() -> None:
    made, given = rewriter(), append_end(pad_lists([[3, 9]] * 4), END)
    told = source(made)
    other = told._replace(latent=told.latent + 1)
    one, changed = (
        made.decoder.probabilities(made.teacher_force(each, given), told.memory) for each in (told, other)
    )
    assert ((one - changed).abs().amax(2) > 1e-3).all()


def test_the_noise_says_which_words_were_drawn() -> None:
    made, many = rewriter(), torch.arange(4).repeat(50)
    torch.manual_seed(0)
    told = rows(source(made), many)
    (ids, mask), noises = made.generate(told, LENGTH[many], AT_MOST, FORBIDDEN, "gumbel")
    noise = torch.stack(noises, 1)
    assert noise.shape == (*ids.shape, VOCAB + 1)
    probabilities = made.decoder.probabilities(
        made.teacher_force(told, Texts(ids, mask), LENGTH[many]), told.memory
    )
    probabilities[..., :VOCAB].masked_fill_(FORBIDDEN, 0)
    again = (probabilities.log() + noise).argmax(2)
    chosen = mask & (torch.arange(ids.shape[1]) < AT_MOST)  # the last end is not chosen
    assert torch.equal(again[chosen], ids[chosen])
    assert len({tuple(text) for text in ids[::4].tolist()}) > 20
    assert noise.mean().item() == pytest.approx(
        0.5772, abs=0.02
    )  # Euler's constant: the mean of a standard Gumbel
    assert noise.std().item() == pytest.approx(math.pi / math.sqrt(6), abs=0.02)


@pytest.mark.parametrize("how", ["sample", "gumbel"])
def test_texts_come_as_often_as_they_should(how: Strategy) -> None:
    """All 13 texts of a language of three words, two at most, without the fourth word."""
    made, draws = rewriter(vocab=4, shortlist=2), 20_000
    never = torch.tensor([False, True, False, False])
    told = made.encode_source(pad_lists([[3, 2, 1]]), code(1))
    torch.manual_seed(1)
    many = torch.zeros(draws, dtype=torch.long)
    written = lists(made, made.generate(rows(told, many), many + 2, 2, never, how)[0])
    total = 0.0
    for text in (list(each) for count in range(3) for each in product((0, 2, 3), repeat=count)):
        chance = 1.0
        for step, (token, steps) in enumerate(zip([*text, 4], chances(made, told, text, 2), strict=True)):
            chance *= 1.0 if step == 2 else steps[token] / (1 - steps[1])
        total += chance
        assert written.count(text) / draws == pytest.approx(
            chance, abs=4.5 * math.sqrt(chance * (1 - chance) / draws) + 1e-4
        )
    assert total == pytest.approx(1, abs=1e-5)


def test_surprise_is_a_mean_over_words() -> None:
    made = rewriter()
    texts = [[3, 9, 7], [11], [], [7, 1, 10]]
    found, outcome = made.nll(source(made), append_end(pad_lists(texts), END))
    told = [rows(source(made), torch.tensor([row])) for row in range(4)]
    for row, text in enumerate(texts):
        steps = zip([*text, END], chances(made, told[row], text, len(text)), strict=True)
        logs = [math.log(step[token]) for token, step in steps]
        assert found[row].item() == pytest.approx(-sum(logs) / len(logs), abs=1e-4)
    assert outcome.coverage_loss.shape == (4, 4)


def test_what_tokens_are_worth_is_read() -> None:
    torch.manual_seed(0)
    made = PointerGenerator(
        VOCAB, SHORTLIST, TOKEN_WIDTH, WIDTH, CODE_WIDTH, coverage=True, token_values=True
    )
    worth = torch.randn(VOCAB)
    articles, other = pad_lists([[3, 9], [1, 2]]), worth.clone()
    other[9] += 1
    first, second = (
        made.encode_source(articles, code(2), token_values=each).memory.states for each in (worth, other)
    )
    assert not torch.allclose(first[0], second[0])
    assert torch.equal(first[1], second[1])  # token 9 is not in it


def test_words_are_copied_whole() -> None:
    """Tokens from 9 on continue words. None is generated, so each stands behind what it stands behind in its
    article."""
    made = rewriter()
    made.decoder.p_gen.bias.fill_(-50.0)
    word_start = torch.arange(VOCAB) < 9
    articles = [[3, 9, 4, 10, 11], [5, 11, 6, 9, 7, 10]]
    many = torch.arange(2).repeat(200)
    told = rows(made.encode_source(pad_lists(articles), code(2), word_start=word_start), many)
    torch.manual_seed(0)
    written = lists(made, made.generate(told, many + 5, AT_MOST, NOTHING, "sample")[0])
    pairs = [set(pairwise(article)) for article in articles]
    found = [(row, pair) for row, text in zip(many.tolist(), written, strict=True) for pair in pairwise(text)]
    continued = [(row, pair) for row, pair in found if pair[1] >= 9]
    assert len(continued) > 100
    assert all(pair in pairs[row] for row, pair in continued)
    assert all(text[0] < 9 for text in written if text)


def test_each_text_may_have_a_bound_of_its_own() -> None:
    made = rewriter()
    made.decoder.words.bias[SHORTLIST] = -50.0  # by itself it hardly ends
    free, bound = (
        lists(made, made.generate(source(made), LENGTH, most, NOTHING, "greedy")[0])
        for most in (AT_MOST, LENGTH)
    )
    assert [len(text) for text in free] == [AT_MOST] * 4
    assert bound == [text[:length] for text, length in zip(free, LENGTH.tolist(), strict=True)]
    none = torch.zeros(0, dtype=torch.long)
    assert lists(made, made.generate(rows(source(made), none), none, none, NOTHING, "sample")[0]) == []


def test_dropout_is_of_what_is_learnt_and_not_of_what_is_written() -> None:
    made = PointerGenerator(
        VOCAB, SHORTLIST, TOKEN_WIDTH, WIDTH, CODE_WIDTH, coverage=False, dropout=0.5
    ).train()
    texts = append_end(pad_lists(ARTICLES), END)

    def twice(what: Callable[[], Tensor]) -> bool:
        return torch.equal(what(), what())

    told = source(made)
    assert not twice(lambda: source(made).memory.states)
    assert not twice(lambda: source(made).latent)
    assert not twice(lambda: made.nll(told, texts)[0])
    assert twice(lambda: made.generate(told, LENGTH, AT_MOST, NOTHING, "greedy")[0].ids)
    made.eval()
    assert twice(lambda: made.nll(source(made), texts)[0])


def test_a_beam_goes_by_the_same_probabilities() -> None:
    made = rewriter(3)
    generator = made.generator(source(made), LENGTH)
    bounds = Constraints(min_length=1, max_length=AT_MOST)
    found_by_text = beam_search(generator, bounds, 4, 4)
    assert len(found_by_text) == len(LENGTH)
    for row, candidates in enumerate(found_by_text):
        assert len({tuple(found.tokens) for found in candidates}) == 4
        for found in candidates:
            steps = chances(made, rows(source(made), torch.tensor([row])), found.tokens, int(LENGTH[row]))
            wanted = sum(
                math.log(step[token]) for token, step in zip([*found.tokens, END], steps, strict=True)
            )
            assert found.log_prob == pytest.approx(wanted, abs=1e-3)


def test_words_that_are_one_row_each_are_read_as_words() -> None:
    made, texts = rewriter(), pad_lists(ARTICLES)
    mixture = nn.functional.one_hot(texts.ids, VOCAB + 1).float().requires_grad_()
    hard, soft = source(made), made.encode_source(texts, code(), mixture @ made.embedding.weight)
    assert all(
        torch.allclose(one.float(), other.float(), atol=1e-6)
        for one, other in zip(hard.memory, soft.memory, strict=True)
    )
    assert torch.equal(hard.latent, soft.latent)
    made.nll(soft, append_end(texts, END))[0].sum().backward()
    assert mixture.grad is not None
    assert (mixture.grad.abs().sum(2) > 0).equal(texts.mask)


def test_ends_are_not_read() -> None:
    made, given = rewriter(), append_end(pad_lists([[3, 9]] * 4), END)
    plain, longer = source(made), made.encode_source(append_end(pad_lists(ARTICLES), END), code())
    assert longer.memory.mask.sum(1).tolist() == [len(article) for article in ARTICLES]
    one, other = (
        made.decoder.probabilities(made.teacher_force(told, given), told.memory) for told in (plain, longer)
    )
    assert torch.allclose(one, other, atol=1e-6)


def test_rare_words_are_copied() -> None:
    made = rewriter()
    made.decoder.p_gen.bias.fill_(-60.0)
    written = lists(made, made.generate(source(made), LENGTH, AT_MOST, NOTHING, "greedy")[0])
    for article, text in zip(ARTICLES, written, strict=True):
        assert len(text) == AT_MOST
        assert set(text) <= set(article)
    assert max(token for text in written for token in text) >= SHORTLIST


@pytest.mark.parametrize("how", HOWS)
def test_where_only_forbidden_words_can_be_copied_a_text_ends(how: Strategy) -> None:
    made = rewriter()
    made.decoder.p_gen.bias.fill_(-1000.0)  # the share of generated words is no number above zero
    told = made.encode_source(pad_lists([[9, 9], [0]]), code(2))
    assert lists(made, made.generate(told, LENGTH[:2], AT_MOST, FORBIDDEN, how)[0]) == [[], []]


@pytest.mark.parametrize("how", HOWS)
def test_of_an_empty_text_something_is_written_without_copying(how: Strategy) -> None:
    made = rewriter()
    made.decoder.words.bias[SHORTLIST:] = -50.0  # neither ends nor words without a row
    written = lists(made, made.generate(source(made, [[], [3, 9]]), LENGTH[:2], AT_MOST, NOTHING, how)[0])
    assert len(written[0]) == AT_MOST
    assert max(written[0]) < SHORTLIST


def test_every_weight_learns() -> None:
    made = rewriter().requires_grad_()
    written = made.generate(source(made), LENGTH, AT_MOST, NOTHING, "sample")[0]
    assert not written.ids.requires_grad
    nll, outcome = made.nll(source(made), written)
    (nll.sum() + outcome.coverage_loss.sum()).backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name
    assert lists(made, append_end(remove_token(written, END), END)) == lists(made, written)


# --- Whole words
# --------------------------------------------------------------------------------------------------

BEGINS = ~NOTHING.index_fill(0, torch.tensor([8, 9]), True)
"""8 and 9 go on with what stands before them."""


def test_what_breaks_a_word_off_by_hand() -> None:
    """3 always begins the word 3 9, or 3 8; 4 stands alone as well; 1 begins nothing here; of 3 8 9 the first
    two go on."""
    made = rewriter()
    read = made.encode_source(
        pad_lists([[3, 9, 4, 3, 8], [4, 9, 4], [1, 2], [3, 8, 9]]), code(), word_start=BEGINS
    )
    refused = [breaks_word(read.memory, torch.tensor([before] * 4), VOCAB + 1) for before in (3, 4, 1, 8)]
    all_but = [
        [set(range(VOCAB + 1)) - set(row.nonzero().squeeze(1).tolist()) for row in each] for each in refused
    ]
    anything = set(range(VOCAB + 1))
    assert all_but[0] == [{8, 9}, anything, anything, {8}]
    assert all_but[1] == all_but[2] == [anything] * 4
    assert all_but[3] == [anything, anything, anything, {9}]


@pytest.mark.parametrize("how", ["greedy", "beam"])
def test_words_that_are_searched_for_are_not_broken_off(how: str) -> None:
    articles, bounds = (
        [[3, 9, 4, 3, 8], [5, 9, 1, 5, 9], [6, 8, 9, 0], [7, 8, 2, 7, 8]],
        Constraints(max_length=AT_MOST),
    )
    after, before = 0, 0
    for seed in range(8):
        made = rewriter(seed)
        written = {
            whole: made.generator(
                made.encode_source(pad_lists(articles), code(), word_start=BEGINS if whole else None), LENGTH
            )
            for whole in (True, False)
        }
        for whole, generator in written.items():
            found = (
                [each[0] for each in beam_search(generator, bounds)]
                if how == "beam"
                else greedy_search(generator, bounds)
            )
            broken = sum(
                one in (3, 5, 6, 7) and one in article and other not in (8, 9)
                for article, text in zip(articles, found, strict=True)
                for one, other in pairwise(text.tokens)
            )
            after, before = after + broken * whole, before + broken * (not whole)
    assert after == 0
    assert before > 5
