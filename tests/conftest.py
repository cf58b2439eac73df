"""Shapes are promises: in tests jaxtyping and beartype hold every annotated function to them."""

from __future__ import annotations

import os

# Before torch: two cores are all that a test machine promises, and a bar in a captured log helps nobody.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("SENTREP_PROGRESS", "0")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from hypothesis import settings
from jaxtyping import install_import_hook

settings.register_profile("unhurried", deadline=None)  # on a busy machine an example may take its time
settings.load_profile("unhurried")

install_import_hook(
    ["sentrep.modules", "sentrep.methods", "sentrep.data.batch", "sentrep.encoders"], "beartype.beartype"
)
