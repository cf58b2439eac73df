"""The commands that write: generate, summarize."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import tyro

from sentrep import api
from sentrep.data.config import CorpusConfig
from sentrep.inference.generator import Generated, Writer
from sentrep.inference.summarizer import USUAL, Summarizer
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.utils.errors import InputError
from sentrep.utils.files import whole


def generate(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    sentences: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="SENTENCE")] = (),
    to: Literal["next", "previous", "itself"] = "next",
    between: str | None = None,
    steps: int = 5,
    decoding: DecodingConfig = DecodingConfig(),  # noqa: B008  a frozen default, from which the options are made
) -> None:
    """Write the sentence that may stand next to one, with its log-probability a token. Without a sentence,
    ask again and again.

    Args:
        run: Folder of a run whose method has decoders, such as skip-thought.
        sentences: What to write from, each sentence in quotes.
        to: The sentence to write: the next, the previous, or the same again, as far as the method has learnt
            it.
        between: Another sentence: write from vectors on the line between the first one and this.
        steps: How many vectors on that line, both ends included.
        decoding: How sentences are read out of the decoder.
    """
    if between is not None and len(sentences) != 1:
        raise InputError(
            f"--between goes with one sentence at the other end of the line, not with {len(sentences)}"
        )
    writer = Writer.open(run)
    if between is not None:
        print(sentences[0])
        for step, candidates in enumerate(
            api.interpolate(writer, sentences[0], between, steps, to, decoding)
        ):
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


def summarize(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    input: tuple[str, ...],
    out: Path | None = None,
    length: int | None = None,
    text_field: str = "text",
    decoding: DecodingConfig = USUAL,
) -> None:
    """Write a short text for each of some long ones, a line each.

    Args:
        run: Folder of a run of seq2seq2seq.
        input: Files, folders, or '-' for standard input: each line of them, or of their text field, is a
            text. Empty lines are left out, and a line of more than 2,000 characters is several texts.
        out: File for JSON lines of article and summary; the summaries are printed, if unset.
        length: Tokens that a summary is to have, about. Unset: four fifths of what the run was trained to
            write at most.
        text_field: Field or column that holds the text.
        decoding: How summaries are read out of the decoder. None has more tokens than the run was trained to
            write.
    """
    summarizer = Summarizer.open(run)
    config = CorpusConfig(input, text_field=text_field, split="lines")
    texts = [sentence for _, sentence in api.sentences(config)]
    written = api.summarize(summarizer, texts, length, decoding)
    if out is None:
        print("\n".join(written))
        return
    pairs = zip(texts, written, strict=True)
    lines = [json.dumps({"article": text, "summary": summary}, ensure_ascii=False) for text, summary in pairs]
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole(out) as aside:
        aside.write("".join(line + "\n" for line in lines).encode())
    print(f"{len(lines):,} summaries in {out}")


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
