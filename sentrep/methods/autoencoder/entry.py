"""What the package knows of autoencoder without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.autoencoder.config import AutoencoderConfig
from sentrep.methods.capabilities import HasDecoders
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry

ENTRY = Entry(
    AutoencoderConfig,
    "sentrep.methods.autoencoder.method:Autoencoder",
    defaults=MethodDefaults(batch_size=128, choose_by="loss"),
    stochastic=True,
    capabilities=(HasDecoders,),
)
