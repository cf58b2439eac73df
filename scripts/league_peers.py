"""Peers of the league: the unsupervised training recipes of sentence-transformers.

Each recipe is a loss as the library ships it, with the library's trainer, on the encoder that our methods
start from. The published settings fine-tune a pretrained BERT for hours; for an encoder from random weights
and a few minutes, learning rate, batch size, dropout and length were chosen again (eval/league-settings.md).
They have the same advantages on a CPU as our methods: tokens come from the prepared corpus, transformers run
in bf16 with eager attention, and the learning rate follows the clock.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from datasets import Dataset
from league_setup import MAX_TOKENS
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
from sentence_transformers.sentence_transformer.losses import (
    ContrastiveTensionLossInBatchNegatives,
    DenoisingAutoEncoderLoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.sentence_transformer.modules import Pooling
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, PrinterCallback, TrainerCallback
from transformers.utils import logging as transformers_logging

from sentrep.data.store.store import Store
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.encoders.serialization import quiet
from sentrep.encoders.token_encoder import special_tokens
from sentrep.training.config import TrainingConfig
from sentrep.training.defaults import detect
from sentrep.training.optimization import schedule

MakeLoss = Callable[[SentenceTransformer], nn.Module]


@dataclass(frozen=True)
class Recipe:
    """A loss, its input, and the best settings found here."""

    loss: MakeLoss
    lr: float
    batch: int
    reads: tuple[float, ...]
    """For each reading of a sentence by the loss, the share of its tokens that is left out."""
    dropout: float = 0.0
    """Dropout in the layers of the encoder."""
    tokens: int = MAX_TOKENS
    """Longer sentences are cut here while training."""
    bert: bool = False
    """Start from BERT's architecture at our size instead of DistilBERT's: a decoder can share weights with
    the former only."""

    def described(self) -> dict[str, Any]:
        """Settings for row.json."""
        return {name: value for name, value in asdict(self).items() if name != "loss"} | {
            "loss": self.loss.__name__
        }


class Peer(NamedTuple):
    """A trained model, the sentences it saw, and the seconds that it took."""

    model: SentenceTransformer
    sentences: int
    seconds: float


def simcse(model: SentenceTransformer) -> nn.Module:
    """SimCSE (Gao et al. 2021): a sentence must find itself in the batch under different dropout."""
    loss: nn.Module = MultipleNegativesRankingLoss(model, scale=20.0)
    return loss


RECIPES: dict[str, dict[str, Recipe]] = {
    "simcse": {
        "bag": Recipe(simcse, lr=3e-4, batch=1024, reads=(0.5, 0.5)),
        "transformer": Recipe(simcse, lr=1e-4, batch=64, reads=(0.0, 0.0), dropout=0.1, tokens=32),
    },
    "contrastive-tension": {
        "bag": Recipe(ContrastiveTensionLossInBatchNegatives, lr=1e-3, batch=1024, reads=(0.0,)),
        "transformer": Recipe(
            ContrastiveTensionLossInBatchNegatives, lr=1e-4, batch=64, reads=(0.0,), tokens=32
        ),
    },
    "tsdae": {
        "transformer": Recipe(
            DenoisingAutoEncoderLoss, lr=2e-4, batch=64, reads=(0.6, 0.0), tokens=32, bert=True
        ),
    },
}
"""Name -> kind of encoder -> recipe. TSDAE has none for a bag, because its loss needs layers to share with
the decoder."""


def train(recipe: Recipe, config: EncoderConfig, store: Store, seconds: float, seed: int) -> Peer:
    """Train for that many seconds."""
    torch.manual_seed(seed)
    transformers_logging.set_verbosity_error()  # no page of warnings about new weights
    bf16 = config.encoder != "bag" and detect("cpu").bf16
    numbers = np.flatnonzero(np.diff(store.offsets))
    batch, clock = min(recipe.batch, len(numbers)), Clock(seconds, recipe.lr)
    with tempfile.TemporaryDirectory() as scratch:
        model = encoder(recipe, config, store, Path(scratch) / "start")
        if (
            bf16
        ):  # two to five times as fast as fused attention here; the trainer does not choose it by itself
            model[0].auto_model.set_attn_implementation("eager")
        arguments = SentenceTransformerTrainingArguments(
            scratch, per_device_train_batch_size=batch, max_steps=10**7, learning_rate=recipe.lr,
            lr_scheduler_type="constant", bf16=bf16, use_cpu=True, seed=seed, dataloader_drop_last=True,
            report_to="none", save_strategy="no", logging_strategy="no", disable_tqdm=True,
        )  # fmt: skip
        trainer = Trainer(
            model,
            arguments,
            Dataset.from_dict({"sentence": numbers}),
            loss=recipe.loss(model),
            data_collator=Ready(model.preprocess, store=store, recipe=recipe, bag=config.encoder == "bag"),
            callbacks=[clock],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return Peer(model, clock.steps * batch, clock.passed)


def encoder(recipe: Recipe, config: EncoderConfig, store: Store, start: Path) -> SentenceTransformer:
    """The untrained encoder that our methods start from, or the same size as BERT, which the loss loads from
    a folder."""
    inner, counts = store.tokenizer.inner, store.token_counts()
    if not recipe.bert:
        return build(replace(config, dropout=recipe.dropout), inner, counts, MAX_TOKENS)
    shape = BertConfig(
        vocab_size=len(counts), hidden_size=config.width, num_hidden_layers=config.depth,
        num_attention_heads=config.heads,
        intermediate_size=4 * config.width, max_position_embeddings=MAX_TOKENS,
        hidden_dropout_prob=recipe.dropout, attention_probs_dropout_prob=recipe.dropout,
    )  # fmt: skip
    words = PreTrainedTokenizerFast(
        tokenizer_object=inner, model_max_length=MAX_TOKENS, **special_tokens(inner)
    )
    with quiet():
        BertModel(shape, add_pooling_layer=False).save_pretrained(start)
        words.save_pretrained(start)
        first = Transformer(str(start), model_kwargs={"dtype": torch.float32, "add_pooling_layer": False})
    return SentenceTransformer(modules=[first, Pooling(config.width, "mean")], device="cpu")


class Trainer(SentenceTransformerTrainer):
    """The trainer without the callback for model cards."""

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        pass


class Clock(TrainerCallback):
    """Ends the training after the given time, and sets the learning rate by the time that has passed, as our
    trainer does."""

    def __init__(self, seconds: float, lr: float) -> None:
        self.seconds, self.lr = seconds, lr
        self.steps, self.passed, self.began = 0, 0.0, 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.began = time.monotonic()

    def on_step_begin(self, *_: Any, optimizer: Any, **__: Any) -> None:
        rate = schedule(min(1.0, (time.monotonic() - self.began) / self.seconds), TrainingConfig())
        for group in optimizer.param_groups:
            group["lr"] = self.lr * rate

    def on_step_end(self, _: Any, __: Any, control: Any, **___: Any) -> None:
        self.steps, self.passed = self.steps + 1, time.monotonic() - self.began
        control.should_training_stop = self.passed >= self.seconds


@dataclass
class Ready(SentenceTransformerDataCollator):
    """Batches from the prepared corpus: rows are sentence numbers, and nothing is tokenised again."""

    store: Store = field(kw_only=True)
    recipe: Recipe = field(kw_only=True)
    bag: bool = field(kw_only=True)

    def __call__(self, rows: list[dict[str, int]]) -> dict[str, Tensor]:
        numbers = np.array([row["sentence"] for row in rows])
        starts = self.store.offsets[numbers]
        lengths = np.minimum(self.store.offsets[numbers + 1] - starts, self.recipe.tokens)
        pieces = [
            self.store.ids[start : start + length] for start, length in zip(starts, lengths, strict=True)
        ]
        ids, whole = torch.from_numpy(np.concatenate(pieces).astype(np.int64)), torch.from_numpy(lengths)
        batch: dict[str, Tensor] = {}
        for place, left_out in enumerate(self.recipe.reads):
            some, kept = thinned(ids, whole, left_out)
            if self.bag:
                features = {"input_ids": some, "offsets": kept.cumsum(0) - kept}
            else:
                present = torch.arange(int(kept.max())) < kept.unsqueeze(1)
                features = {
                    "input_ids": pad_sequence(some.split(kept.tolist()), batch_first=True),
                    "attention_mask": present.long(),
                }
            batch |= {f"{place}_{name}": value for name, value in features.items()}
        return batch


def thinned(ids: Tensor, lengths: Tensor, left_out: float) -> tuple[Tensor, Tensor]:
    """Concatenated sentences without a random share of their tokens, and their new lengths. Each keeps at
    least one token."""
    sentence = torch.repeat_interleave(lengths)
    kept = torch.rand(len(ids)) >= left_out
    empty = torch.bincount(sentence[kept], minlength=len(lengths)) == 0
    kept[(lengths.cumsum(0) - lengths)[empty]] = True
    return ids[kept], torch.bincount(sentence[kept], minlength=len(lengths))
