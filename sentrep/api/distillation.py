"""The verb `distill` as a Python function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.corpora import corpus_source
from sentrep.api.reading import watched
from sentrep.data.corpus import Corpus, cache_folder, unused
from sentrep.data.reading.report import ReadReport
from sentrep.inference.loading import encoding, load, opened
from sentrep.inference.names import locate
from sentrep.inference.units import Units
from sentrep.methods.distill.config import DistillConfig
from sentrep.utils.errors import InputError
from sentrep.utils.settings import arguments_checked, checked

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder
    from sentrep.training.job import Trained

PRECISION = "fp32"
"""Precision in which the teacher's vectors are computed."""


@arguments_checked
def distill(
    model: str | Path | Encoder | Trained,
    corpus: Corpus,
    out: str | Path,
    *,
    settings: DistillConfig | None = None,
    units: Units | None = None,
    cache: str | Path | None = None,
    overwrite: bool = False,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> Encoder:
    """Fit a static bag of tokens to a model's vectors of a corpus, and save it to `out`.

    The bag encodes about twenty times as fast as a small transformer. It is for the collection that it was
    fitted to; it reads other texts of the same field somewhat worse than its teacher does.

    Args:
        model: the teacher.
        corpus: what to read.
        out: folder of the bag.
        settings: settings of the distillation.
        units: texts whose vectors the bag learns; passages of about 120 words if None.
        cache: where the teacher's vectors are kept; by default in `cache_folder()`. An interrupted
            distillation continues with them, and another distillation of the same text and teacher, for
            example with another width, does not compute them again.
        overwrite: replace another model that is in `out`.
        strict: raise for anything of the corpus that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        The bag, which opens with plain `SentenceTransformer(out)`.

    Raises:
        InputError: nothing can be read, or `out` holds something else.

    Example:
        >>> small = sentrep.DistillConfig(width=8, steps=2)
        >>> model = sentrep.distill("runs/first", "texts", "runs/distilled", settings=small)
        >>> model.encode("The ship left.").shape
        (8,)
    """
    if not overwrite:
        unused(Path(out), "distilled model")
    units, report = units or Units(), ReadReport()
    config = corpus_source(corpus, fields, offline=offline, hub=hub)
    if isinstance(model, str | Path):
        locate(model, hub=hub)

    from sentrep.data.documents import read_source_documents
    from sentrep.embedding import cached_vectors
    from sentrep.encoders import serialization
    from sentrep.encoders.serialization import content_hash
    from sentrep.methods.distill.fitting import fit

    teacher = opened(model, offline, hub)
    encode = encoding(teacher, PRECISION)
    documents = watched(read_source_documents(config, report, code=units.keeps_code), report, strict)
    texts = [passage.text for document in documents for passage in units.of(document)]
    if not texts:
        raise InputError(f"{corpus}: no text to distill on", setting="corpus")
    place = (checked("cache", cache, Path | None) or cache_folder()) / "teachers"
    vectors = cached_vectors(encode, texts, place, model=f"{content_hash(teacher)} {PRECISION}").array()
    serialization.save(fit(texts, vectors, encode, settings), Path(out))
    return load(out)
