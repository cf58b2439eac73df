"""Vectors for mining: of a folder of embedded sentences, or made by a model and kept until they are
finished."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sentrep.api.reading import announce_truncation
from sentrep.data.corpus import cache_folder
from sentrep.inference.loading import encoding, opened, stamp
from sentrep.mining.items import Item, embedded_folder, texts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LITTLE = 10_000
"""Texts that are embedded in memory; of more, finished shards are kept, and an interrupted call goes on."""

SHARD = 8192
"""Vectors of a shard: what an interruption costs, at most."""


class Made(NamedTuple):
    """Vectors, and what made them."""

    vectors: NDArray[np.float32]
    """(text, width)"""
    model: str
    """Content hash of the model."""


def vectors_of(
    source: object, items: Sequence[Item], model: object, *, offline: bool = False, hub: bool = False
) -> Made | None:
    """The vectors of what was read from a source; None without a model or a folder of embedded sentences."""
    if model is not None:
        return embedded(items, model, offline, hub)
    folder = embedded_folder(source)
    return None if folder is None else Made(folder.array(), folder.stamp.get("model", ""))


def embedded(items: Sequence[Item], model: object, offline: bool = False, hub: bool = False) -> Made:
    """The vectors of texts by a model; of many texts in resumable shards in the cache."""
    from sentrep.embedding import embed_texts, embed_to_folder

    encoder = opened(model, offline, hub)
    made, content_hash = encoding(encoder), stamp(encoder, encoder).content_hash
    if len(items) <= LITTLE:
        vectors = embed_texts(made, texts_of(items), total=len(items)) if items else made([])
    else:
        described = {"model": content_hash, "source": _fingerprint(items)}
        key = hashlib.sha256("".join(described.values()).encode()).hexdigest()[:32]
        pairs = ((item.id, item.text) for item in items)
        place = cache_folder() / "vectors" / key
        place.parent.mkdir(parents=True, exist_ok=True)
        folder = embed_to_folder(made, pairs, place, stamp=described, shard=SHARD, total=len(items))
        vectors = folder.array()
    announce_truncation(made.truncation)
    return Made(vectors, content_hash)


def _fingerprint(items: Sequence[Item]) -> str:
    digest = hashlib.sha256()
    for item in items:
        digest.update(f"{len(item.text)}:{item.text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
