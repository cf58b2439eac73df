"""How to train. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class TrainingConfig:
    """How long, how fast, and what is kept."""

    epochs: float = 3.0
    """Passes over the corpus."""
    steps: int | None = None
    """Batches to train on, instead of `epochs`. 0 exports the untrained encoder: the row that every table
    needs."""
    minutes: float | None = None
    """Stop after this much wall-clock time at the latest; the schedule is cut to fit. A run that time ends is
    not bit-exact: how far it comes depends on the machine."""
    batch_size: int | None = None
    """Sentences in a batch. Unset: 1024 for 'bag', 512 for other encoders (the quick-thought paper: 400), 256
    for infomax, 128 for skip-thought, 96 for seq2seq2seq, 64 for struct-vae, 32 for urnng, 16 for
    compound-pcfg."""
    segment_length: int = 8
    """Consecutive sentences from one place; a batch has many. Equal to `batch_size`: the paper's contiguous
    batch."""
    lr: float | None = None
    """Peak learning rate. Unset: 2e-3 for 'bag', 1e-3 for 'gru', 'lstm' and 'conv', 5e-4 for 'transformer',
    2e-5 for an existing model."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the learning rate falls after warm-up: to zero by a line or half a cosine, or not at all."""
    warmup: float = 0.05
    """Share of the steps in which the learning rate rises from zero."""
    weight_decay: float = 0.0
    """Decoupled weight decay (AdamW)."""
    clip: float = 5.0
    """Largest gradient norm of a phase (quick-thought and skip-thought: 5); 0 leaves gradients alone."""
    accumulate: int = 1
    """Batches whose gradients are averaged for one step. More negatives need a larger `batch_size`: a batch never
    sees another."""
    start: Path | None = None
    """Folder of a finished run of the same method to go on from: its encoder, its vocabulary and all that the
    method has learnt. The order of batches, the optimiser and the learning rate begin anew; its rate, where
    `lr` is unset."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """'auto' is bf16 where the hardware multiplies it (GPUs; CPUs with AVX-512 BF16 or AMX), fp32 elsewhere
    and where neither encoder nor method multiplies matrices (quick-thought on a 'bag')."""
    token_budget: int = 4096
    """Padded tokens in a micro-batch of an encoder that pads."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; 'auto' takes a GPU if there is one."""
    threads: int | None = None
    """CPU threads; unset: as many as this process may use cores."""
    seed: int = 0
    """Of weights, order of text, and dropout."""
    validation: float = 0.02
    """Share of the documents that is held out to choose the best checkpoint by; 0 trains on everything and
    keeps the last."""
    choose_by: Literal["neighbour-mrr", "loss", "last"] | None = None
    """What makes a checkpoint the best: how well its vectors find the next sentence, the method's own loss,
    or that it is the last. Unset: the loss for skip-thought, whose decoders still learn while its vectors
    forget, and for urnng; the last for seq2seq2seq, compound-pcfg and struct-vae; neighbour-mrr for others, or
    the last where no document has a second sentence."""
    validate_every: int | None = None
    """Steps between validations. Unset: ten in a run, or in the `minutes` that it has."""
    patience: int = 0
    """Stop after so many validations without a better one; 0 never does."""
    checkpoint_minutes: float = 10.0
    """Minutes between checkpoints."""
    checkpoint_every: int | None = None
    """Steps between checkpoints, besides `checkpoint_minutes`."""
    log_every: int = 10
    """Steps between logged values."""
    tracker: str = "tensorboard"
    """'tensorboard', 'none', or any other tracker that accelerate knows and that is installed."""

    def __post_init__(self) -> None:
        if self.epochs <= 0 or (self.steps is not None and self.steps < 0):
            raise InputError(
                f"{opt('epochs')} {self.epochs} {opt('steps')} {self.steps}: epochs must be positive, steps 0 or more"
            )
        if (self.lr is not None and self.lr <= 0) or (self.minutes is not None and self.minutes <= 0):
            raise InputError(f"{opt('lr')} {self.lr} and {opt('minutes')} {self.minutes} must be positive")
        if self.token_budget < 1 or (self.threads is not None and self.threads < 1):
            raise InputError(
                f"{opt('token_budget')} {self.token_budget} and {opt('threads')} {self.threads} must be 1 or more"
            )
        if min(self.clip, self.patience, self.weight_decay) < 0:
            raise InputError(
                f"{opt('clip')} {self.clip}, {opt('patience')} {self.patience}, {opt('weight_decay')} {self.weight_decay}: 0 or more"
            )
        if self.batch_size is not None and self.batch_size < 2:
            raise InputError(f"{opt('batch_size')} {self.batch_size}: a batch needs 2 sentences or more")
        if self.segment_length < 2:
            raise InputError(
                f"{opt('segment_length')} {self.segment_length}: a run needs 2 sentences or more, or nothing has a neighbour"
            )
        if not 0 <= self.validation < 1:
            raise InputError(
                f"{opt('validation')} {self.validation} is a share of the documents: 0 or more, below 1"
            )
        if not 0 <= self.warmup < 1:
            raise InputError(f"{opt('warmup')} {self.warmup} is a share of the steps: 0 or more, below 1")
        if self.accumulate < 1 or self.log_every < 1:
            raise InputError(
                f"{opt('accumulate')} {self.accumulate} and {opt('log_every')} {self.log_every} must be 1 or more"
            )
