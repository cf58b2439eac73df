"""What the package knows of compound-pcfg without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasTrees
from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry

ENTRY = Entry(
    CompoundPCFGConfig,
    "sentrep.methods.compound_pcfg.method:CompoundPCFG",
    defaults=MethodDefaults(batch_size=16, matrix_products=False, choose_by="last"),
    stochastic=True,
    capabilities=(HasTrees,),
)
