"""What the package knows of semantic-hashing without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.semantic_hashing.config import SemanticHashingConfig

ENTRY = Entry(
    SemanticHashingConfig,
    "sentrep.methods.semantic_hashing.method:SemanticHashing",
    defaults=MethodDefaults(batch_size=256, choose_by="last"),
    stochastic=True,
    comparable_losses=False,
)
