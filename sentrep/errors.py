"""The one exception for input that a person can put right."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input: the message says what was wrong, where (file and line), and what to do about it.

    The command line prints it without a traceback; everything else that is raised is a defect of ours.
    """
