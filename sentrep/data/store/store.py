"""A prepared corpus on disk: token ids, the sentences themselves and where each document starts,
memory-mapped.

`prepare` makes a `Store` once and finds it again by a fingerprint of everything that its content depends on:

    manifest.json                   what was done, sizes and checksums
    ids.bin                         token ids of all sentences in text order, uint16 or uint32
    offsets.npy                     (sentence + 1,) int64: sentence i is ids[offsets[i]:offsets[i + 1]]
    documents.npy                   (document + 1,) int64: document d begins with sentence documents[d]
    token_counts.npy                (token type,) int64: how often each occurs
    text.utf8, text.offsets.npy     the sentences
    titles.utf8, names.utf8         titles and ids of the documents, with their offsets
    kept_out.jsonl                  documents that are no part of it, where some are to be kept out
    tokenizer.json, segmenter.json

The file is over 250 lines long because building, finding and reading a store share its layout.
"""

from __future__ import annotations

import os
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
from sentrep.data.store.build import FILES, build, fingerprint, train_segmenter
from sentrep.data.store.kept_out import KEPT_OUT
from sentrep.data.store.recipe import KIND, Recipe
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.utils.arrays import mapped
from sentrep.utils.errors import InputError, damaged
from sentrep.utils.files import PARTIAL, disk_errors, sweep, whole_folder
from sentrep.utils.locks import terminated_as_interrupted, writer
from sentrep.utils.manifest import MANIFEST, Manifest
from sentrep.utils.strings import Strings


def prepare(
    corpus: CorpusConfig,
    tokenizer: TokenizerConfig | Tokenizer,
    cache: Path,
    max_tokens: int = 128,
    *,
    wait: bool = False,
    keep_out: float = 0.0,
) -> Store:
    """Read, split and tokenise a corpus with all cores, or find the store that an earlier call left in
    `cache`.

    The store is ``cache/<fingerprint>``: a hash of the bytes of the files, the options and the tokenizer. The
    checksums of one that is found are compared, and a damaged one is built again. Memory does not grow with
    the corpus. `Store.reused` says whether the store was there.

    Args:
        corpus: what to read.
        tokenizer: a recipe, or a finished tokenizer to use as it is.
        cache: folder of stores.
        max_tokens: of a sentence; counts with a finished tokenizer only, for a recipe has its own.
        wait: wait for another process that builds the same store, instead of refusing.
        keep_out: share of the sentences, in whole documents, that is no part of the store but stands beside
            it, in `Store.kept_out`.

    Raises:
        InputError: the corpus holds no text that can be read, the message says what was found; another
            process builds the same store; or the disk is full.
    """
    recipe = Recipe.of(corpus, tokenizer, max_tokens, keep_out)
    with terminated_as_interrupted(), disk_errors(cache / "corpus"):
        cache.mkdir(parents=True, exist_ok=True)
        sweep(cache)
        aside = tempfile.TemporaryDirectory(prefix=".reading.", suffix=f".{os.getpid()}{PARTIAL}", dir=cache)
        with aside as scratch:
            report = ReadReport()
            files = gather(corpus, Path(scratch), report)
            key = fingerprint(files, recipe)
            place = cache / key
            found = _found(place)
            if found is not None:
                return found
            with writer(place, "prepare", wait=wait):
                found = _found(place)  # another process may have built it meanwhile
                if found is not None:
                    return found
                with whole_folder(place) as folder:
                    build(files, recipe, report, key, folder)
    return Store.open(place)


def _found(place: Path) -> Store | None:
    """The store in `place`; None if there is none or if it is damaged."""
    try:
        return Store.open(place, reused=True, verify=True)
    except InputError:
        return None


class Store:
    """A prepared corpus, read only. ``len(store)`` counts sentences; arrays are mapped, not read.

    Attributes:
        header: what was done, as in the manifest.
        fingerprint: a hash of everything that the content depends on.
        report: of reading the corpus.
        truncated: sentences that were longer than `max_tokens` and lost their end.
        reused: whether an earlier call had built the store.
        ids: (token,) token ids of all sentences.
        offsets: (sentence + 1,) where each sentence begins in `ids`.
        documents: (document + 1,) which sentence each document begins with.
    """

    def __init__(self, path: Path, header: dict[str, Any], reused: bool) -> None:
        self.path = path
        self.header = header
        self.reused = reused
        self.fingerprint: str = header["fingerprint"]
        self.report: dict[str, Any] = header["report"]
        self.truncated: int = header["truncated"]
        self.ids: NDArray[np.uint16] | NDArray[np.uint32] = _flat(path / "ids.bin", header["dtype"])
        self.offsets: NDArray[np.int64] = mapped(path / "offsets.npy", (header["sentences"] + 1,), "int64")
        documents: int = header["documents"]
        self.documents: NDArray[np.int64] = mapped(path / "documents.npy", (documents + 1,), "int64")
        self._text = Strings(path, "text", header["sentences"])
        self._titles = Strings(path, "titles", documents)
        self._names = Strings(path, "names", documents)
        if self.offsets[-1] != len(self.ids) or self.documents[-1] != len(self):
            raise damaged(path / "offsets.npy")

    @classmethod
    def open(cls, path: Path, reused: bool = False, *, verify: bool = False) -> Store:
        """Open the store in folder `path`.

        The manifest with its own checksum, the sizes of all files and the shapes of all arrays are checked;
        with `verify` the sha256 of every file as well.

        Raises:
            InputError: there is no store, it is of another format, or damaged.
        """
        manifest = Manifest.read(path, KIND)
        if set(manifest.files) - {KEPT_OUT} != set(FILES):
            raise damaged(path / MANIFEST)
        manifest.check_sizes(path)
        if verify:
            manifest.check(path)
        try:
            return cls(path, manifest.content, reused)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(path / MANIFEST) from error

    def __len__(self) -> int:
        return self.sentences

    @property
    def kept_out(self) -> Path | None:
        """The documents that are no part of the store, as JSON lines; None if there are none."""
        taken = self.header.get("kept_out")
        return self.path / KEPT_OUT if taken and taken["documents"] else None

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
        """How often each token occurs, (token type,)."""
        return np.array(mapped(self.path / "token_counts.npy", (self.tokenizer.vocab_size,), "int64"))

    def spans(self, part: Literal["train", "valid"], fraction: float, seed: int) -> NDArray[np.int64]:
        """The sentences for training, or those held out, as (span, 3) rows of start, stop and document.

        Sentences of a span are neighbours; nothing of a span is in the other part. See
        `sentrep.data.splitting.holdout`.
        """
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


def _flat(file: Path, dtype: str) -> NDArray[Any]:
    """A whole file as one array. An empty file cannot be mapped."""
    if file.stat().st_size == 0:
        return np.zeros(0, dtype)
    return np.memmap(file, dtype, mode="r")
