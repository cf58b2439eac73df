"""The verbs that make vectors: embed, embed_corpus, merge_embedded.

The file is over 250 lines long because the verbs share how models, corpora and settings are checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.corpora import corpus_source
from sentrep.api.reading import announce_truncation, expected_sentences, watched
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus
from sentrep.data.inputs import texts_of
from sentrep.data.reading.report import ReadReport
from sentrep.data.truncation import Truncation
from sentrep.inference.contexts import Contexts
from sentrep.inference.loading import embedder, encoding, stamp
from sentrep.inference.names import locate
from sentrep.inference.units import Units
from sentrep.utils.errors import InputError, opt
from sentrep.utils.settings import arguments_checked, checked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sentrep.embedding import Embedded
    from sentrep.embedding.ray import ActorPool
    from sentrep.embedding.workers import WorkerPool
    from sentrep.encoders.serialization import Encoder
    from sentrep.training.job import Trained


@arguments_checked
def embed(
    model: str | Path | Encoder | Trained,
    texts: str | Iterable[str],
    *,
    dtype: str = "float32",
    dimensions: int | None = None,
    precision: str = "auto",
    offline: bool = False,
    hub: bool = False,
) -> NDArray[Any]:
    """Vectors of texts; see `embed_corpus` for more than memory holds.

    Args:
        model: a path, a name, an encoder or a finished run.
        texts: one text, or any ordered collection of texts: a list, a generator, an array, a column of a data
            frame or of a data set.
        dtype: of the values: 'float32', 'float16', or 'binary' for sign bits, eight a byte.
        dimensions: keep only the first N values of each vector, rescaled to length 1.
        precision: of the computation: 'auto' is bf16 if the processor supports it, else fp32.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Returns:
        (text, width), in the order given; (width,) for one text. Of binary (text, bytes) uint8.

    Raises:
        InputError: the model cannot be opened, or `texts` holds something else than strings.

    Example:
        >>> sentrep.embed("runs/first", ["The ship left.", "A cat came back."]).shape
        (2, 16)
        >>> sentrep.embed("runs/first", "The ship left.").shape
        (16,)
    """
    from sentrep.embedding import embed_texts
    from sentrep.embedding.dtypes import check_dtype, store

    check_dtype(dtype)
    if dtype == "int8":
        raise InputError(f"{opt('dtype')} int8 needs a scale for each dimension: embed_corpus stores both")
    one = isinstance(texts, str)
    given = [texts] if isinstance(texts, str) else texts_of(texts)
    encode = encoding(embedder(model, precision, offline, hub), precision)
    vectors: NDArray[Any] = embed_texts(encode, given, dimensions=dimensions, total=len(given))
    stored = store(vectors, dtype).values
    return stored[0] if one else stored


@arguments_checked
def embed_corpus(
    model: str | Path | Encoder | Trained,
    corpus: Corpus,
    out: str | Path,
    *,
    units: Units | None = None,
    dtype: str = "float32",
    format: str = "npy",
    dimensions: int | None = None,
    precision: str = "auto",
    shard: int = 65_536,
    shard_index: int | None = None,
    shards: int | None = None,
    workers: int | None = None,
    ray: str | None = None,
    overwrite: bool = False,
    context: bool = False,
    strict: bool = False,
    wait: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> Embedded:
    """Embed every sentence, passage or document of a corpus into the folder `out`, shard by shard.

    The same call continues an interrupted one.

    Args:
        model: a path, a name, an encoder or a finished run.
        corpus: files, folders, '-' or the name of a data set; or documents in memory, as for `train`.
        out: folder of the vectors.
        units: what gets a vector; sentences if None.
        dtype: how vectors are stored: 'float32', 'float16', 'int8' or 'binary' (sign bits). What int8 and
            binary lose is measured on a sample; it stands in ``embedded.storage``.
        format: of the shards: 'npy'; 'parquet' for databases; 'parquet-list', the same with vectors as lists
            of variable length.
        dimensions: keep only the first N values of each vector, rescaled to length 1.
        precision: of the computation: 'auto' is bf16 if the processor supports it, else fp32.
            It is recorded with the vectors.
        shard: texts in a shard.
        shard_index: number of the part that this process embeds, from 0; with `shards`. `merge_embedded`
            joins the parts. Under torchrun the rank, by default.
        shards: number of parts that the work is divided into.
        workers: number of processes of this machine that tokenize and encode, one thread each; None for none
            but this one. `model` is a path or name. In a script, the call stands below
            ``if __name__ == "__main__":``.
        ray: encode on all cores of a Ray cluster: its address, or 'local' for this machine's cores. `model`
            is a path or name that is valid on every machine of the cluster.
        overwrite: replace other vectors that are in `out`.
        context: not the sentences' own vectors, but those of their documents up to each sentence; of a run
            of cpc.
        strict: raise for anything that was skipped or damaged.
        wait: if another process writes `out`, wait for it instead of raising an error.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        The folder, opened; its ``report`` says what was read and skipped.

    Raises:
        InputError: the model cannot be opened, nothing can be read, settings do not fit together, `out` holds
            other work or is being written by another process, or the disk is full.

    Example:
        >>> embedded = sentrep.embed_corpus("runs/first", "texts", "texts.vectors")
        >>> len(embedded), embedded.width, next(embedded.vectors()).shape
        (216, 16, (216, 16))
    """
    config = corpus_source(corpus, fields, offline=offline, hub=hub)
    place, chosen = checked("out", out, Path), units or Units("sentence")
    part, parts = _part(shard_index, shards)
    named = isinstance(model, str | Path)
    if context:
        _check_context(named, chosen)
    _check_processes(workers, ray, usable=named and not context)
    encoder = embedder(model, precision, offline, hub)

    from sentrep.embedding import embed_to_folder

    made_by, report = stamp(model, encoder), ReadReport()
    described = {
        "model": made_by.content_hash,
        "model_name": made_by.name,
        "model_path": made_by.path,
        "source": _described(config, chosen),
    }
    made = encoding(encoder, precision)
    encode: Any = made
    described["precision"] = "fp32" if context else made.precision
    records = watched(chosen.records(config, report), report, strict)
    if context and isinstance(model, str | Path):
        encode = contexts = Contexts.open(locate(model).path)
        records = contexts.watch(records)
        described["model"] += f" contexts {contexts.identity}"
    settings = str(model), made_by.content_hash, offline, described["precision"], hub
    with _pool(workers, ray, *settings) as pool:
        embedded = embed_to_folder(
            encode, records, place, stamp=described, dtype=dtype, format=format, dimensions=dimensions,
            shard=shard, part=part, parts=parts, overwrite=overwrite, wait=wait,
            total=expected_sentences(config, report), encode_all=pool.encode_all if pool else None,
        )  # fmt: skip
    made.truncation.merge(pool.truncation if pool else Truncation())
    announce_truncation(made.truncation, f"{chosen.unit}s")
    embedded.report = report
    return embedded


@arguments_checked
def merge_embedded(out: str | Path, *, wait: bool = False) -> Embedded:
    """Join the parts that calls of `embed_corpus` with `shards` made in the folder `out`.

    Args:
        out: the folder that was given to all parts. It then holds what one process would have written.
        wait: if another process writes `out`, wait for it instead of raising an error.

    Returns:
        The folder, opened.

    Raises:
        InputError: a part is missing, unfinished, damaged, or of another model, input or setting.

    Example:
        >>> for part in (0, 1):
        ...     _ = sentrep.embed_corpus("runs/first", "texts", "parts", shards=2, shard_index=part)
        >>> len(sentrep.merge_embedded("parts"))
        216
    """
    from sentrep.embedding import Embedded, merge

    place = checked("out", out, Path)
    merge(place, wait=wait)
    return Embedded.open(place)


def _check_context(named: bool, units: Units) -> None:
    """Refuse `context` for a model that is no run, or for other units than sentences."""
    if not named:
        raise InputError(f"{opt('context')} needs a run; give the folder of one as {opt('model')}")
    if units.unit != "sentence":
        raise InputError(f"{opt('context')} gives vectors of sentences; {opt('unit')} is {units.unit!r}")


def _check_processes(workers: int | None, ray: str | None, usable: bool) -> None:
    """Refuse other processes where they cannot do the work, and two kinds of them."""
    for name, asked in (("workers", workers), ("ray", ray)):
        if asked is not None and not usable:
            raise InputError(
                f"{opt(name)} needs a path or name of a model, which other processes can open, and no "
                f"{opt('context')}",
                setting=name,
            )
    if workers is not None and ray is not None:
        raise InputError(f"give {opt('workers')} or {opt('ray')}, not both", setting="workers")


def _part(shard_index: int | None, shards: int | None) -> tuple[int, int]:
    """Which part of the work is asked for, and of how many."""
    from sentrep.embedding.parts import launched_part

    if (shard_index is None) != (shards is None):
        raise InputError(
            f"give both {opt('shard_index')} and {opt('shards')}, or neither",
            setting="shards" if shards is None else "shard_index",
        )
    if shard_index is None or shards is None:
        return launched_part()
    return checked("shard_index", shard_index, int), checked("shards", shards, int)


@contextmanager
def _pool(
    workers: int | None,
    address: str | None,
    model: str,
    content_hash: str,
    offline: bool,
    precision: str,
    hub: bool,
) -> Iterator[WorkerPool | ActorPool | None]:
    """Other processes that encode, here or on a Ray cluster; None where this process does it."""
    settings = model, content_hash, offline, precision, hub
    if workers is not None:
        from sentrep.embedding.workers import worker_pool

        with worker_pool(checked("workers", workers, int), *settings) as pool:
            yield pool
    elif address is not None:
        from sentrep.embedding.ray import actor_pool

        with actor_pool(checked("ray", address, str), *settings) as actors:
            yield actors
    else:
        yield None


def _described(config: CorpusConfig, units: Units) -> str:
    """The description of a corpus that is stored with its vectors: names, fields, layout, and units other
    than sentences."""
    named = (config.text_field, config.title_field, config.id_field, config.split, config.hub_split)
    fields = [*named, *config.keep_fields, *([] if units.unit == "sentence" else [str(units)])]
    return f"{', '.join(config.corpus)} ({', '.join(fields)})"
