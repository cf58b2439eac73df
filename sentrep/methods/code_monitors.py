"""What to watch when the adversarial methods on codes are trained."""

from __future__ import annotations

from sentrep.methods.monitors import Monitor, higher, ignored_code, lower

MONITORS = [
    ignored_code(lower("code_noise")),
    Monitor(
        "critic_accuracy",
        0.95,
        "above",
        "the critic nearly always recognises generated codes: in {critic_accuracy:.0%} of the cases",
        (lower("adversarial_lr_scale"), higher("code_noise"), higher("epochs")),
    ),
    Monitor(
        "spread_ratio",
        0.3,
        "below",
        "mode collapse: generated codes vary {spread_ratio:.0%} as much as real ones",
        (lower("adversarial_lr_scale"), higher("prior_width"), higher("batch_size")),
    ),
]
"""Of all these methods."""
UNUSED_PRIOR = Monitor(
    "prior_correlation",
    0.1,
    "below",
    "draws are not used: what is read back from codes has a correlation of {prior_correlation:.2f} with them",
    (higher("epochs"), higher("adversarial_lr_scale")),
)
"""Of the methods that read draws back from codes."""
