"""reStructuredText files, read by docutils. Directives and roles that it does not know (Sphinx has many) are
read as text; code (unless it is asked for), comments and link targets are left out and counted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sentrep.data.reading.decode import decode
from sentrep.data.reading.document import Block, Fragment, Outline, Reading, Source, compose, row_texts
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.whole import read_whole
from sentrep.utils.errors import PARSER_FAULTS

_DIRECTIVE = re.compile(r"(?m)^\s*\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([\w:+.-]+?)[ \t]?::")
_DIRECTIVE_LINES = re.compile(r"\A\s*\.\.[^\n]*|(?m:^\s*:[\w-]+:[^\n]*)")
_ROLE = re.compile(r":([\w:+.-]+):`|`:([\w:+.-]+):")
_CODE = frozenset(["code-block", "sourcecode", "code", "doctest", "testcode", "ipython", "prompt"])
_NO_PROSE = frozenset([
    "toctree", "autosummary", "literalinclude", "testoutput", "testsetup", "plot", "highlight", "mermaid",
    "graphviz", "tikz", "index", "automodule", "autoclass", "autofunction", "bibliography", "raw",
])  # fmt: skip
_REPLACED = frozenset(["raw", "class"])
"""Directives that docutils knows and that are not read in its way: it gives back raw markup as text; and a
class is a style to it, to Sphinx a class of Python."""
_OBJECT = re.compile(
    r"(?:(?:py|c|cpp|js|rst|std):)?(?:attribute|class|classmethod|data|decorator|decoratormethod|describe|directive|"
    r"enum|enumerator|envvar|exception|function|macro|member|method|module|namespace|object|option|program|property|"
    r"role|staticmethod|struct|type|union|var)"
)
"""Directives of Sphinx that describe something: their argument is its name or signature."""
_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 6,
    "syntax_highlight": "none",
    "doctitle_xform": False,
    "smart_quotes": False,
    "line_length_limit": 1 << 24,
    "_disable_config": True,
    "warning_stream": False,
}


def rst(source: Source, reading: Reading) -> Iterator[Fragment]:
    """A file is a document. Its title is its first heading."""
    data = read_whole(source, reading)
    if data is None:
        return
    text = "".join(decode(iter([data]), source.name, reading.report))
    blocks, title = _blocks(text, reading), ""
    if blocks and blocks[0].headings == (blocks[0].text,):
        title = blocks.pop(0).text
    yield from compose(source, title, blocks)


def _blocks(text: str, reading: Reading) -> list[Block]:
    """The blocks of a document; its paragraphs as they stand where docutils fails."""
    report = reading.report
    from docutils import ApplicationError
    from docutils.parsers.rst import DirectiveError
    from docutils.statemachine import StateMachineError

    try:
        tree = _parsed(text)
        blocks = list(_Walk(report, reading.code).blocks(tree))
    except (ApplicationError, DirectiveError, StateMachineError, *PARSER_FAULTS):
        # nested too deep, or a defect of a directive
        paragraphs = re.split(r"\n[^\S\n]*\n", text)
        return [Block(" ".join(part.split())) for part in paragraphs if part.strip()]
    taken = sum(sum(map(len, block.text.split())) if block.code else len(block.text) for block in blocks)
    left = sum(map(len, text.split())) - taken - report.left_out["code"] - report.left_out["comments"]
    report.leave_out("marks and link targets", max(0, left))
    return blocks


def _parsed(text: str) -> Any:
    from docutils.core import publish_doctree

    with _lenient(text):
        return publish_doctree(text, settings_overrides=_SETTINGS)


@contextmanager
def _lenient(text: str) -> Iterator[None]:
    """Directives and roles of a text that docutils does not know, known while it is parsed."""
    from docutils.parsers.rst import directives, roles

    named = {name.lower() for name in _DIRECTIVE.findall(text)}
    named -= (directives._directive_registry.keys() | directives._directives.keys()) - _REPLACED
    named_roles = {(before or behind).lower() for before, behind in _ROLE.findall(text)}
    named_roles -= roles._role_registry.keys() | roles._roles.keys()
    with (
        _entered(directives._directives, named, _directive()),
        _entered(roles._roles, named_roles, _role),
    ):
        yield


@contextmanager
def _entered(registry: dict[str, Any], names: Collection[str], value: object) -> Iterator[None]:
    """A registry with a value under some names; it is as before when the block ends."""
    before = dict(registry)
    registry.update(dict.fromkeys(names, value))
    try:
        yield
    finally:
        registry.clear()
        registry.update(before)


@cache
def _directive() -> Any:
    """The class of all unknown directives."""
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class Unknown(Directive):
        """Its argument and its content are text, unless its name says that they are none."""

        has_content = True
        optional_arguments = 1
        final_argument_whitespace = True
        option_spec = _AnyOption({"class": str})

        def run(self) -> list[Any]:
            argument = " ".join(self.arguments)
            if self.name in _CODE:
                code = "\n".join(self.content)
                return [nodes.literal_block(code, code)]
            if self.name in _NO_PROSE:
                omitted = "\n".join([argument, *self.content])
                return [nodes.raw(omitted, omitted)]
            container = nodes.container()
            if _OBJECT.fullmatch(self.name) and self.arguments:
                signatures = "\n".join(map(str.strip, self.arguments[0].split("\n")))
                container += nodes.literal_block(signatures, signatures)
            elif len(argument.split()) > 2:
                container += nodes.paragraph(argument, argument)
            self.state.nested_parse(self.content, self.content_offset, container)
            return [container]

    return Unknown


def _role(name: str, rawtext: str, text: str, *_: Any, **__: Any) -> tuple[list[Any], list[Any]]:
    """All unknown roles: their text without a target."""
    from docutils import nodes

    return [nodes.Text(re.sub(r"\s*<[^<>]*>$", "", text.replace("\0", "")).lstrip("~!"))], []


class _AnyOption(dict[str, Any]):
    """Options of a directive, whatever their names."""

    def __missing__(self, name: str) -> Any:
        return str


class _Walk:
    """A tree of docutils to blocks."""

    def __init__(self, report: ReadReport, code: bool) -> None:
        self._report = report
        self._keep_code = code
        self._outline = Outline()

    def blocks(self, node: Any, level: int = 0) -> Iterator[Block]:
        from docutils import nodes

        for child in node.children:
            if self._keep_code and isinstance(child, nodes.literal_block | nodes.doctest_block):
                yield Block(child.astext(), self._outline.headings, code=True)
            elif isinstance(child, nodes.literal_block | nodes.doctest_block | nodes.math_block | nodes.raw):
                self._report.leave_out("code", sum(map(len, child.astext().split())))
            elif isinstance(child, nodes.system_message):
                yield from self._unread(child)
            elif isinstance(child, nodes.comment):
                self._report.leave_out("comments", sum(map(len, child.astext().split())))
            elif isinstance(child, nodes.section):
                yield from self.blocks(child, level + 1)
            elif isinstance(child, nodes.title) and isinstance(node, nodes.section):
                text = _folded(child.astext())
                yield Block(text, self._outline.open(level, text))
            elif isinstance(child, nodes.row):
                for text in row_texts(entry.astext() for entry in child.children):
                    yield Block(text, self._outline.headings)
            elif isinstance(child, nodes.line_block):
                yield from self.blocks(child, level)
            elif isinstance(child, nodes.TextElement):
                self._leave_out_markup(child)
                text = _folded(child.astext())
                if text and not isinstance(child, nodes.target | nodes.substitution_definition | nodes.label):
                    yield Block(text, self._outline.headings)
            elif isinstance(child, nodes.Element):
                yield from self.blocks(child, level)

    def _leave_out_markup(self, element: Any) -> None:
        """Remove raw markup within a paragraph, which substitutions put there."""
        from docutils import nodes

        for markup in list(element.findall(nodes.raw)):
            self._report.leave_out("code", sum(map(len, markup.astext().split())))
            markup.parent.remove(markup)

    def _unread(self, message: Any) -> Iterator[Block]:
        """What docutils gives back because it is wrong, without the directive's own line and options."""
        from docutils import nodes

        for child in message.children:
            if isinstance(child, nodes.literal_block):
                text = _folded(_DIRECTIVE_LINES.sub("", child.astext()))
                if text:
                    yield Block(text, self._outline.headings)


def _folded(text: str) -> str:
    return " ".join(text.split())
