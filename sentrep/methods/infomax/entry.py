"""What the package knows of infomax without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.infomax.config import InfoMaxConfig

ENTRY = Entry(
    InfoMaxConfig,
    "sentrep.methods.infomax.method:InfoMax",
    defaults=MethodDefaults(batch_size=256),
)
