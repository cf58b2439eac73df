"""The verbs as Python functions, by group:

    training     train, baseline, combine, expand
    embedding    embed, embed_corpus, merge_embedded
    indexes      build_index, index, open_index, search, add, remove, update
    distillation distill
    reduction    reduce
    evaluation   evaluate, compare, report
    inference    load, generate, summarize, parse

The command line has the same verbs with the same options. Each verb imports the heavy libraries it needs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentrep.api.distillation import distill
    from sentrep.api.documents import add, remove, update
    from sentrep.api.embedding import embed, embed_corpus, merge_embedded
    from sentrep.api.evaluation import compare, evaluate, mteb_model, report, tasks_of
    from sentrep.api.indexes import Search, build_index, index, index_embedded, open_index, search
    from sentrep.api.mining import terms
    from sentrep.api.mining_anomalies import anomalies
    from sentrep.api.mining_clusters import clusters
    from sentrep.api.mining_duplicates import duplicates
    from sentrep.api.reading import announce, watched
    from sentrep.api.reduction import Reduced, reduce
    from sentrep.api.training import baseline, combine, doc2vec, expand, train
    from sentrep.data.corpus import cache_folder, corpus_config, sentences
    from sentrep.inference.compression import compress, decompress
    from sentrep.inference.ensemble import Ensemble
    from sentrep.inference.eval_adapter import measured
    from sentrep.inference.generator import Writer, generate, generate_from_prior, interpolate
    from sentrep.inference.loading import load, stamp
    from sentrep.inference.runs import open_method
    from sentrep.inference.summarizer import Summarizer, summarize
    from sentrep.inference.tree_parser import TreeParser, parse, to_nltk

PLACES = {
    "add": "sentrep.api.documents",
    "announce": "sentrep.api.reading",
    "anomalies": "sentrep.api.mining_anomalies",
    "baseline": "sentrep.api.training",
    "build_index": "sentrep.api.indexes",
    "cache_folder": "sentrep.data.corpus",
    "clusters": "sentrep.api.mining_clusters",
    "combine": "sentrep.api.training",
    "compare": "sentrep.api.evaluation",
    "compress": "sentrep.inference.compression",
    "corpus_config": "sentrep.data.corpus",
    "decompress": "sentrep.inference.compression",
    "distill": "sentrep.api.distillation",
    "doc2vec": "sentrep.api.training",
    "duplicates": "sentrep.api.mining_duplicates",
    "embed": "sentrep.api.embedding",
    "embed_corpus": "sentrep.api.embedding",
    "Ensemble": "sentrep.inference.ensemble",
    "evaluate": "sentrep.api.evaluation",
    "expand": "sentrep.api.training",
    "generate": "sentrep.inference.generator",
    "generate_from_prior": "sentrep.inference.generator",
    "index": "sentrep.api.indexes",
    "index_embedded": "sentrep.api.indexes",
    "interpolate": "sentrep.inference.generator",
    "load": "sentrep.inference.loading",
    "measured": "sentrep.inference.eval_adapter",
    "merge_embedded": "sentrep.api.embedding",
    "mteb_model": "sentrep.api.evaluation",
    "open_index": "sentrep.api.indexes",
    "open_method": "sentrep.inference.runs",
    "parse": "sentrep.inference.tree_parser",
    "reduce": "sentrep.api.reduction",
    "Reduced": "sentrep.api.reduction",
    "remove": "sentrep.api.documents",
    "report": "sentrep.api.evaluation",
    "Search": "sentrep.api.indexes",
    "search": "sentrep.api.indexes",
    "sentences": "sentrep.data.corpus",
    "stamp": "sentrep.inference.loading",
    "summarize": "sentrep.inference.summarizer",
    "Summarizer": "sentrep.inference.summarizer",
    "tasks_of": "sentrep.api.evaluation",
    "terms": "sentrep.api.mining",
    "to_nltk": "sentrep.inference.tree_parser",
    "train": "sentrep.api.training",
    "TreeParser": "sentrep.inference.tree_parser",
    "update": "sentrep.api.documents",
    "watched": "sentrep.api.reading",
    "Writer": "sentrep.inference.generator",
}
"""Where each function is defined; it is imported when it is first used."""

__all__ = [
    "Ensemble",
    "Reduced",
    "Search",
    "Summarizer",
    "TreeParser",
    "Writer",
    "add",
    "announce",
    "anomalies",
    "baseline",
    "build_index",
    "cache_folder",
    "clusters",
    "combine",
    "compare",
    "compress",
    "corpus_config",
    "decompress",
    "distill",
    "doc2vec",
    "duplicates",
    "embed",
    "embed_corpus",
    "evaluate",
    "expand",
    "generate",
    "generate_from_prior",
    "index",
    "index_embedded",
    "interpolate",
    "load",
    "measured",
    "merge_embedded",
    "mteb_model",
    "open_index",
    "open_method",
    "parse",
    "reduce",
    "remove",
    "report",
    "search",
    "sentences",
    "stamp",
    "summarize",
    "tasks_of",
    "terms",
    "to_nltk",
    "train",
    "update",
    "watched",
]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module 'sentrep.api' has no attribute {name!r}")
    return getattr(importlib.import_module(PLACES[name]), name)
