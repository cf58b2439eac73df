"""Readers of benchmark layouts and of held-out text."""
