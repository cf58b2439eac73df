"""The verb anomalies: which texts do not belong to normal ones, and whether two corpora differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sentrep.api.mining import items_of, split_options
from sentrep.api.mining_vectors import vectors_of
from sentrep.data.corpus import Corpus
from sentrep.mining.items import Item, Unit
from sentrep.mining.output import check_ending, write_rows

if TYPE_CHECKING:
    from sentrep.mining.anomalies import Anomalies, Drift
    from sentrep.mining.vectors import Vectors

ScoreName = Literal["combined", "likelihood-ratio", "rarity", "neighbours", "distance", "reconstruction"]


@dataclass(frozen=True)
class AnomalySettings:
    """How texts are scored."""

    score: ScoreName = "combined"
    """'combined', 'likelihood-ratio' and 'rarity' compare words; 'neighbours', 'distance' and
    'reconstruction' compare vectors, of a model or, without one, of latent semantic analysis."""
    unit: Unit = "document"
    """What is scored: 'document' (a record, a file, or a line of a text file with a sentence a line), or
    'sentence'."""
    seed: int = 0
    """Seed of the division into parts, and of the permutations of the test of drift."""


@dataclass(frozen=True)
class ScoredText:
    """A text of the input with its score."""

    id: str
    score: float
    """Larger is stranger."""
    p_value: float
    """Share of held-out normal texts that are as strange."""
    text: str


@dataclass(frozen=True)
class AnomalyReport:
    """The texts of an input, strangest first."""

    texts: list[ScoredText]
    length_correlation: float
    """Rank correlation of the scores with the number of words."""
    rarity_correlation: float
    """Rank correlation of the scores with the mean rarity of the words among the normal texts."""
    drift: Drift | None = None
    """Whether normal texts and input are of one distribution; if that was asked for."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each text."""
        return (vars(text) for text in self.texts)


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
    """Score texts by how little they belong to normal texts, with p-values.

    Args:
        normal: normal texts: files, folders, a data set, texts in memory, or a folder of embedded sentences.
        input: the texts to score, likewise.
        against: other text that the likelihood ratio compares with; without it, the rest of the input.
        model: a model for the scores of vectors.
        settings: how texts are scored.
        drift: also test whether normal texts and input are of one distribution.
        out: file to write all scores to: .jsonl, .csv, .tsv or .parquet.
        strict: raise for anything that was skipped or damaged.
        offline: never use the network.
        hub: look for names without an owner on the hub, too.
        options: of `AnomalySettings` and `CorpusConfig`, such as ``score="neighbours"``.

    Raises:
        InputError: a corpus or a setting is wrong, or there are fewer than five normal texts.

    >>> normal = [f"the red dog runs {n}" for n in range(40)]
    >>> anomalies(normal, ["the red dog runs", "stock prices fell"]).texts[0].text
    'stock prices fell'
    """
    from sentrep.mining import anomalies as mining
    from sentrep.mining.anomaly_scores import VECTOR_SCORES

    chosen, fields = split_options(settings or AnomalySettings(), options)
    if out is not None:
        check_ending(Path(out))
    reading = {"strict": strict, "offline": offline, "hub": hub}
    known = list(items_of(normal, fields, "normal", unit=chosen.unit, **reading))
    items = list(items_of(input, fields, "input", unit=chosen.unit, **reading))
    other = [] if against is None else list(items_of(against, fields, "against", unit=chosen.unit, **reading))
    texts, ours = [item.text for item in items], [item.text for item in known]
    vectors = None
    if drift or chosen.score in VECTOR_SCORES:
        vectors = _vectors((normal, known), (input, items), model, offline, hub)
    found = mining.score_texts(
        ours, texts, chosen.score, against=[item.text for item in other], vectors=vectors, seed=chosen.seed
    )
    tested = None
    if drift and vectors is not None and items:
        tested = mining.drift(ours, texts, vectors, chosen.seed)
    result = _report(items, found, tested)
    if out is not None:
        write_rows(result.rows(), Path(out))
    return result


def _report(items: list[Item], found: Anomalies, tested: Drift | None) -> AnomalyReport:
    order = sorted(range(len(items)), key=lambda at: (-found.score[at], items[at].text, items[at].id))
    texts = [
        ScoredText(
            items[at].id, round(float(found.score[at]), 5), round(float(found.p_value[at]), 5), items[at].text
        )
        for at in order
    ]
    return AnomalyReport(
        texts, round(found.length_correlation, 3), round(found.rarity_correlation, 3), tested
    )


def _vectors(
    normal: tuple[Corpus, list[Item]],
    given: tuple[Corpus, list[Item]],
    model: object,
    offline: bool,
    hub: bool,
) -> tuple[Vectors, Vectors]:
    """Vectors of normal texts and input: of a model, of folders, or of latent semantic analysis."""
    one, other = (vectors_of(*each, model, offline=offline, hub=hub) for each in (normal, given))
    if one is not None and other is not None and one.shape[1] == other.shape[1]:
        return one, other
    from sentrep.mining.text_vectors import lsa_vectors

    first, second = lsa_vectors([item.text for item in normal[1]], [item.text for item in given[1]])
    return first, second
