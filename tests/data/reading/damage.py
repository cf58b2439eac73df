"""Documents of all formats with words that can be found again, and ways to damage their files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zlib
from collections.abc import Callable

import pyarrow
import pyarrow.parquet
import zstandard

Random = random.Random


def word(chance: Random) -> str:
    """A word that occurs nowhere else: a letter for each of 40 random bits, between two letters q."""
    return "q" + "".join(chance.choice("abcdefghijklmnop") for _ in range(10)) + "q"


def prose(chance: Random, words: list[str]) -> str:
    """Some sentences; their words are added to `words`."""
    sentences = []
    for _ in range(chance.randint(1, 4)):
        mine = [word(chance) for _ in range(chance.randint(2, 9))]
        words += mine
        sentences.append(" ".join(mine).capitalize().replace(" ", chance.choice([" ", " ", ", "]), 1) + ".")
    return chance.choice([" ", "\n", " “é中”\r\n"]).join(sentences)


def _txt(chance: Random, words: list[str]) -> bytes:
    return (
        chance.choice(["\n\n", "\n"]).join(prose(chance, words) for _ in range(chance.randint(1, 9))).encode()
    )


def _jsonl(chance: Random, words: list[str]) -> bytes:
    rows = [{"id": str(i), "text": prose(chance, words)} for i in range(chance.randint(1, 9))]
    return "\n".join(json.dumps(row, ensure_ascii=chance.random() < 0.5) for row in rows).encode()


def _csv(chance: Random, words: list[str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "text", "note"])
    writer.writerows([i, prose(chance, words), 'a "b"'] for i in range(chance.randint(1, 9)))
    return out.getvalue().encode()


def _tsv(chance: Random, words: list[str]) -> bytes:
    rows = [f"{i}\t{' '.join(prose(chance, words).split())}" for i in range(chance.randint(1, 9))]
    return "\n".join(["id\ttext", *rows]).encode()


def _md(chance: Random, words: list[str]) -> bytes:
    parts: list[str] = ["---\ntitle: x\n---"] if chance.random() < 0.3 else []
    shapes = [
        "# {}",
        "{}",
        "> {}",
        "- {}\n- {}",
        "1. **{}**",
        "```\n{}\n```",
        "    {}",
        "| {} | b |\n|---|---|\n| {} | d |",
        "<!-- {} -->",
        "<div>{}</div>",
        "[{}](http://x.example)",
        "Text.[^1]\n\n[^1]: {}",
        "`{}` and {}",
        "~~~ {}",
        "![{}](x.png)",
    ]
    for _ in range(chance.randint(1, 9)):
        shape = chance.choice(shapes)
        texts = [" ".join(prose(chance, words).split()) for _ in range(shape.count("{}"))]
        parts.append(shape.format(*texts))
    return "\n\n".join(parts).encode()


def _html(chance: Random, words: list[str]) -> bytes:
    tags = ["p", "p", "p", "h2", "li", "div", "td", "b", "nav", "pre", "script", "footer", "blockquote"]
    parts = [f"<{tag}>{prose(chance, words)}</{tag}>" for tag in chance.choices(tags, k=chance.randint(1, 9))]
    return f"<html><head><title>T</title></head><body>{''.join(parts)}</body></html>".encode()


def _rst(chance: Random, words: list[str]) -> bytes:
    shapes = [
        "{}",
        "T\n=\n\n{}",
        "- {}",
        ".. note:: {}",
        ".. x::\n\n   {}",
        "*{}*",
        "::\n\n   {}",
        ".. {}",
        ":f: {}",
    ]
    parts = [
        chance.choice(shapes).format(" ".join(prose(chance, words).split()))
        for _ in range(chance.randint(1, 9))
    ]
    return "\n\n".join(parts).encode()


def _parquet(chance: Random, words: list[str]) -> bytes:
    out = io.BytesIO()
    rows = {"text": [prose(chance, words) for _ in range(chance.randint(1, 9))]}
    pyarrow.parquet.write_table(pyarrow.table(rows), out)
    return out.getvalue()


def _docx(chance: Random, words: list[str]) -> bytes:
    import docx

    out, document = io.BytesIO(), docx.Document()
    for _ in range(chance.randint(1, 4)):
        document.add_paragraph(prose(chance, words))
    document.save(out)
    return out.getvalue()


def _pdf(chance: Random, words: list[str]) -> bytes:
    from tests.data.reading.test_documents import pdf_of

    return pdf_of([[" ".join(prose(chance, words).split()).encode("ascii", "ignore").decode()]])


MAKERS: dict[str, Callable[[Random, list[str]], bytes]] = {
    ".txt": _txt,
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".tsv": _tsv,
    ".md": _md,
    ".html": _html,
    ".rst": _rst,
    ".parquet": _parquet,
    ".docx": _docx,
    ".pdf": _pdf,
}
TEXT = (".txt", ".jsonl", ".csv", ".tsv", ".md", ".html", ".rst")
"""Formats whose files are text, so that every word of the damaged file can be found in it."""


def _flip(chance: Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        out[chance.randrange(len(out))] = chance.randrange(256)
    return bytes(out)


def _cut(chance: Random, data: bytes) -> bytes:
    return data[: chance.randrange(1, len(data) + 1)]


def _drop(chance: Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 40) :]


def _insert(chance: Random, data: bytes) -> bytes:
    signs = [
        b'"',
        b'""',
        b"\n",
        b"\r",
        b",",
        b"\t",
        b"\0",
        b"```",
        b"<!--",
        b"<",
        b">",
        b"{",
        b"\\",
        b"\x1f",
        b"::",
    ]
    for _ in range(chance.randint(1, 5)):
        start = chance.randrange(len(data))
        data = data[:start] + chance.choice(signs) * chance.randint(1, 3) + data[start:]
    return data


def _repeat(chance: Random, data: bytes) -> bytes:
    start, size = chance.randrange(len(data)), chance.randint(1, 300)
    return data[: start + size] + data[start : start + size] * chance.randint(1, 3) + data[start + size :]


def _mix(chance: Random, data: bytes) -> bytes:
    other = "Größe été 中文".encode(chance.choice(["latin-1", "utf-16", "gb18030", "utf-8"]), "replace")
    start = chance.randrange(len(data))
    return data[:start] + other * chance.randint(1, 4) + data[start:]


DAMAGES = (_flip, _cut, _drop, _insert, _insert, _repeat, _mix)
PACKING: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


def damaged(chance: Random) -> tuple[str, bytes, bytes | None]:
    """The ends of a file's name, its bytes, and its text as far as it can be unpacked (None: unknown)."""
    kind = chance.choice([*MAKERS, *TEXT, *TEXT])
    words: list[str] = []
    data = MAKERS[kind](chance, words)
    packing = chance.choice(["", "", ".gz", ".zst"])
    if packing and chance.random() < 0.7:
        packed = PACKING[packing](data)
        packed = chance.choice([_flip, _cut])(chance, packed)
        text = _unzipped(packed) if packing == ".gz" else None
        return kind + packing, packed, text if kind in TEXT else None
    for _ in range(chance.randint(1, 2)):
        data = chance.choice(DAMAGES)(chance, data) or b" "
    return kind + packing, PACKING[packing](data), data if kind in TEXT else None


def _unzipped(data: bytes) -> bytes | None:
    """What stands before the error."""
    unpacker = zlib.decompressobj(wbits=31)
    out = b""
    try:
        for i in range(0, len(data), 4096):
            out += unpacker.decompress(data[i : i + 4096])
    except zlib.error:
        pass
    return out
