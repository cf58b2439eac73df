"""Bytes of a file to text: decompressed, decoded, its line ends made one; what is broken is counted and
named."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sentrep.data.reading.report import Kind, ReadReport

BLOCK = 1 << 18
"""Bytes read at once from a plain file."""

MORSEL = 1 << 12
"""Compressed bytes unpacked at once. zlib expands them at most a thousandfold, so no file can fill the
memory."""

_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Line(NamedTuple):
    """A line of a file; its text is None where it is too long to be held."""

    number: int
    text: str | None
    length: int
    """In characters."""


def unpack(file: Path, name: str, report: ReadReport) -> Iterator[bytes]:
    """The bytes of a file in pieces of bounded size; .gz and .zst are unpacked. A damaged file gives what
    comes before."""
    try:
        with file.open("rb") as raw:
            if file.suffix.lower() in (".gz", ".zst"):
                yield from _unpacked(raw, _gzip if file.suffix.lower() == ".gz" else _zstd)
            else:
                yield from iter(lambda: raw.read(BLOCK), b"")
    except _Damaged as error:
        report.problem(Kind.COMPRESSION, name, f"{error}; what comes before it is used")
    except OSError as error:
        report.problem(Kind.UNREADABLE_FILE, name, error.strerror or str(error))


def decode(
    data: Iterator[bytes], name: str, report: ReadReport, encoding: str | None = None
) -> Iterator[str]:
    """Text in blocks, all line ends "\n" and no NUL. Undecodable bytes become U+FFFD and are counted.

    Args:
        data: the bytes, in blocks.
        name: what the report calls them.
        report: counts what is wrong.
        encoding: what to take them for where no byte order mark says it; UTF-8 if None.
    """
    head = b""
    for block in data:
        head += block
        if len(head) >= 4:
            break
    mark, marked = next(
        ((mark, name) for mark, name in _MARKS if head.startswith(mark)), (b"", encoding or "utf-8")
    )
    text = _Text(marked, name, report)
    for block, last in _with_last(_chain(head[len(mark) :], data)):
        decoded = text.decode(block, last)
        if text.refused:
            rest = sum(map(len, data)) + len(block)
            what = f"its bytes are not {marked.upper()}; convert it, or leave it out"
            report.problem(Kind.NOT_TEXT, name, what, characters=rest)
            return
        if decoded:
            yield decoded


class _Text:
    """Decodes one file."""

    def __init__(self, encoding: str, name: str, report: ReadReport) -> None:
        self._encoding, self._name, self._report = encoding, name, report
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._line, self._first = 1, True
        self._waiting = False
        """The last block ended in "\r", perhaps the half of "\r\n"."""
        self.refused = False
        """Whether the first block is no text."""

    def decode(self, block: bytes, last: bool) -> str:
        text = self._decoder.decode(block, last)
        replaced = text.count("\ufffd")
        if replaced and self._encoding == "utf-8":
            replaced -= block.count(b"\xef\xbf\xbd")
        nuls = text.count("\0")
        self.refused = self._first and (replaced + nuls) * 10 > 3 * len(text)
        if self.refused:
            return ""
        self._first = False
        if replaced > 0:
            what = f"{replaced} from here on replaced; is the file {self._encoding.upper()}?"
            self._count(Kind.ENCODING, text, "\ufffd", what, replaced)
        if nuls:
            self._count(Kind.NUL, text, "\0", f"{nuls} dropped from here on", nuls)
            text = text.replace("\0", "")
        text = self._with_line_ends(text, last)
        self._line += text.count("\n")
        return text

    def _count(self, kind: Kind, text: str, sign: str, what: str, times: int) -> None:
        at = self._line + text.count("\n", 0, text.index(sign))
        lost = times if kind == Kind.ENCODING else 0
        self._report.problem(kind, f"{self._name}:{at}", what, times=times, characters=lost)

    def _with_line_ends(self, text: str, last: bool) -> str:
        if self._waiting:
            text = "\r" + text
        self._waiting = text.endswith("\r") and not last
        if self._waiting:
            text = text[:-1]
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def lines(blocks: Iterator[str], longest: int) -> Iterator[Line]:
    """Cut blocks into lines. Of a line beyond `longest` characters no more than that is ever held, and its
    text is None."""
    number, held, length = 1, list[str](), 0
    for block in blocks:
        *ended, rest = block.split("\n")
        for end in ended:
            length += len(end)
            text = None if length > longest else "".join([*held, end]) if held else end
            yield Line(number, text, length)
            number, held, length = number + 1, [], 0
        length += len(rest)
        if length > longest:
            held = []
        elif rest:
            held.append(rest)
    if length:
        yield Line(number, None if length > longest else "".join(held), length)


class _Damaged(Exception):
    """A compressed file that cannot be unpacked to its end."""


def _unpacked(raw: BinaryIO, member: Callable[[], Any]) -> Iterator[bytes]:
    """Unpack a file of one or more members (gzip) or frames (zstandard)."""
    unpacker, begun = member(), False
    read = start = 0  # bytes of the file that were read, and where the member begins
    errors = _errors()
    for morsel in iter(lambda: raw.read(MORSEL), b""):
        read += len(morsel)
        while morsel:
            if unpacker.eof:
                morsel = morsel.lstrip(b"\0")  # padding between members
                if not morsel:
                    break
                unpacker, start = member(), read - len(morsel)
            begun = True
            try:
                data = unpacker.decompress(morsel)
            except errors as error:
                yield from _until_the_damage(raw, start, read - len(morsel), member)
                raise _Damaged(str(error)) from error
            morsel = unpacker.unused_data if unpacker.eof else b""
            if data:
                yield data
    if begun and not unpacker.eof:
        raise _Damaged("ends too early")


def _until_the_damage(raw: BinaryIO, start: int, at: int, member: Callable[[], Any]) -> Iterator[bytes]:
    """What a member that begins at `start` holds from the byte `at` on, up to the damaged byte: where an
    unpacker raises an error, it does not return what it unpacked before."""
    if not raw.seekable():
        return
    raw.seek(start)
    unpacker = member()
    for size in [MORSEL] * ((at - start) // MORSEL) + [(at - start) % MORSEL]:
        unpacker.decompress(raw.read(size))
    with suppress(*_errors()):
        while byte := raw.read(1):
            if data := unpacker.decompress(byte):
                yield data


def _gzip() -> Any:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Any:
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()


def _errors() -> tuple[type[Exception], ...]:
    import zstandard

    return zlib.error, zstandard.ZstdError


def _chain(head: bytes, data: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from data


def _with_last(items: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each item, and whether it is the last."""
    previous = next(items)
    for item in items:
        yield previous, False
        previous = item
    yield previous, True
