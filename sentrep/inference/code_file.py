"""The file of compressed sentences: a header, and blocks with checksums.

header    magic, version, kind, SHA-256 of the model, number of sentences, CRC of the header
block     number of sentences, number of bytes, CRC of the text, the bytes, CRC of the block
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from sentrep.utils.errors import InputError, at
from sentrep.utils.files import output_file

MAGIC, VERSION = b"SREP", 1
HEADER = struct.Struct("<4sBB32sI")
BLOCK = struct.Struct("<HII")
CRC = struct.Struct("<I")


class Header(NamedTuple):
    """The fields of the header."""

    lossy: bool
    model: bytes
    """SHA-256."""
    sentences: int


class Block(NamedTuple):
    """Some sentences."""

    sentences: int
    text_crc: int
    """CRC-32 of the sentences; 0 in a lossy file."""
    data: bytes


def write_codes(path: Path, header: Header, blocks: Iterable[Block]) -> int:
    """Writes a file, complete or not at all; returns the number of its bytes."""
    with output_file(path) as file:
        size = file.write(
            _with_checksum(HEADER.pack(MAGIC, VERSION, header.lossy, header.model, header.sentences))
        )
        for block in blocks:
            packed = BLOCK.pack(block.sentences, len(block.data), block.text_crc)
            size += file.write(_with_checksum(packed + block.data))
    return size


def read_codes(path: Path) -> tuple[Header, Iterator[Block]]:
    """Reads a file.

    Raises:
        InputError: it is not there, is no such file, or is damaged; blocks are checked as they are read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{at(path)} cannot be read ({error.strerror})") from error
    if not data.startswith(MAGIC):
        raise InputError(
            f"{at(path)} is not a file of compressed sentences; give one that compress has written"
        )
    _, version, lossy, model, sentences = HEADER.unpack(_verified(data, 0, HEADER.size, path))
    if version != VERSION:
        raise InputError(
            f"{at(path)} has format {version}, this version reads {VERSION}; compress the text again"
        )
    return Header(bool(lossy), model, sentences), _blocks(data, sentences, path)


def _blocks(data: bytes, sentences: int, path: Path) -> Iterator[Block]:
    place, found = HEADER.size + CRC.size, 0
    while place < len(data):
        count, size, text_crc = BLOCK.unpack(_part(data, place, BLOCK.size, path))
        block = _verified(data, place, BLOCK.size + size, path)
        place, found = place + len(block) + CRC.size, found + count
        yield Block(count, text_crc, block[BLOCK.size :])
    if found != sentences:
        raise damaged(path, f"{found:,} of {sentences:,} sentences are there")


def damaged(path: Path, what: str) -> InputError:
    """The error for a damaged file."""
    return InputError(f"{at(path)} is damaged ({what}); copy the file again, or compress the text again")


def _with_checksum(data: bytes) -> bytes:
    return data + CRC.pack(zlib.crc32(data))


def _verified(data: bytes, place: int, size: int, path: Path) -> bytes:
    part = _part(data, place, size + CRC.size, path)
    if CRC.unpack(part[size:])[0] != zlib.crc32(part[:size]):
        raise damaged(path, f"checksum of the {size} bytes at {place}")
    return part[:size]


def _part(data: bytes, place: int, size: int, path: Path) -> bytes:
    if place + size > len(data):
        raise damaged(path, "its end is missing")
    return data[place : place + size]
