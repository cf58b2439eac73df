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
from sentrep.modules.padding import Texts, pad, without
from sentrep.utils.errors import InputError
from tests import toy, toy_run

LEARNS = [
    {"learns_by": "reinforce", "adversary": "standard"},
    {"learns_by": "reinforce", "adversary": "rsgan"},
    {"learns_by": "softmax", "adversary": "wgan-gp"},
    {"learns_by": "softmax", "adversary": "wgan-div"},
    {"learns_by": "gumbel", "adversary": "gan-qp"},
    {"learns_by": "gumbel", "adversary": "standard"},
]


def method(seed: int = 0, **settings: Any) -> Seq2Seq2Seq:
    made: Seq2Seq2Seq = toy_run.make(
        "seq2seq2seq", toy_run.SMALL | {"pretrain": 0.0, "unrewarded": 0.0} | settings, seed=seed
    )
    return made


def batch() -> SentenceBatch:
    return toy.batches(size=32).batch(0, 0)


def gradients(made: Seq2Seq2Seq) -> set[str]:
    """Names of the parameters that have one."""
    return {
        name for name, each in made.named_parameters() if each.grad is not None and each.grad.abs().sum() > 0
    }


# --- Who learns when
# --------------------------------------------------------------------------------------------------------------


def test_the_curriculum() -> None:
    made = method(pretrain=0.4, critic_turns=2)
    assert made.active_phases(0.0) == made.active_phases(0.39) == ("summarizer",)
    assert made.active_phases(0.4) == made.active_phases(1.0) == ("critic", "critic", "summarizer")
    assert method(critic=0.0).active_phases(0.9) == ("summarizer",)


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
            {"critic.critic.score.bias"} if settings["adversary"] == "rsgan" else set()
        )  # it cancels where only differences count
        assert gradients(made) - idle == names[phase] - idle


def test_killed_while_the_critic_learns_it_ends_as_an_undisturbed_run(tmp_path: Path) -> None:
    """Between its second turn at a batch and the summarizer's: what it has learnt of that batch is forgotten
    and learnt again."""
    digests = {name: tmp_path / f"{name}.json" for name in ("whole", "killed", "resumed")}
    at = {"settings": {"critic_turns": 3}, "steps": 12}
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
    made = method(pretrain=0.5, reconstruction=2.0, reconstruction_end=6.0)
    for share, weight in ((0.2, 2.0), (0.5, 2.0), (0.75, 4.0), (1.0, 6.0)):
        made.active_phases(share)
        assert made.weight == pytest.approx(weight)
    assert method(reconstruction=2.0).weight == 2.0


@pytest.mark.parametrize("learns_by", ["reinforce", "softmax", "gumbel"])
def test_at_first_the_generator_does_not_listen(learns_by: str) -> None:
    """Without an anchor nothing moves it then, while the reconstructor learns to read what it writes."""
    made = method(pretrain=0.5, unrewarded=0.25, anchor=0.0, coverage=0.0, learns_by=learns_by)
    for share, moves in ((0.6, False), (0.8, True)):
        made.zero_grad()
        made.active_phases(share)
        made(batch(), "summarizer").loss.backward()
        assert any(name.startswith("reconstructor") for name in gradients(made))
        assert any(name.startswith("generator.decoder") for name in gradients(made)) == moves


def test_before_and_after_pre_training() -> None:
    made = method(pretrain=0.5)
    made.active_phases(0.1)
    taught = made(batch(), "summarizer").metrics
    made.active_phases(0.9)
    reinforced = made(batch(), "summarizer").metrics
    assert "from_drawn_nll" not in taught
    assert set(taught) == {"self_made_nll", "hidden_nll", "restored_nll"}
    assert set(reinforced) == {
        "self_made_nll",
        "hidden_nll",
        "from_greedy_nll",
        "from_drawn_nll",
        "advantage",
    }


# --- What is learnt
# ---------------------------------------------------------------------------------------------------------------


class Fond(torch.nn.Module):
    """A critic that believes a text from the first of some tokens on."""

    def __init__(self, made: Seq2Seq2Seq, tokens: Tensor) -> None:
        super().__init__()
        made.critic.rows.weight.data.zero_()
        made.critic.rows.weight.data[tokens, 0] = 1.0

    def forward(self, tokens: Tensor, alive: Tensor) -> Tensor:
        return (8 * tokens[:, :, 0].cumsum(1).clamp(max=1) - 4).where(alive, 0)


def listen(made: Seq2Seq2Seq) -> None:
    """The generator, to what is rewarded, for 40 batches."""
    optimizer, batches = torch.optim.Adam(made.generator.parameters(), lr=5e-3), toy.batches(size=64)
    for index in range(40):
        optimizer.zero_grad()
        made(batches.batch(0, index % len(batches)), "summarizer").loss.backward()
        optimizer.step()


def test_rewards_change_what_is_written() -> None:
    """Nothing but the critic speaks, and it likes the first twenty common words."""
    made = method(reconstruction=0.0, anchor=0.0, coverage=0.0, fluency=0.0)
    liked = torch.arange(5, 25)
    made.critic.critic = Fond(made, liked)  # type: ignore[assignment]

    def share() -> float:
        made.eval()
        with torch.no_grad():
            articles = pad(batch().ids, batch().offsets, 12)
            drawn = made.write(
                made.told(articles, made.code(articles)), "drawn", made.written.lengths(len(articles.ids))
            )[0]
        made.train()
        return float((torch.isin(drawn.ids, liked) & drawn.alive).any(1).float().mean())

    torch.manual_seed(0)
    before = share()
    listen(made)
    assert before < 0.6
    assert share() > before + 0.25


def test_fluent_summaries_are_rewarded() -> None:
    """Nothing but the language model speaks; what is drawn comes to be likelier under it."""
    made = method(critic=0.0, reconstruction=0.0, anchor=0.0, coverage=0.0, fluency=2.0)

    def fluency() -> float:
        with torch.no_grad():
            articles = pad(batch().ids, batch().offsets, 12)
            source = made.told(articles, made.code(articles))
            drawn = made.write(source, "drawn", made.written.lengths(len(articles.ids)), strictly=True)[0]
            return float(made.written.language.of_texts(without(drawn, made.end)).mean())

    torch.manual_seed(0)
    before = fluency()
    listen(made)
    assert fluency() > before + 0.5


def test_a_word_earns_what_its_summary_is_worth_beyond_the_greedy_one() -> None:
    made = method(critic=0.0, reconstruction=2.0, fluency=3.0)
    articles = pad(batch().ids, batch().offsets, 12)
    torch.manual_seed(3)
    with torch.no_grad():
        source = made.told(articles, made.code(articles))
        drawn, greedy = (
            made.write(source, how, torch.full_like(articles.lengths, 4), strictly=True)[0]
            for how in ("drawn", "greedy")
        )
        words, usual = (without(texts, made.end) for texts in (drawn, greedy))
        from_drawn, from_greedy = (made.restored(texts, articles) for texts in (words, usual))
        fluent = made.written.language.of_texts
        wanted = 2 * (from_greedy - from_drawn) + 3 * (fluent(words) - fluent(usual))
        earned, _ = made.rewards(articles, drawn, greedy, from_greedy)
    assert wanted.abs().max() > 0
    for word in earned.advantage.unbind(1):
        assert torch.allclose(word, wanted, atol=1e-5)


def test_the_reconstructor_rewards_what_restores_the_article() -> None:
    """The advantage of a summary is how much better than from the greedy one its article is restored."""
    made = method(critic=0.0, anchor=0.0, coverage=0.0, reconstruction=2.0, fluency=0.0)
    seen: dict[str, Tensor] = {}
    original = made.restored

    def watch(summaries: Texts, articles: Texts, soft: Tensor | None = None) -> Tensor:
        found = original(summaries, articles, soft)
        seen["drawn" if seen else "greedy"] = found.detach()
        return found

    made.restored = watch  # type: ignore[method-assign]
    torch.manual_seed(2)
    step = made(batch(), "summarizer")
    seen.pop("greedy")
    assert step.metrics["from_drawn_nll"] == pytest.approx(float(seen["drawn"].mean()))
    assert float(step.metrics["advantage"]) > 0


def write_pairs(place: Path) -> str:
    articles = [" ".join(f"topic{topic}word{word}" for word in range(6)) for topic in range(12)]
    lines = [
        json.dumps({"article": article, "summary": " ".join(article.split()[:2])}) for article in articles
    ]
    (place / "pairs.jsonl").write_text("\n".join(lines))
    return str(place / "pairs.jsonl")


def test_what_people_paired_counts_the_same_before_and_after_pre_training(tmp_path: Path) -> None:
    made = method(pairs=write_pairs(tmp_path), pretrain=0.5, anchor=0.0, hidden=0.0)
    lessons = {}
    with torch.no_grad():
        texts = made.written.draw(4)
        for share in (0.1, 0.9):
            made.active_phases(share)
            found = made.lessons(texts, made.code(texts), made.told(texts, made.code(texts)))
            lessons[share] = {lesson.name: lesson.weight for lesson in found}
    assert lessons == {0.1: {"self_made": 1.0, "supervised": 1.0}, 0.9: {"self_made": 0.0, "supervised": 1.0}}


def test_self_made_pairs_can_be_left_out_where_people_made_some(tmp_path: Path) -> None:
    made = method(pairs=write_pairs(tmp_path), pretrain=1.0, self_made_weight=0.0, hidden=0.0)
    assert set(made(batch(), "summarizer").metrics) == {"supervised_nll", "restored_nll"}
    with pytest.raises(InputError, match="leaves no pairs to begin with; give pairs FILE"):
        method(self_made_weight=0.0)


def test_pairs_of_people_are_learnt(tmp_path: Path) -> None:
    made = method(pairs=write_pairs(tmp_path), pairs_used=8, pretrain=1.0)
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
def test_validation_tells_how_summaries_are_worded() -> None:
    made = method().eval()
    found = made(batch(), "summarizer").metrics
    wording = {
        "prefix_copy",
        "novelty",
        "repetition",
        "distinct_2",
        "length",
        "gain_over_lead",
        "fluency_nll",
    }
    assert wording | {"advantage", "reward_noise"} <= set(found)
    assert all(torch.isfinite(value) for value in found.values())
    assert 0 <= found["prefix_copy"] <= 1
    assert 0 < found["length"] <= 5


def test_empty_articles_are_passed_over() -> None:
    made = method()
    some = toy.batch([[7, 8, 9], [], [20, 21, 22]], [0, 1, 2])
    for phase in made.phases:
        assert torch.isfinite(made(some, phase).loss)


# --- Settings
# ---------------------------------------------------------------------------------------------------------------------


def test_without_sentences_of_people_nothing_begins() -> None:
    made = method(summaries=None)
    with pytest.raises(InputError, match="summaries FILE"):
        made(batch(), "summarizer")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"pretrain": 1.5}, "pretrain 1.5"),
        ({"discount": -0.1}, "discount -0.1"),
        ({"critic": -1.0}, "critic -1.0"),
        ({"fluency": -1.0}, "fluency -1.0"),
        ({"at_most": 0}, "at_most 0"),
        ({"pairs_used": 0}, "pairs_used 0"),
        ({"generator_width": 25}, "generator_width 25"),
        ({"adversary": "wgan-gp"}, "learns_by softmax or gumbel"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        Seq2Seq2SeqConfig(**settings)
