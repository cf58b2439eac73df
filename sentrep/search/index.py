"""A search index in a folder: vectors, ids, texts, and the name of the model that made them.

Checksums protect against damage. They cannot protect against a folder made by an enemy, who would have
written the checksums too, and FAISS is not safe against a hostile `index.faiss`: open what strangers send
with ``rebuild=True``, which never reads it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sentrep.search import folder, kinds, writing
from sentrep.search.exact import rescore, top_k
from sentrep.search.folder import Manifest, ModelStamp, Strings
from sentrep.utils.errors import InputError

if TYPE_CHECKING:
    import faiss


SELF_RECALL = 0.95
"""An approximate index that misses more than one in twenty of its own vectors is not fit for use."""


@dataclass(frozen=True)
class Hit:
    """One sentence found: its id, its cosine with the query, its text if the index has texts, and its rank
    from 1."""

    id: str
    score: float
    text: str | None
    rank: int


class Index:
    """An open index. Make one with `Index.build`, open one with `Index.open`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest
        self.ids = Strings(path, folder.IDS, manifest.count)
        self.texts = Strings(path, folder.TEXTS, manifest.count) if manifest.has_texts else None
        self.vectors = folder.mapped(path / folder.VECTORS, (manifest.count, manifest.width), manifest.dtype)
        self._approximate: faiss.Index | None = None

    def __len__(self) -> int:
        return self.manifest.count

    def search(self, vectors: NDArray[np.floating], k: int, *, effort: int | None = None) -> list[list[Hit]]:
        """The `k` nearest by cosine for each row of `vectors` (query, width), best first; fewer if the index
        has fewer.

        Scores are exact in every kind. An approximate kind may miss a neighbour; `effort` says how far it
        looks (HNSW's efSearch, IVF's nprobe). A zero query, such as a text of unknown words alone, resembles
        nothing and finds nothing."""
        queries, zero = writing.normalised(np.atleast_2d(vectors), "queries")
        if queries.shape[1] != self.manifest.width:
            raise InputError(
                f"queries are {queries.shape[1]} wide, {self.path} has vectors of width {self.manifest.width}: "
                f"encode queries with its own model, {self.manifest.model.name}"
            )
        if k < 1 or (effort is not None and effort < 1):
            raise InputError(f"k is {k} and effort {effort}; both start at 1")
        scores, rows = self.nearest(queries, min(k, len(self)), effort)
        rows[zero] = -1
        return [self._hits(*found) for found in zip(scores.tolist(), rows.tolist(), strict=True)]

    def check_model(self, content_hash: str) -> None:
        """Refuse a model other than the one whose vectors these are: its scores would be noise."""
        own = self.manifest.model
        if content_hash != own.content_hash:
            raise InputError(
                f"{self.path} was made with {own.name} (content {own.content_hash}), not with content {content_hash}; "
                f"search with {own.path or own.name}, or build a new index with this model"
            )

    @classmethod
    def build(
        cls,
        vectors: writing.Vectors | writing.VectorFolder,
        ids: Iterable[str] | None = None,
        texts: Iterable[str] | None = None,
        *,
        out: Path | str,
        model: ModelStamp | None = None,
        kind: kinds.Kind = "auto",
        dtype: str = "float32",
        corpus: str = "",
        overwrite: bool = False,
    ) -> Index:
        """Write an index into the folder `out`, open it again, look some vectors up in it, and return it.

        `vectors` is one array (vector, width), an iterable of such arrays, or an `Embedded` folder of
        `sentrep.embedding`, which brings its ids, texts and model along. `ids` are row numbers unless given.
        Memory: a chunk of vectors, plus the FAISS structure of an approximate kind. Nothing appears at `out`
        before all is written and verified; an index already there is replaced only with `overwrite`. `dtype`
        float16 halves the folder; `corpus` is a fingerprint of where the texts are from (by default one of
        the ids and texts)."""
        target = Path(out).absolute()
        writing.check_target(target, overwrite)
        aside = target.with_name(f".{target.name}.partial")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        try:
            sample = writing.write(
                aside, vectors, ids, texts, model=model, kind=kind, dtype=dtype, corpus=corpus
            )
            index = cls.open(aside)
            index._verify(sample)
            writing.move(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        index.path = target
        return index

    @classmethod
    def open(cls, path: Path | str, *, rebuild: bool = False) -> Index:
        """Open an index; every file is compared with its checksum first, and a difference is an InputError.

        The FAISS structure is loaded into memory (mapped ones crash when searched). With `rebuild` it is made
        anew from the vectors, and `index.faiss` is not read at all."""
        path = Path(path)
        manifest = Manifest.read(path)
        manifest.check(path, manifest.files)
        index = cls(path, manifest)
        if manifest.kind == "flat":
            return index
        if rebuild:
            index._approximate = kinds.make(manifest.kind, index.vectors, manifest.parameters)
            return index
        import faiss

        index._approximate = faiss.read_index(str(path / folder.FAISS))
        if (index._approximate.ntotal, index._approximate.d) != (manifest.count, manifest.width):
            raise folder.damaged(path / folder.FAISS)
        return index

    def nearest(
        self, queries: NDArray[np.float32], k: int, effort: int | None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores and row numbers (query, k), best first; row -1 where an approximate kind found fewer than
        `k`."""
        if self._approximate is None:
            return top_k(self.vectors, queries, k, longest=1.0)
        effort = effort or self.manifest.parameters["effort"]
        return kinds.nearest(self._approximate, self.manifest.kind, self.vectors, queries, k, effort)

    def _hits(self, scores: list[float], rows: list[int]) -> list[Hit]:
        return [
            Hit(self.ids[row], score, self.texts[row] if self.texts else None, rank)
            for rank, (score, row) in enumerate(zip(scores, rows, strict=True), start=1)
            if row >= 0
        ]

    def _verify(self, sample: writing.Sample) -> None:
        """Look up vectors that were put in: each must come back under its id, and be found at the top."""
        stored = np.stack([self.vectors[row] for row in sample.rows])
        kept = np.einsum("nd,nd->n", stored.astype(np.float32), sample.vectors) > 0.999
        if not kept.all() or [self.ids[row] for row in sample.rows] != sample.ids:
            raise RuntimeError(f"{self.path}: vectors or ids read back differ from those written")
        scores, _ = self.nearest(sample.vectors, 1, None)
        own = rescore(self.vectors, sample.vectors, np.array(sample.rows)[:, None])
        found = float((scores >= own).mean())
        if found < (1.0 if self._approximate is None else SELF_RECALL):
            raise InputError(
                f"the {self.manifest.kind} index finds only {found:.0%} of {len(own)} vectors put into it when asked for them; "
                "this data does not suit it: build with kind flat, which is exact"
            )
