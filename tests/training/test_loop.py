"""The loop: schedule, early stopping, best weights, accumulation, precision, time, Ctrl-C, divergence."""

from __future__ import annotations

import itertools
import json
import math
import os
import signal
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.batching import encode_tokens
from sentrep.methods.base import Group, Method, Step
from sentrep.training import trainer
from sentrep.training.accelerator import accelerator_for
from sentrep.training.config import TrainingConfig
from sentrep.training.monitors import Alarm
from sentrep.training.optimization import schedule
from sentrep.training.run_folder import RunFolder
from sentrep.training.validation import Validation, score
from sentrep.utils.errors import InputError
from tests import toy, toy_run
from tests.errors import refuses


def config(**options: Any) -> TrainingConfig:
    return TrainingConfig(**{"steps": 6, "tracker": "none", "device": "cpu", "log_every": 1} | options)


def loop(
    out: Path,
    method: Any,
    scores: list[float] | None = None,
    bf16: bool = False,
    lr: float = 5e-3,
    losses: list[float] | None = None,
    validation: Validation | None = None,
    stop_at: int = 0,
    **options: Any,
) -> trainer.Outcome:
    """Train on the toy corpus; with `scores` (and `losses`), validation says these. Ctrl-C comes during step
    `stop_at`."""
    chosen = config(**options)
    run = RunFolder(out)
    run.open({})
    accelerator = accelerator_for(chosen, len(method.phases), run.logs, bf16)
    calls = itertools.count(1)
    method.register_forward_hook(
        lambda *_: os.kill(os.getpid(), signal.SIGINT) if method.training and next(calls) == stop_at else None
    )
    if scores:
        validation = Scripted(scores, losses)
    outcome = trainer.train(method, toy.batches(), validation, chosen, lr, run, accelerator)
    accelerator.end_training()
    return outcome


class Scripted(Validation):
    """A validation that says what the test wants to hear."""

    def __init__(self, scores: list[float], losses: list[float] | None) -> None:
        object.__setattr__(self, "said", iter(list(zip(scores, losses or scores, strict=True))))

    def measure(
        self, method: Method, autocast: Any, clipped: float = 0.0
    ) -> tuple[dict[str, float], list[Alarm]]:
        score, loss = next(self.said)  # type: ignore[attr-defined]
        return {"neighbour_mrr": score, "loss": loss}, []


def quick_thought(kind: str = "bag", **settings: Any) -> Any:
    return toy_run.make("quick-thought", settings, kind)


def weights(method: Method) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in method.state_dict().items()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, right[name]) for name, value in left.items())


# --- Schedule and time
# ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("linear", {0.1: 1.0, 0.55: 0.5, 0.775: 0.25, 1.0: 0.0}),
        ("cosine", {0.1: 1.0, 0.55: 0.5, 0.325: 0.5 + 0.5 * math.cos(math.pi / 4), 1.0: 0.0}),
        ("constant", {0.1: 1.0, 0.55: 1.0, 1.0: 1.0}),
    ],
)
def test_the_schedule(name: Any, at: dict[float, float]) -> None:
    settings = config(schedule=name, warmup=0.1)
    for share, rate in at.items():
        assert schedule(share, settings) == pytest.approx(rate, abs=1e-9)
    rising = [schedule(share / 100, settings) for share in range(11)]
    assert 0 < rising[0] < 0.02
    assert rising == sorted(rising)
    assert rising[5] == pytest.approx(0.5, abs=0.01)
    assert schedule(0.0, config(schedule=name, warmup=0.0)) == 1.0


def test_the_rate_that_is_used_is_that_of_the_schedule(tmp_path: Path) -> None:
    loop(tmp_path, quick_thought(), steps=10, warmup=0.0, schedule="linear", lr=0.01)
    assert [line["lr"] for line in RunFolder(tmp_path).history()] == pytest.approx(
        [0.01 * (1 - step / 10) for step in range(10)]
    )


def test_epochs_are_counted_in_blocks_and_accumulation(tmp_path: Path) -> None:
    batches = len(toy.batches())
    assert loop(tmp_path / "a", quick_thought(), steps=None, epochs=1.5).steps == math.ceil(1.5 * batches)
    assert loop(tmp_path / "b", quick_thought(), steps=None, epochs=1.0, accumulate=3).steps == math.ceil(
        batches / 3
    )


def test_minutes_end_a_run_and_bring_the_rate_down(tmp_path: Path) -> None:
    outcome = loop(tmp_path, quick_thought(), steps=10**7, minutes=0.01)
    assert outcome.ended == "time"
    assert 0.6 <= outcome.seconds < 10
    history = RunFolder(tmp_path).history()
    assert 2 < outcome.steps == history[-1]["step"]
    assert history[-1]["lr"] < 0.2 * max(line["lr"] for line in history)


@pytest.mark.slow
def test_processes_with_different_clocks_agree_on_the_progress(tmp_path: Path) -> None:
    port, options = toy_run.free_port(), {"steps": 10**7, "minutes": 0.04}
    pair = [
        toy_run.start(toy_run.with_own_clock, rank, 2, port, tmp_path, "quick-thought", **options)
        for rank in range(2)
    ]
    toy_run.finish(pair)
    first, second = (json.loads((tmp_path / f"clock-{rank}.json").read_text()) for rank in range(2))
    assert first == second
    assert len(first["progress"]) > 2
    assert first["progress"] == sorted(first["progress"])


# --- Validation
# --------------------------------------------------------------------------------------------------


def test_the_best_weights_are_what_is_left(tmp_path: Path) -> None:
    method = quick_thought()
    outcome = loop(tmp_path / "run", method, scores=[0.1, 0.5, 0.3, 0.5], steps=8, validate_every=2)
    assert (outcome.ended, outcome.steps, outcome.best_step, outcome.best) == ("finished", 8, 4, 0.5)
    shorter = quick_thought()
    loop(tmp_path / "four", shorter, steps=8, scores=[0.1, 0.5, 0.6, 0.7], validate_every=2)
    assert not same(weights(method), weights(shorter))
    best = RunFolder(tmp_path / "run").load_best()
    assert best is not None
    assert same(weights(method), best)


def test_ten_validations_share_the_time_that_there_is(tmp_path: Path) -> None:
    loop(tmp_path, quick_thought(), scores=[0.1] * 30, steps=10**7, minutes=0.05)
    seen = [line["step"] for line in RunFolder(tmp_path).history() if "valid_loss" in line]
    assert 8 <= len(seen) <= 11
    widths = [after - before for before, after in zip([0, *seen], seen, strict=False)]
    assert max(widths) < 5 * max(1, min(widths))


@pytest.mark.parametrize(
    "length", [{"steps": 8, "validate_every": 2}, {"steps": 10**7, "minutes": 0.02}], ids=str
)
def test_alarms_wait_for_a_quarter_of_the_run(
    tmp_path: Path,
    length: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of its steps, or of the minutes that it has."""
    shares: list[float] = []

    def measure(
        self: Scripted, method: Method, autocast: Any, clipped: float = 0.0
    ) -> tuple[dict[str, float], list[Alarm]]:
        shares.append(len(shares))
        return {"neighbour_mrr": 0.1, "loss": 0.1}, [
            Alarm(f"alarm {len(shares)}", f"alarm {len(shares)}: all is lost")
        ]

    monkeypatch.setattr(Scripted, "measure", measure)
    loop(tmp_path, quick_thought(), scores=[0.1], **length)
    said = capsys.readouterr().err
    assert "warning: alarm 1:" not in said or length["steps"] == 8
    assert f"warning: alarm {len(shares)}: all is lost" in said


def test_without_validation_the_last_weights_are_left(tmp_path: Path) -> None:
    first, second = quick_thought(), quick_thought()
    loop(tmp_path / "a", first, steps=8)
    loop(tmp_path / "b", second, steps=8, scores=[0.1, 0.2], validate_every=4)
    assert same(weights(first), weights(second))


def test_the_best_checkpoint_may_be_the_likeliest_or_the_last(tmp_path: Path) -> None:
    scores, losses = [0.5, 0.4, 0.3, 0.2], [3.0, 1.0, 2.0, 1.0]

    def best_step(choose_by: Any) -> int:
        options = {"steps": 8, "validate_every": 2, "choose_by": choose_by}
        return loop(tmp_path / str(choose_by), quick_thought(), scores, losses=losses, **options).best_step

    assert [best_step(choice) for choice in (None, "neighbour-mrr", "loss", "last")] == [2, 2, 4, 8]


def test_without_neighbours_the_last_is_the_best() -> None:
    assert [score({"loss": 1.0}, config(), step) for step in (3, 7)] == [3, 7]


def test_patience_runs_out(tmp_path: Path) -> None:
    scores = [0.1, 0.4, 0.3, 0.4, 0.39, 0.9]
    outcome = loop(tmp_path, quick_thought(), scores=scores, steps=30, validate_every=2, patience=3)
    assert (outcome.ended, outcome.steps, outcome.best_step) == ("patience", 10, 4)


def test_patience_counts_validations_where_they_come_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step takes a fortieth of the minutes."""
    keep_time(monkeypatch, seconds_per_step=1.5)
    outcome = loop(
        tmp_path, quick_thought(), scores=[0.9, 0.8, 0.7, 0.6], steps=10**7, minutes=1.0, patience=2
    )
    assert (outcome.ended, outcome.best_step, outcome.steps) == ("patience", 4, 12)


def test_a_tenth_of_the_minutes_that_passes_during_a_validation_is_not_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second validation, in the third tenth, takes 7 of 60 seconds, over the end of the third."""
    clock, measure = keep_time(monkeypatch, seconds_per_step=1.5), Scripted.measure

    def slow(self: Scripted, *arguments: Any) -> tuple[dict[str, float], list[Alarm]]:
        clock[0] += 7 * (10 < clock[0] < 15)
        return measure(self, *arguments)

    monkeypatch.setattr(Scripted, "measure", slow)
    loop(tmp_path, quick_thought(), scores=[0.1] * 11, steps=10**7, minutes=1.0)
    seen = [line["step"] for line in RunFolder(tmp_path).history() if "valid_loss" in line]
    assert seen[:4] == [4, 8, 9, 12]


def keep_time(monkeypatch: pytest.MonkeyPatch, seconds_per_step: float) -> list[float]:
    """A clock that each step moves; returns the seconds that have passed."""
    clock, step = [0.0], trainer.Trainer._step

    def timed(self: trainer.Trainer, *arguments: Any) -> None:
        step(self, *arguments)
        clock[0] += seconds_per_step

    monkeypatch.setattr(trainer.Trainer, "_step", timed)
    monkeypatch.setattr(trainer.time, "monotonic", lambda: clock[0])
    return clock


def test_a_run_goes_on_from_a_checkpoint_without_the_counts_of_validations(tmp_path: Path) -> None:
    """Of an earlier version; it validates where an undisturbed run does."""
    loop(tmp_path, quick_thought(), steps=8, scores=[0.1], validate_every=4, checkpoint_every=3, stop_at=6)
    run = RunFolder(tmp_path)
    loaded = run.load_checkpoint(pytest.fail)
    assert loaded is not None
    tensors, state = loaded
    for name in ("interval", "progress", "validations_without_gain"):
        del state[name]
    run.save_checkpoint(6, tensors, state)
    loop(tmp_path, quick_thought(), steps=8, scores=[0.2], validate_every=4, checkpoint_every=3)
    assert [line["step"] for line in run.history() if "valid_loss" in line] == [4, 8]


def test_patience_counts_anew_after_each_best(tmp_path: Path) -> None:
    scores = [0.1, 0.0, 0.2, 0.1, 0.3]
    outcome = loop(tmp_path, quick_thought(), scores=scores, steps=10, validate_every=2, patience=2)
    assert (outcome.ended, outcome.steps, outcome.best_step) == ("finished", 10, 10)


def test_validation_changes_nothing_in_training(tmp_path: Path) -> None:
    """Neither the random state nor the mode: word dropout is drawn the same with and without it."""
    first, second = (quick_thought(word_dropout=0.3) for _ in range(2))
    chosen = config(steps=6, validate_every=1)
    for name, method, validation in (
        ("a", first, None),
        ("b", second, Validation(toy.batches(seed=1, count=60), 0, 1)),
    ):
        run = RunFolder(tmp_path / name)
        run.open({})
        accelerator = accelerator_for(chosen, 1, run.logs, False)
        torch.manual_seed(3)
        trainer.train(method, toy.batches(), validation, chosen, 5e-3, run, accelerator)
    losses = [
        [line["loss"] for line in RunFolder(tmp_path / name).history() if "loss" in line]
        for name in ("a", "b")
    ]
    assert losses[0] == losses[1]
    assert method.training


def test_a_run_that_has_ended_is_not_trained_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    method = quick_thought()
    loop(tmp_path, method, steps=4)
    before, again = weights(method), quick_thought()
    outcome = loop(tmp_path, again, steps=4)
    assert (outcome.steps, outcome.ended) == (4, "finished")
    assert same(before, weights(again))
    assert "ended already" in capsys.readouterr().err
    assert [line["step"] for line in RunFolder(tmp_path).history()] == [1, 2, 3, 4]


# --- Gradients
# --------------------------------------------------------------------------------------------------


def test_accumulation_is_the_mean_gradient_over_blocks(tmp_path: Path) -> None:
    """AdamW's first moment after one step is a tenth of the gradient."""
    method, naive = quick_thought(), quick_thought()
    loop(tmp_path, method, steps=1, accumulate=3, clip=0.0)
    losses = torch.stack([naive(toy.batches().batch(0, number), "train").loss for number in range(3)])
    losses.mean().backward()
    loaded = RunFolder(tmp_path).load_checkpoint(pytest.fail)
    assert loaded is not None
    for number, (name, parameter) in enumerate(naive.named_parameters()):
        moment = loaded[0][f"optimizer.train.{number}.exp_avg"]
        assert torch.allclose(moment * 10, parameter.grad.to_dense(), atol=1e-6), name
    assert RunFolder(tmp_path).history()[0]["loss"] == pytest.approx(losses.mean().item(), rel=1e-5)


def test_the_gradient_is_clipped_to_its_norm(tmp_path: Path) -> None:
    loop(tmp_path, quick_thought(), steps=1, clip=0.01)
    loaded = RunFolder(tmp_path).load_checkpoint(pytest.fail)
    assert loaded is not None
    moments = [tensor for name, tensor in loaded[0].items() if name.endswith("exp_avg")]
    norm = torch.stack([moment.norm() for moment in moments]).norm().item() * 10
    assert norm == pytest.approx(0.01, rel=1e-3)
    assert RunFolder(tmp_path).history()[0]["gradient_norm"] > 0.02


@pytest.mark.parametrize("kind", ["bag", "gru", "lstm", "conv", "transformer"])
def test_bf16_trains_on_the_cpu_and_keeps_weights_in_fp32(kind: str, tmp_path: Path) -> None:
    method, exact = quick_thought(kind), quick_thought(kind)
    loop(tmp_path / "bf16", method, bf16=True, steps=4)
    loop(tmp_path / "fp32", exact, steps=4)
    assert all(weight.dtype == torch.float32 for weight in method.parameters())
    losses = [[line["loss"] for line in RunFolder(tmp_path / name).history()] for name in ("bf16", "fp32")]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)
    assert (losses[0] == losses[1]) == (kind == "bag")  # a bag multiplies no matrices


class TwoParts(Method):
    """Two scalars: one is trained twice a batch at half the rate, the other once."""

    phases: ClassVar[tuple[str, ...]] = ("first", "first", "second")

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
        self.asked: list[str] = []

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        self.asked.append(phase)
        return Step((self.a if phase == "first" else self.b).sum(), {})

    def parameter_groups(self, phase: str) -> list[Group]:
        return [Group([self.a], 0.5) if phase == "first" else Group([self.b])]

    def embed(self, batch: SentenceBatch) -> torch.Tensor:
        return torch.zeros(len(batch), 1)

    def encoder(self) -> Any:
        raise AssertionError


def test_phases_come_in_order_and_as_often_as_listed(tmp_path: Path) -> None:
    method = TwoParts()
    loop(tmp_path, method, steps=2, schedule="constant", warmup=0.0, lr=0.1)
    assert method.asked == ["first", "first", "second"] * 2
    assert method.a.item() == pytest.approx(
        -4 * 0.05, rel=1e-4
    )  # Adam under a constant gradient steps by the rate
    assert method.b.item() == pytest.approx(-2 * 0.1, rel=1e-4)
    assert {"first_loss", "second_loss"} <= set(RunFolder(tmp_path).history()[0])


class AcrossParts(TwoParts):
    """The loss of the first phase has a gradient in the parameter of the second, as a generator's has in the
    critic's."""

    phases: ClassVar[tuple[str, ...]] = ("first", "second")

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        return Step((self.a - 5 * self.b if phase == "first" else self.b).sum(), {})


def test_a_phase_leaves_no_gradient_in_the_parameters_of_others(tmp_path: Path) -> None:
    """If it did, the second phase would follow -5 + 1 instead of 1, and `b` would rise."""
    method = AcrossParts()
    loop(tmp_path, method, steps=3, schedule="constant", warmup=0.0, lr=0.1)
    assert method.b.item() == pytest.approx(-3 * 0.1, rel=1e-4)
    assert method.a.grad is None
    assert method.b.grad is None


# --- Trouble
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sick", ["loss", "gradient"])
def test_a_loss_that_is_no_number_ends_the_run_before_it_spoils_a_checkpoint(
    sick: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = quick_thought()
    healthy, calls = type(method).forward, []

    def forward(self: Any, batch: SentenceBatch, phase: str) -> Step:
        calls.append(phase)
        step = healthy(self, batch, phase)
        if len(calls) < 8:
            return step
        if sick == "loss":
            return Step(step.loss * torch.nan, step.metrics)
        poison = (self.f[0].token_weight.abs() * 0).sqrt().sum()  # zero, with an infinite slope
        return Step(step.loss + poison, step.metrics)

    monkeypatch.setattr(type(method), "forward", forward)
    with refuses(setting="lr"):
        loop(tmp_path, method, steps=20, checkpoint_every=3, log_every=10)
    loaded = RunFolder(tmp_path).load_checkpoint(pytest.fail)
    assert loaded is not None
    assert loaded[1]["step"] == 6
    assert all(torch.isfinite(tensor.float()).all() for tensor in loaded[0].values())


def interrupted(out: Path, result: Path, at: int, number: int) -> None:
    """The toy run, with a signal to itself while batch `at` is fetched."""
    fetch, fetched = toy.SentenceBatches.batch, []

    def fatal(self: Any, *place: int) -> SentenceBatch:
        fetched.append(place)
        if len(fetched) == at:
            os.kill(os.getpid(), number)
        return fetch(self, *place)

    if at:
        toy.SentenceBatches.batch = fatal  # type: ignore[method-assign]
    toy_run.write_digest(result, out, "quick-thought", 1, steps=24, checkpoint_every=None)


def test_a_validation_that_is_due_at_ctrl_c_is_made_up(tmp_path: Path) -> None:
    """History, best step and weights are those of an undisturbed run, which ends by its patience."""
    options: dict[str, Any] = {"steps": 12, "validate_every": 2, "patience": 2, "checkpoint_every": 1}
    whole, resumed = quick_thought(), quick_thought()
    wanted = loop(tmp_path / "whole", whole, [0.1, 0.9, 0.3, 0.2], **options)
    for scores, stop_at in (([0.1], 4), ([0.9, 0.3], 4), ([0.2], 0)):
        outcome = loop(tmp_path / "run", resumed, scores, stop_at=stop_at, **options)
    assert (wanted.ended, wanted.steps, wanted.best_step) == ("patience", 8, 4)
    assert (outcome.ended, outcome.steps, outcome.best_step) == ("patience", 8, 4)
    assert same(weights(whole), weights(resumed))
    histories = [
        [{key: line[key] for key in line if key != "sentences_per_second"} for line in run.history()]
        for run in (RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "run"))
    ]
    assert histories[0] == histories[1]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_and_the_run_goes_on_to_the_same_weights(tmp_path: Path, number: int) -> None:
    undisturbed = toy_run.start(interrupted, tmp_path / "whole", tmp_path / "whole.json", 0, 0)
    stopped = toy_run.start(interrupted, tmp_path / "run", tmp_path / "stopped.json", 6, number)
    toy_run.finish([undisturbed, stopped])
    told = json.loads((tmp_path / "stopped.json").read_text())
    assert told["ended"] == "interrupted"
    assert 0 < told["steps"] < 24
    loaded = RunFolder(tmp_path / "run").load_checkpoint(pytest.fail)
    assert loaded is not None
    assert loaded[1]["step"] == told["steps"]
    toy_run.finish([toy_run.start(interrupted, tmp_path / "run", tmp_path / "resumed.json", 0, 0)])
    assert (tmp_path / "resumed.json").read_text() == (tmp_path / "whole.json").read_text()


@pytest.mark.slow
def test_a_damaged_newest_checkpoint_costs_some_steps_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, _ = toy_run.run(tmp_path / "whole", "quick-thought", steps=12)
    toy_run.run(tmp_path / "run", "quick-thought", steps=12)
    newest = tmp_path / "run" / "checkpoints" / "step-00000012"
    os.truncate(newest / "state.safetensors", 1000)
    capsys.readouterr()
    resumed, outcome = toy_run.run(tmp_path / "run", "quick-thought", steps=12)
    assert f"{newest} is damaged" in capsys.readouterr().err
    assert outcome.steps == 12
    assert toy_run.digest(resumed) == toy_run.digest(whole)
    assert [line["step"] for line in RunFolder(tmp_path / "run").history() if "loss" in line] == list(
        range(1, 13)
    )


def test_tensorboard_gets_the_curves(tmp_path: Path) -> None:
    loop(tmp_path, quick_thought(), steps=3, tracker="tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "logs"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [1, 2, 3]
    logged = [line["loss"] for line in RunFolder(tmp_path).history()]
    assert [event.value for event in events.Scalars("loss")] == pytest.approx(logged)


@pytest.mark.filterwarnings("ignore:`log_with")
@pytest.mark.parametrize("options", [{"tracker": "no-such"}, {"tracker": "clearml"}])
def test_a_tracker_that_is_not_there_is_named(tmp_path: Path, options: dict[str, Any]) -> None:
    with refuses(setting="tracker"):
        accelerator_for(config(**options), 1, tmp_path, False)


def test_a_precision_that_the_hardware_lacks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_bf16(**_: Any) -> None:
        raise ValueError("bf16 mixed precision requires a supported device")

    monkeypatch.setattr("sentrep.training.accelerator.Accelerator", without_bf16)
    with refuses(setting="precision"):
        accelerator_for(config(tracker="tensorboard"), 1, tmp_path, True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_no_gpu_is_said(tmp_path: Path) -> None:
    with refuses(setting="device"):
        accelerator_for(config(device="cuda"), 1, tmp_path, False)


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 0.0},
        {"steps": -1},
        {"batch_size": 1},
        {"segment_length": 1},
        {"validation": 1.0},
        {"warmup": 1.0},
        {"accumulate": 0},
        {"log_every": 0},
        {"lr": 0.0},
        {"minutes": 0.0},
        {"token_budget": 0},
        {"threads": 0},
        {"clip": -1.0},
        {"patience": -1},
    ],
)
def test_settings_that_cannot_be_trained_with_say_so_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        TrainingConfig(**options)
    assert error.value.setting in options


def test_encoders_of_the_loop_are_in_training_mode_and_evaluation_is_not(tmp_path: Path) -> None:
    method = quick_thought("gru")
    modes: list[bool] = []
    method.f.register_forward_hook(lambda module, *_: modes.append(module.training))
    validation = Validation(toy.batches(seed=1, count=60), 0, 1)
    chosen = config(steps=1)
    run = RunFolder(tmp_path)
    run.open({})
    trainer.train(
        method,
        toy.batches(),
        validation,
        chosen,
        1e-3,
        run,
        accelerator_for(chosen, 1, run.logs, False),
    )
    first_false = modes.index(False)
    assert all(modes[:first_false])
    assert first_false > 0
    assert not any(modes[first_false:])
    assert encode_tokens(method.f, torch.tensor([7, 8]), torch.tensor([0, 2])).shape == (1, 64)
