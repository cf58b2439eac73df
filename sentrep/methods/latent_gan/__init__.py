"""Adversarially regularised auto-encoder: sentences from generated codes."""
