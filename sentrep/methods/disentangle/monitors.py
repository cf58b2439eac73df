"""What to watch when content and style are disentangled: whether each half represents what it should, and
whether the decoder uses it."""

from __future__ import annotations

from sentrep.methods.monitors import Monitor, higher, ignored_code, lower

MONITORS = [
    ignored_code(higher("content_width")),
    Monitor(
        "content_separation",
        0.6,
        "above",
        "leakage: the content is nearer to that of its own document than to that of another one in "
        "{content_separation:.0%} of the cases; 50% is chance",
        (higher("adversary_weight"), higher("adversary_steps"), higher("epochs"), higher("batch_size")),
    ),
    Monitor(
        "style_separation",
        0.6,
        "below",
        "the style does not represent the document: it is nearer to that of its own document than to "
        "that of another one in {style_separation:.0%} of the cases; 50% is chance",
        (higher("style_weight"), higher("style_width"), higher("epochs")),
    ),
    Monitor(
        "content_gap",
        0.02,
        "below",
        "the decoder does not use the content: that of another sentence costs it only "
        "{content_gap:.3f} nats a token",
        (lower("adversary_weight"), higher("epochs"), higher("input_dropout")),
    ),
    Monitor(
        "style_gap",
        0.0,
        "below",
        "the decoder does not use the style: that of another sentence costs it {style_gap:.3f} nats a token",
        (higher("adversary_weight"), higher("style_width"), higher("epochs")),
    ),
]
