"""Clusters in a folder: what new texts need to get the nearest of them, later and elsewhere.

clusters.json           names, sizes, representatives, hierarchy, and what the vectors are of
clusters.safetensors    centres, and the space of latent semantic analysis where there is no model
manifest.json           sizes and checksums
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from sentrep.mining.text_vectors import LsaSpace
from sentrep.mining.vectors import Vectors
from sentrep.utils.errors import InputError, at, damaged, opt
from sentrep.utils.files import disk_errors, sweep, whole_folder
from sentrep.utils.manifest import FileStamp, FolderKind, Manifest

FOLDER = FolderKind("folder of clusters", 1, "sentrep clusters INPUT --save FOLDER")
TEXTS, ARRAYS = "clusters.json", "clusters.safetensors"


@dataclass(frozen=True)
class StoredCluster:
    """A cluster as it was when it was stored."""

    size: int
    name: list[str]
    representative: str


@dataclass(frozen=True)
class ClusterStore:
    """Clusters with fixed centres.

    Attributes:
        clusters: largest first.
        centres: (cluster, width) of length 1.
        agreement: of the runs with different seeds.
        merges: the hierarchy, as in `Clustering`.
        model: content hash of the model of the vectors; empty for vectors of `space`, or of a folder.
        space: of the vectors, where they are of the texts alone.
    """

    clusters: list[StoredCluster]
    centres: Vectors
    agreement: float
    merges: list[tuple[int, int, float]]
    model: str = ""
    space: LsaSpace | None = None

    def save(self, folder: Path) -> None:
        """Write the folder, whole or not at all.

        Raises:
            InputError: something else is there, or the disk is full.
        """
        check_free(folder)
        arrays: dict[str, Any] = {"centres": self.centres}
        if self.space is not None:
            arrays |= asdict(self.space)
        described = {
            "clusters": [asdict(each) for each in self.clusters],
            "agreement": self.agreement,
            "merges": self.merges,
            "model": self.model,
        }
        folder.parent.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        with disk_errors(folder), whole_folder(folder) as made:
            text = json.dumps(described, ensure_ascii=False, indent=1)
            (made / TEXTS).write_text(text, encoding="utf-8", errors="backslashreplace")
            save_file({name: np.ascontiguousarray(each) for name, each in arrays.items()}, made / ARRAYS)
            stamps = {name: FileStamp.of(made / name) for name in (TEXTS, ARRAYS)}
            Manifest.of(FOLDER, {}, stamps).write(made)

    @classmethod
    def open(cls, folder: Path) -> ClusterStore:
        """Read a folder.

        Raises:
            InputError: there is none, it is damaged, or of another format.
        """
        Manifest.read(folder, FOLDER).check(folder)
        try:
            described = json.loads((folder / TEXTS).read_text(encoding="utf-8"))
            arrays = load_file(folder / ARRAYS)
            made = cls(
                [StoredCluster(**each) for each in described["clusters"]],
                arrays["centres"],
                float(described["agreement"]),
                [(int(one), int(other), float(far)) for one, other, far in described["merges"]],
                str(described["model"]),
                _space(arrays),
            )
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise damaged(folder / TEXTS) from error
        if made.centres.ndim != 2 or len(made.centres) != len(made.clusters):
            raise damaged(folder / ARRAYS)
        return made

    def check_vectors(self, width: int, model: str) -> None:
        """Refuse vectors that the centres cannot be compared with.

        Args:
            width: of the vectors.
            model: content hash of their model; empty where it is not known.

        Raises:
            InputError: they are of another model or width.
        """
        if self.model and model and model != self.model:
            raise InputError(
                f"{opt('model')}: not the model that the clusters were made with; give that model, or "
                "make the clusters again"
            )
        if width != self.centres.shape[1]:
            raise InputError(
                f"{opt('model')}: vectors of width {width}, but the clusters have {self.centres.shape[1]}; "
                "give the model that they were made with, or make the clusters again"
            )

    def names(self) -> Sequence[str]:
        """The names of the clusters, as they are shown."""
        return [", ".join(each.name) for each in self.clusters]


def _space(arrays: dict[str, Any]) -> LsaSpace | None:
    if "basis" not in arrays:
        return None
    made = LsaSpace(arrays["columns"], arrays["weights"], arrays["basis"])
    if not len(made.columns) == len(made.weights) == made.basis.shape[1]:
        raise ValueError("arrays of different sizes")
    return made


def check_free(folder: Path, out: str | Path | None = None) -> None:
    """Check the folder that clusters will be saved to, before any work.

    Raises:
        InputError: something else is there, or it is the file `out`.
    """
    if folder.exists() and not _is_ours(folder):
        raise InputError(f"{opt('save')} {at(folder)}: exists and is no {FOLDER.name}; name another folder")
    if out is not None and folder.resolve() == Path(out).resolve():
        raise InputError(f"{opt('save')} {at(folder)} is also {opt('out')}; name another folder")


def _is_ours(folder: Path) -> bool:
    try:
        Manifest.read(folder, FOLDER)
    except InputError:
        return False
    return True
