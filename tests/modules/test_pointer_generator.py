"""The pointer-generator against loops over texts, steps, positions and words, and what it promises of words
it cannot generate."""

from __future__ import annotations

import pytest
import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sentrep.modules.decoding import Constraints, Generator, beam_search, greedy_search
from sentrep.modules.decoding import State as Carried
from sentrep.modules.pointer_generator import DecoderOutput, DecoderState, Memory, PointerDecoder
from sentrep.modules.sequence import BidirectionalGRU
from tests.errors import refuses

VOCAB, SHORTLIST, END = 30, 8, 30
TOKEN_WIDTH, WIDTH, MEMORY_WIDTH, STEPS = 5, 6, 4, 4
SOURCES = [[3, 20, 3, 25], [29], [1, 8], [20, 21, 22, 23, 24]]
"""Words from 8 on have no row of the softmax."""
TARGETS = [[3, 20, END], [8, END], [7, 1, 8, END], [20, 21, 9, 25]]
"""8 is the first word without a row, here in its source and there not; 9 and the last are nowhere."""


def padded(texts: list[list[int]], fill: int = 0) -> tuple[Int[Tensor, "text position"], Tensor]:
    width = max(map(len, texts))
    ids = torch.tensor([[*text, *[fill] * (width - len(text))] for text in texts])
    return ids, torch.arange(width) < torch.tensor([len(text) for text in texts]).unsqueeze(1)


def decoder(coverage: bool = True, seed: int = 0) -> PointerDecoder:
    torch.manual_seed(seed)
    made = PointerDecoder(VOCAB, SHORTLIST, TOKEN_WIDTH, WIDTH, MEMORY_WIDTH, coverage)
    for parameter in made.parameters():  # large enough that nothing is near uniform
        nn.init.normal_(parameter, std=0.7)
    return made


def source(made: PointerDecoder, fill: int = 0) -> Memory:
    ids, mask = padded(SOURCES, fill)
    torch.manual_seed(1)
    states = torch.randn(4, 5, MEMORY_WIDTH) * mask.unsqueeze(2)
    return made.make_memory(states, ids, mask)


def read() -> Tensor:
    torch.manual_seed(2)
    return torch.randn(4, STEPS, TOKEN_WIDTH)


def written(made: PointerDecoder, memory: Memory) -> DecoderOutput:
    return made(read(), made.initial_state(memory), memory)[0]  # type: ignore[no-any-return]


@torch.no_grad()
def naive(made: PointerDecoder, memory: Memory, row: int) -> tuple[list[list[float]], list[float]]:
    """Distributions and coverage losses of one text by the equations, without its padding."""
    length = len(SOURCES[row])
    states = memory.states[row, :length]
    cell = nn.GRUCell(TOKEN_WIDTH, WIDTH)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in made.cell.state_dict().items()})
    s = torch.tanh(made.first(sum(states) / length))
    seen, distributions, losses = [0.0] * length, [], []
    for x in read()[row]:
        s = cell(x, s)
        scores = []
        for h, c in zip(states, seen, strict=True):
            inner = made.key.weight @ h + made.key.bias + made.query.weight @ s
            if made.coverage_weight is not None:
                inner = inner + made.coverage_weight * c
            scores.append(float(made.score @ torch.tanh(inner)))
        exponents = [float(torch.tensor(score).exp()) for score in scores]
        a = [value / sum(exponents) for value in exponents]
        losses.append(sum(min(one, other) for one, other in zip(a, seen, strict=True)))
        seen = [one + other for one, other in zip(a, seen, strict=True)]
        context = sum(weight * h for weight, h in zip(a, states, strict=True))
        logits = made.words(made.readout(torch.cat([s, context])))
        own = float(torch.sigmoid(made.p_gen(torch.cat([context, s, x]))))
        chances = [0.0] * (VOCAB + 1)
        *listed, end, rest = (logits.exp() / logits.exp().sum()).tolist()
        for word in range(VOCAB):
            chances[word] += own * (listed[word] if word < SHORTLIST else rest / (VOCAB - SHORTLIST))
        chances[END] += own * end
        for word, weight in zip(SOURCES[row], a, strict=True):
            chances[word] += (1 - own) * weight
        distributions.append(chances)
    return distributions, losses


@pytest.mark.parametrize("coverage", [True, False])
def test_each_step_equals_the_equations(coverage: bool) -> None:
    made = decoder(coverage)
    memory = source(made)
    outcome = written(made, memory)
    probabilities = made.probabilities(outcome, memory)
    for row in range(len(SOURCES)):
        distributions, losses = naive(made, memory, row)
        assert torch.allclose(probabilities[row], torch.tensor(distributions), atol=1e-5)
        assert torch.allclose(outcome.coverage_loss[row], torch.tensor(losses), atol=1e-5)
    assert outcome.coverage_loss[:, 0].eq(0).all()  # nothing has had attention before the first step
    assert outcome.coverage_loss[:, 1:].gt(0).all()


def test_the_distribution_sums_to_one_and_words_without_a_row_are_likelier_where_they_can_be_copied() -> None:
    made = decoder()
    memory = source(made, fill=28)
    probabilities = made.probabilities(written(made, memory), memory)
    assert torch.allclose(probabilities.sum(2), torch.ones(4, STEPS), atol=1e-6)
    for row, text in enumerate(SOURCES):
        elsewhere = probabilities[row, :, [word for word in range(SHORTLIST, VOCAB) if word not in text]]
        assert (elsewhere == elsewhere[:, :1]).all()  # the padding, 28, is not copied
        assert (elsewhere > 0).all()
        for word in {*text} - {*range(SHORTLIST)}:
            assert (probabilities[row, :, word] > elsewhere[:, 0]).all()


def test_what_continues_a_word_is_copied_only_behind_its_beginning() -> None:
    """Of the source 3 20 3 25, 20 continues 3; 25 may come after anything."""
    made = decoder()
    memory = source(made)
    free = written(made, memory)
    follows = memory.predecessor.clone()
    follows[0, 1] = 3
    bound = memory._replace(predecessor=follows)
    before = torch.tensor([[END, 3, 20, 3]]).expand(4, -1)
    outcome = made(read(), made.initial_state(bound), bound, before)[0]
    assert torch.equal(outcome.attention, free.attention)  # it is read as ever
    for step, allowed in enumerate([False, True, False, True]):
        weights = free.attention[0, step].clone()
        if not allowed:
            weights[1] = 0
        assert torch.allclose(outcome.copy_attention[0, step], weights / weights.sum(), atol=1e-6)
    assert torch.allclose(outcome.copy_attention[1:], free.attention[1:], atol=1e-6)
    probabilities = made.probabilities(outcome, bound)
    assert torch.allclose(probabilities.sum(2), torch.ones(4, STEPS), atol=1e-6)
    targets, mask = padded(TARGETS)
    chance = probabilities.gather(2, targets.unsqueeze(2)).squeeze(2)
    assert torch.allclose(made.log_prob(outcome, bound, targets, mask)[mask], chance[mask].log(), atol=1e-5)


def test_where_nothing_may_be_copied_everything_is_generated() -> None:
    made = decoder()
    memory = source(made)
    memory = memory._replace(predecessor=torch.full_like(memory.ids, 7))
    outcome = made(read(), made.initial_state(memory), memory, torch.full((4, STEPS), END))[0]
    assert (outcome.copy_attention == 0).all()
    assert torch.allclose(made.probabilities(outcome, memory).sum(2), torch.ones(4, STEPS), atol=1e-6)


def test_a_shortlist_of_everything_leaves_no_rest() -> None:
    made = PointerDecoder(VOCAB, 1000, TOKEN_WIDTH, WIDTH, MEMORY_WIDTH)
    assert made.words.out_features == VOCAB + 1
    memory = source(made)
    outcome = written(made, memory)
    probabilities = made.probabilities(outcome, memory)
    assert torch.allclose(probabilities.sum(2), torch.ones(4, STEPS), atol=1e-6)
    targets, mask = padded(TARGETS)
    chance = probabilities.gather(2, targets.unsqueeze(2)).squeeze(2)
    assert torch.allclose(made.log_prob(outcome, memory, targets, mask)[mask], chance[mask].log(), atol=1e-5)


def test_likelihoods_are_those_of_the_distribution() -> None:
    made = decoder()
    memory = source(made)
    targets, mask = padded(TARGETS, fill=9)
    outcome = written(made, memory)
    found = made.log_prob(outcome, memory, targets, mask)
    chance = made.probabilities(outcome, memory).gather(2, targets.unsqueeze(2)).squeeze(2)
    assert torch.allclose(found[mask], chance[mask].log(), atol=1e-5)
    assert (found[~mask] == 0).all()


def test_gradients_are_those_of_the_distribution() -> None:
    targets, mask = padded(TARGETS)
    weight = torch.randn(4, STEPS, generator=torch.Generator().manual_seed(3))
    gradients = []
    for short in (True, False):
        made = decoder()
        memory = source(made)
        outcome = written(made, memory)
        if short:
            log_prob = made.log_prob(outcome, memory, targets, mask)
        else:
            chance = made.probabilities(outcome, memory).gather(2, targets.unsqueeze(2)).squeeze(2)
            log_prob = chance.where(mask, 1).log()
        ((log_prob * weight).sum() + outcome.coverage_loss.sum()).backward()
        gradients.append({name: parameter.grad for name, parameter in made.named_parameters()})
    for name, gradient in gradients[0].items():
        wanted = gradients[1][name]
        assert gradient is not None
        assert wanted is not None
        assert gradient.abs().max() > 0, name
        assert torch.allclose(gradient, wanted, atol=1e-5, rtol=1e-4), name


def test_step_by_step_is_all_at_once() -> None:
    made = decoder()
    memory = source(made)
    together, last = made(read(), made.initial_state(memory), memory)
    state, parts = made.initial_state(memory), []
    for token in read().split(1, 1):
        outcome, state = made(token, state, memory)
        parts.append(outcome)
    for whole, pieces in zip(together, zip(*parts, strict=True), strict=True):
        assert torch.allclose(whole, torch.cat(pieces, 1), atol=1e-6)
    for whole, piece in zip(last, state, strict=True):
        assert torch.allclose(whole, piece, atol=1e-6)


def test_padding_and_other_texts_change_nothing() -> None:
    made = decoder()
    memory = source(made)
    together = made.probabilities(written(made, memory), memory)
    for row, text in enumerate(SOURCES):
        alone = made.make_memory(
            memory.states[[row], : len(text)],
            memory.ids[[row], : len(text)],
            memory.mask[[row], : len(text)],
        )
        outcome, _ = made(read()[[row]], made.initial_state(alone), alone)
        assert torch.allclose(made.probabilities(outcome, alone)[0], together[row], atol=1e-6)


def test_from_an_empty_source_everything_is_generated() -> None:
    made = decoder()
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    memory = made.make_memory(torch.zeros(1, 3, MEMORY_WIDTH), torch.tensor([[20, 21, 22]]), nothing)
    outcome, _ = made(read()[:1], made.initial_state(memory), memory)
    assert (outcome.attention == 0).all()
    assert (outcome.coverage_loss == 0).all()
    probabilities = made.probabilities(outcome, memory)[0]
    assert torch.allclose(probabilities.sum(1), torch.ones(STEPS), atol=1e-6)
    assert (probabilities[:, SHORTLIST:END] == probabilities[:, [SHORTLIST]]).all()
    found = made.log_prob(
        outcome, memory, torch.tensor([[1, 20, 2, END]]), torch.ones(1, 4, dtype=torch.bool)
    )
    assert torch.allclose(found[0], probabilities[torch.arange(4), [1, 20, 2, END]].log(), atol=1e-5)
    found.sum().backward()
    assert all(parameter.grad is None or parameter.grad.isfinite().all() for parameter in made.parameters())


def test_it_decodes_as_any_decoder_does() -> None:
    made, table = decoder(), torch.randn(VOCAB + 1, TOKEN_WIDTH)
    memory = source(made)

    def advance(tokens: Tensor | None, state: Carried) -> tuple[Tensor, Carried]:
        memory = Memory(*state[2:])
        last = torch.full((len(memory.ids),), END) if tokens is None else tokens
        outcome, after = made(table[last].unsqueeze(1), DecoderState(*state[:2]), memory)
        return made.probabilities(outcome, memory)[:, 0].log(), (*after, *memory)

    generator = Generator(advance, (*made.initial_state(memory), *memory), END)
    bounds = Constraints(min_length=1, max_length=6)
    with torch.no_grad():
        likeliest = greedy_search(generator, bounds)
        assert [found[0].tokens for found in beam_search(generator, bounds, 1)] == [
            found.tokens for found in likeliest
        ]
        for row, found in enumerate(likeliest):
            words = [*found.tokens, END]
            given = table[torch.tensor([END, *found.tokens])].unsqueeze(0)
            alone = Memory(*(part[[row]] for part in memory))
            outcome, _ = made(given, made.initial_state(alone), alone)
            told = made.log_prob(
                outcome, alone, torch.tensor([words]), torch.ones(1, len(words), dtype=torch.bool)
            )
            assert told.sum().item() == pytest.approx(found.log_prob, abs=1e-4)


def test_under_bfloat16_it_still_sums_to_one_and_repeats_itself() -> None:
    targets, mask = padded(TARGETS)
    traces = []
    for _ in range(2):
        made = decoder()
        torch.manual_seed(4)
        reader = BidirectionalGRU(TOKEN_WIDTH, MEMORY_WIDTH)
        ids, present = padded(SOURCES)
        with torch.autocast("cpu", torch.bfloat16):
            memory = made.make_memory(reader(torch.randn(4, 5, TOKEN_WIDTH), present), ids, present)
            outcome = written(made, memory)
            probabilities = made.probabilities(outcome, memory)
            found = made.log_prob(outcome, memory, targets, mask)
        assert outcome.attention.dtype == probabilities.dtype == found.dtype == torch.float32
        assert torch.allclose(probabilities.sum(2), torch.ones(4, STEPS), atol=1e-5)
        (outcome.coverage_loss.sum() - found.sum()).backward()
        learnt = [*made.parameters(), *reader.parameters()]
        gradients = [parameter.grad for parameter in learnt if parameter.grad is not None]
        assert len(gradients) == len(learnt)
        assert all(gradient.isfinite().all() for gradient in gradients)
        traces.append([found, *gradients])
        chance = probabilities.gather(2, targets.unsqueeze(2)).squeeze(2)
        assert torch.allclose(found[mask], chance[mask].log(), atol=0.05)
    assert all(torch.equal(one, other) for one, other in zip(*traces, strict=True))


@pytest.mark.slow
def test_it_learns_to_copy_words_that_it_cannot_generate() -> None:
    torch.manual_seed(0)
    table = torch.randn(VOCAB + 1, 16)
    reader, made = BidirectionalGRU(16, 32), PointerDecoder(VOCAB, SHORTLIST, 16, 32, 32)
    optimizer = torch.optim.Adam([*reader.parameters(), *made.parameters()], 1e-2)
    everything, losses = torch.ones(16, 4, dtype=torch.bool), []
    for _ in range(120):
        ids = torch.stack([torch.randperm(VOCAB - SHORTLIST)[:4] + SHORTLIST for _ in range(16)])
        memory = made.make_memory(reader(table[ids], everything), ids, everything)
        before = table[torch.cat([torch.full((16, 1), END), ids[:, :3]], 1)]
        outcome, _ = made(before, made.initial_state(memory), memory)
        loss = -made.log_prob(outcome, memory, ids, everything).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 1.0  # uniform attention and even odds: about ln 8
    assert sum(losses[-10:]) / 10 < 0.3


def test_the_reader_is_a_packed_bidirectional_gru() -> None:
    torch.manual_seed(0)
    reader, packed = (
        BidirectionalGRU(TOKEN_WIDTH, 8),
        nn.GRU(TOKEN_WIDTH, 4, batch_first=True, bidirectional=True),
    )
    ahead, back = reader.forward_gru.state_dict(), reader.backward_gru.state_dict()
    packed.load_state_dict(ahead | {f"{name}_reverse": value for name, value in back.items()})
    ids, mask = padded(SOURCES)
    tokens = torch.randn(*ids.shape, TOKEN_WIDTH, requires_grad=True)
    states = reader(tokens, mask)
    sequence = pack_padded_sequence(tokens, mask.sum(1), batch_first=True, enforce_sorted=False)
    assert torch.allclose(states, pad_packed_sequence(packed(sequence)[0], batch_first=True)[0], atol=1e-6)
    states.square().sum().backward()
    assert tokens.grad is not None  # so soft words can be learnt through it
    assert (tokens.grad[mask].abs().sum(1) > 0).all()
    assert (tokens.grad[~mask] == 0).all()


def test_a_width_that_two_directions_cannot_share_is_refused() -> None:
    with refuses(ValueError):
        BidirectionalGRU(TOKEN_WIDTH, 7)
