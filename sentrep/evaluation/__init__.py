"""Evaluation: tasks, the records of their scores, baselines, and comparisons that say what is luck."""

from __future__ import annotations

from sentrep.evaluation.baselines import bm25, fused, random_vectors, singular_words, words
from sentrep.evaluation.beir import read_beir, read_retrieval
from sentrep.evaluation.bracketing import self_f1
from sentrep.evaluation.branching import branching
from sentrep.evaluation.classification import Classification, read_classification
from sentrep.evaluation.clustering import Clustering, read_clustering
from sentrep.evaluation.compare import compare
from sentrep.evaluation.comparison import Comparison
from sentrep.evaluation.extractive import extractive, lead_like
from sentrep.evaluation.label_free import label_free
from sentrep.evaluation.label_free_data import read_label_free
from sentrep.evaluation.mteb_bridge import mteb_model, read_mteb
from sentrep.evaluation.pair_classification import PairClassification, read_pair_classification
from sentrep.evaluation.parsing import Parsing, read_parsing
from sentrep.evaluation.result import Example, Result, ResultStore, Score, read_examples, read_items, read_results
from sentrep.evaluation.retrieval import Retrieval
from sentrep.evaluation.similarity import Pair, Similarity, read_similarity
from sentrep.evaluation.suite import read_suite, suites, tasks_from
from sentrep.evaluation.summarization import Summarization, Summarized, read_summarization
from sentrep.evaluation.tables import table
from sentrep.evaluation.task import Embeds, Evaluation, Model, Parses, Ranks, Summarizes, Task, evaluate
from sentrep.evaluation.topics import Topics, read_topics
from sentrep.text.brackets import Bracketed, read_trees

__all__ = [
    "Bracketed",
    "Classification",
    "Clustering",
    "Comparison",
    "Embeds",
    "Evaluation",
    "Example",
    "Model",
    "Pair",
    "PairClassification",
    "Parses",
    "Parsing",
    "Ranks",
    "Result",
    "ResultStore",
    "Retrieval",
    "Score",
    "Similarity",
    "Summarization",
    "Summarized",
    "Summarizes",
    "Task",
    "Topics",
    "bm25",
    "branching",
    "compare",
    "evaluate",
    "extractive",
    "fused",
    "label_free",
    "lead_like",
    "mteb_model",
    "random_vectors",
    "read_beir",
    "read_classification",
    "read_clustering",
    "read_examples",
    "read_items",
    "read_label_free",
    "read_mteb",
    "read_pair_classification",
    "read_parsing",
    "read_results",
    "read_retrieval",
    "read_similarity",
    "read_suite",
    "read_summarization",
    "read_topics",
    "read_trees",
    "self_f1",
    "singular_words",
    "suites",
    "table",
    "tasks_from",
    "words",
]
