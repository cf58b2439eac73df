"""The commands that make models of models: combine, expand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import tyro

from sentrep import api
from sentrep.api.expansion import LIMIT
from sentrep.utils.errors import shown


def combine(
    models: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")], out: Path
) -> None:
    """Put encoders side by side in one: their vectors are normalised one by one and concatenated.

    Args:
        models: Two models or more.
        out: Folder of the combined model.
    """
    encoder = api.combine(models, out)
    print(f"{encoder.get_embedding_dimension()} wide, in {out}")


def expand(
    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")],
    vectors: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="VECTORS")],
    out: Path,
    limit: int = LIMIT,
    words_of: tuple[str, ...] = (),
) -> None:
    """Teach a model words that it never saw: a linear map from word vectors into its token table gives them
    rows.

    Args:
        model: A bag, GRU or LSTM trained with --tokenizer word, or several of them combined.
        vectors: word2vec, GloVe or fastText vectors as text, word2vec's .bin, either with .gz; or the folder
            of another model.
        out: Folder of the expanded model.
        limit: How many words are added at most, in the order of VECTORS, which put frequent words first.
        words_of: Add only words that occur in these files and folders.
    """
    expanded = api.expand(model, vectors, out, limit=limit, words_of=words_of or None)
    for number, fit in enumerate(expanded.fits, start=1):
        which = f" (token table {number})" if len(expanded.fits) > 1 else ""
        print(f"shared   {fit.shared:,} words, to which the map is fitted{which}")
        print(
            f"R2       {'unknown: too few shared words' if fit.r2 is None else f'{fit.r2:.3f}'} on held-out shared words"
        )
        print(f"added    {fit.added:,} words")
        if fit.doubt:
            print(f"warning: {shown(fit.doubt)}{which}", file=sys.stderr)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"model    {out}, {size / 1e6:,.1f} MB")
    print(f'next     sentrep index {out} --input FILES --out INDEX; sentrep search INDEX "words"')
