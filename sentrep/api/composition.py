"""The verbs combine and expand: a new encoder from encoders that exist."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.api.reading import watched
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus, corpus_config, sentences, unused
from sentrep.data.inputs import texts_of
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import check_names
from sentrep.encoders.config import MOST_WORDS_ADDED
from sentrep.inference.loading import load, opened
from sentrep.inference.names import locate
from sentrep.utils.arguments import paths_of
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress
from sentrep.utils.settings import arguments_checked, checked

if TYPE_CHECKING:
    from sentrep.encoders.expansion import Expanded
    from sentrep.encoders.serialization import Encoder


@arguments_checked
def combine(
    models: Sequence[str | Path | Encoder], out: str | Path, *, offline: bool = False, hub: bool = False
) -> Encoder:
    """Combine encoders into one: each vector is normalised, then all are concatenated (multi-channel
    quick-thought).

    Args:
        models: paths, names or encoders, 2 or more.
        out: folder of the combined model.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Returns:
        The combined encoder; the width of its vectors is the sum of the widths.

    Raises:
        InputError: there are fewer than 2 models, one cannot be opened, or `out` holds something else.

    Example:
        >>> sentrep.combine(["runs/first", "runs/skip-thought"], "runs/both").encode("The ship left.").shape
        (32,)
    """
    models = [models] if isinstance(models, str | Path) else list(models)
    if len(models) < 2:
        raise InputError(f"combining takes 2 models or more, not {len(models)}", setting="models")
    place = unused(checked("out", out, Path), "combined model")
    named = [locate(each, hub=hub).path if isinstance(each, str | Path) else each for each in models]

    from sentrep.encoders import serialization as folder
    from sentrep.encoders.concat import Concatenation

    channels = [opened(model, offline, hub) for model in named]
    device = str(channels[0].device)
    folder.save(folder.Encoder(modules=[Concatenation(channels)], device=device), place)
    return load(place)


@arguments_checked
def expand(
    model: str | Path | Encoder,
    vectors: str | Path,
    out: str | Path | None = None,
    *,
    limit: int = MOST_WORDS_ADDED,
    words_of: Corpus | None = None,
    texts: Iterable[str] | None = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
) -> Expanded:
    """Add words to a model's vocabulary, by a linear map from word vectors into its token table.

    What is saved stays float32: half precision would change the vectors of text that was known before.

    Args:
        model: a bag, GRU or LSTM with a vocabulary of whole words (tokenizer 'word'), or several of them
            combined.
        vectors: word2vec, GloVe or fastText as text, word2vec's .bin, either with .gz; or the folder of
            another model.
        out: folder of the expanded model; None leaves it in memory.
        limit: how many words are added at most, in the order of `vectors`, which put frequent words first.
        words_of: add only words that occur in this corpus.
        texts: add only words that occur in these (or in `words_of`, where both are given).
        strict: raise for anything of `words_of` that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Returns:
        The new encoder, and for each of its token tables how many words were shared and added, and the map's
        R² on words that were held out.

    Raises:
        InputError: the vocabulary is not one of words, too few of them are shared, `vectors` cannot be read,
            or `out` is taken.

    Reference:
        Kiros et al., Skip-Thought Vectors, NIPS 2015, section 2.2.

    Example:
        >>> expanded = sentrep.expand("runs/first", "words.txt")
        >>> [fit.added for fit in expanded.fits]
        [1]
    """
    place = None if out is None else unused(checked("out", out, Path), "expanded model")
    wanted = None if texts is None else texts_of(texts)
    source = None if words_of is None else corpus_config(words_of, name="words_of")
    if source is not None:
        check_names(source)
    encoder = opened(model, offline, hub)

    from sentrep.encoders import expansion
    from sentrep.encoders import serialization as folder

    words = None
    if source is not None or wanted is not None:
        words = expansion.words_in(encoder, chain(_read(source, strict), wanted or ()))
    expanded = expansion.expand(encoder, Path(paths_of(vectors, "vectors")[0]), words, limit)
    if place is not None:
        folder.save(expanded.encoder, place)
    return expanded


def _read(source: CorpusConfig | None, strict: bool) -> Iterable[str]:
    if source is None:
        return ()
    report = ReadReport()
    pairs = watched(sentences(source, report), report, strict)
    return progress((sentence for _, sentence in pairs), "collecting words")
