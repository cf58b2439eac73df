"""Check that every method trains with every kind of encoder on the GPU of this machine, in bf16, on
generated text.

For each of them, in separate processes:

* the loss on held-out text falls in training (where `Entry.comparable_losses` says so, as below);
* a run that is killed with SIGKILL and started again ends in the same checkpoint, bit by bit, as an
  uninterrupted run;
* the first losses equal those of the CPU in fp32, up to TOLERANCE or DRAWN;
* sentences per second and peak memory are measured.

Prints a Markdown table; the exit status is 1 if a check failed. With ``--device cpu`` small runs on the CPU.

python scripts/gpu_check.py --out eval/gpu_check.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sentrep.encoders.config import EncoderConfig
from sentrep.methods.registry import CORPUS_ONLY, METHODS
from sentrep.training.config import TrainingConfig
from sentrep.utils.cpu import cores

TOLERANCE = 0.02
"""Largest relative difference of a logged loss (a mean over `every` steps) from the CPU's in fp32. bf16 keeps
8 bits, so one step differs by some 0.4 %; as the runs go on they drift apart, hence a comparison of the first
steps only."""
DRAWN = 0.1
"""The same for methods whose loss depends on samples: with other rounding they soon sample something else."""
SECONDS = 600.0
"""Seconds after which a process is ended and counts as failed."""


@dataclass(frozen=True)
class Size:
    """Amount of training."""

    training: TrainingConfig
    compared: int
    """Steps that are repeated on the CPU in fp32; a multiple of --log-every."""
    encoder: EncoderConfig
    """Width of all encoders."""
    documents: int
    words: int


# No setting depends on the length of the run, so the first losses of a short and a long run are equal.
TRAINING = TrainingConfig(
    precision="bf16", schedule="constant", warmup=0.0, validation=0.1, keep_out=0.0, tracker="none"
)
SIZES = {
    "cuda": Size(
        replace(
            TRAINING, steps=60, log_every=5, validate_every=20, checkpoint_every=20, batch_size=512,
            token_budget=16_384,
        ),
        compared=15, encoder=EncoderConfig(), documents=4000, words=20_000,
    ),
    "cpu": Size(
        replace(
            TRAINING, steps=12, log_every=2, validate_every=4, checkpoint_every=4, batch_size=64,
            token_budget=512,
        ),
        compared=6, encoder=EncoderConfig(width=32, layers=1, token_width=16), documents=150, words=400,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One method with one encoder, on one device."""

    method: str
    encoder: str
    device: Literal["cpu", "cuda"]
    size: Size
    corpus: str
    cache: str
    deterministic: bool


@dataclass
class Row:
    """Results of a case."""

    method: str
    encoder: str
    sentences_per_second: float = math.nan
    peak_megabytes: float = math.nan
    first_loss: float = math.nan
    """Loss on held-out text after the first steps."""
    last_loss: float = math.nan
    difference: float = math.nan
    """Largest relative difference between the losses and those of the CPU in fp32."""
    tolerance: float = math.nan
    """Largest difference that is allowed."""
    resumed: str = ""
    """'same': bit-identical. 'other': different. 'unrepeatable': different, but two uninterrupted runs
    differ as well."""
    failures: list[str] = field(default_factory=list)


def main() -> int:
    arguments = options()
    import torch

    from sentrep.training.run_file import versions

    # A killed process does not release its locks; Python would warn about this at exit.
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    device: Literal["cpu", "cuda"] = (
        "cuda"
        if arguments.device == "cuda" or (arguments.device == "auto" and torch.cuda.is_available())
        else "cpu"
    )
    if device == "cuda" and not torch.cuda.is_available():
        print("gpu_check: torch finds no GPU; --device cpu runs the checks on the CPU", file=sys.stderr)
        return 2
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        corpus = arguments.corpus or str(write_corpus(Path(scratch) / "corpus.jsonl", SIZES[device]))
        for method in arguments.methods or CORPUS_ONLY:
            for encoder in arguments.encoders:
                case = Case(
                    method,
                    encoder,
                    device,
                    SIZES[device],
                    corpus,
                    f"{scratch}/cache",
                    arguments.deterministic,
                )
                rows.append(check(case, Path(scratch) / f"{method}-{encoder}"))
                print(
                    f"{method} {encoder}: {'; '.join(rows[-1].failures) or 'ok'}", file=sys.stderr, flush=True
                )
    report: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if device == "cuda" else f"cpu, {cores()} cores",
        "deterministic": arguments.deterministic,
        "corpus": Path(arguments.corpus).name if arguments.corpus else "generated",
        "size": asdict(SIZES[device]),
        "versions": versions(),
        "rows": [
            {name: None if value != value else value for name, value in asdict(row).items()} for row in rows
        ],  # no NaN in JSON
    }
    print(table(report["device"], rows))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(report, indent=1, default=str) + "\n", encoding="utf-8")
    return int(any(row.failures for row in rows))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--methods", nargs="+", help="names of methods; default: all")
    parser.add_argument("--encoders", nargs="+", default=["bag", "gru", "lstm", "conv", "transformer"])
    parser.add_argument("--corpus", help="text to train on; default: generated text")
    parser.add_argument("--deterministic", action="store_true", help="allow torch deterministic kernels only")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


def check(case: Case, place: Path) -> Row:
    """All checks of a case, up to the first process that fails."""
    row = Row(case.method, case.encoder)
    try:
        whole = run(case, place / "whole")
        row.sentences_per_second, row.peak_megabytes = whole["sentences_per_second"], whole["peak_megabytes"]
        row.first_loss, row.last_loss = whole["held_out"][0], whole["held_out"][-1]
        if METHODS[case.method].comparable_losses and not row.last_loss < row.first_loss:
            row.failures.append("the held-out loss does not fall")
        run(case, place / "run", die_at=(case.size.training.steps or 0) // 2 + 1)
        if run(case, place / "run")["digest"] == whole["digest"]:
            row.resumed = "same"
        else:
            row.resumed = (
                "other" if run(case, place / "again")["digest"] == whole["digest"] else "unrepeatable"
            )
            row.failures.append(
                {"other": "resumed, it ends elsewhere", "unrepeatable": "two equal runs differ"}[row.resumed]
            )
        if not np.isfinite(whole["losses"]).all():
            row.failures.append("a loss is not finite")
        if not METHODS[case.method].comparable_losses:
            return row
        fp32 = np.array(run(case, place / "reference", reference=True)["losses"])
        row.difference = float(np.abs(np.array(whole["losses"])[: len(fp32)] / fp32 - 1).max())
        row.tolerance = DRAWN if METHODS[case.method].stochastic else TOLERANCE
        if not row.difference <= row.tolerance:
            row.failures.append(f"losses are {row.difference:.1%} from those of the CPU in fp32")
    except RuntimeError as error:
        row.failures.append(str(error))
    return row


def run(case: Case, out: Path, die_at: int = 0, reference: bool = False) -> dict[str, Any]:
    """Train in a separate process. With `die_at` it is killed at that step and has no result.

    Raises:
        RuntimeError: it ended otherwise than it should have.
    """
    context = multiprocessing.get_context("forkserver")  # its children start with everything imported
    context.set_forkserver_preload(
        ["sentrep.training.job", *(entry.place.split(":")[0] for entry in METHODS.values())]
    )
    process = context.Process(target=train, args=(case, out, die_at, reference))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        raise RuntimeError(f"{out.name}: not done after {SECONDS:.0f} s")
    expected = -signal.SIGKILL if die_at else 0
    if process.exitcode != expected:
        print(log_of(out).read_text(encoding="utf-8", errors="replace"), file=sys.stderr)
        raise RuntimeError(f"{out.name}: exit status {process.exitcode} instead of {expected}")
    result: dict[str, Any] = {} if die_at else json.loads((out / "result.json").read_text(encoding="utf-8"))
    return result


def train(case: Case, out: Path, die_at: int, reference: bool) -> None:
    """The body of a process: `sentrep.train`, then result.json."""
    with log_of(out).open("w") as log:
        os.dup2(log.fileno(), sys.stdout.fileno())
        os.dup2(log.fileno(), sys.stderr.fileno())
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # otherwise the order of sums in cuBLAS may vary
    import torch

    from sentrep import api
    from sentrep.data.config import TokenizerConfig
    from sentrep.training.run_folder import RunFolder

    torch.use_deterministic_algorithms(case.deterministic)
    if die_at:
        RunFolder.log = dying(RunFolder.log, die_at)  # type: ignore[method-assign]
    training = replace(case.size.training, device=case.device)
    if reference:
        training = replace(training, steps=case.size.compared, precision="fp32", device="cpu")
    encoder, tokenizer = (
        replace(case.size.encoder, encoder=case.encoder),
        TokenizerConfig("word", vocab=case.size.words),
    )
    trained = api.train(
        case.method,
        corpus=case.corpus,
        out=out,
        encoder=encoder,
        tokenizer=tokenizer,
        training=training,
        cache=case.cache,
    )
    history = trained.run.history()
    rates = [line["sentences_per_second"] for line in history if "sentences_per_second" in line]
    rates = rates[len(rates) // 2 :]
    resident = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    phases = METHODS[case.method].load().phases
    result = {
        "digest": digest(trained.run.checkpoints),
        "losses": losses(history, phases, ""),
        "held_out": losses(history, phases, "valid_"),
        "sentences_per_second": len(rates) / sum(1 / rate for rate in rates),
        "peak_megabytes": (torch.cuda.max_memory_allocated() if training.device == "cuda" else resident)
        / 1e6,
    }
    (out / "result.json").write_text(json.dumps(result), encoding="utf-8")


def losses(history: list[dict[str, float]], phases: tuple[str, ...], prefix: str) -> list[float]:
    """The logged losses in order, summed over the phases that were active."""
    names = [f"{prefix}loss"] if len(phases) == 1 else sorted({f"{prefix}{phase}_loss" for phase in phases})
    logged = [[line[name] for name in names if name in line] for line in history]
    return [sum(values) for values in logged if values]


def log_of(out: Path) -> Path:
    """Log file of a process."""
    out.parent.mkdir(parents=True, exist_ok=True)
    return out.with_suffix(".log")


def dying(log: Callable[..., None], step: int) -> Callable[..., None]:
    """A log function that kills the process at `step`."""

    def fatal(folder: Any, at: int, values: Any) -> None:
        log(folder, at, values)
        if at >= step:
            os.kill(os.getpid(), signal.SIGKILL)

    return fatal


def digest(checkpoints: Path) -> str:
    """Hash of the last checkpoint: weights, optimiser state, and random state."""
    return hashlib.sha256((max(checkpoints.glob("step-*")) / "state.safetensors").read_bytes()).hexdigest()


def write_corpus(path: Path, size: Size) -> Path:
    """Documents of some sentences; half of the words belong to the topic of the document, so that every
    method can learn something."""
    random = np.random.default_rng(0)
    topics, common = 40, size.words // 4
    own = (size.words - common) // topics
    with path.open("w", encoding="utf-8") as file:
        for number in range(size.documents):
            first = common + own * random.integers(topics)
            sentences = []
            for length in random.integers(3, 30, random.integers(3, 20)):
                on_topic = random.random(length) < 0.5
                words = np.where(
                    on_topic, first + random.integers(0, own, length), random.integers(0, common, length)
                )
                sentences.append(" ".join(f"w{word}" for word in words) + ".")
            file.write(json.dumps({"id": str(number), "text": sentences}) + "\n")
    return path


def table(device: str, rows: list[Row]) -> str:
    lines = [
        f"{device}, bf16; largest difference of the first losses from fp32 on the CPU: {TOLERANCE:.0%}",
        "",
        "| method | encoder | sentences/s | peak MB | loss | from the CPU's | killed and resumed | checks |",
        "|---|---|---:|---:|---|---:|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.method} | {row.encoder} | {row.sentences_per_second:,.0f} | {row.peak_megabytes:,.0f} "
            f"| {row.first_loss:.3f} -> {row.last_loss:.3f} | {row.difference:.3%} | {row.resumed} "
            f"| {'; '.join(row.failures) or 'passed'} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
