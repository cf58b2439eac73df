"""What the package knows of disentangle without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasDecoders, HasStyle
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.disentangle.config import DisentangleConfig
from sentrep.methods.entry import Entry

ENTRY = Entry(
    DisentangleConfig,
    "sentrep.methods.disentangle.method:Disentangle",
    defaults=MethodDefaults(batch_size=128, choose_by="last"),
    stochastic=True,
    comparable_losses=False,
    capabilities=(HasDecoders, HasStyle),
)
