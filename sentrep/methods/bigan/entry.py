"""What the package knows of bigan without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.bigan.config import BiGANConfig
from sentrep.methods.capabilities import HasDecoders, HasPrior
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry

ENTRY = Entry(
    BiGANConfig,
    "sentrep.methods.bigan.method:BiGAN",
    defaults=MethodDefaults(batch_size=128, choose_by="last"),
    stochastic=True,
    comparable_losses=False,
    capabilities=(HasDecoders, HasPrior),
)
