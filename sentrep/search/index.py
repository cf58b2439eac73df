"""A search index in a folder: vectors, ids, texts, and the name of the model that made them.

Checksums protect against damage. They cannot protect against a folder made by an attacker, who would have
written the checksums too, and FAISS is not safe against a hostile `index.faiss`: open indexes from unknown
sources with ``rebuild=True``, which never reads it.

The file is over 250 lines long because opening, searching and checking share the files of the folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.search import folder, kinds, structure, writing
from sentrep.search.copies import group
from sentrep.search.exact import rescore, top_k
from sentrep.search.folder import IndexInfo, ModelStamp
from sentrep.search.kind_names import Kind
from sentrep.search.stored import StoredVectors
from sentrep.search.structure import Structure
from sentrep.utils.arrays import mapped
from sentrep.utils.blocks import BlockChecks
from sentrep.utils.errors import InputError, damaged, opt
from sentrep.utils.files import whole_folder
from sentrep.utils.locks import writer
from sentrep.utils.manifest import FileStamp, Manifest
from sentrep.utils.strings import Strings


@dataclass(frozen=True)
class Hit:
    """One sentence that was found.

    Attributes:
        id: of the sentence.
        score: its cosine with the query.
        text: the sentence, if the index holds texts.
        rank: from 1.
        fields: title and further fields of its document, where there are any.
    """

    id: str
    score: float
    text: str | None
    rank: int
    fields: Mapping[str, str] = field(default_factory=dict)


class Index:
    """An open index. Make one with `Index.build`, open one with `Index.open`.

    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp()) / "index"
    >>> index = Index.build(np.eye(3), ["a", "b", "c"], out=out, model=ModelStamp("toy", "0"))
    >>> [hit.id for hit in Index.open(out).search(np.array([0.1, 0.9, 0.2]), k=2)[0]]
    ['b', 'c']
    """

    def __init__(
        self, path: Path, info: IndexInfo, files: dict[str, FileStamp], rebuild: bool = False
    ) -> None:
        self.path, self.info = path, info
        self._files, self._rebuild = files, rebuild
        self._blocks = BlockChecks(path, files, folder.BLOCKS)
        self._blocks.check(folder.VECTORS, 0, 1)
        self.vectors: NDArray[np.floating] = mapped(
            path / folder.VECTORS, (info.count, info.width), info.dtype
        )
        self.ids = self._strings(folder.IDS)
        self.texts = self._strings(folder.TEXTS) if info.has_texts else None
        self._fields = self._strings(folder.FIELDS) if info.has_fields else None

    def __len__(self) -> int:
        return self.info.count

    def search(self, vectors: NDArray[np.floating], k: int, *, effort: int | None = None) -> list[list[Hit]]:
        """The `k` nearest sentences by cosine, best first, for each row of `vectors`.

        Scores are exact in every kind, and equal vectors are found together. An approximate kind may miss a
        neighbour. A zero query, such as a text of unknown words alone, is similar to nothing and finds
        nothing.

        Args:
            vectors: (query, width), or one query (width,). Where the vectors of the index were cut to their
                first dimensions, wider queries are cut likewise.
            k: sentences for each query; fewer are returned where the index holds fewer.
            effort: how far an approximate kind looks: efSearch of HNSW, nprobe of IVF, candidates of binary
                that are scored exactly.

        Raises:
            InputError: the width is not that of the index, a query is not finite, or a file is damaged.
        """
        given = np.atleast_2d(vectors)
        cut = given[:, : self.info.width] if self.info.truncated else given
        queries, zero = writing.normalised(cut, "queries")
        if queries.shape[1] != self.info.width:
            raise InputError(
                f"queries are {queries.shape[1]} wide, {self.path} has vectors of width {self.info.width}: "
                f"encode queries with its own model, {self.info.model.name}",
                setting="queries",
            )
        for name, value in (("k", k), ("effort", 1 if effort is None else effort)):
            if value < 1:
                raise InputError(f"{opt(name)} {value}: must be 1 or more")
        scores, rows = self.nearest(queries, min(k, len(self)), effort)
        rows[zero] = -1
        return [self._hits(*found) for found in zip(scores.tolist(), rows.tolist(), strict=True)]

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors (row, width) of some rows, checked as they are read."""
        self._check_rows(rows)
        return np.asarray(self.vectors[rows], np.float32)

    def fields(self, row: int) -> dict[str, str]:
        """Title and further fields of a text; empty where there are none.

        Raises:
            InputError: a file is damaged.
        """
        if self._fields is None:
            return {}
        try:
            return dict(json.loads(self._fields[row]))
        except (ValueError, TypeError) as error:
            raise damaged(self.path / f"{folder.FIELDS}.utf8") from error

    @classmethod
    def build(
        cls,
        vectors: writing.Vectors | writing.VectorFolder,
        ids: Iterable[str] | None = None,
        texts: Iterable[str] | None = None,
        *,
        out: Path | str,
        model: ModelStamp | None = None,
        kind: Kind = "auto",
        dtype: str = "float32",
        corpus: str = "",
        memory: int | None = None,
        zeros: bool = False,
        overwrite: bool = False,
        wait: bool = False,
    ) -> Index:
        """Write an index into a folder, open it again, look some vectors up in it, and return it.

        Nothing appears at `out` before all is written and verified. In memory are a chunk of vectors and the
        FAISS structure of an approximate kind.

        Args:
            vectors: one array (vector, width), an iterable of such arrays, or a folder of embedded sentences
                (`sentrep.embedding.Embedded`), which brings its ids, texts and model along.
            ids: of the vectors; row numbers if None.
            texts: of the vectors; the index holds none if None.
            out: folder of the index.
            model: that made the vectors.
            kind: flat is exact; hnsw, ivf, ivf-pq and binary are approximate; auto chooses by number, width
                and memory, and takes the next kind where one does not find its own vectors. `info.reason`
                says why.
            dtype: float32, or float16 for half the size.
            corpus: a fingerprint of where the texts are from; by default a hash of ids and texts.
            memory: bytes that the structure which auto chooses may take when it is searched; half of the free
                memory if None. The vectors stay on the disk.
            zeros: accept vectors that are all zero, as of texts whose words the model does not know.
            overwrite: replace an index that is there.
            wait: if another process writes `out`, wait for it instead of raising an error.

        Raises:
            InputError: the input cannot be indexed, `out` holds something else or is being written, a kind
                that was asked for does not suit the vectors, or the disk is full.
        """
        target = Path(out).absolute()
        writing.check_target(target, overwrite)
        with writer(target, "index", wait=wait):
            writing.check_target(target, overwrite)
            with whole_folder(target) as aside:
                sample = writing.write(
                    aside, vectors, ids, texts, model=model, kind=kind, dtype=dtype, corpus=corpus,
                    memory=memory, zeros=zeros,
                )  # fmt: skip
                if sample.kept:
                    cls.open(aside)._verify(sample)
        return cls.open(target)

    @classmethod
    def open(cls, path: Path | str, *, verify: bool = False, rebuild: bool = False) -> Index:
        """Open an index. What is read is checked before it is used.

        When opened: the manifest with its own checksum, that every file is there and has its size, and the
        checksums of the blocks. When a vector, id or text is read for the first time: the blocks of 64 KiB
        that hold it. Before the first search of an approximate kind: all of `index.faiss` (sha256) and of the
        rows of equal vectors. Exact search reads, and so checks, all vectors. With `verify`, all of this at
        once, by sha256.

        The FAISS structure is loaded into memory by the first search.

        Args:
            path: folder of the index.
            verify: read and check every file now.
            rebuild: make the FAISS structure anew from the vectors; `index.faiss` is not read at all.

        Raises:
            InputError: `path` is no index, of another format, or damaged. A search raises it for damage that
                is found later.
        """
        path = Path(path)
        info, files = IndexInfo.read(path)
        if verify:
            Manifest.of(folder.KIND, {}, files).check(path)
        return cls(path, info, files, rebuild)

    def _strings(self, name: str) -> Strings:
        return Strings(self.path, name, len(self), self._blocks.check)

    def nearest(
        self, queries: NDArray[np.float32], k: int, effort: int | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and row numbers (query, k), best first; row -1 where an approximate kind found fewer than
        `k`."""
        if self.info.kind == "flat":
            self._check_all(folder.VECTORS)
            return top_k(self.vectors, queries, k, longest=1.0)
        proposed = self._propose(queries, k, effort or self.info.parameters["effort"])
        self._check_rows(self._structure.groups.first(proposed))
        return self._structure.search(self.vectors, queries, proposed, k)

    def _propose(self, queries: NDArray[np.float32], k: int, effort: int) -> NDArray[np.int64]:
        try:
            proposed = self._structure.propose(queries, k, effort)
        except (RuntimeError, TypeError) as error:
            raise damaged(self.path / folder.FAISS) from error
        if proposed.max(initial=-1) >= self.info.different or proposed.min(initial=-1) < -1:
            raise damaged(self.path / folder.FAISS)
        return proposed

    @cached_property
    def _structure(self) -> Structure:
        """The FAISS structure, read after its checksum was compared, or made anew."""
        info = self.info
        if self._rebuild:
            self._check_all(folder.VECTORS)
            stored = StoredVectors(self.path / folder.VECTORS)
            groups = group(stored)
            settings = kinds.parameters(info.kind, len(groups))
            rows = groups.first(np.arange(len(groups)))
            return Structure(kinds.make(info.kind, stored, settings, rows), info.kind, groups)
        names = (folder.FAISS, folder.ROWS, folder.STARTS)
        Manifest.of(folder.KIND, {}, self._files).check(self.path, names)
        return structure.read(self.path, info)

    def _check_all(self, name: str) -> None:
        self._blocks.check(name, 0, self._files[name].bytes)

    def _check_rows(self, rows: NDArray[np.int64]) -> None:
        size = self.vectors.dtype.itemsize * self.info.width
        offset = self._files[folder.VECTORS].bytes - self.vectors.nbytes
        self._blocks.check_rows(folder.VECTORS, offset, size, rows[rows >= 0])

    def _hits(self, scores: list[float], rows: list[int]) -> list[Hit]:
        return [
            Hit(self.ids[row], score, self.texts[row] if self.texts else None, rank, self.fields(row))
            for rank, (score, row) in enumerate(zip(scores, rows, strict=True), start=1)
            if row >= 0
        ]

    def _verify(self, sample: writing.Sample) -> None:
        """Look up vectors that were put in: each must come back under its id, and nearly all be found."""
        rows = np.array(sample.rows)
        stored = self.vectors[rows].astype(np.float32)
        same = np.einsum("nd,nd->n", stored, sample.vectors) > 0.999
        if not same.all() or [self.ids[row] for row in sample.rows] != sample.ids:
            raise RuntimeError(f"{self.path}: vectors or ids read back differ from those written")
        own = rescore(self.vectors, sample.vectors, rows[:, None])[:, 0]
        some = slice(None, None, 1 + len(rows) // writing.READ_AGAIN)
        scores, _ = self.nearest(sample.vectors[some], 1, None)
        found = float((scores[:, 0] >= own[some]).mean())
        # With float16, another vector may be as near to the query as its own rounded vector.
        if found < (1.0 if self.info.kind == "flat" else 0.9):
            raise RuntimeError(f"{self.path}: of the vectors written, {found:.0%} are found")
