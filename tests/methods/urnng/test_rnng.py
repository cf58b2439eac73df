"""The grammar against a stack machine that is run step by step, by hand, and where every tree can be
enumerated."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sentrep.methods.urnng.rnng import RNNG, StackLayer
from sentrep.methods.urnng.stack_plan import plan_stacks
from sentrep.modules.padding import Texts, pad_lists
from sentrep.modules.trees.binary_trees import DONE, REDUCE, SHIFT, Trees
from sentrep.modules.trees.crf import TreeCRF
from sentrep.modules.trees.tree_lstm import TreeLSTM, constituents
from tests.methods.urnng import naive_rnng

VOCAB, WIDTH, SAMPLES = 11, 6, 4
LENGTHS = torch.tensor([5, 1, 8, 2, 0, 3, 6])


def sized(module: nn.Module, seed: int = 0) -> None:
    """Weights large enough to tell mistakes."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = 0.7 * torch.randn(parameter.shape, generator=generator)


def grammar(layers: int = 1) -> tuple[RNNG, TreeLSTM, nn.Embedding]:
    made = RNNG(VOCAB, WIDTH, layers), TreeLSTM(WIDTH), nn.Embedding(VOCAB, WIDTH)
    for number, module in enumerate(made):
        sized(module, number)
    return made


def texts() -> Texts:
    generator = torch.Generator().manual_seed(3)
    return pad_lists(
        [torch.randint(VOCAB, (length,), generator=generator).tolist() for length in LENGTHS.tolist()]
    )


def sampled() -> Trees:
    scores = torch.randn(
        len(LENGTHS), int(LENGTHS.max()), int(LENGTHS.max()), generator=torch.Generator().manual_seed(1)
    )
    return TreeCRF(scores, LENGTHS).sample(SAMPLES, torch.Generator().manual_seed(2))


def forest(lengths: Tensor, positions: int) -> Trees:
    token = torch.arange(positions).expand(len(lengths), 1, -1)
    return Trees(token, token, lengths.unsqueeze(1))


@pytest.mark.parametrize("layers", [1, 2])
def test_log_p_and_gradients_are_those_of_the_stack_machine(layers: int) -> None:
    (rnng, tree_lstm, table), read, trees = grammar(layers), texts(), sampled()
    told = rnng(table.weight, table(read.ids), read, trees, tree_lstm)
    modules = nn.ModuleList([rnng, tree_lstm, table])
    (told.mean_words + 0.5 * told.actions.mean(1).sum()).backward()
    gradients = {
        name: parameter.grad.clone()
        for name, parameter in modules.named_parameters()
        if parameter.grad is not None
    }
    modules.zero_grad()
    total = torch.zeros(())
    for sentence, length in enumerate(LENGTHS.tolist()):
        ids = read.ids[sentence, :length].expand(SAMPLES, -1)
        actions = [[each for each in row if each != DONE] for row in trees.actions()[sentence].tolist()]
        words, acted = naive_rnng.log_p(rnng, tree_lstm, table.weight, table(ids), ids, actions)
        assert torch.allclose(told.words[sentence], words, atol=1e-4)
        assert torch.allclose(told.actions[sentence], acted, atol=1e-4)
        total = total + words.mean() + 0.5 * acted.mean()
    total.backward()
    assert set(gradients) == {name for name, _ in modules.named_parameters()}
    for name, parameter in modules.named_parameters():
        assert parameter.grad is not None
        assert torch.allclose(gradients[name], parameter.grad, atol=1e-3, rtol=1e-3), name
    assert told.words.std() > 1
    assert not told.words.requires_grad


def test_padding_and_company_change_nothing() -> None:
    (rnng, tree_lstm, table), read, trees = grammar(), texts(), sampled()
    together = rnng(table.weight, table(read.ids), read, trees, tree_lstm)
    for sentence in range(len(LENGTHS)):
        length = max(1, int(LENGTHS[sentence]))
        one = Texts(read.ids[sentence : sentence + 1, :length], read.mask[sentence : sentence + 1, :length])
        tree = Trees(
            *(
                each[sentence : sentence + 1, ..., :length]
                if each.dim() > 2
                else each[sentence : sentence + 1]
                for each in trees
            )
        )
        alone = rnng(table.weight, table(one.ids), one, tree, tree_lstm)
        assert torch.allclose(alone.words[0], together.words[sentence], atol=1e-5)
        assert torch.allclose(alone.actions[0], together.actions[sentence], atol=1e-5)


def test_words_alone_are_an_lstm_language_model() -> None:
    (rnng, _, table), read = grammar(2), texts()
    told = rnng(table.weight, table(read.ids), read, forest(LENGTHS, int(LENGTHS.max())))
    assert (told.actions == 0).all()
    stock = nn.LSTM(WIDTH, WIDTH, 2, batch_first=True)
    for number, layer in enumerate(rnng.stack):
        assert isinstance(layer, StackLayer)
        for theirs, ours in (
            ("weight_ih", layer.enter.weight),
            ("weight_hh", layer.below.weight),
            ("bias_ih", layer.enter.bias),
        ):
            enter, keep, out, new = ours.data.chunk(4)
            getattr(stock, f"{theirs}_l{number}").data.copy_(torch.cat([enter, keep, new, out]))
        getattr(stock, f"bias_hh_l{number}").data.zero_()
    output = torch.cat([table.weight, rnng.end.unsqueeze(0)])
    for sentence, length in enumerate(LENGTHS.tolist()):
        ids = torch.tensor([*read.ids[sentence, :length].tolist(), VOCAB])
        states, _ = stock(torch.cat([rnng.end.unsqueeze(0), table(ids[:-1])]).unsqueeze(0))
        expected = (states[0] @ output.T + rnng.bias).log_softmax(1)[torch.arange(length + 1), ids].sum()
        assert told.words[sentence, 0].item() == pytest.approx(expected.item(), abs=1e-4)


def test_the_plan_of_a_tree_by_hand() -> None:
    """((a b) (c d)): after a and b, with two on the stack, is reduced; with one, c is shifted without a
    choice."""
    trees = Trees.from_actions(torch.tensor([[[SHIFT, SHIFT, REDUCE, SHIFT, SHIFT, REDUCE, REDUCE]]]))
    parts = constituents(trees)
    plan = plan_stacks(trees, parts)
    a, b, c, d, ab, cd, abcd = range(7)  # numbered from below
    assert parts.number.tolist() == [[a, b, c, d, ab, abcd, cd, 7]], (
        "its tokens, then what divides after each of them"
    )
    assert parts.number.gather(1, parts.left).tolist() == [[a, ab, c, d]]
    assert parts.number.gather(1, parts.right)[0, :3].tolist() == [b, cd, d]
    assert parts.roots.tolist() == [abcd]
    on_stack = {1: {a, ab, abcd}, 2: {b, c, cd}, 3: {d}}
    assert [len(each) for each in plan.below] == [1, 3, 3, 1]
    items = plan.items.tolist()
    assert items[0] == 0
    assert [{item - 1 for item in part} for part in (items[1:4], items[4:7], items[7:])] == list(
        on_stack.values()
    )
    state = {item: place for place, item in enumerate(items)}  # of item + 1; of the bottom 0
    under = [lower.item() - 1 for each in plan.below for lower in each]
    assert under == [-1, 0, 0, 0, state[a + 1], state[ab + 1], state[ab + 1], state[c + 1]]
    assert plan.before[0].tolist() == [0, state[a + 1], state[ab + 1], state[c + 1]]
    assert plan.chosen[0].tolist() == [False, False, True, False], (
        "only d is shifted where it could have been reduced"
    )
    assert plan.is_split[0].tolist() == [True, True, True, False]
    assert plan.reduced[0, :3].tolist() == [state[b + 1], state[cd + 1], state[d + 1]]
    assert plan.final.tolist() == [state[abcd + 1]]


def test_what_trees_of_a_sentence_have_in_common_is_computed_once() -> None:
    trees = sampled()
    twice = Trees(*(torch.cat([each, each], 1) for each in trees))
    one, two = (constituents(each) for each in (trees, twice))
    assert [len(level) for level in one.levels] == [len(level) for level in two.levels]
    assert torch.equal(plan_stacks(trees, one).items, plan_stacks(twice, two).items)
    assert sum(map(len, one.levels)) < one.is_split.sum(), "and some of them in different trees"
    (rnng, tree_lstm, table), read = grammar(), texts()
    told, again = (rnng(table.weight, table(read.ids), read, each, tree_lstm) for each in (trees, twice))
    assert torch.allclose(again.words, told.words.repeat(1, 2), atol=1e-5)
    assert torch.allclose(again.mean_words, told.mean_words, rtol=1e-5)


def test_probabilities_of_all_short_sentences_with_all_their_trees_stay_below_one() -> None:
    """With longer sentences they would be one together, but for ends that are told where none can be."""
    (rnng, tree_lstm, table), few = grammar(), 2
    rnng.bias.data[few:-1] = -torch.inf
    empty = Texts(torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, 1, dtype=torch.bool))
    total = (
        rnng(table.weight, table(empty.ids), empty, forest(torch.zeros(1).long(), positions=1))
        .words.exp()
        .item()
    )
    for length in range(1, 5):
        ids = torch.cartesian_prod(*[torch.arange(few)] * length).view(-1, length)
        trees = Trees.from_actions(torch.tensor([all_actions(length)]).expand(len(ids), -1, -1))
        told = rnng(table.weight, table(ids), Texts(ids, ids >= 0), trees, tree_lstm)
        assert told.words.shape == (few**length, [1, 1, 2, 5][length - 1])
        total += (told.words + told.actions).exp().sum().item()
    assert 0.5 < total < 1


def all_actions(length: int) -> list[list[int]]:
    """Of every tree of so many tokens."""
    if length < 2:
        return [[SHIFT] * length]
    return [
        [*left, *right, REDUCE]
        for cut in range(1, length)
        for left in all_actions(cut)
        for right in all_actions(length - cut)
    ]
