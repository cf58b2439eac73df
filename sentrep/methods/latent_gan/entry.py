"""What the package knows of latent-gan without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasDecoders, HasPrior
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.latent_gan.config import LatentGANConfig

ENTRY = Entry(
    LatentGANConfig,
    "sentrep.methods.latent_gan.method:LatentGAN",
    defaults=MethodDefaults(batch_size=128, choose_by="last"),
    stochastic=True,
    comparable_losses=False,
    capabilities=(HasDecoders, HasPrior),
)
