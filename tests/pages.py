"""Pages about a few topics, and an encoder that knows their words."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder

TOPICS = ("cooking", "sailing", "gardens", "music", "chess")


def page(topic: str, paragraphs: int) -> str:
    """A Markdown page with a heading for each paragraph."""
    lines = [f"# All about {topic}", ""]
    for number in range(paragraphs):
        lines += [f"## {topic.title()} part {number}", ""]
        lines += [
            f"The {topic} text number {number} is here. It says {topic} {number} again. So it ends.",
            "",
        ]
    return "\n".join(lines)


@cache
def word_encoder(width: int = 24) -> Encoder:
    """Random vectors of the words of `page`."""
    import torch

    from sentrep.data.config import TokenizerConfig
    from sentrep.data.tokenization.tokenizer import Tokenizer
    from sentrep.encoders.static import static_encoder

    tokenizer = Tokenizer.train([page(topic, 3) for topic in TOPICS], TokenizerConfig("word", vocab=500))
    torch.manual_seed(0)
    return static_encoder(tokenizer, torch.randn(tokenizer.vocab_size, width))


def saved(encoder: Encoder, folder: Path) -> Path:
    """The folder, after the encoder was saved there."""
    from sentrep.encoders import serialization

    serialization.save(encoder, folder)
    return folder
