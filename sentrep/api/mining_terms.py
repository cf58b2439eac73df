"""The verb terms: words and phrases that characterise a corpus."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.mining_inputs import items_of, split_options
from sentrep.data.corpus import Corpus
from sentrep.data.outputs import check_outputs
from sentrep.mining.output import check_ending, write_rows
from sentrep.mining.settings import TermSettings
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    from sentrep.mining.terms import Term


@arguments_checked
def terms(
    corpus: Corpus,
    against: Corpus | None = None,
    *,
    settings: TermSettings | None = None,
    out: str | Path | None = None,
    model: object = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **options: Any,
) -> list[Term]:
    """The terms of a corpus: words and phrases that it uses more than other text does.

    Args:
        corpus: files, folders, '-', a data set, texts in memory, or a folder of embedded sentences.
        against: a background corpus of everything else; without one, terms are ranked by documents alone.
        settings: how many, in which language, and how often they have to occur.
        out: file to write them to: .jsonl, .csv, .tsv or .parquet. A tokenizer takes it as `terms`.
        model: a model; terms whose vectors are near those of the best terms get a better rank.
        strict: raise for anything that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        options: of `TermSettings` and `CorpusConfig`, such as ``k=50, text_field="body"``.

    Returns:
        The terms, best first.

    Raises:
        InputError: a corpus or a setting is wrong.

    Example:
        >>> texts = ["Dark matter is here.", "Is dark matter warm?", "All dark matter is cold."]
        >>> [term.term for term in terms(texts, language="en", least=3)]
        ['dark matter']
    """
    from sentrep.mining.terms import find_terms

    chosen, fields = split_options(settings or TermSettings(), options)
    if out is not None:
        check_ending(Path(out))
    check_outputs([corpus, against], out=out)
    texts = (item.text for item in items_of(corpus, fields, strict=strict, offline=offline, hub=hub))
    other = None
    if against is not None:
        background = items_of(against, fields, "against", strict=strict, offline=offline, hub=hub)
        other = (item.text for item in background)
    found = find_terms(texts, other, chosen)
    if model is not None:
        found = _promoted(found, model, offline, hub)
    if out is not None:
        write_rows(map(dataclasses.asdict, found), Path(out))
    return found


def _promoted(found: list[Term], model: object, offline: bool, hub: bool) -> list[Term]:
    """Terms by the mean of two ranks: their own, and that of their nearness to the best terms."""
    from sentrep.embedding import embed_texts
    from sentrep.inference.loading import encoding, opened
    from sentrep.mining.vectors import promoted_order

    if len(found) < 2:
        return found
    vectors = embed_texts(encoding(opened(model, offline, hub)), [term.term for term in found])
    return [found[at] for at in promoted_order(vectors)]
