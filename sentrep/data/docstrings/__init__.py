"""The text of the quickstart: docstrings of the installed packages."""
