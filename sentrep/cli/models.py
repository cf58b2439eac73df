"""The commands combine and expand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import tyro

from sentrep import api
from sentrep.cli.options import ACCESS, Access, Files, Models, keywords
from sentrep.data.config import CorpusConfig
from sentrep.encoders.config import MOST_WORDS_ADDED
from sentrep.utils.errors import shown
from sentrep.utils.terminal import command


def combine(models: Models, out: Path, access: Access = ACCESS) -> None:
    """Combine encoders into one model: each vector is normalised, then all are concatenated.

    Args:
        models: Two models or more.
        out: Folder of the combined model.
        access: Where models may come from.
    """
    encoder = api.combine(models, out, **keywords(access))
    print(f"{encoder.get_embedding_dimension()} wide, in {out}")


def expand(
    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")],
    vectors: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="VECTORS")],
    out: Path,
    limit: int = MOST_WORDS_ADDED,
    words_of: Files = (),
    strict: bool = False,
    access: Access = ACCESS,
) -> None:
    """Add words to a model's vocabulary. Their rows are word vectors, mapped linearly into its token table.

    Args:
        model: A bag, GRU or LSTM trained with `tokenizer` word, or several of them combined.
        vectors: word2vec, GloVe or fastText vectors as text, word2vec's .bin, either with .gz; or the folder
            of another model.
        out: Folder of the expanded model.
        limit: Largest number of words to add, in the order of VECTORS (frequent words first).
        words_of: Add only words that occur in these files and folders.
        strict: End with an error if anything of `words_of` is damaged or skipped.
        access: Where models may come from.
    """
    given = CorpusConfig(words_of) if words_of else None
    expanded = api.expand(model, vectors, out, limit=limit, words_of=given, strict=strict, **keywords(access))
    for number, fit in enumerate(expanded.fits, start=1):
        which = f" (token table {number})" if len(expanded.fits) > 1 else ""
        print(f"shared   {fit.shared:,} words, to which the map is fitted{which}")
        print(
            f"R2       {'unknown: too few shared words' if fit.r2 is None else f'{fit.r2:.3f}'} on "
            "held-out shared words"
        )
        print(f"added    {fit.added:,} words")
        if fit.doubt:
            print(f"warning: {shown(fit.doubt)}{which}", file=sys.stderr)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"model    {out}, {size / 1e6:,.1f} MB")
    print(f'next     {command("index", out)} --input FILES --out INDEX; sentrep search INDEX "words"')
