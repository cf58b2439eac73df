"""The verb `distill` as a Python function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.embedding import corpus_source
from sentrep.api.reading import watched
from sentrep.data.corpus import Corpus, unused
from sentrep.data.reading.report import ReadReport
from sentrep.inference.loading import encoding, load, opened
from sentrep.inference.units import Units
from sentrep.methods.distill.config import DistillConfig
from sentrep.utils.errors import InputError

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder
    from sentrep.training.job import Trained


def distill(
    model: str | Path | Encoder | Trained,
    corpus: Corpus,
    out: str | Path,
    *,
    settings: DistillConfig | None = None,
    units: Units | None = None,
    overwrite: bool = False,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> Encoder:
    """Fit a static bag of tokens to a model's vectors of a corpus, and save it to `out`.

    The bag encodes some twenty times faster than a small transformer. It is for the collection that it was
    fitted to; it reads other texts of the same field somewhat worse than its teacher does.

    Args:
        model: the teacher.
        corpus: what to read.
        out: folder of the bag.
        settings: of the distillation.
        units: texts that the teacher's vectors are copied for; passages of about 120 words if None.
        overwrite: replace another model that is in `out`.
        strict: raise for anything of the corpus that was skipped or damaged.
        offline: never use the network.
        hub: look for names without an owner on the hub, too.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        The bag, which opens with plain `SentenceTransformer(out)`.

    Raises:
        InputError: nothing can be read, or `out` holds something else.
    """
    from sentrep.data.documents import read_source_documents
    from sentrep.embedding import embed_texts
    from sentrep.encoders import serialization
    from sentrep.methods.distill.fitting import fit

    if not overwrite:
        unused(Path(out), "distilled model")
    units, report = units or Units(), ReadReport()
    config = corpus_source(corpus, fields, offline=offline, hub=hub)
    encode = encoding(opened(model, offline, hub), "fp32")
    documents = watched(read_source_documents(config, report), report, strict)
    texts = [passage.text for document in documents for passage in units.of(document)]
    if not texts:
        raise InputError(f"{corpus}: no text to distill on")
    vectors = embed_texts(encode, texts, total=len(texts))
    serialization.save(fit(texts, vectors, encode, settings), Path(out))
    return load(out)
