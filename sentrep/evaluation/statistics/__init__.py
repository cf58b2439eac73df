"""Confidence intervals, paired tests and comparisons."""
