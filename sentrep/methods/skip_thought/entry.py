"""What the package knows of skip-thought without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasDecoders
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.skip_thought.config import SkipThoughtConfig

ENTRY = Entry(
    SkipThoughtConfig,
    "sentrep.methods.skip_thought.method:SkipThought",
    defaults=MethodDefaults(batch_size=128, choose_by="loss"),
    capabilities=(HasDecoders,),
)
