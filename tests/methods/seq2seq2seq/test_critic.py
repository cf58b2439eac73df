"""The critic against its parts: what it reads, and which parameters learn from it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sentrep.methods.seq2seq2seq.critic import Critic, embed_tokens
from sentrep.modules.gan_losses import GAN_LOSSES
from sentrep.modules.padding import Texts, append_end, pad_lists

END = 9
REAL, GENERATED = (
    append_end(pad_lists(rows), END) for rows in ([[1, 2], [3], [4, 5, 6]], [[7, 8], [1, 1, 1], [2]])
)


def critic(stepwise: bool, gan_loss: str = "standard", straight: bool = False) -> Critic:
    torch.manual_seed(0)
    return Critic(END + 1, 4, 6, stepwise, gan_loss, straight)


def soft() -> Tensor:
    torch.manual_seed(1)
    return torch.randn(*GENERATED.ids.shape, END + 1).softmax(2).requires_grad_()


def learnt(made: Critic) -> set[str]:
    return {
        name for name, each in made.named_parameters() if each.grad is not None and each.grad.abs().sum() > 0
    }


@pytest.mark.parametrize("straight", [False, True])
def test_rows_are_hard_soft_or_hard_with_a_soft_gradient(straight: bool) -> None:
    table, words = torch.randn(END + 1, 4), soft()
    assert torch.equal(embed_tokens(table, GENERATED, None, straight), table[GENERATED.ids])
    found = embed_tokens(table, GENERATED, words, straight)
    assert torch.allclose(found, table[GENERATED.ids] if straight else words @ table, atol=1e-6)
    found.sum().backward()
    assert words.grad is not None
    assert torch.allclose(words.grad, table.sum(1).expand_as(words), atol=1e-6)


@pytest.mark.parametrize("gan_loss", ["standard", "rsgan"])
def test_the_critics_loss_is_that_of_its_scores(gan_loss: str) -> None:
    made = critic(True, gan_loss)
    loss, metrics = made(REAL, GENERATED)

    def scores(texts: Texts) -> Tensor:
        alone = [ids[mask][None] for ids, mask in zip(*texts, strict=True)]
        return torch.cat(
            [made.network(made.embedding(ids), torch.ones_like(ids, dtype=torch.bool))[0] for ids in alone]
        )

    with torch.no_grad():
        real, fake = scores(REAL), scores(GENERATED)
        wanted = GAN_LOSSES[gan_loss].critic(real, fake)
    assert float(loss.detach()) == pytest.approx(float(wanted), abs=1e-5)
    assert float(metrics["critic_gap"]) == pytest.approx(float(real.mean() - fake.mean()), abs=1e-5)
    right = ((real > 0).float().mean() + (fake < 0).float().mean()) / 2
    if gan_loss == "rsgan":
        right = torch.tensor([[float(one > other) for other in fake] for one in real]).mean()
    tie = 1.5 / (len(real) * len(fake))  # a real and a generated text begin alike, so rounding decides
    assert float(metrics["critic_accuracy"]) == pytest.approx(float(right), abs=tie)


@pytest.mark.parametrize("gan_loss", [name for name in GAN_LOSSES if name != "standard"])
def test_the_accuracy_does_not_depend_on_what_is_added_to_all_scores(gan_loss: str) -> None:
    real, fake = torch.tensor([1.0, 3.0, 4.0]), torch.tensor([2.0, 0.0])
    for added in (-10.0, 0.0, 10.0):
        assert float(GAN_LOSSES[gan_loss].accuracy(real + added, fake + added)) == pytest.approx(5 / 6)


@pytest.mark.parametrize("gan_loss", list(GAN_LOSSES))
def test_which_parameters_get_gradients(gan_loss: str) -> None:
    made, words = critic(False, gan_loss), soft()
    made(REAL, GENERATED, words)[0].backward()
    assert "embedding.weight" in learnt(made)
    assert words.grad is None  # the critic's turn teaches no generator
    made.zero_grad()
    made.generator_loss(REAL, GENERATED, words).backward()
    assert learnt(made) == set()  # and the generator's no critic
    assert words.grad is not None
    assert words.grad.abs().sum() > 0


@pytest.mark.parametrize("stepwise", [False, True])
def test_tokens_that_only_generated_texts_contain_are_learnt(stepwise: bool) -> None:
    made = critic(stepwise)
    made(REAL, GENERATED)[0].backward()
    gradient = made.embedding.weight.grad
    assert gradient is not None
    assert gradient[[7, 8]].abs().sum(1).gt(0).all()
    assert not gradient[0].any()  # padding


def test_probability_is_of_every_beginning() -> None:
    made = critic(True)
    probability = made.real_probability(GENERATED)
    for row, (ids, mask) in enumerate(zip(*GENERATED, strict=True)):
        for count in range(1, int(mask.sum()) + 1):
            begun = made.network(made.embedding(ids[:count])[None], torch.ones(1, count, dtype=torch.bool))[
                0, -1
            ]
            assert float(probability[row, count - 1]) == pytest.approx(
                float(begun.detach().sigmoid()), abs=1e-6
            )
    assert not probability.requires_grad
