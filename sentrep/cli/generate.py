"""The commands generate and summarize."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from sentrep import api
from sentrep.cli.ask import ask
from sentrep.cli.options import LINES, Files, ReadingLines
from sentrep.cli.texts import lines_of
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import output_file

if TYPE_CHECKING:
    from sentrep.inference.generator import Generated


def generate(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    sentences: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[SENTENCE ...]")] = (),
    to: Literal["next", "previous", "itself"] | None = None,
    source: Annotated[str | None, tyro.conf.arg(name="from", metavar="SOURCE")] = None,
    between: Annotated[str | None, tyro.conf.arg(metavar="SENTENCE")] = None,
    style: Annotated[Path | None, tyro.conf.arg(name="as", metavar="DOCUMENT")] = None,
    steps: int = 5,
    decoding: DecodingConfig = DecodingConfig(),  # noqa: B008  a frozen default, from which the options are made
) -> None:
    """Generate sentences from the vector of a sentence: its neighbours, or the sentence itself. Each is
    printed with its log-probability per token. Without SENTENCE, it asks for sentences until an empty line.

    Args:
        run: Folder of a run whose method has decoders, such as skip-thought.
        sentences: Sentences to generate from, each in quotes.
        to: Which sentence to generate: the next one, the previous one, or the sentence itself. Unset: the one
            that the run has a decoder for.
        source: Source of the vectors. 'prior': as many random ones as `k` says. 'itself': the same as
            `to` itself. Any other value is a further sentence.
        between: A second sentence. Generate from vectors on the line between SENTENCE and this one.
        style: A file, with a run of disentangle. Generate sentences with the content of SENTENCE and the
            style of this file.
        steps: With `between`: number of vectors on the line, both ends included.
        decoding: How sentences are decoded.
    """
    if source == "itself":
        to = "itself"
    elif source not in (None, "prior"):
        sentences = (*sentences, source)
    _check_combination(sentences, source, between, style)
    generator = api.SentenceGenerator.open(run)
    if style is not None:
        in_style(generator, sentences, style, decoding)
    elif source == "prior":
        from_prior(generator, decoding)
    elif between is not None:
        from_line(generator, sentences[0], between, steps, to, decoding)
    else:
        from_sentences(generator, sentences, to, decoding)


def _check_combination(
    sentences: Sequence[str], source: str | None, between: str | None, style: Path | None
) -> None:
    """Refuse options that contradict each other, and a file that does not exist, before the run is opened."""
    if between is not None and len(sentences) != 1:
        raise InputError(
            f"{opt('between')} needs exactly one sentence, the other end of the line, not {len(sentences)}"
        )
    if style is not None and (source == "prior" or between is not None or not sentences):
        raise InputError(
            f"{opt('as')} needs sentences to generate from, without {opt('between')} or {opt('from')} prior"
        )
    if style is not None and not style.exists():
        raise InputError(f"{opt('as')} {at(style)}: there is no such file")


def in_style(
    generator: api.SentenceGenerator, sentences: Sequence[str], style: Path, decoding: DecodingConfig
) -> None:
    """Print what is generated with the content of sentences and the style of a document."""
    found = api.generate_as(generator, sentences, style, decoding)
    for sentence, candidates in zip(sentences, found, strict=True):
        print(sentence)
        show(candidates)


def from_line(
    generator: api.SentenceGenerator,
    first: str,
    second: str,
    steps: int,
    to: str | None,
    decoding: DecodingConfig,
) -> None:
    """Print what is generated on the line between two sentences, with the distance from the first, 0 to 1."""
    print(first)
    for step, candidates in enumerate(api.interpolate(generator, first, second, steps, to, decoding)):
        show(candidates, f"{step / (steps - 1):.2f}")
    print(second)


def from_prior(generator: api.SentenceGenerator, decoding: DecodingConfig) -> None:
    """Print one sentence from each of `k` vectors of the prior."""
    single = dataclasses.replace(decoding, k=1)
    for candidates in api.generate_from_prior(generator, decoding.k, single):
        show(candidates)


def from_sentences(
    generator: api.SentenceGenerator, sentences: tuple[str, ...], to: str | None, decoding: DecodingConfig
) -> None:
    """Print what is generated from sentences, or from those that are typed if there are none."""
    for sentence, candidates in zip(sentences, api.generate(generator, sentences, to, decoding), strict=True):
        print(sentence)
        show(candidates)
    if not sentences:
        print("An empty line ends.")
        while sentence := ask():
            show(api.generate(generator, [sentence], to, decoding)[0])


def summarize(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    input: Files,
    out: Path | None = None,
    length: int | None = None,
    reading: ReadingLines = LINES,
    decoding: DecodingConfig = DecodingConfig("greedy"),  # noqa: B008  a frozen default
) -> None:
    """Summarize texts, one line for each.

    Args:
        run: Folder of a run of seq2seq2seq.
        input: Files, folders, or '-' for standard input: each line of them, or of their text field, is a
            text. Empty lines are left out, and a line of more than 2,000 characters is several texts.
        out: File for JSON lines of article and summary. Unset: the summaries are printed.
        length: Approximate number of tokens of a summary. Unset: four fifths of the longest in training.
        reading: How files are read.
        decoding: How summaries are decoded. No summary has more tokens than the longest in training.
    """
    summarizer = api.Summarizer.open(run)
    texts = lines_of(input, reading)
    if out is None:
        print("\n".join(api.summarize(summarizer, texts, length, decoding)))
        return
    with output_file(out) as file:
        for text, summary in zip(texts, api.summarize(summarizer, texts, length, decoding), strict=True):
            line = json.dumps({"article": text, "summary": summary}, ensure_ascii=False)
            file.write(f"{line}\n".encode())
    print(f"{len(texts):,} summaries in {out}")


def show(candidates: list[Generated], margin: str = "") -> None:
    """Print candidates: log-probability per token, sentence."""
    for candidate in candidates:
        print(f"  {margin}{candidate.per_token:8.3f}  {candidate.text}")
