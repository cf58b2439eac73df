"""Training speed of quick-thought compared with the trainer of sentence-transformers: same model, text and
threads, in turns within one run.

* A transformer: our trainer, whose batches encode every sentence once, against `SentenceTransformerTrainer`
  with `MultipleNegativesRankingLoss` on pairs of a sentence and the following one. Both in bf16, each at the
  best of several batch sizes; theirs in fp32 as well. A sentence of our batch counts as one trained
  sentence. A pair counts as one, too: its anchor learns from its neighbour and the batch, although two
  sentences are encoded.
* A bag: our trainer with its defaults, forward, backward and step.

python scripts/bench_training.py --corpus BENCHMARKS/corpus-novels --out eval/bench_training.json
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sentrep import api  # before torch, because it sets how torch's threads wait
from sentrep.utils.cpu import cores

SECONDS = 6.0
"""Approximate duration of a measurement."""
MAX_TOKENS = 128

Measure = Callable[[], float]
"""Trains for a short time; returns sentences per second."""
Result = TypeVar("Result")


def main() -> None:
    arguments = options()
    bench = Bench(arguments)
    report: dict[str, Any] = {
        "corpus": [Path(name).name for name in arguments.corpus],
        "threads": arguments.threads,
        "load_before": round(os.getloadavg()[0], 2),
        "versions": bench.versions(),
        "counts_as_one": "a sentence of a batch; a pair (anchor and the sentence after it)",
    }
    if "transformer" in arguments.parts:
        report["transformer"] = transformer(bench, arguments.rounds)
    if "bag" in arguments.parts:  # last, because it changes how fp32 products are computed
        report["bag"] = bag(bench, arguments.rounds)
    report["load_after"] = round(os.getloadavg()[0], 2)
    print(table(report))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", nargs="+", required=True, help="files and folders")
    parser.add_argument("--cache", type=Path, help="folder of prepared corpora; default: that of sentrep")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--parts", nargs="+", choices=["transformer", "bag"], default=["transformer", "bag"])
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


def transformer(bench: Bench, rounds: int) -> dict[str, Any]:
    """Find the best batch size of each side, then measure in turns."""
    ours = {
        f"batch 512, {budget} tokens at once": bench.ours("transformer", 384, budget, 2)
        for budget in (1024, 2048, 4096)
    }
    bf16 = {f"batch {batch}": bench.theirs(batch, True) for batch in (16, 32, 64, 128)}
    fp32 = {f"batch {batch}": bench.theirs(batch, False) for batch in (8, 32, 64)}
    contenders, sweeps = {}, {}
    for side, variants in {"sentrep bf16": ours, "ST bf16": bf16, "ST fp32": fp32}.items():
        swept = turns(variants, 2)
        best = max(swept, key=lambda name: max(swept[name]))
        sweeps[side] = {name: round(max(rates), 1) for name, rates in swept.items()}
        contenders[f"{side}, {best}"] = variants[best]
    rates = turns(contenders, rounds)
    first, *others = rates
    return {
        "sweeps": sweeps,
        "sentences_per_second": {
            name: [round(rate, 1) for rate in measured] for name, measured in rates.items()
        },
        "median": {name: round(statistics.median(measured), 1) for name, measured in rates.items()},
        "ratio": {  # of consecutive measurements, because the speed of the machine varies
            f"{first} / {other}": round(
                statistics.median(a / b for a, b in zip(rates[first], rates[other], strict=True)), 2
            )
            for other in others
        },
    }


def bag(bench: Bench, rounds: int) -> dict[str, Any]:
    from sentrep.training.cpu import settle_cpu

    settle_cpu(bench.threads, alone=True)
    contenders = {
        f"batch 1024, --target {target}": bench.ours("bag", 512, 4096, 60, target)
        for target in ("each", "rest")
    }
    rates = turns(contenders, rounds)
    return {
        "sentences_per_second": {
            name: [round(rate) for rate in measured] for name, measured in rates.items()
        },
        "median": {name: round(statistics.median(measured)) for name, measured in rates.items()},
    }


def rate(step: Callable[[], int], seconds: float) -> float:
    """Sum of what the steps return in about `seconds`, per second. The first step is a warm-up."""
    step()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        done += step()
    return done / (time.perf_counter() - began)


def turns(contenders: Mapping[str, Measure], rounds: int, unit: str = "sentences") -> dict[str, list[float]]:
    """Measure each side once per round."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measure in contenders.items():
            rates[name].append(measure())
            print(f"  {name}: {rates[name][-1]:,.0f} {unit}/s", flush=True)
    return rates


def in_processes(work: Callable[..., Result], *arguments: Any, times: int = 1) -> list[Result]:
    """Results of that many new processes that run this at the same time."""
    with ProcessPoolExecutor(times, mp_context=multiprocessing.get_context("spawn")) as processes:
        return [done.result() for done in [processes.submit(work, *arguments) for _ in range(times)]]


class Bench:
    """The corpus, and ways to train on it for a short time."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        import torch

        from sentrep.data.config import TokenizerConfig
        from sentrep.data.store.store import prepare

        torch.set_num_threads(arguments.threads)
        corpus = api.corpus_config(arguments.corpus)
        self.store = prepare(
            corpus, TokenizerConfig("bpe", max_tokens=MAX_TOKENS), arguments.cache or api.cache_folder()
        )
        self.threads = arguments.threads
        self.models: dict[tuple[str, int], Any] = {}

    def versions(self) -> dict[str, str]:
        from sentrep.training.run_file import versions

        return versions()

    def model(self, kind: str, width: int) -> Any:
        """A copy of the model of that kind, the same for both sides."""
        from sentrep.encoders.config import EncoderConfig
        from sentrep.encoders.factory import build

        if (kind, width) not in self.models:
            config = EncoderConfig(kind, width=width)
            self.models[kind, width] = build(
                config, self.store.tokenizer.inner, self.store.token_counts(), MAX_TOKENS
            )
        return copy.deepcopy(self.models[kind, width])

    def ours(self, kind: str, width: int, token_budget: int, steps: int, target: Any = "each") -> Measure:
        """Our trainer with default settings."""
        from sentrep.data.batch import SentenceBatches
        from sentrep.methods.quick_thought.config import QuickThoughtConfig
        from sentrep.methods.quick_thought.method import QuickThought
        from sentrep.training.accelerator import accelerator_for
        from sentrep.training.config import TrainingConfig
        from sentrep.training.cpu import kept_memory
        from sentrep.training.defaults import BATCH_SIZE, LR
        from sentrep.training.run_folder import RunFolder
        from sentrep.training.trainer import train

        batch = BATCH_SIZE.get(kind, 512)
        batches = SentenceBatches(
            self.store.ids, self.store.offsets, self.store.spans("train", 0.02, 0), batch, 8, 0
        )
        config = TrainingConfig(
            steps=steps + 1, device="cpu", tracker="none", log_every=1, token_budget=token_budget
        )

        def measure() -> float:
            with tempfile.TemporaryDirectory() as folder, kept_memory():
                run = RunFolder(Path(folder))
                run.open({})
                method = QuickThought(
                    QuickThoughtConfig(target=target), lambda: self.model(kind, width), token_budget
                )
                train(
                    method,
                    batches,
                    None,
                    config,
                    LR[kind],
                    run,
                    accelerator_for(config, 1, run.logs, bf16=kind != "bag"),
                )
                rates = [line["sentences_per_second"] for line in run.history()][
                    1:
                ]  # the first step is a warm-up
            return len(rates) / sum(1 / rate for rate in rates)

        return measure

    def theirs(self, batch: int, bf16: bool) -> Measure:
        """The trainer of sentence-transformers with its defaults, except for the batch size."""
        from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
        from transformers import PrinterCallback

        steps = max(2, round(SECONDS * (50 if bf16 else 20) / batch))

        def measure() -> float:
            with tempfile.TemporaryDirectory() as folder:
                arguments = SentenceTransformerTrainingArguments(
                    folder, per_device_train_batch_size=batch, max_steps=steps + 1, bf16=bf16, use_cpu=True,
                    report_to="none", save_strategy="no", logging_strategy="no", disable_tqdm=True,
                )  # fmt: skip
                model, clock = self.model("transformer", 384), Clock()
                trainer = SentenceTransformerTrainer(
                    model,
                    arguments,
                    self.pairs(batch * (steps + 1)),
                    loss=MultipleNegativesRankingLoss(model),
                    callbacks=[clock.callback()],
                )
                trainer.remove_callback(PrinterCallback)
                trainer.train()
            return batch * steps / (clock.ends[-1] - clock.ends[0])

        return measure

    def pairs(self, count: int) -> Any:
        """Pairs of a sentence and the following one, from the whole corpus."""
        import numpy as np
        from datasets import Dataset

        first = np.concatenate(
            [np.arange(start, stop - 1) for start, stop, _ in self.store.spans("train", 0.02, 0)]
        )
        chosen = np.random.default_rng(0).choice(first, count, replace=False)
        return Dataset.from_dict(
            {
                "anchor": [self.store.sentence(i) for i in chosen],
                "positive": [self.store.sentence(i + 1) for i in chosen],
            }
        )


class Clock:
    """Records the time at the end of each step of a Trainer."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def callback(self) -> Any:
        from transformers import TrainerCallback

        ends = self.ends

        class Ends(TrainerCallback):
            def on_step_end(self, *_: Any, **__: Any) -> None:
                ends.append(time.perf_counter())

        return Ends()


def table(report: dict[str, Any]) -> str:
    lines = [
        f"{report['threads']} threads; load {report['load_before']} before, {report['load_after']} after",
        "",
    ]
    lines += ["| what | sentences/s | sentrep is faster by |", "|---|---:|---:|"]
    for part in ("transformer", "bag"):
        for name, median in report.get(part, {}).get("median", {}).items():
            ratio = next(
                (
                    f"{value:.1f}x"
                    for key, value in report[part].get("ratio", {}).items()
                    if key.endswith(f"/ {name}")
                ),
                "",
            )
            lines.append(f"| {part}: {name} | {median:,.0f} | {ratio} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
