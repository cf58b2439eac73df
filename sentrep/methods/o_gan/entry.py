"""What the package knows of o-gan without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasDecoders, HasPrior
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.o_gan.config import OGANConfig

ENTRY = Entry(
    OGANConfig,
    "sentrep.methods.o_gan.method:OGAN",
    defaults=MethodDefaults(batch_size=128, choose_by="last"),
    stochastic=True,
    comparable_losses=False,
    capabilities=(HasDecoders, HasPrior),
)
