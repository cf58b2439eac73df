"""Bottlenecks of auto-encoders: what stands between a sentence vector and the code that a decoder reads."""
