"""Nearest sentences: exact search over arrays, and an index in a folder. The only package that imports
FAISS."""

from __future__ import annotations

from sentrep.search.exact import top_k
from sentrep.search.folder import ModelStamp
from sentrep.search.index import Hit, Index

__all__ = ["Hit", "Index", "ModelStamp", "top_k"]
