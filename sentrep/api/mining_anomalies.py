"""The verb anomalies: which texts do not belong to normal ones, and whether two corpora differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.mining_inputs import items_of, split_options
from sentrep.api.mining_vectors import vectors_of
from sentrep.data.corpus import Corpus
from sentrep.data.outputs import check_outputs
from sentrep.mining.items import Item, on_disk, texts_of
from sentrep.mining.output import check_ending, write_rows
from sentrep.mining.settings import AnomalySettings
from sentrep.utils.record_file import View
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.mining.anomalies import Anomalies, Drift, WordVectors
    from sentrep.mining.vectors import Vectors


@dataclass(frozen=True)
class ScoredText:
    """A text of the input with its score."""

    id: str
    score: float
    """A larger score means a more unusual text."""
    p_value: float
    """Share of held-out normal texts with a score at least as large."""
    text: str


@dataclass(frozen=True)
class AnomalyReport:
    """The texts of an input, the most unusual first."""

    texts: Sequence[ScoredText]
    """The texts, read from a temporary file when they are needed."""
    length_correlation: float
    """Rank correlation of the scores with the number of words."""
    rarity_correlation: float
    """Rank correlation of the scores with the mean rarity of the words among the normal texts."""
    drift: Drift | None = None
    """Whether normal texts and input are of one distribution; if that was asked for."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each text."""
        return (vars(text) for text in self.texts)


@arguments_checked
def anomalies(
    normal: Corpus,
    input: Corpus,
    *,
    against: Corpus | None = None,
    model: object = None,
    settings: AnomalySettings | None = None,
    drift: bool = False,
    out: str | Path | None = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **options: Any,
) -> AnomalyReport:
    """Score texts by how much they differ from normal texts, with p-values.

    Args:
        normal: normal texts: files, folders, a data set, texts in memory, or a folder of embedded sentences.
        input: the texts to score, likewise.
        against: other text that the likelihood ratio compares with; without it, the rest of the input.
        model: a model for the scores of vectors; without one, latent semantic analysis of both corpora.
        settings: how texts are scored.
        drift: also test whether normal texts and input have the same distribution.
        out: file to write all scores to: .jsonl, .csv, .tsv or .parquet.
        strict: raise for anything that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        options: of `AnomalySettings` and `CorpusConfig`, such as ``score="neighbours"``.

    Returns:
        The texts of `input` with their scores, the largest first, and the test of drift if it was asked for.

    Raises:
        InputError: a corpus or a setting is wrong, or there are fewer than five normal texts.

    Example:
        >>> normal = [f"the red dog runs {n}" for n in range(40)]
        >>> anomalies(normal, ["the red dog runs", "stock prices fell"]).texts[0].text
        'stock prices fell'
    """
    from sentrep.mining import anomalies as mining
    from sentrep.mining.anomaly_scores import VECTOR_SCORES

    chosen, fields = split_options(settings or AnomalySettings(), options)
    if out is not None:
        check_ending(Path(out))
    check_outputs([normal, input, against], out=out)
    reading = {"strict": strict, "offline": offline, "hub": hub}
    known = on_disk(items_of(normal, fields, "normal", unit=chosen.unit, **reading))
    items = on_disk(items_of(input, fields, "input", unit=chosen.unit, **reading))
    rest = iter(()) if against is None else items_of(against, fields, "against", unit=chosen.unit, **reading)
    texts, ours = texts_of(items), texts_of(known)
    vectors = None
    if drift or chosen.score in ("combined", *VECTOR_SCORES):
        vectors = _vectors((normal, known), (input, items), model, offline, hub)
    found = mining.score_texts(
        ours, texts, chosen.score, against=texts_of(on_disk(rest)), vectors=vectors,
        word_vectors=_word_vectors(model, offline, hub) if chosen.score == "cvdd" else None, seed=chosen.seed,
    )  # fmt: skip
    tested = None
    if drift and vectors is not None and items:
        tested = mining.drift(ours, texts, vectors, chosen.seed)
    result = _report(items, found, tested)
    if out is not None:
        write_rows(result.rows(), Path(out))
    return result


def _report(items: Sequence[Item], found: Anomalies, tested: Drift | None) -> AnomalyReport:
    texts = View(range(len(items)), lambda at: _scored(items[at], found, at), _ranked(items, found.score))
    return AnomalyReport(
        texts, round(found.length_correlation, 3), round(found.rarity_correlation, 3), tested
    )


def _scored(item: Item, found: Anomalies, at: int) -> ScoredText:
    return ScoredText(
        item.id, round(float(found.score[at]), 5), round(float(found.p_value[at]), 5), item.text
    )


def _ranked(items: Sequence[Item], score: NDArray[np.float64]) -> list[int]:
    """Numbers of items, the most unusual first; those of equal score by text and id."""
    import numpy as np

    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.diff(score[order])) + 1
    ranked: list[int] = []
    for equal in np.split(order, ends):
        places = equal.tolist()
        ranked += (
            places if len(places) == 1 else sorted(places, key=lambda at: (items[at].text, items[at].id))
        )
    return ranked


def _word_vectors(model: object, offline: bool, hub: bool) -> WordVectors | None:
    if model is None:
        return None
    from sentrep.inference.loading import encoding, opened

    return encoding(opened(model, offline, hub))


def _vectors(
    normal: tuple[Corpus, Sequence[Item]],
    given: tuple[Corpus, Sequence[Item]],
    model: object,
    offline: bool,
    hub: bool,
) -> tuple[Vectors, Vectors]:
    """Vectors of normal texts and input: of a model, of folders, or of latent semantic analysis."""
    one, other = (vectors_of(*each, model, offline=offline, hub=hub) for each in (normal, given))
    if one is not None and other is not None and one.vectors.shape[1] == other.vectors.shape[1]:
        return one.vectors, other.vectors
    from sentrep.mining.text_vectors import lsa_vectors

    first, second = lsa_vectors(texts_of(normal[1]), texts_of(given[1]))
    return first, second
