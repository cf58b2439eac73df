"""How to train. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sentrep.utils.checks import (
    MOST_THREADS,
    check_above,
    check_at_least,
    check_between,
    check_seed,
    check_share,
)


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of training: its length, the optimiser, validation and checkpoints.

    Example:
        >>> TrainingConfig(epochs=2, lr=1e-3).epochs
        2
    """

    epochs: float = 3.0
    """Passes over the corpus."""
    steps: int | None = None
    """Training steps, instead of `epochs`. 0 exports the untrained encoder, the baseline of every
    comparison."""
    most_steps: int | None = None
    """Upper limit of the number of steps that follows from `epochs`. Unset: no limit."""
    minutes: float | None = None
    """Limit of wall-clock time; the learning-rate schedule is shortened to fit. Such a run is not
    reproducible bit by bit, because its length depends on the machine."""
    batch_size: int | None = None
    """Sentences in a batch. Unset: the method's default; if it has none, 1024 for 'bag' and 512 for other
    encoders."""
    segment_length: int = 8
    """Consecutive sentences of one document that stay together in a batch; a batch has many such segments.
    If it equals `batch_size`, a batch is one contiguous text."""
    lr: float | None = None
    """Peak learning rate. Unset: 2e-3 for 'bag', 1e-3 for 'gru', 'lstm' and 'conv', 5e-4 for 'transformer',
    2e-5 for an existing model."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the learning rate falls after warm-up: linearly or as half a cosine to zero, or not at all."""
    warmup: float = 0.05
    """Share of the steps in which the learning rate rises from zero."""
    weight_decay: float = 0.0
    """Decoupled weight decay (AdamW)."""
    clip: float = 5.0
    """Largest gradient norm of a phase; 0 does not clip."""
    accumulate: int = 1
    """Batches whose gradients are averaged for one step. This does not add negatives: sentences are
    compared within one batch only, so more negatives need a larger `batch_size`."""
    start: Path | None = None
    """Folder of a finished run of the same method to continue from: its encoder, its vocabulary and all
    other weights of the method. Batches, optimiser and schedule start again; if `lr` is unset, the
    learning rate is that of the earlier run."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """'auto' is bf16 if the hardware supports it (GPUs; CPUs with AVX-512 BF16 or AMX) and the method or its
    encoder has matrix products, else fp32."""
    token_budget: int = 4096
    """Padded tokens in a micro-batch of an encoder that pads."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; 'auto' takes a GPU if there is one."""
    threads: int | None = None
    """CPU threads. Unset: one for each core that the process may use."""
    seed: int = 0
    """Seed of weights, order of text, and dropout."""
    validation: float = 0.02
    """Share of the documents that is held out to choose the best checkpoint; 0 trains on all documents and
    keeps the last checkpoint."""
    keep_out: float = 0.05
    """Share of the text, in whole documents, that no part of training reads, not even the vocabulary, so that
    the run can be measured with it. Documents are drawn by a hash of their text. 0 keeps nothing out."""
    choose_by: Literal["neighbour-mrr", "loss", "last"] | None = None
    """Which checkpoint is kept: the one with the best retrieval of the next sentence, the one with the
    lowest validation loss, or the last. Unset: the method's default, mostly neighbour-mrr; the last if
    no document has a second sentence."""
    validate_every: int | None = None
    """Steps between validations. Unset: ten validations in a run, by its steps or its `minutes`."""
    patience: int = 0
    """Stop after this number of validations in a row without improvement; 0 never stops early."""
    checkpoint_minutes: float = 10.0
    """Minutes between checkpoints."""
    checkpoint_every: int | None = None
    """Steps between checkpoints, in addition to those of `checkpoint_minutes`."""
    log_every: int = 10
    """Steps between logged values."""
    tracker: str = "tensorboard"
    """'tensorboard', 'none', or any other installed tracker that accelerate supports."""

    def __post_init__(self) -> None:
        check_above(self, 0, "epochs", "lr", "minutes")
        check_at_least(self, 0, "steps", "clip", "patience", "weight_decay")
        check_at_least(self, 1, "token_budget", "accumulate", "log_every", "most_steps")
        check_at_least(self, 1, "validate_every", "checkpoint_every")
        check_at_least(self, 0, "checkpoint_minutes")
        check_between(self, 1, MOST_THREADS, "threads")
        check_at_least(self, 2, "batch_size", "segment_length")
        check_share(self, "validation", "keep_out", "warmup")
        check_seed(self.seed)
