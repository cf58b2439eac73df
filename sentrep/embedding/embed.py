"""Embedding sentences into memory, or into a folder of shards that can be interrupted and continued."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sentrep.embedding.shards import KIND, Embedded, EmbeddedInfo, files_of, texts_file, vectors_file
from sentrep.utils.errors import InputError, opt
from sentrep.utils.files import PARTIAL, whole
from sentrep.utils.locks import writer
from sentrep.utils.manifest import MANIFEST, FileStamp, Manifest
from sentrep.utils.progress import progress

Encode: TypeAlias = Callable[[list[str]], NDArray[np.float32]]
"""Texts to vectors (sentence, width); in use ``functools.partial(sentrep.encoders.encode, model)``."""

PIECE = 4096
"""Texts handed to the encoder at once: enough to sort by length, few enough for the progress bar to move."""

Record: TypeAlias = tuple[str, str] | tuple[str, str, Mapping[str, str]]
"""Id and text, and further fields where there are any."""

NAMES = {"model_name", "model_path"}
"""Keys of a stamp that may change between two starts: a model that has moved is still the same model."""

SHARD = re.compile(r"vectors-\d+\.npy|texts-\d+\.jsonl")
"""Names of the files of shards."""


def embed_texts(encode: Encode, texts: Iterable[str], *, total: int | None = None) -> NDArray[np.float32]:
    """Embed texts in memory.

    Returns:
        (sentence, width) float32, in the order given.

    Raises:
        InputError: there is no text, a text is no string, or a vector is not finite.

    >>> embed_texts(lambda texts: np.ones((len(texts), 3)), ["a", "b"]).shape
    (2, 3)
    """
    _not_a_string(texts)
    pieces: list[NDArray[np.float32]] = []
    rest = progress(texts, "embedding", total)
    while piece := list(islice(rest, PIECE)):
        pieces.append(_encode(encode, piece, sum(map(len, pieces)), pieces[0].shape[1] if pieces else None))
    if not pieces:
        raise InputError("there are no texts to embed; is the input empty?")
    return np.concatenate(pieces)


def embed_to_folder(
    encode: Encode,
    texts: Iterable[Record],
    out: Path | str,
    *,
    stamp: Mapping[str, str],
    shard: int = 65_536,
    dtype: str = "float32",
    overwrite: bool = False,
    wait: bool = False,
    total: int | None = None,
) -> Embedded:
    """Embed (id, text) pairs into a folder, one shard in memory at a time, and open it.

    Run again after an interruption, with the same stamp and the same texts, it goes on after the last
    finished
    shard; the texts that are passed over are compared with those embedded. Ctrl-C and SIGTERM raise a
    KeyboardInterrupt whose message says what is kept.

    Args:
        encode: texts to vectors (sentence, width).
        texts: pairs of id and text; or triples of id, text and further fields, which an index keeps to its
            hits.
        out: the folder.
        stamp: what the vectors are of: ``model`` (content hash), ``source`` (fingerprint of the input), and
        for
            people ``model_name`` and ``model_path``.
        shard: sentences in a shard.
        dtype: float32 or float16, in which vectors are stored.
        overwrite: start anew, whatever embedded sentences are in `out`.
        wait: wait for another process that writes `out`, instead of refusing.
        total: number of texts, for the progress bar.

    Raises:
        InputError: `out` holds other work or something else, or is being written; a text is no string; a
        vector
            is not finite; or the disk is full.
    """
    _not_a_string(texts)
    if dtype not in ("float32", "float16"):
        raise InputError(f"{opt('dtype')} {dtype}: vectors are stored as float32 or float16")
    if shard < 1:
        raise InputError(f"{opt('shard')} {shard}: a shard needs 1 sentence or more")
    out = Path(out)
    with writer(out, "embed", wait=wait):
        _embed(encode, texts, out, EmbeddedInfo(dict(stamp), dtype, shard), overwrite, total)
    return Embedded.open(out)


def _embed(
    encode: Encode,
    texts: Iterable[Record],
    out: Path,
    asked: EmbeddedInfo,
    overwrite: bool,
    total: int | None,
) -> None:
    """Go on from the last finished shard until the texts are at their end."""
    info, files = _begin(out, asked, overwrite)
    pairs = iter(texts)
    _skip(out, info, files, pairs)
    rest = progress(pairs, "embedding", None if total is None else total - len(info))
    try:
        while (written := _write_shard(encode, rest, out, info)) is not None:
            files |= {name: FileStamp.of(out / name) for name in files_of(len(info.counts))}
            info = info.grown(*written)
            info.write(out, files)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"stopped; {len(info)} sentences are kept in {out}, the same command goes on from there"
        ) from None
    if not info.counts:
        raise InputError("there are no texts to embed; is the input empty?")
    replace(info, complete=True).write(out, files)


def _begin(out: Path, asked: EmbeddedInfo, overwrite: bool) -> tuple[EmbeddedInfo, dict[str, FileStamp]]:
    """What to go on from: the work in `out` if it is the same, else none."""
    if not (out / MANIFEST).is_file():
        if out.exists() and (not out.is_dir() or not all(map(_ours, out.iterdir()))):
            raise InputError(f"{out} exists and holds something else; name another folder")
        out.mkdir(parents=True, exist_ok=True)
        asked.write(out, {})
        return asked, {}
    if overwrite:
        _check_replaceable(out)
        asked.write(out, {})
        for path in (*out.glob("vectors-*.npy"), *out.glob("texts-*.jsonl")):
            path.unlink()
        return asked, {}
    found, files = EmbeddedInfo.read(out)
    of = {**found.stamp, "dtype": found.dtype, "shard": found.shard}
    now = {**asked.stamp, "dtype": asked.dtype, "shard": asked.shard}
    for key in sorted((of.keys() | now.keys()) - NAMES):
        if of.get(key) != now.get(key):
            raise InputError(
                f"{out} was begun with {key} {of.get(key)!r}, now it is {now.get(key)!r}; "
                f"name another folder, or give {opt('overwrite')}"
            )
    Manifest.of(KIND, {}, files).check_sizes(out)
    return replace(found, complete=False), files


def _ours(path: Path) -> bool:
    """Whether a file is left of an interrupted start, or is the lock."""
    return path.suffix == PARTIAL or path.name == ".lock"


def _check_replaceable(out: Path) -> None:
    """Refuse to replace anything but embedded sentences, of whatever format, damaged or not."""
    try:
        EmbeddedInfo.read(out)
    except InputError:
        own = {MANIFEST, ".lock"}
        others = [
            path.name for path in out.iterdir() if path.name not in own and not SHARD.fullmatch(path.name)
        ]
        if others or not any(SHARD.fullmatch(path.name) for path in out.iterdir()):
            raise


def _skip(out: Path, info: EmbeddedInfo, files: Mapping[str, FileStamp], pairs: Iterator[Record]) -> None:
    """Pass over the texts of finished shards, and make sure that they are the same texts."""
    for number, count in enumerate(info.counts):
        content = _lines_of(islice(pairs, info.shard), number * info.shard)[1]
        if hashlib.sha256(content).hexdigest() != files[texts_file(number)].sha256:
            first = number * info.shard + 1
            raise InputError(
                f"{out} holds other texts than sentences {first} to {first + count - 1} of the "
                "input; the input "
                f"has changed since: name another folder, or give {opt('overwrite')}"
            )


def _write_shard(
    encode: Encode, pairs: Iterator[Record], out: Path, info: EmbeddedInfo
) -> tuple[int, int] | None:
    """Encode and write the next shard; how many sentences of which width, or None at the end of the input."""
    number, width = len(info.counts), info.width
    content, pieces, count = b"", [], 0
    while count < info.shard:
        texts, lines = _lines_of(islice(pairs, min(PIECE, info.shard - count)), number * info.shard + count)
        if not texts:
            break
        with np.errstate(over="ignore"):
            vectors = _encode(encode, texts, number * info.shard + count, width).astype(info.dtype)
        if not np.isfinite(vectors).all():
            raise InputError(f"{opt('dtype')} {info.dtype}: these vectors do not fit; store them as float32")
        pieces.append(vectors)
        content, count, width = content + lines, count + len(texts), vectors.shape[1]
    if not pieces or width is None:
        return None
    with whole(out / texts_file(number)) as file:
        file.write(content)
    with whole(out / vectors_file(number)) as file:
        np.save(file, np.concatenate(pieces), allow_pickle=False)
    return count, width


def _encode(encode: Encode, texts: list[str], first: int, width: int | None) -> NDArray[np.float32]:
    """Vectors of one piece, checked. `first` is the number of its first text, from
    0."""
    for number, text in enumerate(texts, start=first + 1):
        if not isinstance(text, str):
            raise InputError(f"text {number} is not a string but {text!r}")
    vectors = np.asarray(encode(texts), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or vectors.shape[1] != (width or vectors.shape[1]):
        expected = f"({len(texts)}, {width or 'width'})"
        raise InputError(f"the encoder gave vectors of shape {vectors.shape}, expected {expected}")
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        number, text = first + int(bad[0]), texts[bad[0]]
        raise InputError(
            f"the vector of text {number + 1} is not finite (did the model diverge?): {text[:80]!r}"
        )
    return vectors


def _lines_of(records: Iterable[Record], first: int) -> tuple[list[str], bytes]:
    """The texts of some records, and their lines of JSON."""
    texts, lines = [], []
    for number, record in enumerate(records, start=first + 1):
        name, text, fields = _checked(record, number)
        texts.append(text)
        line = {"id": name, "text": text, **({"fields": fields} if fields else {})}
        # ASCII, so that even a lone surrogate comes back as it was.
        lines.append(json.dumps(line) + "\n")
    return texts, "".join(lines).encode()


def _checked(record: Record, number: int) -> tuple[str, str, dict[str, str]]:
    """Id, text and fields of a record, after their types were checked."""
    types = [type(part) for part in record[:2]] if isinstance(record, tuple) else []
    fields = record[2] if len(record) == 3 else {}
    if types != [str, str] or len(record) > 3 or not isinstance(fields, Mapping):
        raise InputError(f"item {number} is not a pair of strings (id, text) but {record!r}")
    if not all(isinstance(part, str) for field in fields.items() for part in field):
        raise InputError(f"item {number}: fields are names with texts, not {fields!r}")
    return record[0], record[1], dict(fields)


def _not_a_string(texts: object) -> None:
    if isinstance(texts, str):
        raise InputError(
            f"texts is one string, {texts[:40]!r}; give a list of them, even if it is a list of one"
        )
