"""Encoders: sentence-transformers models, built, batched, saved and loaded. No other package imports that
library.

This file imports nothing, so that `sentrep.encoders.config` stays light enough for the command line's
help.
"""
