"""Metrics, computed per item."""
