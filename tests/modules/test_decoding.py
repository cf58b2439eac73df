"""Decoding against exhaustive search, and against loops that follow one hypothesis at a time."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from sentrep.modules.decoding import (
    Constraints,
    Decoded,
    Generator,
    State,
    beam_search,
    decode,
    greedy_search,
    nucleus_sampling,
)
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.utils.errors import InputError

VOCAB, END, MOST = 4, 2, 4
"""Three tokens and the end, which is not the last column."""
TOKENS = [0, 1, 3]


class Table:
    """A random distribution over the next token for every history of every sentence: nothing that a decoder
    could be is simpler to search. Histories are the nodes of a tree in which node n has the children n ·
    vocab + token + 1."""

    def __init__(self, seed: int, sentences: int = 3, vocab: int = VOCAB, sharpness: float = 2.0) -> None:
        nodes = sum(vocab**depth for depth in range(MOST + 1))
        random = torch.Generator().manual_seed(seed)
        self.vocab = vocab
        self.rows = (sharpness * torch.randn(sentences, nodes, vocab, generator=random)).log_softmax(2)
        self.asked: list[int] = []
        """Hypotheses at each step."""

    def advance(self, tokens: Tensor | None, state: State) -> tuple[Tensor, State]:
        sentence, node = state
        self.asked.append(len(node))
        if tokens is not None:
            node = node * self.vocab + tokens + 1
        return self.rows[sentence, node], (sentence, node)

    def generator(self, *sentences: int) -> Generator:
        which = torch.tensor(sentences or range(len(self.rows)))
        return Generator(self.advance, (which, torch.zeros_like(which)), END)

    def log_prob(self, sentence: int, tokens: tuple[int, ...]) -> float:
        node, total = 0, 0.0
        for token in (*tokens, END):
            total += self.rows[sentence, node, token].item()
            node = node * self.vocab + token + 1
        return total


def score(decoded: Decoded, power: float) -> float:
    return decoded.log_prob / math.pow((5 + len(decoded.tokens) + 1) / 6, power)


def exhaustive(table: Table, sentence: int, bounds: Constraints, power: float) -> list[Decoded]:
    """Every sentence that there is, the best first."""
    words = [token for token in TOKENS if token not in bounds.forbidden]
    texts = [
        text
        for length in range(bounds.min_length, bounds.max_length + 1)
        for text in product(words, repeat=length)
    ]
    found = [Decoded(list(text), table.log_prob(sentence, text)) for text in texts]
    return sorted(found, key=lambda decoded: -score(decoded, power))


def naive_beam(table: Table, sentence: int, bounds: Constraints, width: int, power: float) -> list[Decoded]:
    """Beam search over Python lists."""
    going: list[tuple[tuple[int, ...], int, float]] = [((), 0, 0.0)]
    ended: list[Decoded] = []
    while going and len(ended) < width:
        further = []
        for text, node, total in going:
            for token in range(VOCAB):
                allowed = token == END if len(text) == bounds.max_length else token not in bounds.forbidden
                if allowed and not (token == END and len(text) < bounds.min_length):
                    step = total + table.rows[sentence, node, token].item()
                    further.append(((*text, token), node * VOCAB + token + 1, step))
        further.sort(key=lambda hypothesis: -hypothesis[2])
        ended += [Decoded(list(text[:-1]), total) for text, _, total in further[:width] if text[-1] == END]
        going = [hypothesis for hypothesis in further if hypothesis[0][-1] != END][:width]
    return sorted(ended, key=lambda decoded: -score(decoded, power))


def same(found: list[Decoded], wanted: list[Decoded]) -> None:
    assert [decoded.tokens for decoded in found] == [decoded.tokens for decoded in wanted]
    assert [decoded.log_prob for decoded in found] == pytest.approx(
        [decoded.log_prob for decoded in wanted], abs=1e-4
    )


BOUNDS = [
    Constraints(0, MOST),
    Constraints(2, 3),
    Constraints(1, MOST, (1,)),
    Constraints(0, 0),
    Constraints(3, 3, (0,)),
]


@pytest.mark.parametrize("power", [0.0, 0.6, 2.0])
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_a_wide_beam_is_exhaustive_search(seed: int, bounds: Constraints, power: float) -> None:
    table = Table(seed)
    width = len(TOKENS) ** MOST * 2  # more than there are sentences
    for sentence, found in enumerate(
        beam_search(table.generator(), bounds, width, k=width, length_norm=power)
    ):
        same(found, exhaustive(table, sentence, bounds, power))


@pytest.mark.parametrize("power", [0.0, 0.6])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", range(8))
def test_a_narrow_beam_is_what_lists_give(seed: int, width: int, power: float) -> None:
    table = Table(seed)
    for bounds in BOUNDS:
        for sentence, found in enumerate(
            beam_search(table.generator(), bounds, width, k=width, length_norm=power)
        ):
            same(found, naive_beam(table, sentence, bounds, width, power)[:width])


def test_what_a_beam_misses_is_not_nothing() -> None:
    """The tests above would not tell a beam from exhaustive search if beams never missed anything."""
    missed = 0
    for seed in range(8):
        table = Table(seed)
        for sentence, found in enumerate(beam_search(table.generator(), BOUNDS[0], 2, length_norm=0.0)):
            missed += found[0].tokens != exhaustive(table, sentence, BOUNDS[0], 0.0)[0].tokens
    assert 0 < missed < 24


@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_a_beam_of_one_and_the_smallest_nucleus_are_greedy(seed: int, bounds: Constraints) -> None:
    table = Table(seed)
    plain = greedy_search(table.generator(), bounds)
    for sentence, decoded in enumerate(plain):
        same([decoded], naive_beam(table, sentence, bounds, 1, 0.0))
    same([best for (best,) in beam_search(table.generator(), bounds, width=1)], plain)
    same(
        [only for (only,) in nucleus_sampling(table.generator(), torch.Generator(), bounds, top_p=1e-6)],
        plain,
    )


def test_greedy_walks_past_the_likeliest_sentence_and_a_beam_does_not() -> None:
    """By hand: the likelier first token, .6, is followed by three equals; the other, .4, by a certain end."""
    first = torch.tensor([0.6, 0.4, 0.0, 0.0]).log()
    after = torch.tensor([[0.3, 0.3, 0.4, 0.0], [0.0, 0.0, 1.0, 0.0], [0.25] * 4, [0.25] * 4]).log()

    def advance(tokens: Tensor | None, state: State) -> tuple[Tensor, State]:
        return first.expand(len(state[0]), -1) if tokens is None else after[tokens], state

    generator = Generator(advance, (torch.zeros(1),), END)
    (plain,), ((best, second),) = (
        greedy_search(generator, Constraints()),
        beam_search(generator, Constraints(), width=2, k=2, length_norm=0.0),
    )
    assert (plain.tokens, best.tokens, second.tokens) == ([0], [1], [0])
    assert [math.exp(each.log_prob) for each in (plain, best, second)] == pytest.approx([0.24, 0.4, 0.24])


def test_length_normalisation_prefers_longer_sentences() -> None:
    table = Table(3, sentences=40, sharpness=1.0)

    def length(power: float) -> float:
        found = beam_search(table.generator(), Constraints(0, MOST), width=200, length_norm=power)
        return sum(len(best.tokens) for (best,) in found) / len(found)

    assert length(0.0) < length(1.0) < length(3.0)


def chi_square(counts: Counter[Any], wanted: dict[Any, float], draws: int) -> float:
    assert set(counts) <= set(wanted)
    return sum((counts[each] - draws * share) ** 2 / (draws * share) for each, share in wanted.items())


@pytest.mark.parametrize(("top_p", "temperature"), [(1.0, 1.0), (0.7, 1.0), (0.7, 0.5), (0.9, 2.0)])
def test_a_nucleus_is_drawn_from_as_often_as_it_should_be(top_p: float, temperature: float) -> None:
    table, draws = Table(5, sentences=1, vocab=12, sharpness=1.0), 6000
    (found,) = nucleus_sampling(
        table.generator(), torch.Generator().manual_seed(1), Constraints(0, 1), draws, top_p, temperature
    )
    gumbel_softmax = [math.exp(value / temperature) for value in table.rows[0, 0].tolist()]
    ranked = sorted(
        ((weight / sum(gumbel_softmax), token) for token, weight in enumerate(gumbel_softmax)), reverse=True
    )
    inside: dict[int, float] = {}
    for share, token in ranked:
        if sum(inside.values()) < top_p:
            inside[token] = share
    wanted = {token: share / sum(inside.values()) for token, share in inside.items()}
    assert 1 < len(wanted) <= 12
    assert (len(wanted) < 12) == (top_p < 1)
    counts = Counter(decoded.tokens[0] if decoded.tokens else END for decoded in found)
    # Of χ² with n degrees of freedom, mean n and variance 2n, four deviations above the mean.
    free = len(wanted) - 1
    assert chi_square(counts, wanted, draws) < free + 4 * math.sqrt(2 * free)


def test_a_nucleus_of_a_large_vocabulary_is_all_there() -> None:
    """However flat a distribution is, and whatever its company: here a few, many and nearly all tokens are in
    the nucleus."""
    random = torch.Generator().manual_seed(7)
    probability = (torch.tensor([[4.0], [0.5], [0.1]]) * torch.randn(3, 3000, generator=random)).softmax(1)
    probability[:, 0] = 0  # the end's

    def advance(tokens: Tensor | None, state: State) -> tuple[Tensor, State]:
        return probability.log()[state[0]], state

    found = nucleus_sampling(Generator(advance, (torch.arange(3),), 0), random, Constraints(1, 1), 4000, 0.9)
    for row, drawn in zip(probability, found, strict=True):
        ranked = row.sort(descending=True)
        inside = 1 + int((ranked.values.cumsum(0) < 0.9 * row.sum()).sum())
        different = {decoded.tokens[0] for decoded in drawn}
        assert different <= set(ranked.indices[:inside].tolist())
        assert len(different) > 0.6 * inside


def test_whole_sentences_are_drawn_as_often_as_they_are_likely() -> None:
    table, draws = Table(2, sentences=1), 4000
    (found,) = nucleus_sampling(
        table.generator(), torch.Generator().manual_seed(0), Constraints(0, 2), draws, 1.0
    )
    wanted: dict[tuple[int, ...], float] = {}
    for text, probability in exhaustive(table, 0, Constraints(0, 2), 0.0):
        forced = 0.0  # after two tokens the end is certain, whatever the decoder gives it
        if len(text) == 2:
            forced = table.rows[0, (text[0] + 1) * VOCAB + text[1] + 1, END].item()
        wanted[tuple(text)] = math.exp(probability - forced)
    assert sum(wanted.values()) == pytest.approx(1.0, abs=1e-5)
    free = len(wanted) - 1
    assert chi_square(
        Counter(tuple(decoded.tokens) for decoded in found), wanted, draws
    ) < free + 4 * math.sqrt(2 * free)


def test_draws_are_of_their_seed() -> None:
    def drawn(seed: int) -> list[list[Decoded]]:
        return nucleus_sampling(
            Table(0).generator(), torch.Generator().manual_seed(seed), Constraints(0, MOST), k=8, top_p=1.0
        )

    before = torch.get_rng_state()
    assert drawn(1) == drawn(1) != drawn(2)
    assert torch.equal(torch.get_rng_state(), before)
    assert [len(found) for found in drawn(1)] == [8, 8, 8]
    assert len({tuple(decoded.tokens) for decoded in drawn(1)[0]}) > 1


@pytest.mark.parametrize("how", ["greedy", "beam", "nucleus"])
@pytest.mark.parametrize("bounds", BOUNDS, ids=str)
def test_bounds_hold_and_probabilities_are_the_decoders_own(how: Any, bounds: Constraints) -> None:
    table = Table(9, sentences=20)
    config = DecodingConfig(
        how,
        k=1 if how == "greedy" else 3,
        min_length=bounds.min_length,
        max_length=bounds.max_length,
        top_p=1.0,
    )
    found = decode(table.generator(), config, torch.Generator().manual_seed(0), bounds.forbidden)
    assert len(found) == 20
    for sentence, several in enumerate(found):
        assert 1 <= len(several) <= config.k
        for decoded in several:
            assert bounds.min_length <= len(decoded.tokens) <= bounds.max_length
            assert not set(decoded.tokens) & {END, *bounds.forbidden}
            expected = table.log_prob(sentence, tuple(decoded.tokens))
            assert decoded.log_prob == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("how", ["greedy", "beam"])
def test_company_changes_nothing_and_what_has_ended_costs_nothing(how: Any) -> None:
    table, config = Table(1, sentences=12), DecodingConfig(how, beam_width=2, min_length=0, max_length=MOST)
    together = decode(table.generator(), config, torch.Generator())
    asked = table.asked[:]
    alone = [decode(table.generator(sentence), config, torch.Generator())[0] for sentence in range(12)]
    assert together == alone
    rows = 12 * (2 if how == "beam" else 1)
    assert asked[0] == rows
    assert asked == sorted(asked, reverse=True)
    assert asked[-1] < rows
    assert sum(asked) == sum(table.asked) - sum(asked)


def test_where_the_end_is_certain_nobody_goes_on() -> None:
    table = Table(0, sentences=2)
    table.rows[0, 0] = torch.tensor([0.0, 0.0, 1.0, 0.0]).log()
    (first, second) = beam_search(table.generator(), Constraints(0, MOST), width=5, k=5)
    assert first == [Decoded([], 0.0)]
    assert len(second) == 5
    assert table.asked[:2] == [10, 5]


def test_the_most_is_the_most_also_where_the_decoder_never_ends() -> None:
    table = Table(0)
    table.rows[..., END] = -torch.inf
    for how in ("greedy", "beam", "nucleus"):
        found = decode(table.generator(), DecodingConfig(how, max_length=3), torch.Generator())
        assert [[len(decoded.tokens) for decoded in several] for several in found] == [[3]] * 3


def test_nothing_is_decoded_to_nothing() -> None:
    table = Table(0)
    nobody = Generator(table.advance, (torch.zeros(0, dtype=torch.long),) * 2, END)
    for how in ("greedy", "beam", "nucleus"):
        assert decode(nobody, DecodingConfig(how), torch.Generator()) == []
    assert table.asked == []


def test_no_gradient_is_kept() -> None:
    weights = torch.zeros(VOCAB, requires_grad=True)
    seen = []

    def advance(tokens: Tensor | None, state: State) -> tuple[Tensor, State]:
        seen.append(weights.log_softmax(0).requires_grad)
        return weights.log_softmax(0).expand(len(state[0]), -1), state

    for how in ("greedy", "beam", "nucleus"):
        decode(
            Generator(advance, (torch.zeros(2),), END), DecodingConfig(how, max_length=3), torch.Generator()
        )
    assert not any(seen)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"beam_width": 0}, "beam_width"),
        ({"k": 6, "beam_width": 5}, "k"),
        ({"strategy": "greedy", "k": 2}, "k"),
        ({"min_length": 5, "max_length": 4}, "min_length"),
        ({"min_length": -1}, "min_length"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
        ({"temperature": 0.0}, "temperature"),
        ({"length_norm": -1.0}, "length_norm"),
    ],
)
def test_settings_that_cannot_be_right(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as raised:
        DecodingConfig(**settings)
    assert raised.value.setting == named
