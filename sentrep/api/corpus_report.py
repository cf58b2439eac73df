"""What a corpus holds, as data of the HTML report: duplicates, unusual texts, a map with clusters, terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sentrep.api.mining_clusters import clustered
from sentrep.api.mining_duplicates import Duplicates, described, grouped
from sentrep.api.mining_inputs import items_of
from sentrep.api.mining_vectors import TextVectors, vectors_of
from sentrep.data.corpus import Corpus
from sentrep.mining.items import Item, on_disk, texts_of
from sentrep.mining.settings import ClusterSettings, DuplicateSettings, TermSettings, Unit
from sentrep.utils.errors import InputError, opt
from sentrep.utils.record_file import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE = 20_000
"""Texts that are clustered and compared with their neighbours, at most."""

ON_MAP = 2000
"""Texts on the map, at most."""

GROUPS, IN_GROUP = 12, 4
"""Groups of duplicates that are shown, and texts of each."""

ODD = 20
TERMS = 60
CUT = 300
"""Characters of a text that are shown."""


def corpus_data(
    corpus: Corpus,
    fields: dict[str, Any],
    *,
    model: object = None,
    against: Corpus | None = None,
    unit: Unit = "document",
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
) -> dict[str, Any]:
    """What the report shows of a corpus.

    Args:
        corpus: as for `sentrep.duplicates`.
        fields: of `CorpusConfig`.
        model: of the vectors; without one, latent semantic analysis of the texts.
        against: other text, which the terms are compared with.
        unit: what is a text.
        strict: raise for anything that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: there are fewer than two texts.
    """
    reading: dict[str, Any] = {"unit": unit, "strict": strict, "offline": offline, "hub": hub}
    items = on_disk(items_of(corpus, fields, "corpus", **reading))
    if len(items) < 2:
        raise InputError(f"{opt('corpus')}: {len(items)} text(s); two or more are needed")
    other = None if against is None else items_of(against, fields, "against", **reading)
    made = vectors_of(corpus, items, model, offline=offline, hub=hub)
    return {
        "texts": len(items),
        "by": "latent semantic analysis" if made is None else "a model",
        "duplicates": _duplicates(described(items, grouped(items, made, DuplicateSettings()))),
        "terms": _terms(items, other),
        **_picture(items, made),
    }


def _duplicates(found: Duplicates) -> dict[str, Any]:
    return {
        "dropped": len(found.dropped),
        "counts": {kind: found.count(kind) for kind in ("exact", "near", "semantic")},
        "all": len(found.groups),
        "groups": [
            {
                "size": len(group.members),
                "members": [{**vars(each), "text": cut(each.text)} for each in group.members[:IN_GROUP]],
            }
            for group in found.groups[:GROUPS]
        ],
    }


def _terms(items: Sequence[Item], against: Iterable[Item] | None) -> list[dict[str, Any]]:
    from sentrep.mining.terms import find_terms

    other = None if against is None else (item.text for item in against)
    found = find_terms(texts_of(items), other, TermSettings(k=TERMS))
    return [{"term": term.term, "count": term.count, "documents": term.documents} for term in found]


def _picture(items: Sequence[Item], made: TextVectors | None) -> dict[str, Any]:
    """Clusters, map and unusual texts of a sample."""
    import numpy as np

    from sentrep.mining.anomalies import outlier_scores
    from sentrep.mining.order import order_of
    from sentrep.mining.text_vectors import LsaSpace

    chosen = order_of(texts_of(items))[:SAMPLE]
    sample = View(chosen.tolist(), items.__getitem__)
    texts = texts_of(sample)
    vectors = LsaSpace.of(texts)(texts) if made is None else made.vectors[chosen]
    found, store = clustered(sample, TextVectors(vectors, ""), ClusterSettings())
    odd = np.argsort(-outlier_scores(texts, vectors), kind="stable")[:ODD].tolist()
    return {
        "sample": len(sample),
        "agreement": store.agreement,
        "clusters": [
            {"name": each.name, "size": each.size, "representative": cut(each.representative)}
            for each in store.clusters
        ],
        "odd": [{"id": sample[at].id, "text": cut(sample[at].text)} for at in odd],
        "map": _map(sample, vectors, found.labels),
    }


def _map(sample: Sequence[Item], vectors: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Places, clusters and texts of the first of a sample, which is in no particular order."""
    from sentrep.evaluation.report.projection import places_on_map
    from sentrep.utils.vectors import unit

    shown = sample[:ON_MAP]
    return {
        "places": places_on_map(unit(vectors[: len(shown)])).tolist(),
        "region": labels[: len(shown)].tolist(),
        "ids": [item.id for item in shown],
        "texts": [cut(item.text) for item in shown],
    }


def cut(text: str) -> str:
    """The beginning of a text, on one line.

    >>> cut("two" + chr(10) + "lines")
    'two lines'
    """
    line = " ".join(text.split())
    return line if len(line) <= CUT else f"{line[:CUT].rstrip()}…"
