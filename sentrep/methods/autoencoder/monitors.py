"""What to watch when an auto-encoder is trained."""

from __future__ import annotations

from sentrep.methods.monitors import Condition, Monitor, higher, ignored_code, lower, use

MONITORS = [
    ignored_code(lower("delete"), lower("decoder_width")),
    # More tokens are right than a language model predicts rightly, but no sentence is.
    Monitor(
        "exact_match",
        0.001,
        "below",
        "no sentence comes back as a whole, although {token_accuracy:.0%} of the tokens are right: only "
        "frequent tokens are represented",
        (higher("epochs"), higher("width"), use("encoder", "gru")),
        (Condition("token_accuracy", 0.6, "above"),),
    ),
]
