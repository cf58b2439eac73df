"""Annotated examples: sentences with their logical forms, which are derivations of a grammar."""

from __future__ import annotations

import json
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.methods.struct_vae.logical_form import parse_logical_form
from sentrep.methods.struct_vae.transition import DerivationBatch, TransitionSystem
from sentrep.modules.padding import Texts, pad_lists
from sentrep.modules.reference_text import encode_plain
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import expanded


class AnnotatedExamples(NamedTuple):
    """Sentences, and one derivation of each."""

    texts: Texts
    derivations: DerivationBatch
    """(sentence, 1, step)."""

    def select(self, chosen: Int[Tensor, " row"]) -> AnnotatedExamples:
        """Returns the chosen sentences, padded to the longest of these."""
        mask = self.derivations.mask[chosen]
        steps = int(mask.sum(2).max()) if len(chosen) else 0
        derivations = DerivationBatch(self.derivations.actions[chosen, :, :steps], mask[..., :steps])
        return AnnotatedExamples(self.texts.select(chosen), derivations)

    def sample(self, count: int) -> AnnotatedExamples:
        """Draws `count` different sentences, or all in random order if there are fewer."""
        return self.select(torch.randperm(len(self.texts.ids), device=self.texts.ids.device)[:count])


def read_annotated_examples(
    path: str,
    system: TransitionSystem,
    tokenizer: Tokenizer,
    max_pairs: int | None,
    max_tokens: int,
    device: torch.device | str = "cpu",
) -> AnnotatedExamples:
    """Reads JSON lines {text, logical_form}.

    Args:
        path: the file.
        system: the grammar; examples of more actions than it allows are left out.
        tokenizer: makes tokens of the sentences.
        max_pairs: number of examples that are used, from the first on; all if None.
        max_tokens: longer sentences are left out.
        device: where the tensors are.

    Raises:
        InputError: the file is missing, a line is no such record, the grammar does not derive a logical form,
            or no example is left.
    """
    file = expanded(path)
    if not file.is_file():
        raise InputError(
            f"{opt('pairs')} {at(path)}: no such file; give JSON lines with the fields text and logical_form"
        )
    texts, derivations = list[list[int]](), list[list[int]]()
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
        if len(texts) == max_pairs:
            break
        if line.strip():
            text, actions = _example(f"{file}:{number}", line, system, tokenizer)
            if 0 < len(text) <= max_tokens and len(actions) <= system.max_actions:
                texts.append(text)
                derivations.append(actions)
    if not texts:
        raise InputError(
            f"{opt('pairs')} {at(path)}: no example of at most {max_tokens} tokens and {system.max_actions} "
            f"actions; raise {opt('max_sentence_tokens')} or {opt('max_actions')}"
        )
    steps = pad_lists(derivations, device)
    actions_and_mask = steps.ids.where(steps.mask, system.stop).unsqueeze(1), steps.mask.unsqueeze(1)
    return AnnotatedExamples(pad_lists(texts, device), DerivationBatch(*actions_and_mask))


def _example(
    where: str, line: str, system: TransitionSystem, tokenizer: Tokenizer
) -> tuple[list[int], list[int]]:
    """Returns the tokens of a sentence and the actions of its logical form."""
    text, form = _record(where, line)
    try:
        actions = parse_logical_form(system.grammar, form, lambda words: encode_plain(tokenizer, words))
    except ValueError as error:
        raise InputError(f"{at(where)}: {error}") from error
    return tokenizer.encode(text), system.numbers(actions)


def _record(where: str, line: str) -> tuple[str, str]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(
            f"{at(where)}: not JSON ({error}); expected a line with the fields text and logical_form"
        ) from error
    fields = record if isinstance(record, dict) else {}
    text, form = fields.get("text"), fields.get("logical_form")
    if not isinstance(text, str) or not isinstance(form, str):
        raise InputError(f"{at(where)}: expected a record with two strings, text and logical_form")
    return text, form
