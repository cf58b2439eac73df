"""Distillation of a sentence encoder into a static bag of tokens."""
