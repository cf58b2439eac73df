"""Pretrained word vectors: files of word2vec, GloVe and fastText, or the token table of another model.

A file is read once, from beginning to end, and only the vectors of wanted words are parsed and kept.
All of these files are ordered by frequency.
"""

from __future__ import annotations

import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sentrep.encoders import serialization as folder
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.utils.errors import InputError, at
from sentrep.utils.progress import progress

Wanted = Callable[[str], bool]
WordVector = tuple[str, NDArray[np.float32]]

LONGEST = 1000
"""Maximum length of a word in a binary file in bytes; a longer one means that the file is damaged."""


def read_vectors(path: Path, wanted: Wanted) -> Iterator[WordVector]:
    """Yields words with their vectors, (width,) in float32, in the order of the file; of repeated words
    only the first.

    Args:
        path: lines ``word v1 … vn``, with or without word2vec's header (word2vec, GloVe, fastText's
            .vec); or word2vec's binary format, with a name that ends in .bin; each also as .gz; or the
            folder of a model, whose tokens are used that its own tokenizer reads as a whole word.
        wanted: whether the vector of a word is needed. Called word by word during reading.

    Raises:
        InputError: the file is missing, empty or damaged; the message names the line, or the word and its
            byte.
    """
    seen: set[str] = set()

    def fresh(word: str) -> bool:
        return word not in seen and wanted(word)

    for word, vector in _entries(path, fresh):
        seen.add(word)
        yield word, vector


def _entries(path: Path, wanted: Wanted) -> Iterator[WordVector]:
    if path.is_dir():
        yield from _of_model(path, wanted)
        return
    if not path.is_file():
        raise InputError(f"{at(path)}: no such file of word vectors")
    name = path.name.lower().removesuffix(".gz")
    try:
        with _opened(path) as file:
            yield from _binary(path, file, wanted) if name.endswith(".bin") else _text(path, file, wanted)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{at(path)}: cannot be read to its end ({error}); fetch it again") from error


def _opened(path: Path) -> io.BufferedReader:
    return (
        io.BufferedReader(cast(io.RawIOBase, gzip.open(path)))
        if path.suffix.lower() == ".gz"
        else path.open("rb")
    )


def _text(path: Path, file: io.BufferedReader, wanted: Wanted) -> Iterator[WordVector]:
    width, promised, held = 0, None, 0
    for number, raw in enumerate(progress(file, f"reading {path.name}", unit="line"), start=1):
        line, where = raw.decode("utf-8", errors="replace").rstrip(), at(path, number)
        if not line:
            continue
        if number == 1:
            first, *values = line.split(" ")
            if len(values) == 1 and first.isdecimal() and values[0].isdecimal():
                promised, width = int(first), int(values[0])
                continue
            width = _width(first, values, where)
        held += 1
        word, numbers = _parts(line, width, where)
        if wanted(word):
            yield word, _vector(word, numbers, where)
    if promised not in (None, held):
        raise InputError(
            f"{at(path)}: its first line promises {promised:,} words, but {held:,} follow; fetch it again"
        )


def _width(word: str, values: list[str], where: str) -> int:
    """Returns how many numbers end the first line; what precedes them is the word."""
    width = len(values)
    while width and not all(map(_is_number, values[-width:])):
        width -= 1
    if any(map(_is_number, values[: len(values) - width])):
        raise InputError(f"{where}: {word!r} is followed by something that is not a number")
    if width == 0:
        raise InputError(
            f"{where}: 0 numbers; a line is a word and its vector (and a binary file's name ends in .bin)"
        )
    return width


def _parts(line: str, width: int, where: str) -> tuple[str, str]:
    """Returns the word and the numbers of a line. GloVe has words that contain spaces, such as '. . .'."""
    spaces = line.count(" ")
    if spaces == width:
        word, _, numbers = line.partition(" ")
        return word, numbers
    word, *values = line.split(" ")
    if spaces < width or any(map(_is_number, values[:-width])):
        raise InputError(f"{where}: {spaces} numbers, but the vectors of this file are {width} wide")
    return " ".join([word, *values[:-width]]), " ".join(values[-width:])


def _vector(word: str, numbers: str, where: str) -> NDArray[np.float32]:
    try:
        with np.errstate(over="ignore"):
            vector = np.array([float(number) for number in numbers.split(" ")], dtype=np.float32)
    except ValueError:
        vector = np.array([np.nan], dtype=np.float32)
    return _finite(vector, word, where)


def _is_number(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def _finite(vector: NDArray[np.float32], word: str, where: str) -> NDArray[np.float32]:
    if not np.isfinite(vector).all():
        raise InputError(f"{where}: {word!r} is followed by something that is not a number")
    return vector


def _binary(path: Path, file: io.BufferedReader, wanted: Wanted) -> Iterator[WordVector]:
    """Reads a header ``words width``; then for each word its letters, a space, and `width` little-endian
    32-bit floats."""
    header = file.readline(LONGEST)
    sizes = [int(size) if size.isdigit() else 0 for size in header.split()]
    if len(sizes) != 2 or min(sizes) < 1:
        raise InputError(
            f"{at(path)}: does not begin with 'words width', so it is not word2vec's binary format; "
            "of fastText give the .vec"
        )
    (promised, width), position = sizes, len(header)
    for number in progress(range(1, promised + 1), f"reading {path.name}", promised, "word"):
        where = f"{at(path)}: word {number:,}, byte {position:,}"
        letters = _letters(file, where, promised)
        content = file.read(4 * width)
        if len(content) < 4 * width:
            raise InputError(f"{where}: the file ends here, but promises {promised:,} words; fetch it again")
        position += len(letters) + 1 + len(content)
        # word2vec's own tool ends its entries with a new line.
        word = letters.decode("utf-8", errors="replace").lstrip("\n")
        if wanted(word):
            yield word, _finite(np.frombuffer(content, "<f4").astype(np.float32), word, where)
    if file.read(2).strip():
        raise InputError(
            f"{at(path)}: more than the {promised:,} words that its first line promises; fetch it again"
        )


def _letters(file: io.BufferedReader, where: str, promised: int) -> bytes:
    letters = bytearray()
    while (byte := file.read(1)) != b" ":
        if not byte:
            raise InputError(f"{where}: the file ends here, but promises {promised:,} words; fetch it again")
        letters += byte
        if len(letters) > LONGEST:
            raise InputError(
                f"{where}: no word in {LONGEST:,} bytes; the width in the first line is wrong, or "
                "the file is damaged"
            )
    return bytes(letters)


def _of_model(path: Path, wanted: Wanted) -> Iterator[WordVector]:
    """Yields the tokens that the model's tokenizer makes of whole words; pieces of words are excluded."""
    encoder = folder.load(path)
    rows = token_table(encoder).weight.detach().float().cpu().numpy()
    tokenizer = Tokenizer.from_str(inner_tokenizer(encoder).to_str())
    tokenizer.no_padding()
    tokenizer.no_truncation()
    places = sorted(tokenizer.get_vocab(with_added_tokens=False).values())
    words = [word.strip() for word in tokenizer.decode_batch([[place] for place in places])]
    read = tokenizer.encode_batch([f" {word}" for word in words], add_special_tokens=False)
    for word, place, reading in zip(words, places, read, strict=True):
        if reading.ids == [place] and word and wanted(word):
            yield word, _finite(rows[place], word, str(path))
