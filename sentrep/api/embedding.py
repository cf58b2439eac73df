"""The verbs that make vectors: embed, embed_corpus."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.reading import announce_truncation, watched
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus, corpus_config
from sentrep.data.inputs import texts_of
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import check_names
from sentrep.inference.contexts import Contexts
from sentrep.inference.loading import encoding, opened, stamp
from sentrep.inference.names import locate
from sentrep.inference.units import Units
from sentrep.utils.errors import InputError, opt
from sentrep.utils.settings import checked, route

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.embedding import Embedded
    from sentrep.encoders.serialization import Encoder
    from sentrep.training.job import Trained


def embed(
    model: str | Path | Encoder | Trained,
    texts: str | Iterable[str],
    *,
    offline: bool = False,
    hub: bool = False,
) -> NDArray[np.float32]:
    """Vectors of texts; see `embed_corpus` for more than memory holds.

    Args:
        model: a path, a name, an encoder or a finished run.
        texts: one text, or any ordered collection of texts: a list, a generator, an array, a column of a data
            frame or of a data set.
        offline: never use the network.
        hub: look for names without an owner on the hub, too.

    Returns:
        float32 (text, width), in the order given; (width,) for one text.

    Raises:
        InputError: the model cannot be opened, or `texts` holds something else than strings.

    Example:
        >>> sentrep.embed("runs/qt", ["A sentence.", "Another one."]).shape  # doctest: +SKIP
        (2, 512)
    """
    from sentrep.embedding import embed_texts

    one = isinstance(texts, str)
    given = [texts] if isinstance(texts, str) else texts_of(texts)
    vectors = embed_texts(encoding(opened(model, offline, hub)), given, total=len(given))
    return vectors[0] if one else vectors


def embed_corpus(
    model: str | Path | Encoder | Trained,
    corpus: Corpus,
    out: str | Path,
    *,
    units: Units | None = None,
    dtype: str = "float32",
    shard: int = 65_536,
    overwrite: bool = False,
    context: bool = False,
    strict: bool = False,
    wait: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> Embedded:
    """Embed every sentence or passage of a corpus into the folder `out`, shard by shard. Interrupted and
    called again, it goes on.

    Args:
        model: a path, a name, an encoder or a finished run.
        corpus: files, folders, '-' or the name of a data set; or documents in memory, as for `train`.
        out: folder of the vectors.
        units: what gets a vector; sentences if None.
        dtype: how vectors are stored, 'float32' or 'float16'.
        shard: texts in a shard.
        overwrite: replace other vectors that are in `out`.
        context: not the sentences' own vectors, but those of their documents up to each sentence; of a run
            of cpc.
        strict: raise for anything that was skipped or damaged.
        wait: wait for another process that writes `out`, instead of refusing.
        offline: never use the network.
        hub: look for names without an owner on the hub, too.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        The folder, opened; its ``report`` says what was read and skipped.
    """
    config = corpus_source(corpus, fields, offline=offline, hub=hub)
    place, chosen = checked("out", out, Path), units or Units("sentence")
    if context and not isinstance(model, str | Path):
        raise InputError(f"{opt('context')} needs a run; give the folder of one as {opt('model')}")
    if context and chosen.unit != "sentence":
        raise InputError(f"{opt('context')} gives vectors of sentences; {opt('unit')} is {chosen.unit!r}")
    encoder = opened(model, offline, hub)

    from sentrep.embedding import embed_to_folder

    made_by, report = stamp(model, encoder), ReadReport()
    described = {
        "model": made_by.content_hash,
        "model_name": made_by.name,
        "model_path": made_by.path,
        "source": _described(config, chosen),
    }
    made = encoding(encoder)
    encode: Any = made
    records = watched(chosen.records(config, report), report, strict)
    if context and isinstance(model, str | Path):
        encode = contexts = Contexts.open(locate(model).path)
        records = contexts.watch(records)
        described["model"] += f" contexts {contexts.identity}"
    embedded = embed_to_folder(
        encode, records, place, stamp=described, dtype=dtype, shard=shard, overwrite=overwrite, wait=wait
    )
    announce_truncation(made.truncation, f"{chosen.unit}s")
    embedded.report = report
    return embedded


def corpus_source(corpus: Corpus, fields: dict[str, Any], name: str = "corpus", **given: Any) -> CorpusConfig:
    """A corpus with fields of `CorpusConfig` set, after their types and its names were checked.

    Args:
        corpus: what a user gave.
        fields: settings by name.
        name: of the argument, for messages.
        given: further settings that count where they are true.
    """
    wanted = {**fields, **{setting: value for setting, value in given.items() if value}}
    found = route(wanted, {"corpus": CorpusConfig(())})["corpus"]
    chosen = {setting: getattr(found, setting) for setting in wanted}
    config = corpus_config(corpus, name=name, **chosen)
    check_names(config)
    return config


def _described(config: CorpusConfig, units: Units) -> str:
    """What a folder of vectors remembers of its corpus: names, fields, layout, and units but sentences."""
    named = (config.text_field, config.title_field, config.id_field, config.split, config.hub_split)
    fields = [*named, *config.keep_fields, *([] if units.unit == "sentence" else [str(units)])]
    return f"{', '.join(config.corpus)} ({', '.join(fields)})"
