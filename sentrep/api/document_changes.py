"""The verbs that change an index of documents: add, update, remove."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.corpora import corpus_source
from sentrep.api.documents import open_documents
from sentrep.api.reading import announce, announce_truncation
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus
from sentrep.data.reading.report import ReadReport
from sentrep.inference.document_search import DocumentSearch
from sentrep.inference.indexed_files import Update
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder
    from sentrep.training.job import Trained


@arguments_checked
def add(
    index: str | Path,
    corpus: Corpus,
    *,
    model: str | Path | Encoder | Trained | None = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> tuple[int, DocumentSearch]:
    """Add documents to an index. A file replaces what the index has of it.

    Args:
        index: folder of the index.
        corpus: files, folders or documents, as for `index_documents`.
        model: the index's model, if its folder was moved.
        strict: raise for anything that was skipped or damaged; nothing is added then.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        fields: of `CorpusConfig`; as the index was made where they are not given.

    Returns:
        The number of passages added, and the open index.

    Raises:
        InputError: the index or its model cannot be opened, or the corpus cannot be read.

    Example:
        >>> index = sentrep.index("runs/first", "garden.index", input="texts/garden00.txt")
        >>> count, index = sentrep.add("garden.index", "texts/sea00.txt")
        >>> count, len(index.search("the storm", k=1))
        (1, 1)
    """
    report, search = ReadReport(), open_documents(index, model, offline=offline, hub=hub)
    config = corpus_source(corpus, _reading(search, fields), offline=offline, hub=hub)
    count = search.add_files(config, report, lambda: announce(report, strict))
    announce_truncation(search.truncation, f"{search.units.unit}s")
    return count, search


@arguments_checked
def update(
    index: str | Path,
    corpus: Corpus,
    *,
    model: str | Path | Encoder | Trained | None = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> tuple[Update, DocumentSearch]:
    """Update an index of documents: read new and changed files, remove deleted ones.

    Args:
        index: folder of the index.
        corpus: files and folders; what is new or changed in them is read.
        model: the index's model, if its folder was moved.
        strict: raise for anything that was skipped or damaged; nothing is changed then.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        fields: of `CorpusConfig`; as the index was made where they are not given.

    Returns:
        What was done, and the open index.

    Raises:
        InputError: the index or its model cannot be opened, or the corpus cannot be read.

    Example:
        >>> index = sentrep.index("runs/first", "changed.index", input="texts/sea00.txt")
        >>> changes, index = sentrep.update("changed.index", "texts/sea00.txt")
        >>> changes.added, changes.removed
        (0, 0)
    """
    report, search = ReadReport(), open_documents(index, model, offline=offline, hub=hub)
    config = corpus_source(corpus, _reading(search, fields), offline=offline, hub=hub)
    done = search.update(config, report, lambda: announce(report, strict))
    announce_truncation(search.truncation, f"{search.units.unit}s")
    return done, search


@arguments_checked
def remove(
    index: str | Path,
    *,
    ids: str | Sequence[str] = (),
    files: str | Path | Sequence[str | Path] = (),
    model: str | Path | Encoder | Trained | None = None,
    offline: bool = False,
    hub: bool = False,
) -> tuple[int, DocumentSearch]:
    """Remove documents from an index.

    Args:
        index: folder of the index.
        ids: of documents.
        files: that documents came from.
        model: the index's model, if its folder was moved.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Returns:
        The number of passages removed, and the open index.

    Raises:
        InputError: the index or its model cannot be opened, or a name fits no document.

    Example:
        >>> index = sentrep.index("runs/first", "other.index", input="texts")
        >>> count, index = sentrep.remove("other.index", files="texts/sea00.txt")
        >>> count
        1
    """
    search = open_documents(index, model, offline=offline, hub=hub)
    return search.remove(ids=ids, files=files), search


def _reading(search: DocumentSearch, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of reading: those given, and otherwise those that the index was made with."""
    given = {name: value for name, value in fields.items() if value != getattr(CorpusConfig, name, None)}
    return {**fields, **search.reading, **given}
