"""What to watch when a variational auto-encoder is trained."""

from __future__ import annotations

from sentrep.methods.monitors import Monitor, higher, ignored_code, lower

REMEDIES = (higher("free_bits"), higher("kl_warmup"), higher("input_dropout"), lower("decoder_width"))
MONITORS = [
    ignored_code(lower("kl_weight")),
    Monitor("kl", 1.0, "below", "posterior collapse: the code carries {kl:.2f} nats a sentence", REMEDIES),
    Monitor(
        "active_units",
        0.05,
        "below",
        "posterior collapse: {active_units:.0%} of the dimensions differ between sentences",
        REMEDIES,
    ),
]
