"""The corpus of the quickstart: docstrings of the installed packages."""
