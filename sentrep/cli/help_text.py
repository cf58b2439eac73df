"""Help as the parser prints it, made readable."""

from __future__ import annotations

import re
import textwrap

_SETTING = re.compile(r"`([a-z]\w*)`")
_NO_DEFAULT = re.compile(r" *\(default: (?:None|False|'')?\)")
_ON = " (default: True)"
"""Ends the description of a switch `--no-…`, which says what happens without the switch."""
_USAGE_CHOICES = re.compile(r"(?m)^(usage: .*)\{[\w,-]{80,}\}")
"""A long list of commands, methods or baselines, which stands below as well."""
_SEVERAL = re.compile(r"\[([A-Z]+) \[\1 \.\.\.\]\]( {2,})?")
_FILES = re.compile(r"(--corpus) STR \[STR \.\.\.\]")
"""The option for `CorpusConfig.corpus`, whose values are files, not arbitrary strings."""
_OPTION = re.compile(r" {1,7}\S.*? {2,}(?=\S)")
_WIDTH = 80
"""Columns of help without a rule, whose length is the width."""
_LEAST_INDENT = 8
"""Spaces before the description of an option, at least."""


def readable(text: str) -> str:
    r"""Help in which settings are written as options and descriptions are filled. Defaults that say nothing
    are left out, and what a switch turns off is described as such.

    >>> readable("usage: x\n  --k INT    How many,\n             at `most`. (default: None)     \n")
    'usage: x\n  --k INT    How many, at --most.\n'
    >>> readable("-" * 20 + "\nA description is filled, too.")
    '--------------------\nA description is\nfilled, too.'
    >>> readable("  --no-code  Keep code. (default: True)\n  --id [STR [STR ...]]  Ids.")
    '  --no-code  Turn this off: keep code.\n  --id STR [STR ...]    Ids.'
    """
    text = _USAGE_CHOICES.sub(r"\1NAME", text)
    text = _FILES.sub(r"\1 FILE [FILE ...]", _SEVERAL.sub(_one_or_more, text))
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


def _one_or_more(found: re.Match[str]) -> str:
    """`STR [STR ...]` for `[STR [STR ...]]`, with as many columns before a description."""
    metavar, margin = found.groups()
    return f"{metavar} [{metavar} ...]" + (f"{margin}  " if margin else "")


def _column(line: str) -> int:
    """Where the description of an option begins in a line; of other lines where they begin."""
    option = _OPTION.match(line)
    return option.end() if option else len(line) - len(line.lstrip())


def _filled(lines: list[str], width: int) -> str:
    column = _column(lines[0])
    text = " ".join([lines[0][column:], *map(str.strip, lines[1:])])
    text = _SETTING.sub(lambda name: f"--{name[1].replace('_', '-')}", _NO_DEFAULT.sub("", text))
    if text.endswith(_ON):
        text = f"Turn this off: {text[0].lower()}{text[1:].removesuffix(_ON)}"
    head = lines[0][:column]
    if text.startswith("usage: "):
        return text
    return textwrap.fill(
        text,
        width,
        initial_indent=head,
        subsequent_indent=" " * column,
        break_long_words=False,
        break_on_hyphens=False,
    )
