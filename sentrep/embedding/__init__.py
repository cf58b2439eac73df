"""Embedding sentences into memory, or into a folder of shards that can be interrupted and continued."""

from __future__ import annotations

from sentrep.embedding.cached import cached_vectors
from sentrep.embedding.embed import Encode, embed_texts, embed_to_folder
from sentrep.embedding.parts import is_embedded, merge
from sentrep.embedding.shards import Embedded

__all__ = ["Embedded", "Encode", "cached_vectors", "embed_texts", "embed_to_folder", "is_embedded", "merge"]
