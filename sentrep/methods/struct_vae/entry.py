"""What the package knows of struct-vae without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasTrees
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.struct_vae.config import StructVAEConfig

ENTRY = Entry(
    StructVAEConfig,
    "sentrep.methods.struct_vae.method:StructVAE",
    defaults=MethodDefaults(batch_size=64, choose_by="last"),
    corpus_only=False,
    stochastic=True,
    capabilities=(HasTrees,),
)
