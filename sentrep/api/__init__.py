"""The verbs as Python functions, by group:

    training     train
    baselines    baseline, doc2vec
    composition  combine, expand
    embedding    embed, embed_corpus, merge_embedded
    indexes      build_index, index, index_embedded, open_index, search, add, remove, update
    distillation distill
    reduction    reduce
    mining       terms, duplicates, anomalies, clusters
    evaluation   evaluate, tasks_of, compare, report, mteb_model
    inference    load, open_method, generate, generate_as, generate_from_prior, interpolate, summarize,
                 parse, to_nltk, compress, decompress

The command line has the same verbs with the same options. Each verb imports the heavy libraries it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentrep.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from sentrep.api.baselines import baseline as baseline
    from sentrep.api.baselines import doc2vec as doc2vec
    from sentrep.api.composition import combine as combine
    from sentrep.api.composition import expand as expand
    from sentrep.api.distillation import distill as distill
    from sentrep.api.document_changes import add as add
    from sentrep.api.document_changes import remove as remove
    from sentrep.api.document_changes import update as update
    from sentrep.api.embedding import embed as embed
    from sentrep.api.embedding import embed_corpus as embed_corpus
    from sentrep.api.embedding import merge_embedded as merge_embedded
    from sentrep.api.evaluation import compare as compare
    from sentrep.api.evaluation import evaluate as evaluate
    from sentrep.api.evaluation import mteb_model as mteb_model
    from sentrep.api.evaluation import tasks_of as tasks_of
    from sentrep.api.indexes import Search as Search
    from sentrep.api.indexes import build_index as build_index
    from sentrep.api.indexes import index as index
    from sentrep.api.indexes import index_embedded as index_embedded
    from sentrep.api.indexes import open_index as open_index
    from sentrep.api.indexes import search as search
    from sentrep.api.mining_anomalies import anomalies as anomalies
    from sentrep.api.mining_clusters import clusters as clusters
    from sentrep.api.mining_duplicates import duplicates as duplicates
    from sentrep.api.mining_terms import terms as terms
    from sentrep.api.reading import announce as announce
    from sentrep.api.reading import watched as watched
    from sentrep.api.reduction import Reduced as Reduced
    from sentrep.api.reduction import reduce as reduce
    from sentrep.api.reports import report as report
    from sentrep.api.training import train as train
    from sentrep.data.corpus import cache_folder as cache_folder
    from sentrep.data.corpus import corpus_config as corpus_config
    from sentrep.data.corpus import sentences as sentences
    from sentrep.inference.compression import compress as compress
    from sentrep.inference.compression import decompress as decompress
    from sentrep.inference.ensemble import Ensemble as Ensemble
    from sentrep.inference.eval_adapter import measured as measured
    from sentrep.inference.generator import SentenceGenerator as SentenceGenerator
    from sentrep.inference.generator import generate as generate
    from sentrep.inference.generator import generate_as as generate_as
    from sentrep.inference.generator import generate_from_prior as generate_from_prior
    from sentrep.inference.generator import interpolate as interpolate
    from sentrep.inference.loading import load as load
    from sentrep.inference.loading import stamp as stamp
    from sentrep.inference.runs import open_method as open_method
    from sentrep.inference.summarizer import Summarizer as Summarizer
    from sentrep.inference.summarizer import summarize as summarize
    from sentrep.inference.tree_parser import TreeParser as TreeParser
    from sentrep.inference.tree_parser import parse as parse
    from sentrep.inference.tree_parser import to_nltk as to_nltk

_PLACES, __getattr__ = lazy_exports("sentrep.api")
__all__ = sorted(_PLACES)
