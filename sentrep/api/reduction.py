"""The verb `reduce` as a Python function."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sentrep.api.corpora import corpus_source
from sentrep.api.reading import announce_truncation, watched
from sentrep.data.corpus import Corpus, sentences, unused
from sentrep.data.reading.report import ReadReport
from sentrep.inference.loading import Encoding, encoding, load, opened
from sentrep.utils.checks import check_seed
from sentrep.utils.errors import InputError, opt
from sentrep.utils.progress import progress
from sentrep.utils.settings import arguments_checked, checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.encoders.linear_map import Moments
    from sentrep.encoders.serialization import Encoder
    from sentrep.training.job import Trained

Reduction = Literal["pca", "whiten", "itq", "abtt", "deep", "auto"]
"""How vectors are reduced."""

TEXTS = 100_000
"""Sentences of the corpus that a reduction is fitted to, at most."""
SAMPLE, HELD_OUT = 20_000, 2_000
"""Vectors that ITQ and the auto-encoder learn from, and those that both are compared on, at most."""
AT_ONCE = 2048
REDUCTION = "reduction.json"
"""In the model's folder: how it was reduced, and the eigenvalues."""


@dataclass(frozen=True)
class Reduced:
    """A model with reduced vectors."""

    encoder: Encoder
    by: str
    """What was done: 'pca', 'whiten', 'itq', 'abtt' or 'deep'."""
    width: int
    eigenvalues: list[float]
    """Eigenvalues of the covariance of the original vectors, the largest first."""
    texts: int
    """Sentences that it was fitted to."""
    recall: dict[str, float] = field(default_factory=dict)
    """'deep' and 'auto': share of the ten nearest neighbours of held-out sentences that 'pca' and 'deep'
    keep."""

    def kept(self, width: int) -> float:
        """Share of the variance along the first `width` axes, 0 to 1."""
        total = sum(self.eigenvalues)
        return sum(self.eigenvalues[:width]) / total if total else 1.0


@arguments_checked
def reduce(
    model: str | Path | Encoder | Trained,
    corpus: Corpus,
    out: str | Path,
    *,
    by: Reduction = "pca",
    width: int | None = None,
    keep: float | None = None,
    texts: int = TEXTS,
    seed: int = 0,
    overwrite: bool = False,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> Reduced:
    """Reduce the width of a model's vectors, or whiten them, by a map that is fitted to a corpus.

    The map is put behind the model's own modules as stock `Dense` modules.

    Args:
        model: a path, a name, an encoder or a finished run.
        corpus: text to fit the map to. Use training text, never a benchmark.
        out: folder of the reduced model.
        by: 'pca'; 'whiten' (PCA to unit variances); 'itq' (PCA, rotated for binary codes); 'abtt' (the
            strongest directions removed); 'deep' (a denoising auto-encoder); 'auto' (PCA, or 'deep' where it
            keeps more neighbours of held-out sentences).
        width: of the reduced vectors; half of the model's if neither this nor `keep` is given. 'abtt' keeps
            the model's.
        keep: instead of `width`, the share of the variance to keep, such as 0.95.
        texts: largest number of sentences that are used, drawn at random.
        seed: of that sample and of the auto-encoder.
        overwrite: replace another model that is in `out`.
        strict: raise for anything of the corpus that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        The reduced model, with the eigenvalues.

    Raises:
        InputError: nothing can be read, a setting does not fit, or `out` holds something else.

    References:
        Baldi & Hornik 1989 (PCA); Su et al. 2021 (whitening); Gong & Lazebnik 2011 (ITQ); Mu & Viswanath 2018
        (all-but-the-top); Hinton & Salakhutdinov 2006 (deep).

    Example:
        >>> reduced = sentrep.reduce("runs/first", "texts", "runs/small", width=4)
        >>> sentrep.embed("runs/small", "The ship left.").shape, reduced.kept(4) > 0.25
        ((4,), True)
    """
    if width is not None and keep is not None:
        raise InputError(f"give {opt('width')} or {opt('keep')}, not both")
    place, by = checked("out", out, Path), checked("by", by, Reduction)
    if checked("texts", texts, int) < 2:
        raise InputError(f"{opt('texts')} {texts} must be 2 or more")
    check_seed(checked("seed", seed, int))
    if not overwrite:
        unused(place, "reduced model")
    config = corpus_source(corpus, fields, offline=offline, hub=hub)
    encoder = opened(model, offline, hub)

    from sentrep.encoders import serialization
    from sentrep.encoders.linear_map import followed_by, width_that_keeps
    from sentrep.evaluation.datasets.reservoir import Reservoir

    chosen, report = Reservoir[str](texts, seed), ReadReport()
    for _, sentence in watched(sentences(config, report), report, strict):
        chosen.offer(sentence)
    made = encoding(encoder, "fp32")
    moments, sample = _collect(made, chosen.drawn(), encoder.get_embedding_dimension() or 0)
    announce_truncation(made.truncation)
    eigenvalues = moments.axes()[0]
    wide = len(eigenvalues)
    if keep is not None:
        width = width_that_keeps(eigenvalues, checked("keep", keep, float))
    elif width is None:
        width = wide if by == "abtt" else max(1, wide // 2)
    found, layers, recall = _fitted(by, moments, width, sample, seed)
    serialization.save(followed_by(encoder, list(layers)), place)
    reduced = Reduced(load(place), found, width, eigenvalues.tolist(), moments.count, recall)
    _record(reduced, place)
    return reduced


def _collect(encode: Encoding, texts: list[str], width: int) -> tuple[Moments, NDArray[np.float32]]:
    """Moments of the vectors of all texts, and the first vectors of them."""
    import numpy as np

    from sentrep.encoders.linear_map import Moments

    if len(texts) < 2:
        raise InputError(
            f"{len(texts)} sentences are too few to fit a reduction to; give a longer corpus",
            setting="corpus",
        )
    moments, kept = Moments(width), []
    for part in progress(list(_parts(texts)), "embedding", unit="block"):
        vectors = encode(part)
        kept += [vectors] if moments.count < SAMPLE + HELD_OUT else []
        moments.add(vectors)
    return moments, np.concatenate(kept)[: SAMPLE + HELD_OUT]


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), AT_ONCE):
        yield texts[start : start + AT_ONCE]


def _fitted(
    by: Reduction, moments: Moments, width: int, sample: NDArray[np.float32], seed: int
) -> tuple[str, list[Any], dict[str, float]]:
    """What was fitted, its layers, and the share of neighbours that it keeps where that was compared."""
    from sentrep.encoders.deep_map import apply, fit_deep, neighbour_recall
    from sentrep.encoders.linear_map import fit

    if by != "deep" and by != "auto":
        return by, [fit(by, moments, width, sample).dense()], {}
    linear = fit("pca", moments, width, sample)
    held = sample[: min(HELD_OUT, max(1, len(sample) // 5))]
    deep = fit_deep(sample[len(held) :], width, seed).encoder
    recall = {
        "pca": neighbour_recall(held, linear(held)),
        "deep": neighbour_recall(held, apply(deep, held)),
    }
    if by == "auto" and recall["deep"] <= recall["pca"]:
        return "pca", [linear.dense()], recall
    return "deep", list(deep), recall


def _record(reduced: Reduced, place: Path) -> None:
    described = {
        "by": reduced.by,
        "width": reduced.width,
        "texts": reduced.texts,
        "eigenvalues": reduced.eigenvalues,
        "neighbour_recall": reduced.recall,
    }
    (place / REDUCTION).write_text(json.dumps(described) + "\n", encoding="utf-8")
