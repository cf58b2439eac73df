"""A corpus on disk: token ids, the sentences themselves and where each document starts, all memory-mapped.

`prepare` makes a `Store` once and finds it again by a fingerprint of everything that went in. Layout of its
folder:

    ids.bin                     token ids of all sentences in text order, uint16 or uint32
    offsets.npy                 (sentences + 1) int64: sentence i is ids[offsets[i]:offsets[i + 1]]
    documents.npy               (documents + 1) int64: document d is sentences documents[d] to documents[d + 1]
    text.bin, text_offsets.npy  the sentences as UTF-8, one after the other
    titles.bin, names.bin       titles and ids of the documents likewise, with titles_offsets.npy and names_offsets.npy
    tokenizer.json, segmenter.json, store.json
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.reading.source import Piece, ReadReport, gather, read_files
from sentrep.data.splitting.holdout import spans
from sentrep.data.splitting.segment import Segmenter
from sentrep.data.store.build import build, fingerprint, train_segmenter
from sentrep.data.store.recipe import FORMAT, Recipe
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.utils.errors import InputError
from sentrep.utils.files import whole


def prepare(
    corpus: CorpusConfig, tokenizer: TokenizerConfig | Tokenizer, cache: Path, max_tokens: int = 128
) -> Store:
    """Read, split and tokenise a corpus with all cores, or find the store an earlier call left in `cache`.

    `tokenizer` is a recipe, or a finished tokenizer to use as it is; only then `max_tokens` counts (a recipe
    brings its own). The store lies in ``cache/<fingerprint>``: a hash of the files' bytes, the options and
    the tokenizer. A damaged one is built again. Memory stays bounded whatever the size of the corpus;
    `Store.reused` says whether there was work to do.

    Raises InputError if the corpus holds no text that can be read, naming what was found instead.
    """
    recipe = Recipe.of(corpus, tokenizer, max_tokens)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=cache) as scratch:
        report = ReadReport()
        files = gather(corpus, Path(scratch), report)
        key = fingerprint(files, recipe)
        place = cache / key
        try:
            return Store.open(place, reused=True)
        except InputError:  # not there yet, or damaged
            pass
        fresh = build(files, recipe, report, key, Path(scratch))
        return _settle(fresh, place)


def _settle(fresh: Path, place: Path) -> Store:
    """Move a finished store to its place. Another process may have been faster with the same work: then its
    store serves."""
    try:
        fresh.replace(place)
    except OSError:
        try:
            return Store.open(place, reused=True)
        except InputError:
            shutil.rmtree(place)
            fresh.replace(place)
    return Store.open(place)


class Store:
    """A prepared corpus, read only. ``len(store)`` counts sentences; nothing is held in memory that was not
    asked for."""

    def __init__(self, path: Path, header: dict[str, Any], reused: bool) -> None:
        self.path = path
        self.header = header
        self.reused = reused
        self.fingerprint: str = header["fingerprint"]
        self.report: dict[str, Any] = header["report"]
        self.truncated: int = header["truncated"]
        """Sentences that were longer than `max_tokens` and lost their end."""
        self.ids: NDArray[np.uint16] | NDArray[np.uint32] = _flat(path / "ids.bin", header["dtype"])
        self.offsets: NDArray[np.int64] = np.load(path / "offsets.npy", mmap_mode="r", allow_pickle=False)
        self.documents: NDArray[np.int64] = np.load(path / "documents.npy", mmap_mode="r", allow_pickle=False)
        self._text = _Strings(path, "text")
        self._titles = _Strings(path, "titles")
        self._names = _Strings(path, "names")

    @classmethod
    def open(cls, path: Path, reused: bool = False) -> Store:
        """Open the store in folder `path`. InputError if there is none or if it is damaged."""
        try:
            header = json.loads((path / "store.json").read_text(encoding="utf-8"))
            if header["format"] != FORMAT:
                raise InputError(
                    f"{path}: store of format {header['format']}, not {FORMAT}; prepare the corpus again"
                )
            for name, size in header["files"].items():
                if (path / name).stat().st_size != size:
                    raise InputError(
                        f"{path / name}: damaged ({size} bytes were written); prepare the corpus again"
                    )
            store = cls(path, header, reused)
            if len(store.offsets) != header["sentences"] + 1 or store.offsets[-1] != len(store.ids):
                raise InputError(f"{path}: damaged (offsets do not fit the ids); prepare the corpus again")
        except InputError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: not a prepared corpus, or damaged ({error}); prepare the corpus again"
            ) from error
        return store

    def __len__(self) -> int:
        return self.sentences

    @property
    def sentences(self) -> int:
        """Number of sentences."""
        return len(self.offsets) - 1

    @property
    def tokens(self) -> int:
        """Number of tokens in all sentences together."""
        return len(self.ids)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        return Tokenizer.open(self.path / "tokenizer.json")

    @cached_property
    def segmenter(self) -> Segmenter:
        return Segmenter.from_json((self.path / "segmenter.json").read_text(encoding="utf-8"))

    def sentence(self, index: int) -> str:
        """The text of one sentence."""
        return self._text[index]

    def sentences_of(self, document: int) -> list[str]:
        """The sentences of one document, in order."""
        return [self._text[i] for i in range(self.documents[document], self.documents[document + 1])]

    def title(self, document: int) -> str:
        """The title of a document, empty where it has none."""
        return self._titles[document]

    def name(self, document: int) -> str:
        """The id of a document: its id field, or its file and place in it."""
        return self._names[document]

    def token_counts(self) -> NDArray[np.int64]:
        """How often each token occurs, (vocab); counted once, then read from the folder."""
        file = self.path / "token_counts.npy"
        vocab = self.tokenizer.vocab_size
        try:
            counts: NDArray[np.int64] = np.load(file, allow_pickle=False)
            if counts.shape == (vocab,) and counts.sum() == self.tokens:
                return counts
        except (OSError, ValueError, EOFError):
            pass
        counts = np.zeros(vocab, np.int64)
        for start in range(0, self.tokens, 1 << 22):
            counts += np.bincount(self.ids[start : start + (1 << 22)], minlength=vocab)
        with (
            contextlib.suppress(OSError),
            whole(file) as out,
        ):  # a folder that cannot be written costs the time again, no more
            np.save(out, counts, allow_pickle=False)
        return counts

    def spans(self, part: Literal["train", "valid"], fraction: float, seed: int) -> NDArray[np.int64]:
        """The sentences for training, or those held out, as (span, 3) rows of start, stop and document.

        Neighbours within a span belong together; nothing of a span is in the other part. See
        `sentrep.data.splitting.holdout`."""
        return spans(np.asarray(self.documents), part, fraction, seed)


@dataclass(frozen=True)
class DocumentText:
    """A document that was read and split, but not stored."""

    id: str
    title: str
    sentences: list[str]


def read_documents(
    corpus: CorpusConfig, segmenter: Segmenter | None = None, report: ReadReport | None = None
) -> Iterator[DocumentText]:
    """Read and split a corpus one document at a time, leaving nothing behind: for held-out text.

    Without a `segmenter` (`Store.segmenter` of the training corpus is the natural one) one is trained on the
    corpus itself."""
    report = ReadReport() if report is None else report
    with tempfile.TemporaryDirectory() as scratch:
        files = gather(corpus, Path(scratch), report)
        segmenter = segmenter or train_segmenter(files, corpus)
        pending: Piece | None = None
        sentences: list[str] = []
        for piece in read_files(files, corpus, report):
            if pending is not None and piece.document != pending.document:
                if sentences:
                    yield DocumentText(pending.id, pending.title, sentences)
                sentences = []
            sentences += segmenter.sentences(piece.text, piece.lines)
            pending = piece
        if pending is not None and sentences:
            yield DocumentText(pending.id, pending.title, sentences)


class _Strings:
    """Many strings in one memory-mapped file."""

    def __init__(self, folder: Path, name: str) -> None:
        self._bytes = _flat(folder / f"{name}.bin", "uint8")
        self._offsets = np.load(folder / f"{name}_offsets.npy", mmap_mode="r", allow_pickle=False)

    def __getitem__(self, index: int) -> str:
        if index < 0 or index + 1 >= len(self._offsets):
            raise IndexError(f"{index} of {len(self._offsets) - 1}")
        return self._bytes[self._offsets[index] : self._offsets[index + 1]].tobytes().decode("utf-8")


def _flat(file: Path, dtype: str) -> NDArray[Any]:
    """A whole file as one array. An empty file cannot be mapped."""
    if file.stat().st_size == 0:
        return np.zeros(0, dtype)
    return np.memmap(file, dtype, mode="r")
