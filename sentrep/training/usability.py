"""Whether a corpus and a run are large enough for a method; the thresholds are the method's own."""

from __future__ import annotations

import warnings

import numpy as np

from sentrep.methods.base import Usability
from sentrep.utils.errors import InputError, ReadWarning, opt, shown


def check_corpus(spans: np.ndarray, usability: Usability) -> None:
    """Warns where a method is trained on a part of the corpus only.

    Args:
        spans: (span, 3) first sentence, one past the last, and document of each stretch of text.
        usability: of the method.

    Warns:
        ReadWarning: many documents are too short for the method.

    Raises:
        InputError: nothing, or next to nothing, of the corpus is left, or there are too few documents.
    """
    lengths = spans[:, 1] - spans[:, 0]
    length = usability.document_length
    short, documents = int((lengths < length).sum()), len(lengths)
    total, used = int(lengths.sum()), int(lengths[lengths >= length].sum())
    share = used / total if total else 0.0
    documents_used = len(np.unique(spans[lengths >= length, 2]))
    if used and documents_used < usability.documents:
        raise InputError(
            f"{documents_used:,} document can be used, and {usability.documents} or more are needed: "
            f"{usability.remedy}"
        )
    if used and share >= usability.warn_below:
        return
    message = (
        f"{short:,} of {documents:,} documents have fewer than {length} sentences and are not trained on; "
        f"{used:,} of {total:,} sentences ({share:.0%}) are used"
    )
    if used == 0 or share < usability.least_share:
        raise InputError(f"{message}, which is too little to learn from: {usability.remedy}", setting="split")
    warnings.warn(shown(f"{message}; to use all of them, {usability.remedy}"), ReadWarning, stacklevel=2)


def undertrained(steps: int, usability: Usability) -> str:
    """A warning about a run that was far too short to be used, or "".

    A run of 0 steps is untrained on purpose.

    >>> undertrained(23, Usability(steps=2000, reason="readable text starts at about 2,000"))
    'undertrained: 23 batches; readable text starts at about 2,000. Raise epochs, or lower batch_size'
    """
    if not 0 < steps < usability.steps:
        return ""
    advice = shown(f"Raise {opt('epochs')}, or lower {opt('batch_size')}")
    return f"undertrained: {steps:,} batches; {usability.reason}. {advice}"
