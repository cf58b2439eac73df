"""Markdown files: CommonMark with tables, footnotes, task lists and front matter.

Prose is kept, marks are removed. Code blocks (unless they are asked for), comments, HTML tags, link targets,
image descriptions and front matter are left out, and their characters counted. A code fence that is never
closed hides no text: what follows it is read as Markdown. Indented code that reads as prose is kept.

The file is over 250 lines long because the handlers of all tokens are one class, in the order of the
parser's tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from sentrep.data.reading.document import (
    Block,
    Fragment,
    Outline,
    Reading,
    Source,
    compose,
    reads_as_prose,
    row_texts,
)
from sentrep.data.reading.front_matter import front_matter
from sentrep.data.reading.layout import CJK, starts_low
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source_lines import source_lines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

CHUNK = 1 << 18
"""Characters that are parsed at once; a longer file is cut before a heading or a blank line."""

DEEPEST = 12
"""Blocks within blocks that are parsed again: HTML, and what follows a code fence that nothing closes."""

_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}\s")
_FOOTNOTE = re.compile(r"(?m)^ {0,3}\[\^[^\]\n]+\]:[ \t]*")
_FOOTNOTE_MARK = re.compile(r"\[\^[^\]\s]+\]")
_TASK = re.compile(r"\[[ xX]\]\s+")
_DEEP = re.compile(r"(?m)^(?:[ \t]{0,3}(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])){9,}")
_ANCHOR = re.compile(r"\s*\{[#.:][^}\n]*\}\s*$")
_STRAY_MARKS = re.compile(r"\*{2,}|~{2,}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SCRIPT = re.compile(r"<(script|style)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"""</?[a-zA-Z](?:"[^"\n]*+"|'[^'\n]*+'|[^'"<>])*+>|<!--|-->|<[!?][^<>]*+>""")
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^<>]*>", re.IGNORECASE)


def markdown(source: Source, reading: Reading) -> Iterator[Fragment]:
    """A file is a document. Its title is its first heading; or the one that the front matter names, where the
    first heading is none of the first level."""
    reader = _Reader(reading.report, reading.code)
    chunks = _chunks(line.text for line in source_lines(source, reading))
    start = next(chunks, "")
    front = reader.front_matter(start)
    first = list(reader.blocks(start[front:]))
    reader.untitled = False
    yield from compose(
        source, reader.title, chain(first, (b for text in chunks for b in reader.blocks(text)))
    )


def _chunks(lines: Iterable[str]) -> Iterator[str]:
    """Cut a file outside of its code blocks, if it has any that end."""
    held: list[str] = []
    size, fence = 0, ""
    for line in lines:
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line.strip(fence[0] + " \t"):
            fence = ""
        cut = not line.strip() or _HEADING.match(line)
        if held and ((size > CHUNK and cut and not fence) or size + len(line) > 4 * CHUNK):
            yield "\n".join(held) + "\n"
            held, size, fence = [], 0, ""
        held.append(line)
        size += len(line) + 1
    if held:
        yield "\n".join(held) + "\n"


class _Reader:
    """Reads one document, chunk by chunk."""

    def __init__(self, report: ReadReport, code: bool = False) -> None:
        self._report = report
        self._keep_code = code
        self._outline = Outline()
        self.title = ""
        self.untitled = True
        """Whether the next heading is the title, which is no part of the text."""
        self._depth = 0

    def front_matter(self, text: str) -> int:
        """Where the text begins behind the front matter; its title is taken."""
        found = front_matter(text)
        if found is None:
            return 0
        self._report.leave_out("front matter", found.end)
        self.title = found.title
        return found.end

    def blocks(self, text: str) -> Iterator[Block]:
        """The blocks of a chunk."""
        text = _FOOTNOTE.sub("\n", _DEEP.sub("", text))
        tokens = self._tokens(text)
        if tokens is None:
            yield from (
                Block(part, self._outline.headings) for part in re.split(r"\n\s*\n", text) if part.strip()
            )
            return
        self._depth += 1
        yield from self._walk(tokens, text.split("\n"))
        self._depth -= 1

    def _tokens(self, text: str) -> list[Token] | None:
        """None where blocks are nested too deep to be parsed."""
        environment: dict[str, Any] = {}
        try:
            tokens = _parser().parse(text, environment) if self._depth < DEEPEST else None
        except (RecursionError, ValueError, IndexError):  # deeper than Python's stack, or a defect there
            return None
        targets = [*environment.get("references", {}).values(), *environment.get("duplicate_refs", [])]
        for target in targets:
            self._report.leave_out("link targets", sum(map(len, map(str, target.values()))))
        for name in environment.get("references", {}):
            self._report.leave_out("link targets", len(name))
        return tokens

    def _walk(self, tokens: list[Token], source: list[str]) -> Iterator[Block]:
        row: list[str] = []
        line = -1
        for i, token in enumerate(tokens):
            if token.type == "inline":
                text = self._inline(token.children or [])
                opened = tokens[i - 1]
                if opened.type == "heading_open":
                    yield from self._heading(int(opened.tag[1]), text)
                elif opened.type in ("td_open", "th_open"):
                    row.append(text)
                else:
                    in_item = i > 1 and tokens[i - 2].type == "list_item_open"
                    yield from self._paragraphs(_TASK.sub("", text, count=1) if in_item else text)
            elif token.type == "tr_open":
                row, line = [], token.map[0] if token.map else -1
            elif token.type == "tr_close":
                for text in row_texts([*row, *_surplus(source[line], len(row))]):
                    yield Block(text, self._outline.headings)
            elif token.type == "fence":
                yield from self._fence(token, source)
            elif token.type == "code_block":
                yield from self._indented(token.content)
            elif token.type == "html_block":
                yield from self._html(token.content)

    def _heading(self, level: int, text: str) -> Iterator[Block]:
        text = " ".join(_ANCHOR.sub("", text).split())
        headings = self._outline.open(level, text)
        titled = bool(self.title) and level > 1  # by the front matter; this heading begins a part
        first, self.untitled = self.untitled, False
        if first and not titled:
            self.title = text or self.title
        else:
            yield Block(text, headings)

    def _paragraphs(self, text: str) -> Iterator[Block]:
        for part in text.split("\n\n"):
            if part.strip():
                yield Block(part.strip(), self._outline.headings)

    def _fence(self, token: Token, source: list[str]) -> Iterator[Block]:
        first, last = token.map or (0, 0)
        closing = source[last - 1].lstrip("> \t").rstrip() if last - first > 1 else ""
        closed = closing.startswith(token.markup) and not closing.strip(token.markup[0])
        if closed and not _opened_again(token):
            yield from self._code(token.content, len(token.info))
            return
        # The fence is not closed, so its text is read as prose.
        sentence = len(token.info.split()) > 2
        self._report.leave_out("code", 0 if sentence else len(token.info))
        opening = f"{token.info}\n\n" if sentence else ""
        yield from self.blocks(f"{opening}{token.content}{token.markup if closed else ''}\n")

    def _indented(self, content: str) -> Iterator[Block]:
        if reads_as_prose(content):
            for part in re.split(r"\n\s*\n", content):
                yield Block(" ".join(part.split()), self._outline.headings)
        else:
            yield from self._code(content)

    def _code(self, content: str, info: int = 0) -> Iterator[Block]:
        self._report.leave_out("code", info if self._keep_code else len(content) + info)
        if self._keep_code:
            yield Block(content, self._outline.headings, code=True)

    def _html(self, content: str) -> Iterator[Block]:
        text = self._without_tags(content)
        text = "\n".join(line.strip() for line in text.split("\n"))
        if text.strip():
            yield from self.blocks(text)

    def _without_tags(self, content: str) -> str:
        kept = _SCRIPT.sub("", _COMMENT.sub("", content))
        self._report.leave_out("comments and scripts", len(content) - len(kept))
        text = _TAG.sub("", _BREAK.sub("\n\n", kept))
        self._report.leave_out("HTML tags", len(kept) - len(text))
        return text

    def _inline(self, tokens: Iterable[Token]) -> str:
        text = ""
        hard = False
        for token in tokens:
            if token.type in ("softbreak", "hardbreak") or _is_break(token):
                hard = hard or token.type != "softbreak"
                text = text.rstrip(" ") + "\n"
                continue
            part = self._inline_part(token)
            if part and text.endswith("\n"):
                text = _joined(text.rstrip("\n"), part.lstrip(), hard)
                hard = False
            else:
                text += part
        return text.strip()

    def _inline_part(self, token: Token) -> str:
        if token.type == "text":
            text = _FOOTNOTE_MARK.sub("", token.content)
            self._report.leave_out("footnote marks", len(token.content) - len(text))
            return _STRAY_MARKS.sub("", text)
        if token.type == "code_inline":
            return token.content
        if token.type == "link_open":
            target = str(token.attrs.get("href", "")) + str(token.attrs.get("title", ""))
            self._report.leave_out("link targets", len(target))
        elif token.type == "image":
            self._report.leave_out("image descriptions", len(token.content) + len(str(token.attrs)))
        elif token.type == "html_inline":
            self._report.leave_out("HTML tags", len(token.content))
        return ""


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True, "maxNesting": 120}).enable(["table", "strikethrough"])


def _surplus(line: str, width: int) -> list[str]:
    """Cells of a table row beyond its columns."""
    return re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))[width:]


def _is_break(token: Token) -> bool:
    return token.type == "html_inline" and token.content.lower().startswith("<br")


def _joined(text: str, following: str, hard: bool) -> str:
    """Two lines of a paragraph. A hard break parts them, unless the sentence goes on."""
    if hard and not starts_low(following):
        return f"{text}\n\n{following}"
    wide = re.search(rf"[{CJK}，。、；：！？”’」』）]$", text) and re.match(rf"[{CJK}“‘「『（]", following)
    return text + following if wide else f"{text} {following}"


def _opened_again(token: Token) -> bool:
    """Whether a block of code holds the start of another: then the first was never closed."""
    opening = re.compile(rf"(?m)^ {{0,3}}{re.escape(token.markup)}[`~]*[ \t]*[\w{{+-][^`\n]*$")
    return opening.search(token.content) is not None
