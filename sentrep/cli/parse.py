"""The command that draws trees: parse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from sentrep import api
from sentrep.data.config import CorpusConfig
from sentrep.data.trees.drawing import as_svg, as_text, bracketed
from sentrep.inference.ensemble import Ensemble


def parse(
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN...")],
    input: tuple[str, ...],
    draw: Literal["brackets", "text", "svg"] = "brackets",
    text_field: str = "text",
) -> None:
    """Print the tree of each sentence.

    Args:
        runs: Folder of a run of a method that parses, such as tree. Of several runs, the tree is what they
            agree on most.
        input: Files, folders, or '-' for standard input: each line of them, or of their text field, is a
            sentence, with spaces between its words. Empty lines are left out.
        draw: A line of brackets for each, as treebanks and NLTK have it; or a drawing in letters; or one SVG
            of all.
        text_field: Field or column that holds the text.
    """
    parser = Ensemble.open(runs)
    sentences = [
        sentence for _, sentence in api.sentences(CorpusConfig(input, text_field=text_field, split="lines"))
    ]
    trees = api.parse(parser, sentences)
    if draw == "svg":
        print(as_svg(trees))
    else:
        print("\n".join(map(bracketed, trees)) if draw == "brackets" else "\n\n".join(map(as_text, trees)))
