"""Settings of the disentangling auto-encoder. Imports nothing heavy: the command line's help is made from
it."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.modules.decoder_settings import DecoderSettings
from sentrep.utils.checks import check_at_least


@dataclass(frozen=True)
class DisentangleConfig(DecoderSettings):
    """Adversarial disentangling (John et al. 2019): generate a sentence from two vectors, one of which says
    which document the sentence comes from, and the other does not.

    Example:
        >>> DisentangleConfig().decoder_width
        512
    """

    content_width: int = 128
    """Width of the content, which is the exported vector."""
    style_width: int = 8
    """Width of the style, from which the document is predicted."""
    sources: int = 1024
    """Documents that the classifiers distinguish; the documents of a larger corpus share these numbers."""
    classifier_width: int = 256
    """Width of the hidden layers of the classifiers."""
    style_weight: float = 1.0
    """Weight of predicting the document from the style."""
    adversary_weight: float = 1.0
    """Weight of the uncertainty of the adversary, which predicts the document from the content."""
    adversary_steps: int = 3
    """Steps of the adversary for each step of the auto-encoder."""
    adversary_lr_scale: float = 1.0
    """Multiplies the learning rate of the adversary."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 1, "content_width", "style_width", "classifier_width", "adversary_steps")
        check_at_least(self, 2, "sources")
        check_at_least(self, 0, "style_weight", "adversary_weight", "adversary_lr_scale")
