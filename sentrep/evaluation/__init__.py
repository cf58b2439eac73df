"""Evaluation: tasks, the records of their scores, baselines, and comparisons that say what is luck."""

from __future__ import annotations

from sentrep.evaluation.baselines import bm25, fused, random_vectors, singular_words, words
from sentrep.evaluation.beir import read_beir
from sentrep.evaluation.compare import Comparison, compare
from sentrep.evaluation.label_free import label_free
from sentrep.evaluation.result import Result, ResultStore, read_items, read_results
from sentrep.evaluation.retrieval import Retrieval
from sentrep.evaluation.similarity import Pair, Similarity, read_similarity
from sentrep.evaluation.suite import tasks_from
from sentrep.evaluation.tables import table
from sentrep.evaluation.task import Embeds, Evaluation, Model, Ranks, Score, Task, evaluate

__all__ = [
    "Comparison",
    "Embeds",
    "Evaluation",
    "Model",
    "Pair",
    "Ranks",
    "Result",
    "ResultStore",
    "Retrieval",
    "Score",
    "Similarity",
    "Task",
    "bm25",
    "compare",
    "evaluate",
    "fused",
    "label_free",
    "random_vectors",
    "read_beir",
    "read_items",
    "read_results",
    "read_similarity",
    "singular_words",
    "table",
    "tasks_from",
    "words",
]
