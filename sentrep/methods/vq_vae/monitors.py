"""What to watch when an auto-encoder with discrete codes is trained."""

from __future__ import annotations

from sentrep.methods.monitors import Monitor, change, higher, ignored_code, lower

MONITORS = [
    ignored_code(change("quantizer"), lower("input_dropout")),
    Monitor(
        "least_code_perplexity",
        0.1,
        "below",
        "dead codes: one number of the code uses {least_code_perplexity:.0%} of its values",
        (higher("batch_size"), lower("codebook_size"), lower("codebook_decay")),
    ),
]
