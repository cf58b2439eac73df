"""Settings of the variational auto-encoder. Imports nothing heavy: the command line's help is made from
it."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.modules.decoder_settings import DecoderSettings
from sentrep.utils.checks import check_at_least, check_between
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class VAEConfig(DecoderSettings):
    """Variational auto-encoder (Kingma & Welling 2014; Bowman et al. 2016): generate a sentence from a sample
    of its code, with codes that fill a normal distribution.

    Example:
        >>> VAEConfig(latent_width=32).latent_width
        32
    """

    latent_width: int = 32
    """Width of the code. 0 is a language model without a code, to compare with: its encoder is not
    trained."""
    kl_warmup: float = 0.5
    """Share of the run over which the weight of the KL term rises from 0."""
    kl_weight: float = 1.0
    """Weight of the KL term afterwards (β)."""
    free_bits: float = 0.25
    """Nats that each dimension may use without a penalty; decided by the mean over the batch."""
    pretrain_share: float = 0.0
    """Share of the run in which only the likelihood counts, given the mean of the code. Afterwards the
    decoder is initialised anew and `kl_warmup` begins (Li et al. 2019)."""
    validation_samples: int = 32
    """Samples of the code for the importance-weighted likelihood of `nll`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 0, "latent_width", "kl_weight", "free_bits")
        check_at_least(self, 1, "validation_samples")
        check_between(self, 0, 1, "kl_warmup", "pretrain_share")
        if self.pretrain_share and not self.latent_width:
            raise InputError(
                f"{opt('pretrain_share')} {self.pretrain_share}: a language model ({opt('latent_width')} 0) "
                "has no code to pre-train"
            )
