"""The command reduce."""

from __future__ import annotations

from pathlib import Path

from sentrep import api
from sentrep.api.reduction import TEXTS, Reduced, Reduction
from sentrep.cli.options import ACCESS, READING, Access, Files, Model, Reading, keywords
from sentrep.data.config import CorpusConfig
from sentrep.utils.terminal import command


def reduce(
    model: Model,
    corpus: Files,
    out: Path,
    by: Reduction = "pca",
    width: int | None = None,
    keep: float | None = None,
    texts: int = TEXTS,
    seed: int = 0,
    overwrite: bool = False,
    reading: Reading = READING,
    access: Access = ACCESS,
) -> None:
    """Reduce the width of a model's vectors, or whiten them, by a map that is fitted to a corpus.

    Args:
        model: Run folder, model folder, 'minilm', or owner/name of a public model.
        corpus: Files and folders of text to fit the map to. Use training text, never a benchmark.
        out: Folder of the reduced model; where the model is stock, it opens with plain SentenceTransformer.
        by: 'pca'; 'whiten': PCA to unit variances; 'itq': PCA, rotated for binary codes; 'abtt': the
            strongest directions removed; 'deep': a denoising auto-encoder; 'auto': PCA, or 'deep' where it
            keeps more neighbours of held-out sentences.
        width: Width of the reduced vectors. By default half of the model's; 'abtt' keeps the model's.
        keep: Share of the variance to keep, such as .95, instead of `width`.
        texts: Largest number of sentences that are used, drawn at random.
        seed: Seed of that sample and of the auto-encoder.
        overwrite: Replace another model that is in `out`.
        reading: How files are read.
        access: Where models may come from.
    """
    reduced = api.reduce(
        model, CorpusConfig(corpus), out, by=by, width=width, keep=keep, texts=texts, seed=seed,
        overwrite=overwrite, **keywords(reading, access),
    )  # fmt: skip
    print(_table(reduced))
    for name, share in reduced.recall.items():
        print(f"{name:5} keeps {share:.1%} of the 10 nearest neighbours of held-out sentences")
    wide = len(reduced.eigenvalues)
    print(
        f"{reduced.by}: {wide} to {reduced.width} dimensions, fitted to {reduced.texts:,} sentences, in {out}"
    )
    print(f"next: {command('index', out, '--input', *corpus)} --out INDEX")


def _table(reduced: Reduced) -> str:
    """Which share of the variance how many axes have."""
    wide = len(reduced.eigenvalues)
    widths = {2**power for power in range(wide.bit_length())} | {reduced.width, wide}
    shown = sorted(width for width in widths if width <= wide)
    rows = [f"{width:6}  {reduced.kept(width):.3f}" for width in shown]
    return "\n".join(["  axes  share of the variance", *rows])
