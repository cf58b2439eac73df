"""The documents that a run kept out of training, and the untrained encoder to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.data.config import CorpusConfig
from sentrep.inference.loading import model_of
from sentrep.training.kept_out import COUNTS, DOCUMENTS, KEPT_OUT
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import sha256
from sentrep.utils.settings import route

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder


def kept_out_of(model: object) -> Path | None:
    """The run with documents that were kept out of its training, from the path of the run or of its model;
    None for any other model.

    >>> kept_out_of("runs/none") is None
    True
    """
    model = model_of(model)
    if not isinstance(model, str | Path):
        return None
    path = Path(str(model).partition("=")[2] or model)
    found = (folder for folder in (path, path.parent) if (folder / KEPT_OUT / DOCUMENTS).is_file())
    return next(found, None)


def kept_out_comparison(models: Sequence[str | Path]) -> tuple[CorpusConfig, list[Any]]:
    """What ``sentrep eval RUN`` measures: the documents that the runs kept out; and the models with the
    untrained encoder of the first run and BM25 beside them.

    Raises:
        InputError: a run kept other documents out, so that it may have read these.
    """
    from sentrep.inference.eval_adapter import measured

    runs = [run for run in map(kept_out_of, models) if run is not None]
    for run in runs[1:]:
        if sha256(_file(run, DOCUMENTS)) != sha256(_file(runs[0], DOCUMENTS)):
            raise InputError(
                f"{at(run)} and {runs[0]} kept different documents out of their training; give, with "
                f"{opt('heldout')}, text that neither was trained on",
                setting="heldout",
            )
    start = measured(untrained(runs[0]), f"{runs[0]}, untrained")
    others = [name for name in ("bm25",) if name not in models]
    return kept_out_documents(runs[0]), [*models, start, *others]


def kept_out_documents(run: Path) -> CorpusConfig:
    """The documents that the run kept out, as text to measure with.

    Raises:
        InputError: the run kept nothing out.
    """
    return CorpusConfig((str(_file(run, DOCUMENTS)),), offline=True)


def untrained(run: Path) -> Encoder:
    """The encoder of a run as it would be without any training: random weights with the weights of tokens, or
    the model that training began with.

    Raises:
        InputError: the run kept nothing out, or run.json or the token counts are damaged.
    """
    import numpy as np

    from sentrep.encoders import serialization as folder
    from sentrep.encoders.config import EncoderConfig
    from sentrep.encoders.factory import build
    from sentrep.encoders.token_table import inner_tokenizer
    from sentrep.modules.random_state import seeded
    from sentrep.training.run_file import read_run
    from sentrep.utils.arrays import mapped

    record = read_run(run)
    config: Any = route(record["encoder"], {"encoder": EncoderConfig})["encoder"]
    if not config.scratch:
        return folder.load(config.encoder, offline=True)
    tokenizer = inner_tokenizer(folder.load(run / "model"))
    counts = np.array(mapped(_file(run, COUNTS), (tokenizer.get_vocab_size(),), "int64"))
    with seeded(int(record["training"]["seed"])):
        return build(config, tokenizer, counts, int(record["tokenizer"]["max_tokens"]))


def _file(run: Path, name: str) -> Path:
    file = run / KEPT_OUT / name
    if not file.is_file():
        raise InputError(
            f"{at(run)} kept no text out of training; give {opt('heldout')}, or train with {opt('keep_out')}",
            setting="heldout",
        )
    return file
