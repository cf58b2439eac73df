"""Disentangling of where a text comes from (style) and what it says (content)."""
