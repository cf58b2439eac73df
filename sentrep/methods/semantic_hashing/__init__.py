"""Semantic hashing: binary codes of sentences."""
