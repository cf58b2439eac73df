"""Which kind of structure a run infers."""

from __future__ import annotations

from typing import Any

from sentrep.methods.struct_vae.bracketings import BracketingModel
from sentrep.methods.struct_vae.config import StructVAEConfig
from sentrep.methods.struct_vae.derivations import DerivationModel
from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.structures import StructureModel


def structure_model(config: StructVAEConfig, vocab: int) -> StructureModel[Any]:
    """Returns the three distributions over the structures that the settings ask for."""
    learned_prior = config.max_labelled != 0
    sizes = config.structure_token_width, config.structure_width, config.shortlist
    if config.grammar is None:
        return BracketingModel(vocab, *sizes, config.structure_dropout, learned_prior)
    grammar, limits = Grammar.read(config.grammar), (config.max_actions, config.structure_dropout)
    return DerivationModel(grammar, vocab, *sizes, *limits, learned_prior)
