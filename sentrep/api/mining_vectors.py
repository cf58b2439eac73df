"""Vectors for mining: of a folder of embedded sentences, or made by a model and kept until they are
finished."""

from __future__ import annotations

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
"""Vectors in a shard; at most so many are lost by an interruption."""


class TextVectors(NamedTuple):
    """Vectors, and what made them."""

    vectors: NDArray[np.float32]
    """(text, width)"""
    model: str
    """Content hash of the model."""


def vectors_of(
    source: object, items: Sequence[Item], model: object, *, offline: bool = False, hub: bool = False
) -> TextVectors | None:
    """The vectors of what was read from a source; None without a model or a folder of embedded sentences."""
    if model is not None:
        return embedded(items, model, offline, hub)
    folder = embedded_folder(source)
    return None if folder is None else TextVectors(folder.array(), folder.stamp.get("model", ""))


def embedded(items: Sequence[Item], model: object, offline: bool = False, hub: bool = False) -> TextVectors:
    """The vectors of texts by a model; of many texts in resumable shards in the cache."""
    from sentrep.embedding import cached_vectors, embed_texts

    encoder = opened(model, offline, hub)
    made, content_hash = encoding(encoder), stamp(encoder, encoder).content_hash
    if len(items) <= LITTLE:
        vectors = embed_texts(made, texts_of(items), total=len(items)) if items else made([])
    else:
        place, key = cache_folder() / "vectors", f"{content_hash} {made.precision}"
        vectors = cached_vectors(made, texts_of(items), place, model=key, shard=SHARD).array()
    announce_truncation(made.truncation)
    return TextVectors(vectors, content_hash)
