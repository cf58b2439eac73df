"""Nearest sentences: exact search over arrays, and an index in a folder. The only package that imports
FAISS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentrep.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from sentrep.search.exact import top_k as top_k
    from sentrep.search.folder import ModelStamp as ModelStamp
    from sentrep.search.index import Hit as Hit
    from sentrep.search.index import Index as Index

_PLACES, __getattr__ = lazy_exports("sentrep.search")
__all__ = sorted(_PLACES)
