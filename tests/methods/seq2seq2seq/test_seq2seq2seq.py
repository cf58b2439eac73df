"""Seq2seq2seq: who learns when and from what, and that rewards move what is written."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
from sentrep.methods.seq2seq2seq.method import Seq2Seq2Seq
from sentrep.methods.seq2seq2seq.summary_generator import PointerGenerator, Source
from sentrep.methods.seq2seq2seq.supervised_pairs import SupervisedPairs, supervised_loss
from sentrep.modules.padding import Texts, pad, pad_lists, remove_token
from sentrep.modules.pointer_generator import DecoderOutput
from sentrep.utils.errors import InputError
from tests import toy, toy_run

LEARNS = [
    {"gradient_estimator": "reinforce", "gan_loss": "standard"},
    {"gradient_estimator": "reinforce", "gan_loss": "rsgan"},
    {"gradient_estimator": "softmax", "gan_loss": "wgan-gp"},
    {"gradient_estimator": "softmax", "gan_loss": "wgan-div"},
    {"gradient_estimator": "gumbel", "gan_loss": "gan-qp"},
    {"gradient_estimator": "gumbel", "gan_loss": "standard"},
]


def method(seed: int = 0, **settings: Any) -> Seq2Seq2Seq:
    made: Seq2Seq2Seq = toy_run.make(
        "seq2seq2seq", toy_run.SMALL | {"pretrain_share": 0.0, "reward_delay": 0.0} | settings, seed=seed
    )
    return made


def batch() -> SentenceBatch:
    return toy.batches(size=32).batch(0, 0)


def gradients(made: Seq2Seq2Seq) -> set[str]:
    """Names of the parameters that have one."""
    return {
        name for name, each in made.named_parameters() if each.grad is not None and each.grad.abs().sum() > 0
    }


# The coverage loss counts the steps of each text, not its padding


def test_the_loss_of_known_summaries_is_the_mean_of_each_by_itself() -> None:
    made = method()
    articles = pad_lists([[5, 6, 7, 8, 9], [9, 8, 7], [6, 5, 9, 7]])
    summaries = pad_lists([[5, 6], [9], [6, 5, 9, 7, 6, 5, 9, 7]])

    def loss(chosen: list[int]) -> Tensor:
        read, known = (each.select(torch.tensor(chosen)) for each in (articles, summaries))
        pairs = SupervisedPairs("known", 1.0, made.encode(read), read, known)
        return supervised_loss(made.generator, [pairs], made.end, coverage_weight=10.0)[0]

    with torch.no_grad():
        each = torch.stack([loss([row]) for row in range(3)])
        torch.testing.assert_close(loss([0, 1]), each[:2].mean())
        torch.testing.assert_close(loss([0, 1, 2]), each.mean())


def test_the_coverage_loss_of_sampled_summaries_leaves_out_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    teacher_force = PointerGenerator.teacher_force

    def loss() -> Tensor:
        made = method(coverage_weight=1.0)
        torch.manual_seed(1)
        return made(batch(), "summarizer").loss.detach()

    def padding_counts(
        self: PointerGenerator, source: Source, texts: Texts, *length: Tensor
    ) -> DecoderOutput:
        output = teacher_force(self, source, texts, *length)
        return output._replace(coverage_loss=output.coverage_loss.where(texts.mask, 1e3))

    expected = loss()
    monkeypatch.setattr(PointerGenerator, "teacher_force", padding_counts)
    torch.testing.assert_close(loss(), expected)


# Which parameters learn when


def test_the_curriculum() -> None:
    made = method(pretrain_share=0.4, critic_steps=2)
    assert made.active_phases(0.0) == made.active_phases(0.39) == ("summarizer",)
    assert made.active_phases(0.4) == made.active_phases(1.0) == ("critic", "critic", "summarizer")
    assert method(critic_weight=0.0).active_phases(0.9) == ("summarizer",)


@pytest.mark.parametrize("settings", LEARNS, ids=str)
def test_each_phase_moves_its_own_parameters_and_no_other(settings: dict[str, Any]) -> None:
    made = method(**settings)
    own = {
        phase: {id(each) for group in made.parameter_groups(phase) for each in group.parameters}
        for phase in made.phases
    }
    names = {
        phase: {name for name, each in made.named_parameters() if id(each) in own[phase]}
        for phase in made.phases
    }
    assert names["critic"] == {name for name, _ in made.named_parameters() if name.startswith("critic")}
    for phase in made.phases:
        made.zero_grad()
        torch.manual_seed(1)
        loss = made(batch(), phase).loss
        assert torch.isfinite(loss)
        loss.backward()
        idle = (
            {"critic.network.score.bias"} if settings["gan_loss"] == "rsgan" else set()
        )  # it cancels where only differences count
        assert gradients(made) - idle == names[phase] - idle


@pytest.mark.slow
def test_killed_while_the_critic_learns_it_ends_as_an_undisturbed_run(tmp_path: Path) -> None:
    """Between its second turn at a batch and the summarizer's: what it has learnt of that batch is forgotten
    and learnt again."""
    digests = {name: tmp_path / f"{name}.json" for name in ("whole", "killed", "resumed")}
    at = {"settings": {"critic_steps": 3}, "steps": 12}
    started = {
        name: toy_run.start(
            toy_run.write_digest, digests[name], tmp_path / name, "seq2seq2seq", die_in=die_in, **at
        )
        for name, die_in in (("whole", None), ("killed", ("critic", 8)))
    }
    toy_run.finish([started["whole"]])
    toy_run.finish([started["killed"]], status=-signal.SIGKILL)
    assert not digests["killed"].exists()
    toy_run.finish(
        [toy_run.start(toy_run.write_digest, digests["resumed"], tmp_path / "killed", "seq2seq2seq", **at)]
    )
    assert json.loads(digests["whole"].read_text()) == json.loads(digests["resumed"].read_text())


def test_the_reconstructors_weight_goes_by_a_line() -> None:
    made = method(pretrain_share=0.5, reconstruction_weight=2.0, reconstruction_weight_end=6.0)
    for share, weight in ((0.2, 2.0), (0.5, 2.0), (0.75, 4.0), (1.0, 6.0)):
        made.active_phases(share)
        assert made.reconstruction_weight == pytest.approx(weight)
    assert method(reconstruction_weight=2.0).reconstruction_weight == 2.0


@pytest.mark.parametrize("gradient_estimator", ["reinforce", "softmax", "gumbel"])
def test_rewards_are_delayed(gradient_estimator: str) -> None:
    """Without an anchor nothing moves it then, while the reconstructor learns to read what it writes."""
    made = method(
        pretrain_share=0.5,
        reward_delay=0.25,
        auxiliary_scale=0.0,
        coverage_weight=0.0,
        gradient_estimator=gradient_estimator,
    )
    for share, moves in ((0.6, False), (0.8, True)):
        made.zero_grad()
        made.active_phases(share)
        made(batch(), "summarizer").loss.backward()
        assert any(name.startswith("reconstructor") for name in gradients(made))
        assert any(name.startswith("generator.decoder") for name in gradients(made)) == moves


def test_before_and_after_pre_training() -> None:
    made = method(pretrain_share=0.5)
    made.active_phases(0.1)
    taught = made(batch(), "summarizer").metrics
    made.active_phases(0.9)
    reinforced = made(batch(), "summarizer").metrics
    assert "sampled_reconstruction_nll" not in taught
    assert set(taught) == {"synthetic_nll", "denoising_nll", "reconstruction_nll"}
    assert set(reinforced) == {
        "synthetic_nll",
        "denoising_nll",
        "greedy_reconstruction_nll",
        "sampled_reconstruction_nll",
        "advantage",
    }


# What is learned


class Fond(torch.nn.Module):
    """A critic that believes a text from the first of some tokens on."""

    def __init__(self, made: Seq2Seq2Seq, tokens: Tensor) -> None:
        super().__init__()
        made.critic.embedding.weight.data.zero_()
        made.critic.embedding.weight.data[tokens, 0] = 1.0

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        return (8 * tokens[:, :, 0].cumsum(1).clamp(max=1) - 4).where(mask, 0)


def train_on_rewards(made: Seq2Seq2Seq) -> None:
    """The generator, to what is rewarded, for 40 batches."""
    optimizer, batches = torch.optim.Adam(made.generator.parameters(), lr=5e-3), toy.batches(size=64)
    for index in range(40):
        optimizer.zero_grad()
        made(batches.batch(0, index % len(batches)), "summarizer").loss.backward()
        optimizer.step()


@pytest.mark.slow
def test_rewards_change_what_is_written() -> None:
    """Nothing but the critic speaks, and it likes the first twenty common words."""
    made = method(reconstruction_weight=0.0, auxiliary_scale=0.0, coverage_weight=0.0, fluency_weight=0.0)
    liked = torch.arange(5, 25)
    made.critic.network = Fond(made, liked)  # type: ignore[assignment]

    def share() -> float:
        made.eval()
        with torch.no_grad():
            articles = pad(batch().ids, batch().offsets, 12)
            drawn = made.generate(
                made.encode_source(articles, made.latent(articles)),
                "sample",
                made.reference.sample_lengths(len(articles.ids)),
                made.config.max_summary_tokens,
            )[0]
        made.train()
        return float((torch.isin(drawn.ids, liked) & drawn.mask).any(1).float().mean())

    torch.manual_seed(0)
    before = share()
    train_on_rewards(made)
    assert before < 0.6
    assert share() > before + 0.25


@pytest.mark.slow
def test_fluent_summaries_are_rewarded() -> None:
    """Nothing but the language model speaks; what is drawn comes to be likelier under it."""
    made = method(
        critic_weight=0.0,
        reconstruction_weight=0.0,
        auxiliary_scale=0.0,
        coverage_weight=0.0,
        fluency_weight=2.0,
    )

    def fluency() -> float:
        with torch.no_grad():
            articles = pad(batch().ids, batch().offsets, 12)
            source = made.encode_source(articles, made.latent(articles))
            length = made.reference.sample_lengths(len(articles.ids))
            drawn = made.generate(source, "sample", length, length)[0]
            return float(made.reference.language_model.mean_log_prob(remove_token(drawn, made.end)).mean())

    torch.manual_seed(0)
    before = fluency()
    train_on_rewards(made)
    assert fluency() > before + 0.5


def test_a_word_earns_what_its_summary_is_worth_beyond_the_greedy_one() -> None:
    made = method(critic_weight=0.0, reconstruction_weight=2.0, fluency_weight=3.0)
    articles = pad(batch().ids, batch().offsets, 12)
    torch.manual_seed(3)
    with torch.no_grad():
        source, length = made.encode(articles), torch.full_like(articles.lengths, 4)
        drawn, greedy = (
            made.generate(source, strategy, length, length)[0] for strategy in ("sample", "greedy")
        )
        words, usual = (remove_token(texts, made.end) for texts in (drawn, greedy))
        from_drawn, from_greedy = (made.reconstruction_nll(texts, articles) for texts in (words, usual))
        fluent = made.reference.language_model.mean_log_prob
        wanted = 2 * (from_greedy - from_drawn) + 3 * (fluent(words) - fluent(usual))
        earned, _ = made.rewards(articles, drawn, greedy, from_greedy)
    assert wanted.abs().max() > 0
    for word in earned.advantage.unbind(1):
        assert torch.allclose(word, wanted, atol=1e-5)


def test_the_reconstructor_rewards_what_restores_the_article() -> None:
    """The advantage of a summary is how much better than from the greedy one its article is restored."""
    made = method(
        critic_weight=0.0,
        auxiliary_scale=0.0,
        coverage_weight=0.0,
        reconstruction_weight=2.0,
        fluency_weight=0.0,
    )
    seen: dict[str, Tensor] = {}
    original = made.reconstruction_nll

    def watch(summaries: Texts, articles: Texts, soft: Tensor | None = None) -> Tensor:
        found = original(summaries, articles, soft)
        seen["sample" if seen else "greedy"] = found.detach()
        return found

    made.reconstruction_nll = watch  # type: ignore[method-assign]
    torch.manual_seed(2)
    step = made(batch(), "summarizer")
    seen.pop("greedy")
    assert step.metrics["sampled_reconstruction_nll"] == pytest.approx(float(seen["sample"].mean()))
    assert float(step.metrics["advantage"]) > 0


def write_pairs(place: Path) -> str:
    articles = [" ".join(f"topic{topic}word{word}" for word in range(6)) for topic in range(12)]
    lines = [
        json.dumps({"article": article, "summary": " ".join(article.split()[:2])}) for article in articles
    ]
    (place / "pairs.jsonl").write_text("\n".join(lines))
    return str(place / "pairs.jsonl")


def test_annotated_pairs_keep_their_weight_before_and_after_pre_training(tmp_path: Path) -> None:
    made = method(pairs=write_pairs(tmp_path), pretrain_share=0.5, auxiliary_scale=0.0, denoising_weight=0.0)
    weights = {}
    with torch.no_grad():
        texts = made.reference.sample(4)
        for share in (0.1, 0.9):
            made.active_phases(share)
            found = made.supervised_pairs(
                texts, made.latent(texts), made.encode_source(texts, made.latent(texts))
            )
            weights[share] = {pairs.name: pairs.weight for pairs in found}
    assert weights == {
        0.1: {"synthetic": 1.0, "supervised": 1.0},
        0.9: {"synthetic": 0.0, "supervised": 1.0},
    }


def test_synthetic_pairs_can_be_left_out_with_annotated_pairs(tmp_path: Path) -> None:
    made = method(pairs=write_pairs(tmp_path), pretrain_share=1.0, synthetic_weight=0.0, denoising_weight=0.0)
    assert set(made(batch(), "summarizer").metrics) == {"supervised_nll", "reconstruction_nll"}
    with pytest.raises(InputError) as raised:
        method(synthetic_weight=0.0)
    assert raised.value.setting == "synthetic_weight"


@pytest.mark.slow
def test_annotated_pairs_are_learned(tmp_path: Path) -> None:
    made = method(pairs=write_pairs(tmp_path), max_pairs=8, pretrain_share=1.0)
    optimizer = torch.optim.Adam(made.parameters(), lr=5e-3)
    losses = []
    torch.manual_seed(0)
    for index in range(30):
        optimizer.zero_grad()
        step = made(toy.batches(size=32).batch(0, index), "summarizer")
        step.loss.backward()
        optimizer.step()
        losses.append(float(step.metrics["supervised_nll"]))
    assert len(made.pairs[0].ids) == 8
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])


@torch.no_grad()
def test_validation_measures_summary_statistics() -> None:
    made = method().eval()
    found = made(batch(), "summarizer").metrics
    summary_stats = {
        "prefix_copy",
        "novelty",
        "repetition",
        "distinct_2",
        "length",
        "gain_over_lead",
        "fluency_nll",
    }
    assert summary_stats | {"advantage", "reward_noise"} <= set(found)
    assert all(torch.isfinite(value) for value in found.values())
    assert 0 <= found["prefix_copy"] <= 1
    assert 0 < found["length"] <= 5


def test_empty_articles_are_passed_over() -> None:
    made = method()
    some = toy.batch([[7, 8, 9], [], [20, 21, 22]], [0, 1, 2])
    for phase in made.phases:
        assert torch.isfinite(made(some, phase).loss)


# Settings


def test_without_example_summaries_training_is_refused() -> None:
    made = method(summaries=None)
    with pytest.raises(InputError) as raised:
        made(batch(), "summarizer")
    assert raised.value.setting == "summaries"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"pretrain_share": 1.5}, "pretrain_share"),
        ({"discount": -0.1}, "discount"),
        ({"critic_weight": -1.0}, "critic_weight"),
        ({"fluency_weight": -1.0}, "fluency_weight"),
        ({"max_summary_tokens": 0}, "max_summary_tokens"),
        ({"max_pairs": 0}, "max_pairs"),
        ({"generator_width": 25}, "generator_width"),
        ({"gan_loss": "wgan-gp"}, "gan_loss"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as raised:
        Seq2Seq2SeqConfig(**settings)
    assert raised.value.setting == named
