"""Evaluation tasks: each gives per-item scores of a model."""
