"""What the package knows of quick-thought without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.quick_thought.config import QuickThoughtConfig
from sentrep.methods.quick_thought.presets import PRESETS

ENTRY = Entry(
    QuickThoughtConfig,
    "sentrep.methods.quick_thought.method:QuickThought",
    defaults=MethodDefaults(matrix_products=False),
    presets=PRESETS,
)
