"""Labelled sentences of StructVAE: annotated trees, or logical forms."""

from __future__ import annotations

import warnings

import torch

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.methods.struct_vae.annotated_examples import AnnotatedExamples, read_annotated_examples
from sentrep.methods.struct_vae.config import StructVAEConfig
from sentrep.methods.struct_vae.transition import TransitionSystem
from sentrep.modules.trees.treebank import Treebank, read_treebank
from sentrep.utils.errors import ReadWarning, opt, shown

MAX_HELDOUT = 200
"""Largest number of labelled sentences that are used for evaluation only."""

Labelled = Treebank | AnnotatedExamples


def read_labelled(
    config: StructVAEConfig, tokenizer: Tokenizer, system: TransitionSystem | None, device: torch.device
) -> Labelled | None:
    """Reads the labelled sentences to learn from; None, with a warning, if there are none.

    Args:
        config: names the file.
        tokenizer: makes tokens of the sentences.
        system: the grammar, if structures are derivations.
        device: where the tensors are.
    """
    if config.max_labelled == 0:
        warnings.warn(
            shown(
                "struct-vae without labelled sentences does not learn structures: give "
                f"{opt('trees')}, or {opt('grammar')} and {opt('pairs')}; fifty sentences are enough to start"
            ),
            ReadWarning,
            stacklevel=2,
        )
        return None
    return _read(config, tokenizer, system, device, 0, config.max_labelled)


def read_heldout(
    config: StructVAEConfig, tokenizer: Tokenizer, system: TransitionSystem | None, device: torch.device
) -> Labelled | None:
    """Reads the labelled sentences behind those to learn from, for evaluation; None if there are none."""
    used = config.max_labelled
    return None if used is None else _read(config, tokenizer, system, device, used, used + MAX_HELDOUT)


def _read(
    config: StructVAEConfig,
    tokenizer: Tokenizer,
    system: TransitionSystem | None,
    device: torch.device,
    first: int,
    stop: int | None,
) -> Labelled | None:
    """Reads the labelled sentences from `first` on, before `stop`."""
    found: Labelled
    limits = stop, config.max_sentence_tokens
    if config.trees is not None:
        found = read_treebank(config.trees, tokenizer, *limits, device)
    elif config.pairs is not None and system is not None:
        found = read_annotated_examples(config.pairs, system, tokenizer, *limits, device)
    else:
        return None
    rows = torch.arange(first, max(first, len(found.texts.ids)), device=device)
    return found.select(rows) if len(rows) else None
