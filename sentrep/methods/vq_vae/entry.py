"""What the package knows of vq-vae without loading it. Imports no torch."""

from __future__ import annotations

from sentrep.methods.capabilities import HasCodes, HasDecoders
from sentrep.methods.defaults import MethodDefaults
from sentrep.methods.entry import Entry
from sentrep.methods.vq_vae.config import VQVAEConfig

ENTRY = Entry(
    VQVAEConfig,
    "sentrep.methods.vq_vae.method:VQVAE",
    defaults=MethodDefaults(batch_size=128, choose_by="loss"),
    stochastic=True,
    capabilities=(HasDecoders, HasCodes),
)
