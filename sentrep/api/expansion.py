"""The verb `expand` as a Python function. It is in `sentrep.api` too."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.data.corpus import Corpus, sentences, unused
from sentrep.inference.loading import opened
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    from sentrep.encoders.expansion import Expanded
    from sentrep.encoders.serialization import Encoder

LIMIT = 100_000
"""Words that are added at most: 248 MB at skip-thought's token width of 620, where all of its 930,911 took
2.3 GB a table."""


def expand(
    model: str | Path | Encoder,
    vectors: str | Path,
    out: str | Path | None = None,
    *,
    limit: int = LIMIT,
    words_of: Corpus | None = None,
    texts: Iterable[str] | None = None,
) -> Expanded:
    """Teach a model words that it never saw, by a linear map from word vectors into its token table (Kiros et
    al. 2015, 2.2).

    What is saved stays float32: half precision would change the vectors of text that was known before.

    Args:
        model: a bag, GRU or LSTM with a vocabulary of whole words (tokenizer 'word'), or several of them
            combined.
        vectors: word2vec, GloVe or fastText as text, word2vec's .bin, either with .gz; or the folder of
            another model.
        out: folder of the expanded model; None leaves it in memory, which is the way to expand for the texts
            at hand.
        limit: how many words are added at most, in the order of `vectors`, which put frequent words first.
        words_of: add only words that occur in this corpus.
        texts: add only words that occur in these (or in `words_of`, where both are given).

    Returns:
        The new encoder, and for each of its token tables how many words were shared and added, and the map's
        R² on words that were held out.

    Raises:
        InputError: the vocabulary is not one of words, too few of them are shared, `vectors` cannot be read,
            or `out` is taken.
    """
    from sentrep.encoders import expansion
    from sentrep.encoders import serialization as folder

    if isinstance(texts, str):
        raise InputError(f"texts is one string, {texts[:40]!r}; give a list, even if it is a list of one")
    place = None if out is None else unused(Path(out), "expanded model")
    encoder = opened(model)
    words = None
    if words_of is not None or texts is not None:
        read = (
            ()
            if words_of is None
            else progress((sentence for _, sentence in sentences(words_of)), "collecting words")
        )
        words = expansion.words_in(encoder, chain(read, texts or ()))
    expanded = expansion.expand(encoder, Path(vectors), words, limit)
    if place is not None:
        folder.save(expanded.encoder, place)
    return expanded
