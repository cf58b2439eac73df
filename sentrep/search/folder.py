"""What an index is on disk: plain files, stamped in `manifest.json`.

manifest.json      what it is, of which model, sizes and checksums
blocks.npy         checksums of the blocks of all other files
vectors.npy        (vector, width) float32 or float16, of length 1; zero vectors stay zero
ids.utf8           ids, one after the other; in ids.offsets.npy where each begins
texts.utf8         texts likewise, if the index holds them
fields.utf8        further fields of the texts as JSON likewise, if there are any
index.faiss        FAISS structure of an approximate kind, over the different vectors (binary: sign bits)
copies.rows.npy    (vector,) int64, of an approximate kind: rows ordered so that equal vectors are together
copies.starts.npy  (different vector + 1,) int64, where the rows of each different vector begin
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from sentrep.search.kind_names import KINDS
from sentrep.utils.errors import damaged
from sentrep.utils.manifest import MANIFEST, FileStamp, FolderKind, Manifest
from sentrep.utils.strings import files_of as string_files

KIND = FolderKind("search index", 3, "sentrep index")
VECTORS, FAISS, BLOCKS = "vectors.npy", "index.faiss", "blocks.npy"
IDS, TEXTS, FIELDS = "ids", "texts", "fields"
ROWS, STARTS = "copies.rows.npy", "copies.starts.npy"


@dataclass(frozen=True)
class ModelStamp:
    """The model that made the vectors. Its content hash identifies it; name and path are for people."""

    name: str
    content_hash: str
    path: str = ""


@dataclass(frozen=True)
class IndexInfo:
    """What is known of an index without opening its other files."""

    kind: str
    """flat, hnsw, ivf, ivf-pq or binary."""
    reason: str
    """Why it is of this kind."""
    parameters: dict[str, int]
    count: int
    """Vectors."""
    different: int
    """Different vectors; `count` where copies are not counted (flat)."""
    width: int
    dtype: str
    zero_vectors: int
    has_texts: bool
    truncated: bool
    """Whether the vectors are the first dimensions of those of the model; queries are cut likewise."""
    storage: str
    """How the vectors were stored before they were indexed, where that changed them; else ''."""
    model: ModelStamp
    corpus: str
    """A fingerprint of where the texts are from."""
    versions: dict[str, str]
    has_fields: bool = False
    """Whether texts have further fields."""

    @property
    def files(self) -> list[str]:
        """The files of the index beside its manifest and `BLOCKS`."""
        return files_of(self.kind, self.has_texts, self.has_fields)

    def write(self, folder: Path, files: dict[str, FileStamp]) -> None:
        """Write the manifest of an index with these files."""
        Manifest.of(KIND, asdict(self), files).write(folder)

    @classmethod
    def read(cls, folder: Path) -> tuple[IndexInfo, dict[str, FileStamp]]:
        """What is known of the index in `folder`, and the stamps of its files, whose sizes are compared.

        Raises:
            InputError: it is no index, of another format, damaged or not complete.
        """
        manifest = Manifest.read(folder, KIND)
        try:
            content = manifest.content
            info = cls(**{**content, "model": ModelStamp(**content["model"])})
        except (KeyError, TypeError) as error:
            raise damaged(folder / MANIFEST) from error
        if not _sound(info) or set(manifest.files) != {*info.files, BLOCKS}:
            raise damaged(folder / MANIFEST)
        manifest.check_sizes(folder)
        return info, manifest.files


def files_of(kind: str, has_texts: bool, has_fields: bool = False) -> list[str]:
    """The files of an index beside its manifest and `BLOCKS`."""
    names = [VECTORS, *string_files(IDS)]
    names += string_files(TEXTS) if has_texts else ()
    names += string_files(FIELDS) if has_fields else ()
    return names if kind == "flat" else [*names, FAISS, ROWS, STARTS]


def _sound(info: IndexInfo) -> bool:
    """Whether values have the types and ranges of the fields of `IndexInfo`."""
    numbers: list[Any] = [info.count, info.different, info.width]
    usual = 1 if info.kind == "flat" else 0  # a flat index has no parameters
    effort = info.parameters.get("effort", usual) if isinstance(info.parameters, dict) else 0
    return (
        all(type(number) is int and number > 0 for number in [*numbers, effort])
        and info.different <= info.count
        and info.kind in KINDS
        and info.dtype in ("float32", "float16")
        and type(info.has_fields) is bool
        and isinstance(info.truncated, bool)
        and isinstance(info.storage, str)
        and all(isinstance(getattr(info.model, each.name), str) for each in fields(ModelStamp))
    )
