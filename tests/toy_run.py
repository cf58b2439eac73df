"""A small training run that can be killed, resumed and split over processes; `in_processes` runs it where
that is safe."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

SMALL = {
    "generator_token_width": 16,
    "generator_width": 24,
    "max_summary_tokens": 5,
    "max_article_tokens": 12,
    "shortlist": 300,
}
TREES = {"tree_width": 32, "parser_width": 16, "samples": 3, "validation_samples": 3, "tree_dropout": 0.0}
STRUCTURES = {"structure_token_width": 16, "structure_width": 24, "samples": 3, "labelled_batch_size": 16}
DECODER = {"samples": 0, "decoder_width": 48, "decoder_token_width": 32}
CODES = DECODER | {"input_dropout": 0.0, "code_width": 24, "prior_width": 8, "hidden_width": 32}
DISENTANGLE = DECODER | {
    "input_dropout": 0.0,
    "content_width": 24,
    "classifier_width": 32,
    "sources": 256,
    "adversary_weight": 0.01,
}
FLOW = {"blocks": 2, "coupling_width": 16}
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "quick-thought": [
        {},
        {"target": "rest", "word_dropout": 0.2},
        {"towers": "separate", "score": "dot", "negatives": "all"},
    ],
    "cpc": [
        {"context_width": 48},
        {
            "context_width": 48,
            "negatives": "same-document",
            "normalize": False,
            "temperature": 1.0,
            "horizons": 2,
        },
    ],
    "infomax": [
        {"feature_width": 16, "discriminator_token_width": 24},
        {
            "feature_width": 16,
            "discriminator_token_width": 24,
            "discriminator": "sentence",
            "windows": (3,),
            "features": "encoder",
        },
    ],
    "skip-thought": [
        {"samples": 0, "decoder_width": 48},
        {
            "samples": 20,
            "decoder_width": 48,
            "layer_norm": True,
            "condition": "first-state",
            "write": "neighbours-and-itself",
        },
    ],
    "flow": [FLOW, FLOW | {"coupling": "additive"}],
    "semantic-hashing": [{"bits": 16, "hidden_width": 32}, {"bits": 16, "train_encoder": True}],
    "autoencoder": [
        DECODER | {"delete": 0.3},
        DECODER | {"decoder": "memory", "mask": 0.1, "shuffle": 2, "samples": 20, "input_dropout": 0.0},
    ],
    "vae": [
        DECODER | {"latent_width": 16, "kl_warmup": 0.0, "kl_weight": 0.2},
        DECODER | {"latent_width": 16, "kl_weight": 0.1, "free_bits": 0.1, "decoder_dropout": 0.1},
    ],
    "vq-vae": [
        DECODER | {"code_levels": 3, "codebook_size": 16, "input_dropout": 0.0},
        DECODER | {"quantizer": "one-hot", "codebook_size": 24, "input_dropout": 0.0},
        DECODER | {"quantizer": "scalar", "code_levels": 6, "input_dropout": 0.0},
    ],
    "disentangle": [DISENTANGLE, DISENTANGLE | {"sources": 32, "adversary_steps": 1}],
    "latent-gan": [
        CODES | {"gan_loss": "gan-qp", "critic_steps": 2},
        CODES | {"gan_loss": "wgan-gp", "critic_steps": 1, "adversarial_start": 0.0},
    ],
    "o-gan": [CODES],
    "bigan": [CODES | {"critic_steps": 1}],
    "seq2seq2seq": [
        SMALL | {"pretrain_share": 0.5, "critic_steps": 1},
        SMALL
        | {
            "pretrain_share": 0.4,
            "gradient_estimator": "gumbel",
            "gan_loss": "wgan-gp",
            "synthetic_summary": "shuffled",
            "critic_steps": 2,
        },
    ],
    "compound-pcfg": [
        {"symbol_width": 48, "latent_width": 16, "kl_warmup": 0.0},
        {
            "symbol_width": 64,
            "latent_width": 32,
            "nonterminals": 8,
            "preterminals": 16,
            "rank": 12,
            "kl_warmup": 0.0,
        },
    ],
    "urnng": [
        TREES,
        TREES | {"supervision": "first", "supervised_share": 0.4, "vector_samples": 2, "stack_layers": 2},
    ],
    "struct-vae": [
        STRUCTURES | {"pretrain_share": 0.5},
        STRUCTURES | {"pretrain_share": 0.4, "baseline": "learned", "max_trees": 50},
    ],
}
"""For each method the settings that the contract is held against: its defaults first."""


def make(method: str, settings: dict[str, Any], kind: str = "bag", seed: int = 0) -> Any:
    import torch

    from sentrep.encoders.config import EncoderConfig
    from sentrep.encoders.factory import build
    from sentrep.methods.registry import METHODS
    from tests import toy

    if method == "seq2seq2seq":
        settings = {"summaries": toy.summaries()} | settings
    if settings.get("supervision") or method == "struct-vae":
        settings = {"trees": toy.treebank()} | settings
    config = EncoderConfig(kind, width=64, layers=1 if kind == "transformer" else None, token_width=32)
    torch.manual_seed(seed)
    return METHODS[method].load()(
        METHODS[method].config(**settings), lambda: build(config, toy.tokenizer(), toy.counts(), 32), 512
    )


def run(
    out: Path,
    method: str,
    number: int = 0,
    kind: str = "bag",
    steps: int = 24,
    settings: dict[str, Any] | None = None,
    die_at: int = 0,
    die_in: tuple[str, int] | None = None,
    **options: Any,
) -> Any:
    """Train on the toy corpus; be killed while batch `die_at` is fetched, or when a phase is trained for the
    n-th time (`die_in`). Returns (method, outcome)."""
    import torch

    from sentrep.training.accelerator import accelerator_for
    from sentrep.training.config import TrainingConfig
    from sentrep.training.run_folder import RunFolder
    from sentrep.training.trainer import train
    from sentrep.training.validation import Validation
    from tests import toy

    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest")  # whatever an earlier test of the process left
    config = TrainingConfig(
        **{"steps": steps, "checkpoint_every": 3, "tracker": "none", "device": "cpu", "log_every": 1}
        | options
    )
    built = make(method, SETTINGS[method][number] | (settings or {}), kind)
    batches, held_out = toy.batches(seed=config.seed), toy.batches(seed=1, count=60)
    if die_at:
        fetch, fetched = batches.batch, []

        def fatal(*place: int) -> Any:
            fetched.append(place)
            if len(fetched) == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return fetch(*place)

        batches.batch = fatal  # type: ignore[method-assign]
    if die_in is not None:
        forward, phases = built.forward, []

        def last(batch: Any, phase: str) -> Any:
            phases.append(phase if built.training else "")
            if phases.count(die_in[0]) == die_in[1]:
                os.kill(os.getpid(), signal.SIGKILL)
            return forward(batch, phase)

        built.forward = last
    folder = RunFolder(out)
    accelerator = accelerator_for(config, len(built.phases), folder.logs, bf16=False)
    if accelerator.is_main_process:
        folder.open({"method": method})
    accelerator.wait_for_everyone()
    validation = Validation(held_out, accelerator.process_index, accelerator.num_processes)
    outcome = train(built, batches, validation, config, 5e-3, folder, accelerator)
    accelerator.end_training()
    return built, outcome


def digest(method: Any) -> str:
    """Hash of all weights."""
    state = method.state_dict()
    return hashlib.sha256(b"".join(state[name].numpy().tobytes() for name in sorted(state))).hexdigest()


def write_digest(result: Path, *arguments: Any, **named: Any) -> None:
    method, outcome = run(*arguments, **named)
    result.write_text(json.dumps({"digest": digest(method), "ended": outcome.ended, "steps": outcome.steps}))


def distributed(rank: int, processes: int, port: int, out: Path, *arguments: Any, **named: Any) -> None:
    """One of several processes; the first writes the weights and the losses."""
    from safetensors.torch import save_file

    join(rank, processes, port)
    method, _ = run(out, *arguments, **named)
    if rank == 0:
        save_file(
            {name: value.clone() for name, value in method.state_dict().items()}, out / "final.safetensors"
        )


def with_own_clock(rank: int, processes: int, port: int, out: Path, *arguments: Any, **named: Any) -> None:
    """One of several processes, whose clocks run at different speeds; each writes the progress at each step
    and a hash of its weights."""
    from types import SimpleNamespace

    from sentrep.training import trainer

    join(rank, processes, port)
    begin, steps, seen = time.monotonic(), trainer.Trainer._step, []
    clock = SimpleNamespace(monotonic=lambda: begin + (1 + rank) * (time.monotonic() - begin))
    trainer.time = clock  # type: ignore[assignment]

    def step(self: trainer.Trainer, progress: float, report: Any) -> None:
        seen.append(progress)
        steps(self, progress, report)

    trainer.Trainer._step = step  # type: ignore[method-assign]
    method, _ = run(out, *arguments, **named)
    (out / f"clock-{rank}.json").write_text(json.dumps({"progress": seen, "digest": digest(method)}))


def join(rank: int, processes: int, port: int) -> None:
    """Makes this process one of several that train together."""
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(processes),
        "ACCELERATE_USE_CPU": "true",
    }
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes() -> Any:
    """Processes that start from a server which has everything imported: a fraction of a second each instead
    of ten."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preloaded"])
    return context


def start(target: Callable[..., None], *arguments: Any, **named: Any) -> BaseProcess:
    process = processes().Process(target=target, args=arguments, kwargs=named)
    process.start()
    return process


def finish(started: list[BaseProcess], status: int = 0, seconds: float = 120.0) -> None:
    """Wait for processes; where one fails, the others would wait for it for ever."""
    deadline = time.monotonic() + seconds
    while any(process.is_alive() for process in started) and time.monotonic() < deadline:
        if any(process.exitcode not in (None, status) for process in started):
            break
        time.sleep(0.02)
    codes = [process.exitcode for process in started]
    for process in started:
        process.kill()
        process.join()
    assert codes == [status] * len(started), f"exit codes {codes}"
