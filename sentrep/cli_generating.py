"""The command that writes: generate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from sentrep import api
from sentrep.errors import InputError
from sentrep.generating import Generated, Writer
from sentrep.parts.decoding_config import DecodingConfig


def generate(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    sentences: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="SENTENCE")] = (),
    to: Literal["next", "previous", "itself"] = "next",
    between: str | None = None,
    steps: int = 5,
    decoding: DecodingConfig = DecodingConfig(),  # noqa: B008  a frozen default, from which the options are made
) -> None:
    """Write the sentence that may stand next to one, with its log-probability a token. Without a sentence, ask again and again.

    Args:
        run: Folder of a run whose method has decoders, such as skip-thought.
        sentences: What to write from, each sentence in quotes.
        to: The sentence to write: the next, the previous, or the same again, as far as the method has learnt it.
        between: Another sentence: write from vectors on the line between the first one and this.
        steps: How many vectors on that line, both ends included.
        decoding: How sentences are read out of the decoder.
    """
    if between is not None and len(sentences) != 1:
        raise InputError(f"--between goes with one sentence at the other end of the line, not with {len(sentences)}")
    writer = Writer.open(run)
    if between is not None:
        print(sentences[0])
        for step, candidates in enumerate(api.interpolate(writer, sentences[0], between, steps, to, decoding)):
            show(candidates, f"{step / (steps - 1):.2f}")
        print(between)
        return
    for sentence, candidates in zip(sentences, api.generate(writer, sentences, to, decoding), strict=True):
        print(sentence)
        show(candidates)
    if not sentences:
        print("An empty line ends.")
        while sentence := ask():
            show(api.generate(writer, [sentence], to, decoding)[0])


def show(candidates: list[Generated], margin: str = "") -> None:
    """Print what was written: log-probability a token, sentence."""
    for candidate in candidates:
        print(f"  {margin}{candidate.per_token:8.3f}  {candidate.text}")


def ask() -> str:
    """A line from whoever sits there; empty at the end of the input."""
    try:
        return input("> ").strip()
    except EOFError:
        return ""
