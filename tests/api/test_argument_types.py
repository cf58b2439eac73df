"""Arguments of public functions that are of a wrong type."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import sentrep
from sentrep.utils.errors import InputError

MODEL = "no-model"
"""Types are checked before the model is opened."""
TEXTS = ["common1 topic3word2 here", "topic5word5 common2 there"]


@pytest.mark.parametrize(
    ("call", "setting"),
    [
        (lambda: sentrep.embed(MODEL, TEXTS, dimensions="8"), "dimensions"),  # type: ignore[arg-type]
        (lambda: sentrep.embed(MODEL, TEXTS, dimensions=2.5), "dimensions"),  # type: ignore[arg-type]
        (lambda: sentrep.embed(MODEL, TEXTS, dtype=np.array(TEXTS)), "dtype"),  # type: ignore[arg-type]
        (lambda: sentrep.embed_corpus(MODEL, TEXTS, "o", shard=None), "shard"),  # type: ignore[arg-type]
        (lambda: sentrep.embed_corpus(MODEL, TEXTS, "o", shard=float("nan")), "shard"),  # type: ignore[arg-type]
        (lambda: sentrep.embed_corpus(MODEL, TEXTS, "o", units="passage"), "units"),  # type: ignore[arg-type]
        (lambda: sentrep.build_index(MODEL, TEXTS, "o", kind=pd.Series(TEXTS)), "kind"),  # type: ignore[arg-type]
        (lambda: sentrep.duplicates(TEXTS, out=5), "out"),  # type: ignore[arg-type]
        (lambda: sentrep.duplicates(TEXTS, unit=np.array(TEXTS)), "unit"),
        (lambda: sentrep.clusters(TEXTS, save=b"names"), "save"),  # type: ignore[arg-type]
        (lambda: sentrep.clusters(TEXTS, settings={"k": 2}), "settings"),  # type: ignore[arg-type]
        (lambda: sentrep.terms(TEXTS, strict=np.array([True, False])), "strict"),  # type: ignore[arg-type]
        (lambda: sentrep.train(corpus=TEXTS, out="o", training={"steps": 2}), "training"),  # type: ignore[arg-type]
        (lambda: sentrep.build(TEXTS, "o", minutes="5"), "minutes"),  # type: ignore[arg-type]
        (lambda: sentrep.load(MODEL, device=None), "device"),  # type: ignore[arg-type]
    ],
)
def test_an_argument_of_a_wrong_type_is_named_in_one_line(call: Callable[[], object], setting: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.setting == setting
    assert "\n" not in str(caught.value)
