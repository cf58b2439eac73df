"""Encoders: sentence-transformers models, built, fed, saved and opened here. The only door to that library.

This file imports nothing, so that ``sentrep.encoders.config`` stays light enough for the command line's help.
"""
