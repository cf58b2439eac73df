"""The commands embed, index and search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from sentrep import api
from sentrep.cli.ask import ask
from sentrep.cli.options import (
    ACCESS,
    READING,
    WRITING,
    Access,
    Files,
    Model,
    Reading,
    Writing,
    keywords,
)
from sentrep.data.config import CorpusConfig
from sentrep.utils.terminal import printable

Words = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="WORDS")]


def embed(
    model: Model,
    input: Files,
    out: Path,
    dtype: Literal["float32", "float16"] = "float32",
    context: bool = False,
    reading: Reading = READING,
    writing: Writing = WRITING,
    access: Access = ACCESS,
) -> None:
    """Embed every sentence of some files into a folder of vectors. Interrupted and started again, it goes on.

    Args:
        model: Run folder, model folder, 'minilm', or owner/name of a public model.
        input: Files, folders, '-' for standard input, or owner/name of a data set.
        out: Folder for the vectors (vectors-*.npy) and their sentences (texts-*.jsonl).
        dtype: How vectors are stored.
        context: Vectors of each document up to each sentence, instead of the sentence's own; MODEL is a run of
            cpc.
        reading: How files are read.
        writing: What happens to what is there already.
        access: Where models may come from.
    """
    embedded = api.embed_corpus(
        model, CorpusConfig(input), out, dtype=dtype, context=context, **keywords(reading, writing, access)
    )
    documents = f", from {embedded.report.documents:,} documents" if embedded.report else ""
    print(f"{len(embedded):,} sentences, {embedded.width} wide, in {out}{documents}")
    print(f"next: sentrep index {out} --out INDEX")


def index(
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")],
    out: Path,
    input: Files = (),
    kind: Literal["auto", "flat", "hnsw", "ivf"] = "auto",
    dtype: Literal["float32", "float16"] = "float32",
    reading: Reading = READING,
    writing: Writing = WRITING,
    access: Access = ACCESS,
) -> None:
    """Make a search index, of vectors from `sentrep embed`, or of files and a model.

    Args:
        source: Folder that `sentrep embed` made; or a model, together with `input`.
        out: Folder of the index.
        input: Files, folders, or '-' to embed first, where SOURCE is a model. Their vectors are kept beside
            the index.
        kind: 'flat' is exact; 'hnsw' and 'ivf' are approximate and fast; 'auto' goes by the number of
            sentences.
        dtype: How vectors are stored.
        reading: How files are read.
        writing: What happens to what is there already.
        access: Where models may come from.
    """
    given = CorpusConfig(input) if input else None
    built = api.index(source, out, input=given, kind=kind, dtype=dtype, **keywords(reading, writing, access))
    print(f"{len(built):,} sentences indexed ({built.info.kind}: {built.info.reason}) in {out}")
    print(f'next: sentrep search {out} "words"')


def search(
    index: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="INDEX")],
    words: Words = (),
    k: int = 10,
    model: str | None = None,
    verify: bool = False,
    access: Access = ACCESS,
) -> None:
    """Find the sentences nearest to some words. Without words, it asks for queries until an empty line.

    Args:
        index: Folder that `sentrep index` made.
        words: What to look for.
        k: How many to show.
        model: The index's model, if it has moved.
        verify: Read the whole index first and compare its checksums.
        access: Where models may come from.
    """
    found = api.open_index(index, model, verify=verify, **keywords(access))
    if words:
        show(found(" ".join(words), k))
        return
    print(f"{len(found):,} sentences. An empty line ends.")
    while query := ask():
        show(found(query, k))


def show(hits: Sequence[Any]) -> None:
    """Print hits: cosine, id, sentence."""
    if not hits:
        print("nothing: none of these words is known to the model")
    for hit in hits:
        print(f"{hit.score:6.3f}  {printable(hit.id)}  {printable(' '.join((hit.text or '').split()))}")
