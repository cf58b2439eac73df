"""Errors, files and progress: what every layer uses."""
