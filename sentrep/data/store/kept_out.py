"""Taking documents out of a store in the making, before its vocabulary is learnt: text that no training
reads, kept beside the store to measure with."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.data.splitting.holdout import kept_out
from sentrep.utils.arrays import GrowingArray, mapped
from sentrep.utils.strings import Strings, StringsWriter, files_of

KEPT_OUT = "kept_out.jsonl"
"""File of the documents that are kept out: id, title and sentences of each."""

RULE = "whole documents, and stretches of very long ones, in the order of the blake2b hash of their text"
"""What is kept out, as ``run.json`` records it."""


@dataclass(frozen=True)
class Raw:
    """Sentences and documents of a store, split but not tokenised."""

    folder: Path
    sentences: int
    documents: int

    @property
    def bounds(self) -> NDArray[np.int64]:
        """(document + 1,) which sentence each document begins with."""
        return mapped(self.folder / "documents.npy", (self.documents + 1,), "int64")

    def strings(self, name: str) -> Strings:
        """Its sentences ('text'), or the 'titles' or 'names' of its documents."""
        return Strings(self.folder, name, self.sentences if name == "text" else self.documents)


def keep_out(raw: Raw, share: float) -> tuple[Raw, dict[str, Any]]:
    """Move a share of the documents from the store to `KEPT_OUT`.

    A stretch that is taken out of a long document leaves two documents: no sentence gets a neighbour that it
    did not have.

    Args:
        raw: a store in the making; its files are replaced.
        share: of the sentences, above 0 and below 1.

    Returns:
        What is left in the store; and what was kept out, as the manifest and ``run.json`` record it.
    """
    text, bounds = raw.strings("text"), np.array(raw.bounds)
    kept, rest = kept_out(bounds, share, lambda start, stop: _hash(text, start, stop))
    _write_kept(raw, kept, bounds)
    counts = {"documents": len(kept), "sentences": int((kept[:, 1] - kept[:, 0]).sum())}
    left = _write_rest(raw, rest) if len(kept) else raw
    return left, {"share": share, "rule": RULE, **counts}


def _hash(text: Strings, start: int, stop: int) -> int:
    first, end = int(text.offsets[start]), int(text.offsets[stop])
    digest = hashlib.blake2b(text.content[first:end].tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _write_kept(raw: Raw, kept: NDArray[np.int64], bounds: NDArray[np.int64]) -> None:
    text, titles, names = (raw.strings(name) for name in ("text", "titles", "names"))
    with (raw.folder / KEPT_OUT).open("w", encoding="utf-8", errors="replace") as file:
        for start, stop, document in kept.tolist():
            # The title of a book belongs to its beginning, not to each stretch of it.
            title = titles[document] if start == bounds[document] else ""
            sentences = [text[number] for number in range(start, stop)]
            record = {"id": names[document], "title": title, "text": sentences}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_rest(raw: Raw, rest: NDArray[np.int64]) -> Raw:
    """Write the store anew with these spans as its documents."""
    aside = raw.folder / "rest"
    aside.mkdir()
    text, titles, names = (raw.strings(name) for name in ("text", "titles", "names"))
    with (
        StringsWriter(aside, "text") as new_text,
        StringsWriter(aside, "titles") as new_titles,
        StringsWriter(aside, "names") as new_names,
        GrowingArray(aside / "documents.npy") as bounds,
    ):
        end = 0
        for start, stop, document in rest.tolist():
            edges = text.offsets[start : stop + 1]
            new_text.extend(text.content[edges[0] : edges[-1]].tobytes(), np.diff(edges))
            new_titles.append(titles[document])
            new_names.append(names[document])
            bounds.append([end])
            end += stop - start
        bounds.append([end])
    for name in [*(file for kind in ("text", "titles", "names") for file in files_of(kind)), "documents.npy"]:
        (aside / name).replace(raw.folder / name)
    shutil.rmtree(aside)
    return Raw(raw.folder, end, len(rest))
