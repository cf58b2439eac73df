"""The commands embed, index and search."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from sentrep import api
from sentrep.cli import queries as many
from sentrep.cli.answers import Answer, filters_of, of_documents, of_query
from sentrep.cli.ask import ask
from sentrep.cli.folders import vectors_folder
from sentrep.cli.options import (
    ACCESS,
    READING,
    SENTENCES,
    UNITS,
    WRITING,
    Access,
    Files,
    MaybeModel,
    Model,
    Reading,
    Writing,
    keywords,
)
from sentrep.data.config import CorpusConfig
from sentrep.inference.document_search import DocumentSearch
from sentrep.inference.units import Units
from sentrep.search.kind_names import Kind
from sentrep.utils.errors import InputError, opt
from sentrep.utils.terminal import command

if TYPE_CHECKING:
    from sentrep.embedding import Embedded

Precision = Literal["auto", "bf16", "fp32"]
Words = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="[WORDS ...]")]


def embed(
    out: Path,
    model: Model = "",
    input: Files = (),
    units: Units = SENTENCES,
    dtype: Literal["float32", "float16", "int8", "binary"] = "float32",
    format: Literal["npy", "parquet", "parquet-list"] = "npy",
    dimensions: int | None = None,
    precision: Precision = "auto",
    context: bool = False,
    shard_index: int | None = None,
    shards: int | None = None,
    merge: bool = False,
    workers: int | None = None,
    ray: Annotated[tuple[str, ...] | None, tyro.conf.arg(metavar="[ADDRESS]")] = None,
    reading: Reading = READING,
    writing: Writing = WRITING,
    access: Access = ACCESS,
) -> None:
    """Embed the sentences, passages or documents of files. The same command continues an interrupted one.

    Args:
        out: Folder for the vectors (vectors-*.npy) and their texts (texts-*.jsonl).
        model: Run folder, model folder, 'minilm', or owner/name of a public model.
        input: Files, folders, '-' for standard input, or owner/name of a data set.
        units: What gets a vector.
        dtype: How vectors are stored. 'int8' has a scale for each dimension; 'binary' stores only the signs.
            The loss of neighbours is measured on a sample and printed.
        format: Format of the shards. 'parquet' is for databases; 'parquet-list' is the same with vectors as
            lists of variable length.
        dimensions: Keep only the first N values of each vector, rescaled to length 1.
        precision: Precision of the computation. 'auto' is bf16 if the processor supports it, else fp32.
        context: Vectors of a document up to each sentence, instead of vectors of the sentence. MODEL must be
            a run of cpc.
        shard_index: Number of the part that this process embeds, from 0; with `shards`. Under torchrun: the
            rank.
        shards: Number of parts that the work is divided into, one for each process.
        merge: Join the parts in `out`; needs neither MODEL nor `input`.
        workers: Number of processes of this machine that tokenize and encode, one thread each. Unset: this
            process alone, with a thread for each core.
        ray: Encode on all cores of the Ray cluster at ADDRESS; without ADDRESS, of a local cluster.
        reading: How files are read.
        writing: What happens to existing output.
        access: Where models may come from.
    """
    if merge:
        _embedded(api.merge_embedded(out, wait=writing.wait))
        return
    for name, value in (("model", model), ("input", input)):
        if not value:
            raise InputError(f"{opt(name)} is missing: give a model and the files to embed", setting=name)
    embedded = api.embed_corpus(
        model, CorpusConfig(input), out, units=units, dtype=dtype, format=format, dimensions=dimensions,
        precision=precision, context=context, shard_index=shard_index, shards=shards, workers=workers,
        ray=_address(ray), **keywords(reading, writing, access),
    )  # fmt: skip
    _embedded(embedded, units.unit)


def _address(given: tuple[str, ...] | None) -> str | None:
    """The address of a cluster as `api.embed_corpus` takes it."""
    if given is None:
        return None
    if len(given) > 1:
        raise InputError(f"{opt('ray')} takes one address, not {' '.join(given)}")
    return given[0] if given else "local"


def _embedded(embedded: Embedded, unit: str = "text") -> None:
    """Say what was embedded, how it is stored, and what comes next."""
    documents = f", from {embedded.report.documents:,} documents" if embedded.report else ""
    storage = f", {embedded.storage}" if embedded.storage else ""
    print(f"{len(embedded):,} {unit}s, {embedded.width} wide{storage}, in {embedded.path}{documents}")
    if embedded.info.parts > 1:
        merge = command("embed", "--merge", "--out", embedded.path.parent)
        print(f"next, when all parts have ended: {merge}")
    else:
        print(f"next: {command('index', embedded.path)} --out INDEX")


def index(
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")],
    out: Path,
    input: Files = (),
    units: Units = UNITS,
    language: str = "auto",
    center: bool = False,
    smooth: bool = False,
    kind: Kind = "auto",
    dtype: Literal["float32", "float16"] = "float32",
    precision: Precision = "auto",
    memory: float | None = None,
    reading: Reading = READING,
    writing: Writing = WRITING,
    access: Access = ACCESS,
) -> None:
    """Build a search index of the passages of files, or of vectors from `sentrep embed`.

    Args:
        source: A model, together with `input`; or a folder that `sentrep embed` made.
        out: Folder of the index.
        input: Files, folders, or '-': their passages are searched by vectors and by words.
        units: What a search finds (with `input`).
        language: With `input`: language of the stemmer of BM25. 'auto' detects it; '' means no stemming.
        center: With `input`: subtract the mean from the vectors of passages, and another from those of
            queries.
        smooth: With `input`: add to the score of a passage a part of the scores of its nearest neighbours,
            for collections in which many passages answer a query.
        kind: Kind of an index of vectors. 'flat' is exact; 'hnsw', 'ivf' and 'ivf-pq' are approximate and
            fast, 'ivf-pq' with a third of the memory of 'ivf'; 'binary' compares signs and scores the
            nearest exactly; 'auto' chooses by the number of texts and the memory.
        dtype: How an index of vectors stores them.
        precision: Precision of the computation. 'auto' is bf16 if the processor supports it, else fp32.
        memory: Limit in GB for the index that 'auto' chooses. Unset: half of the free memory.
        reading: How files are read.
        writing: What happens to existing output.
        access: Where models may come from.
    """
    given = CorpusConfig(input) if input else None
    of = source if input else vectors_folder(source)
    built: Any = api.index(
        of, out, input=given, units=units, language=language, center=center, smooth=smooth, kind=kind,
        dtype=dtype, precision=precision, memory=memory, **keywords(reading, writing, access),
    )  # fmt: skip
    if given is not None:
        print(f"{len(built):,} {units.unit}s indexed in {out}")
    else:
        storage = f"; vectors {built.info.storage}" if built.info.storage else ""
        print(f"{len(built):,} texts indexed ({built.info.kind}: {built.info.reason}{storage}) in {out}")
    print(f'next: {command("search", out)} "words"')


def search(
    index: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="INDEX")],
    words: Words = (),
    queries: Annotated[str | None, tyro.conf.arg(metavar="FILE")] = None,
    k: int = 10,
    mode: Literal["auto", "hybrid", "dense", "lexical"] = "auto",
    filter: Annotated[tuple[str, ...], tyro.conf.arg(metavar="FIELD=VALUE [FIELD=VALUE ...]")] = (),
    json: bool = False,
    model: MaybeModel = None,
    smooth: bool = False,
    repeats: bool = False,
    verify: bool = False,
    precision: Precision = "auto",
    access: Access = ACCESS,
) -> None:
    """Search an index. Without WORDS, it asks for queries until an empty line.

    Args:
        index: Folder that `sentrep index` or `sentrep build` made.
        words: What to look for.
        queries: File with one query a line, or '-' for standard input, instead of WORDS.
        k: Number of hits.
        mode: For an index of files: search by vectors and words ('hybrid'), vectors ('dense') or words
            ('lexical'); 'auto' is what the index was built for.
        filter: For an index of files: only documents whose FIELD has this VALUE, such as file=notes.md.
        json: Print one line of JSON for each hit.
        model: The index's model, if its folder was moved.
        smooth: For an index of files: add to the score of a passage a part of the scores of its nearest
            neighbours.
        repeats: For an index of files: show passages with the same words one by one, instead of once with the
            names of the other documents.
        verify: Read the whole index first and compare its checksums.
        precision: Precision of the vectors of queries. An index works with each of them.
        access: Where models may come from.
    """
    if words and queries is not None:
        raise InputError(f"give WORDS or {opt('queries')}, not both", setting="queries")
    found = api.open_index(index, model, verify=verify, precision=precision, **keywords(access))
    of_files = {"mode": mode != "auto", "filter": bool(filter), "smooth": smooth, "repeats": repeats}
    given = [setting for setting, used in of_files.items() if used]
    if given and not isinstance(found, DocumentSearch):
        raise InputError(
            f"{opt('mode')}, {opt('filter')}, {opt('smooth')} and {opt('repeats')} are for an index of "
            "files; this one has vectors only",
            setting=given[0],
        )
    ask_for: Callable[[str], Answer]
    if isinstance(found, DocumentSearch):
        how = {
            "mode": None if mode == "auto" else mode,
            "filters": filters_of(filter),
            "smooth": smooth or None,
            "repeats": repeats,
        }
        ask_for = partial(of_documents, found, k, how, json)
    else:
        ask_for = partial(of_query, found, k, json)
    if queries is not None:
        _show_all(found, queries, k, json, ask_for)
        return
    if words:
        ask_for(" ".join(words)).show(json)
        return
    print(f"{len(found):,} in {index}. An empty line ends.", file=sys.stderr if json else sys.stdout)
    while query := ask(json):
        ask_for(query).show(json)


def _show_all(found: Any, file: str, k: int, json: bool, ask_for: Callable[[str], Answer]) -> None:
    """Print the answers to all queries of a file."""
    vectors = not isinstance(found, DocumentSearch)
    answers = many.in_batches(found, file, k, json) if vectors else many.one_by_one(ask_for, file)
    for query, answer in answers:
        answer.show(json, query)
