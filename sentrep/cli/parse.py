"""The command that draws trees: parse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from sentrep import api
from sentrep.cli.options import LINES, Files, ReadingLines
from sentrep.cli.texts import lines_of


def parse(
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN [RUN ...]")],
    input: Files,
    draw: Literal["brackets", "text", "svg"] = "brackets",
    reading: ReadingLines = LINES,
) -> None:
    """Print the tree of each sentence.

    Args:
        runs: Folder of a run of a method that parses, such as urnng. From several runs, each sentence gets
            the tree that shares the most constituents with all of theirs.
        input: Files, folders, or '-' for standard input: each line of them, or of their text field, is a
            sentence, with spaces between its words. Empty lines are left out.
        draw: 'brackets': one line for each tree, as in treebanks and NLTK. 'text': a drawing in characters.
            'svg': one SVG of all.
        reading: How files are read.
    """
    from sentrep.data.trees.drawing import as_svg, as_text, bracketed

    parser = api.Ensemble.open(runs)
    sentences = lines_of(input, reading)
    trees = api.parse(parser, sentences)
    if draw == "svg":
        print(as_svg(trees))
    else:
        print("\n".join(map(bracketed, trees)) if draw == "brackets" else "\n\n".join(map(as_text, trees)))
