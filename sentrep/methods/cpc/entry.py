"""What the package knows of cpc without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasContext
from sentrep.methods.cpc.config import CPCConfig
from sentrep.methods.entry import Entry

ENTRY = Entry(
    CPCConfig,
    "sentrep.methods.cpc.method:ContrastivePredictiveCoding",
    capabilities=(HasContext,),
)
