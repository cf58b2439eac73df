"""What the package knows of vae without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasCodes, HasDecoders, HasLikelihood, HasPrior
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.vae.config import VAEConfig

ENTRY = Entry(
    VAEConfig,
    "sentrep.methods.vae.method:VariationalAutoencoder",
    defaults=MethodDefaults(batch_size=128, choose_by="last"),
    stochastic=True,
    capabilities=(HasDecoders, HasPrior, HasCodes, HasLikelihood),
)
