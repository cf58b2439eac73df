"""What the verbs terms, duplicates, anomalies and clusters take: texts of a corpus, and options by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from sentrep.api.corpora import corpus_source
from sentrep.api.reading import watched
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus
from sentrep.data.reading.report import ReadReport
from sentrep.mining.items import Item, embedded_folder, embedded_items, in_memory, read_items
from sentrep.mining.settings import Unit
from sentrep.utils.settings import check_config, route

S = TypeVar("S")


def split_options(settings: S, options: dict[str, Any]) -> tuple[S, dict[str, Any]]:
    """Options by name as settings of a verb, and as fields of `CorpusConfig`.

    Raises:
        InputError: an option belongs to neither, or has a wrong type.
    """
    found = route(options, {"settings": settings, "corpus": CorpusConfig(())})
    own = set(type(settings).__dataclass_fields__)  # type: ignore[attr-defined]
    rest = {name: value for name, value in options.items() if name not in own}
    return check_config(found["settings"]), rest


def items_of(
    corpus: Corpus,
    fields: dict[str, Any],
    name: str = "corpus",
    *,
    unit: Unit = "document",
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
) -> Iterator[Item]:
    """The texts of a corpus, given by name or in memory, one at a time. What was skipped is announced at the
    end."""
    if (embedded := embedded_folder(corpus)) is not None:
        return embedded_items(embedded)
    if (texts := in_memory(corpus)) is not None:
        return iter(texts)
    config, report = corpus_source(corpus, fields, name, offline=offline, hub=hub), ReadReport()
    return watched(read_items(config, unit, report), report, strict)
