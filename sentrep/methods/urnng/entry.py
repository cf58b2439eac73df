"""What the package knows of urnng without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasLikelihood, HasTrees
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.urnng.config import URNNGConfig

ENTRY = Entry(
    URNNGConfig,
    "sentrep.methods.urnng.method:UnsupervisedRNNG",
    defaults=MethodDefaults(batch_size=32, choose_by="loss"),
    stochastic=True,
    capabilities=(HasTrees, HasLikelihood),
)
