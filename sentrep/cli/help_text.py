"""Help as the parser prints it, made readable."""

from __future__ import annotations

import re
import textwrap

_SETTING = re.compile(r"`([a-z]\w*)`")
_NO_DEFAULT = re.compile(r" *\(default: (?:None)?\)")
_OPTION = re.compile(r" {1,7}\S.*? {2,}(?=\S)")
_WIDTH = 80
"""Columns of help without a rule, whose length is the width."""
_LEAST_INDENT = 8
"""Spaces before the description of an option, at least."""


def readable(text: str) -> str:
    r"""Help in which settings are written as options, descriptions are filled, and empty defaults are left
    out.

    >>> readable("usage: x\n  --k INT    How many,\n             at `most`. (default: None)     \n")
    'usage: x\n  --k INT    How many, at --most.\n'
    """
    lines = [line.rstrip() for line in text.split("\n")]
    width = max((len(line) for line in lines if line.strip(" -") == ""), default=0) or _WIDTH
    paragraphs: list[list[str]] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if paragraphs and indent >= _LEAST_INDENT and indent == _column(paragraphs[-1][0]):
            paragraphs[-1].append(line)
        else:
            paragraphs.append([line])
    return "\n".join(_filled(paragraph, width) for paragraph in paragraphs)


def _column(line: str) -> int:
    """Where the description of an option begins in a line; of other lines where they begin."""
    option = _OPTION.match(line)
    return option.end() if option else len(line) - len(line.lstrip())


def _filled(lines: list[str], width: int) -> str:
    column = _column(lines[0])
    text = " ".join([lines[0][column:], *map(str.strip, lines[1:])])
    text = _SETTING.sub(lambda name: f"--{name[1].replace('_', '-')}", _NO_DEFAULT.sub("", text))
    head = lines[0][:column]
    if column < _LEAST_INDENT:
        return head + text
    return textwrap.fill(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * column,
        break_long_words=False,
        break_on_hyphens=False,
    )
