"""What the package knows of flow without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.flow.config import FlowConfig

ENTRY = Entry(
    FlowConfig,
    "sentrep.methods.flow.method:Flow",
    defaults=MethodDefaults(batch_size=256, choose_by="loss"),
    stochastic=True,
)
