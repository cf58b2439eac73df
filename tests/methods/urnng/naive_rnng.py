"""Grammar and parser with Python loops over samples: as the equations read, and as the authors' released code
goes about it.

Sentences of a batch are of one length. Each sample is a stack machine with lists of its own; the cells of a
step, and the softmax over all words in the end, are computed together."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sentrep.methods.urnng.rnng import RNNG, StackLayer
from sentrep.modules.trees.binary_trees import REDUCE, SHIFT
from sentrep.modules.trees.tree_lstm import TreeLSTM

Cells = list[tuple[Tensor, Tensor]]
"""(h, c) of each layer."""


def log_p(
    rnng: RNNG, tree_lstm: TreeLSTM | None, table: Tensor, rows: Tensor, ids: Tensor, actions: list[list[int]]
) -> tuple[Tensor, Tensor]:
    """log p of words and of actions, each (sample,), of sentences `ids` (sample, token) whose `rows` are
    read; without dropout."""
    samples, length = ids.shape
    nothing: Cells = [(torch.zeros(1, rows.shape[2]), torch.zeros(1, rows.shape[2])) for _ in rnng.stack]
    bottom = step(rnng, rnng.end.unsqueeze(0), nothing)
    stacks: list[list[Cells]] = [[bottom] for _ in range(samples)]
    children: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(samples)]
    pointer = [0] * samples
    contexts, counted = [], []
    for now in range(len(actions[0])):
        contexts.append(torch.cat([stack[-1][-1][0] for stack in stacks]))
        counted.append([len(each) >= 2 for each in children])
        pairs = [
            (children[sample].pop(), children[sample].pop())
            for sample in range(samples)
            if actions[sample][now] == REDUCE
        ]
        joined: list[tuple[Tensor, Tensor]] = []
        if pairs and tree_lstm is not None:
            h = torch.cat([torch.cat([left[0], right[0]], 1) for right, left in pairs])
            enter, keep_left, keep_right, out, new = tree_lstm.join(h).chunk(5, 1)
            of_left, of_right = (torch.cat([pair[side][1] for pair in pairs]) for side in (1, 0))
            c = keep_left.sigmoid() * of_left + keep_right.sigmoid() * of_right + enter.sigmoid() * new.tanh()
            joined = list(zip((out.sigmoid() * c.tanh()).split(1), c.split(1), strict=True))
        for sample in range(samples):
            if actions[sample][now] == REDUCE:
                del stacks[sample][-2:]
                children[sample].append(joined.pop(0))
            else:
                row = rows[sample, pointer[sample]].unsqueeze(0)
                children[sample].append((row, torch.zeros_like(row)))
                pointer[sample] += 1
        tops: Cells = [
            (
                torch.cat([stack[-1][layer][0] for stack in stacks]),
                torch.cat([stack[-1][layer][1] for stack in stacks]),
            )
            for layer in range(len(rnng.stack))
        ]
        cells = step(rnng, torch.cat([child[-1][0] for child in children]), tops)
        for sample in range(samples):
            stacks[sample].append([(h[sample : sample + 1], c[sample : sample + 1]) for h, c in cells])
    assert pointer == [length] * samples
    contexts.append(torch.cat([stack[-1][-1][0] for stack in stacks]))
    states = torch.stack(contexts, 1)
    taken = torch.tensor(actions).view(samples, -1)
    chance = rnng.action(states[:, :-1]).squeeze(2).sigmoid()
    acted = torch.where(taken == REDUCE, chance, 1 - chance).log() * torch.tensor(counted).view(-1, samples).T
    writes = torch.cat([taken == SHIFT, torch.ones(samples, 1, dtype=torch.bool)], 1)
    output = torch.cat([table, rnng.end.unsqueeze(0)])
    told = F.linear(states[writes].view(samples, length + 1, -1), output, rnng.bias).log_softmax(2)
    targets = torch.cat([ids, torch.full((samples, 1), len(table))], 1)
    return told.gather(2, targets.unsqueeze(2)).sum((1, 2)), acted.sum(1)


def step(rnng: RNNG, item: Tensor, below: Cells) -> Cells:
    """All layers of the LSTM over the stack."""
    cells: Cells = []
    for layer, (h, c) in zip(rnng.stack, below, strict=True):
        assert isinstance(layer, StackLayer)
        enter, keep, out, new = (layer.enter(item) + layer.below(h)).chunk(4, 1)
        c = keep.sigmoid() * c + enter.sigmoid() * new.tanh()
        item = out.sigmoid() * c.tanh()
        cells.append((item, c))
    return cells


def inside(scores: Tensor) -> tuple[list[list[Tensor]], Tensor]:
    """Inside values [i][j], each (sentence,), and the entropy of sentences, span by span."""
    length = scores.shape[1]
    alpha = [[scores[:, i, j] for j in range(length)] for i in range(length)]
    entropy = [[torch.zeros(len(scores)) for _ in range(length)] for _ in range(length)]
    for width in range(1, length):
        for i in range(length - width):
            j = i + width
            splits = torch.stack([alpha[i][k] + alpha[k + 1][j] for k in range(i, j)], 1)
            below = torch.stack([entropy[i][k] + entropy[k + 1][j] for k in range(i, j)], 1)
            log_chance = splits.log_softmax(1)
            alpha[i][j] = splits.logsumexp(1) + scores[:, i, j]
            entropy[i][j] = (log_chance.exp() * (below - log_chance)).sum(1)
    return alpha, entropy[0][length - 1]


def sample(alpha: list[list[Tensor]], sentence: int) -> tuple[list[int], Tensor]:
    """The actions of a tree that is drawn from its root down, and its log-probability."""
    log_q = torch.zeros(())

    def drawn(i: int, j: int) -> list[int]:
        nonlocal log_q
        if i == j:
            return [SHIFT]
        log_chance = torch.stack(
            [alpha[i][k][sentence] + alpha[k + 1][j][sentence] for k in range(i, j)]
        ).log_softmax(0)
        cut = int(torch.multinomial(log_chance.exp(), 1))
        log_q = log_q + log_chance[cut]
        return [*drawn(i, i + cut), *drawn(i + cut + 1, j), REDUCE]

    return drawn(0, len(alpha) - 1), log_q
