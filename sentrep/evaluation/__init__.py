"""Evaluation: tasks, result records, baselines, and comparisons with significance tests."""

from __future__ import annotations

from sentrep.data.analysis import words
from sentrep.data.trees.brackets import Bracketed, read_trees
from sentrep.evaluation.datasets.beir import read_beir, read_retrieval
from sentrep.evaluation.datasets.classification import read_classification
from sentrep.evaluation.datasets.heldout_text import read_label_free
from sentrep.evaluation.datasets.treebanks import read_parsing
from sentrep.evaluation.metrics.tree_f1 import self_f1
from sentrep.evaluation.models.branching import branching
from sentrep.evaluation.models.extractive import extractive, lead_like
from sentrep.evaluation.models.lexical import bm25, fused, random_vectors, singular_words
from sentrep.evaluation.mteb_bridge import mteb_model, read_mteb
from sentrep.evaluation.report.tables import table
from sentrep.evaluation.result import Example, Result, Score
from sentrep.evaluation.result_store import ResultStore, read_examples, read_items, read_results
from sentrep.evaluation.statistics.compare import compare
from sentrep.evaluation.statistics.comparison import Comparison
from sentrep.evaluation.suite import read_suite, suites, tasks_from
from sentrep.evaluation.task import Embeds, Evaluation, Model, Parses, Ranks, Summarizes, Task, evaluate
from sentrep.evaluation.tasks.classification import Classification
from sentrep.evaluation.tasks.clustering import Clustering, read_clustering
from sentrep.evaluation.tasks.label_free import label_free
from sentrep.evaluation.tasks.pair_classification import PairClassification, read_pair_classification
from sentrep.evaluation.tasks.parsing import Parsing
from sentrep.evaluation.tasks.retrieval import Retrieval
from sentrep.evaluation.tasks.similarity import Pair, Similarity, read_similarity
from sentrep.evaluation.tasks.summarization import Summarization, Summarized, read_summarization
from sentrep.evaluation.tasks.topics import Topics, read_topics

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
