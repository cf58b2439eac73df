"""A search index over the passages of documents: dense vectors and BM25 in one folder that can grow."""

from sentrep.search.documents.index import DocumentIndex
from sentrep.search.documents.passages import Document, Passage
from sentrep.search.documents.query import Mode, PassageHit, Scores

__all__ = ["Document", "DocumentIndex", "Mode", "Passage", "PassageHit", "Scores"]
