"""Quantizers of sentence vectors: residual codes, one-hot codes, and finite scalar quantization."""
