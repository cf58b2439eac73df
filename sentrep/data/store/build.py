"""Building a store: sample, split into sentences with all cores, train the tokenizer, encode. Everything is
written to disk at once, so that memory does not grow with the corpus."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.document import Source
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import Piece, read_files
from sentrep.data.splitting.segment import Segmenter
from sentrep.data.store.jobs import TOGETHER, encode_all, learn_segmenter, learn_tokenizer, split_all
from sentrep.data.store.kept_out import Raw, keep_out
from sentrep.data.store.recipe import CODE, KIND, Recipe
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.utils.arrays import GrowingArray
from sentrep.utils.errors import InputError, at
from sentrep.utils.manifest import FileStamp, Manifest
from sentrep.utils.progress import progress
from sentrep.utils.strings import StringsWriter, files_of

SLOW_FORMATS = frozenset(["html", "rst", "pdf", "docx"])
SLOW_FILES = 100
"""Files of slow formats that Punkt learns from, at most; they are parsed twice."""
SAMPLE = 2_000_000
"""Characters Punkt learns from. It finds the abbreviations of a corpus in less, and takes two seconds for
each million."""

FILES = (
    *(name for store in ("text", "titles", "names") for name in files_of(store)),
    *("documents.npy", "offsets.npy", "ids.bin", "token_counts.npy", "tokenizer.json", "segmenter.json"),
)
"""Files of a store beside its manifest."""

BATCH = 1 << 18
"""Characters split by a process at once."""


def fingerprint(files: Sequence[Source], recipe: Recipe) -> str:
    """A hash of everything that decides what a store holds: bytes and ids of the files, options, version of
    this code."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps([CODE, recipe.options()], sort_keys=True).encode())
    for file in files:
        digest.update(json.dumps([file.id, file.format]).encode())
        try:
            with file.path.open("rb") as data:
                digest.update(hashlib.file_digest(data, lambda: hashlib.blake2b(digest_size=16)).digest())
        except OSError as error:  # reading will count and name it
            digest.update(repr(error.errno).encode())
    return digest.hexdigest()


def train_segmenter(files: Sequence[Source], corpus: CorpusConfig) -> Segmenter:
    """Train a segmenter on a sample taken evenly from files; on nothing where all of the text is split
    already."""
    fewer = _fewer(files)
    with suppress(InputError):  # these files have no text that can be read; other files may have
        return learn_segmenter(_sample(fewer, corpus))
    return learn_segmenter(_sample(files, corpus))


def _sample(files: Sequence[Source], corpus: CorpusConfig) -> list[str]:
    pieces = read_files(files, corpus, ReadReport())
    return _evenly((piece.text for piece in pieces if not piece.lines), SAMPLE)


def _fewer(files: Sequence[Source]) -> list[Source]:
    """Files without most of those that are slow to parse, if there are many; the others are spread evenly."""
    slow = [file for file in files if file.format in SLOW_FORMATS]
    left_out = set(slow) - set(slow[:: -(-len(slow) // SLOW_FILES) or 1])
    return [file for file in files if file not in left_out]


def build(files: Sequence[Source], recipe: Recipe, report: ReadReport, key: str, folder: Path) -> None:
    """Build a store in the empty folder `folder`; it is complete once this returns."""
    clock = time.perf_counter()
    seconds: dict[str, float] = {}

    def lap(stage: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        seconds[stage], clock = round(now - clock, 3), now

    segmenter = train_segmenter(files, recipe.corpus)
    (folder / "segmenter.json").write_text(segmenter.to_json(), encoding="utf-8")
    lap("train segmenter")
    raw = Raw(folder, *_write_sentences(folder, files, recipe.corpus, segmenter, report))
    lap("split")
    taken: dict[str, Any] | None = None
    if recipe.keep_out:
        raw, taken = keep_out(raw, recipe.keep_out)
        lap("keep out")
    tokenizer = recipe.given
    if tokenizer is None:
        assert recipe.tokenizer is not None
        tokenizer = learn_tokenizer(folder, recipe.tokenizer)
    tokenizer.save(folder / "tokenizer.json")
    lap("train tokenizer")
    dtype, truncated = _write_ids(folder, tokenizer, recipe.max_tokens, raw.sentences)
    lap("tokenise")
    content = {
        "fingerprint": key,
        "sentences": raw.sentences,
        "documents": raw.documents,
        "kept_out": taken,
        "dtype": dtype,
        "truncated": truncated,
        "options": recipe.options(),
        "report": report.to_dict(),
        "seconds": seconds,
    }
    stamps = {file.name: FileStamp.of(file) for file in sorted(folder.iterdir())}
    Manifest.of(KIND, content, stamps).write(folder)


def _write_sentences(
    folder: Path, files: Sequence[Source], corpus: CorpusConfig, segmenter: Segmenter, report: ReadReport
) -> tuple[int, int]:
    """Split the corpus; write sentences, titles, names and document bounds.

    Returns:
        How many sentences and documents; a document without a sentence is left out.
    """
    batches = _batches(read_files(files, corpus, report))
    sent: list[list[Piece]] = []  # what is with the workers, oldest first

    def texts() -> Iterator[list[tuple[str, bool]]]:
        for batch in batches:
            sent.append(batch)
            yield [(piece.text, piece.lines) for piece in batch]

    current = -1
    sentences = 0
    with (
        StringsWriter(folder, "text") as text,
        StringsWriter(folder, "titles") as titles,
        StringsWriter(folder, "names") as names,
        GrowingArray(folder / "documents.npy") as bounds,
    ):
        for done in progress(split_all(texts(), segmenter), "splitting into sentences", unit="batch"):
            text.extend(done.text, done.lengths)
            for piece, count in zip(sent.pop(0), done.counts.tolist(), strict=True):
                if count and piece.document != current:
                    current = piece.document
                    bounds.append([sentences])
                    titles.append(piece.title)
                    names.append(piece.id)
                sentences += count
        bounds.append([sentences])
    if sentences == 0:
        found = [f"  {line}" for line in report.lines()] or ["  no letter and no digit"]
        raise InputError("\n".join([f"no sentence in {at(', '.join(corpus.corpus))}; found were:", *found]))
    return sentences, len(bounds) - 1


def _write_ids(folder: Path, tokenizer: Tokenizer, max_tokens: int, sentences: int) -> tuple[str, int]:
    """Encode all sentences and count tokens; the type of the ids, and how many sentences were cut."""
    dtype = "uint16" if tokenizer.vocab_size <= 1 << 16 else "uint32"
    end = truncated = 0
    counts = np.zeros(tokenizer.vocab_size, np.int64)
    with (folder / "ids.bin").open("wb") as ids, GrowingArray(folder / "offsets.npy") as offsets:
        offsets.append([end])
        batches = encode_all(folder, max_tokens, dtype, sentences)
        for encoded in progress(batches, "tokenising", total=-(-sentences // TOGETHER), unit="batch"):
            ids.write(encoded.ids)
            counts += np.bincount(np.frombuffer(encoded.ids, dtype), minlength=len(counts))
            bounds = end + np.cumsum(encoded.lengths)
            offsets.append(bounds)
            end = int(bounds[-1])
            truncated += encoded.truncated
    with (folder / "token_counts.npy").open("wb") as file:
        np.save(file, counts, allow_pickle=False)
    return dtype, truncated


def _batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece.text) + 64
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _evenly(texts: Iterable[str], most: int, from_each: int = 8_000) -> list[str]:
    """A sample of about `most` characters, taken evenly from texts whose number is not known beforehand.

    Every text is a candidate until too much is held; then every second one is dropped, and from there on
    every second candidate is passed over: at the end what is held stands at equal distances."""
    held: list[str] = []
    size, step = 0, 1
    for number, text in enumerate(texts):
        if number % step:
            continue
        held.append(text[:from_each])
        size += len(held[-1])
        if size > 2 * most:
            held, step = held[::2], 2 * step
            size = sum(map(len, held))
    return held
