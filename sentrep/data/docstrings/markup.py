"""Converts raw docstrings to sentences: markup is removed, prose and parameter descriptions are kept."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator

_UNDERLINE = re.compile(r"\s*([-=~^\"'#*+_.`])\1{2,}\s*$")
_DIRECTIVE = re.compile(r"\s*\.\. +([\w-]+):: ?(.*)")
_SHOWN_DIRECTIVES = frozenset(
    {"note", "warning", "tip", "important", "hint", "seealso", "deprecated", "caution", "attention"}
)
_COMMENT = re.compile(r"\s*\.\. |\s*\.\.$")
_FENCE = re.compile(r"\s*(```|~~~)")
_FIELD = re.compile(
    r"^:(?:param|parameter|arg|argument|keyword|raises?|returns?|rtype|type|yields?|[ic]?var)\b\s*([^:]*):\s*"
)
_BULLET = re.compile(r"^(?:[-*+•]|\(?\d{1,2}[.)])\s+")
_SIGNATURE = re.compile(r"^[\w.]+\(.*\)(?:\s*->.*)?$")
# `name: text`, `name (type): text`, `name : type` open an entry of a parameter list.
_ENTRY = re.compile(r"^[*`]{0,2}\w[\w.*`]*(?:, ?[\w*`]+)*(?: ?\([^()]*(?:\([^()]*\)[^()]*)*\))? ?: ?(?=\S|$)")
_HEADER = re.compile(
    r"(?:(?:keyword |other )?(?:arg(?:ument)?|param(?:eter)?)s|(?:in|out)puts?|returns?|yields?|raises?"
    r"|attributes|methods|examples?|notes?|warnings?|see also|references|usage|shape):?$",
    re.IGNORECASE,
)
_INLINE = (
    # :class:`~torch.Tensor` -> torch.Tensor
    (re.compile(r":[\w:+-]+:`~?!?([^`<]*?)\s*(?:<[^`>]*>)?`"), r"\1"),
    (re.compile(r"`([^`<]+?)\s*<[^`>]*>`__?"), r"\1"),  # `text <url>`_ -> text
    (re.compile(r"\[([^\][]+)\]\((?:https?:[^()\s]*|#[^()\s]*)\)"), r"\1"),  # [text](url) -> text
    (re.compile(r"\[`+([^`\][]+)`+\]"), r"\1"),  # [`Class`] -> Class
    (re.compile(r"`+([^`]*)`+_?"), r"\1"),
    (re.compile(r"\*\*([^*\s][^*]*)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])"), r"\1"),
    (re.compile(r"\s+\[\d+\]_"), ""),  # footnotes
    (re.compile(r"</?[a-zA-Z][^<>]{0,80}>"), " "),
    (re.compile(r"\s+"), " "),
)
_STOP = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?i:\b(?:e\.g|i\.e|etc|vs|cf|al|resp|approx|incl|fig|eq|ref|sec|dr|mr|ch|pp?|[a-z])\.)[\"')\]]*$"
)
_WORDS = re.compile(r"[^\W\d_]{2,}")


def sentences(raw: str) -> list[str]:
    """Returns the sentences and list entries of a docstring, in order; an empty list if it has no words.

    >>> parameters = "Parameters\\n----------\\nx : int\\n    The *first* one."
    >>> sentences(f"Add two numbers.\\n\\n{parameters}\\n\\n>>> add(1, 2)\\n3\\n")
    ['Add two numbers.', 'x : int The first one.']
    """
    # lone surrogates are legal in source but cannot be written as UTF-8; NUL is no text
    text = inspect.cleandoc(raw.encode("utf-8", "ignore").decode().replace("\0", " "))
    found: list[str] = []
    for unit in _units(_prose_lines(text.splitlines())):
        plain = unit
        for pattern, replacement in _INLINE:
            plain = pattern.sub(replacement, plain)
        found.extend(
            sentence for sentence in _split(plain.strip()) if any(map(str.isalpha, _WORDS.findall(sentence)))
        )
    return found


def is_entry(sentence: str) -> bool:
    """Whether a text is an entry of a parameter list instead of an introduction such as "There are two
    options:"."""
    return bool(_ENTRY.match(sentence)) or sentence.endswith(":")


def _prose_lines(lines: Iterable[str]) -> Iterator[str]:
    """Returns the lines, with blank ones in place of doctests, code, directives, comments and section
    headers."""
    pending: str | None = None  # one line late, since only the underline tells a header from prose
    in_doctest = in_fence = False
    code_indent: int | None = None
    for line in lines:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if _UNDERLINE.match(line) and not in_fence:
            pending = "" if text[0] in "-=~^" else pending
            continue
        fence = bool(_FENCE.match(line))
        in_doctest = text.startswith(">>>") or (in_doctest and bool(text))
        if text and code_indent is not None and indent <= code_indent:
            code_indent = None
        if fence or in_fence or in_doctest or code_indent is not None:
            line, in_fence = "", in_fence != fence
        elif directive := _DIRECTIVE.match(line):
            shown = directive[1] in _SHOWN_DIRECTIVES
            line, code_indent = (" " * indent + directive[2], None) if shown else ("", indent)
        elif text.endswith("::"):
            line, code_indent = line.rstrip()[:-1], indent
        elif _COMMENT.match(line) or _HEADER.match(text):
            line = ""
        if pending is not None:
            yield pending
        pending = line
    if pending is not None:
        yield pending


def _units(lines: Iterable[str]) -> Iterator[str]:
    """Returns paragraphs, bullets and parameter entries, each joined into one line."""
    unit: list[str] = []
    indent = 0
    for line in lines:
        text = line.strip()
        here = len(line) - len(line.lstrip())
        opens = bool(_BULLET.match(text) or _FIELD.match(text) or (_ENTRY.match(text) and not _runs_on(unit)))
        if unit and (not text or here < indent or opens):
            yield " ".join(unit)
            unit = []
        if not text or (not unit and _SIGNATURE.match(text)):
            continue
        if not unit:
            indent = here
            text = _FIELD.sub(lambda field: f"{field[1]}: " if field[1] else "", _BULLET.sub("", text))
        if text:
            unit.append(text)
    if unit:
        yield " ".join(unit)


def _runs_on(unit: list[str]) -> bool:
    """Whether the last line ends within a sentence, so that `word:` at the start of the next line is no
    entry."""
    return bool(unit) and unit[-1][-1] not in ".:;!?)]" and len(unit[-1]) > 50


def _split(text: str) -> Iterator[str]:
    """Returns the sentences of one unit. Punkt would not be better here, and would have to be trained
    first."""
    start = 0
    for stop in _STOP.finditer(text):
        if not _ABBREVIATION.search(text[start : stop.start()]):
            yield text[start : stop.start()] + text[stop.start() : stop.end()].rstrip()
            start = stop.end()
    if start < len(text):
        yield text[start:]
