"""Vectors that are kept in a folder and found there again: one folder for a model and a list of texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from sentrep.embedding.embed import Encode, embed_to_folder
from sentrep.embedding.info import KIND, EmbeddedInfo
from sentrep.embedding.shards import Embedded
from sentrep.utils.errors import InputError
from sentrep.utils.manifest import MANIFEST, Manifest

SHARD = 2048
"""Texts in a shard: what an interruption loses of the work, at most."""


def cached_vectors(
    encode: Encode, texts: Sequence[str], folder: Path, *, model: str, shard: int = SHARD
) -> Embedded:
    """The vectors of some texts, computed once and kept in shards.

    After an interruption the same call goes on after the last finished shard. A folder that is damaged is
    computed anew.

    Args:
        encode: texts to vectors (text, width).
        texts: what is embedded.
        folder: where such folders are kept.
        model: what `encode` depends on, such as the content hash of a model and its precision.
        shard: texts in a shard.

    Raises:
        InputError: there are no texts, or a vector is not finite.
    """
    source = _digest(texts)
    place = folder / _digest([model, source])
    stamp = {"model": model, "source": source}
    return embed_to_folder(
        encode,
        ((str(number), text) for number, text in enumerate(texts)),
        place,
        stamp=stamp,
        shard=shard,
        overwrite=_damaged(place),
        wait=True,
        total=len(texts),
    )


def _digest(texts: Sequence[str]) -> str:
    """A hash of texts and of where one ends."""
    found = hashlib.blake2b(digest_size=16)
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()


def _damaged(place: Path) -> bool:
    """Whether a folder was begun and cannot be gone on with."""
    if not (place / MANIFEST).is_file():
        return False
    try:
        _, files = EmbeddedInfo.read(place)
        Manifest.of(KIND, {}, files).check(place)
    except InputError:
        return True
    return False
