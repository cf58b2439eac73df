"""The documents that a run kept out of training: tasks made of them, and the untrained encoder to compare
with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.inference.eval_adapter import measured
from sentrep.utils.errors import InputError, opt
from sentrep.utils.files import sha256
from sentrep.utils.settings import route

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder
    from sentrep.evaluation.suite import Suite
    from sentrep.evaluation.task import Task

PLACE = "kept_out"
DOCUMENTS, COUNTS = "documents.jsonl", "token_counts.npy"


def kept_out_of(model: object) -> Path | None:
    """The run with documents that were kept out of its training, from the path of the run or of its model;
    None for any other model.

    >>> kept_out_of("runs/none") is None
    True
    """
    if hasattr(model, "outcome"):  # a finished run
        model = getattr(model, "model", model)
    if not isinstance(model, str | Path):
        return None
    path = Path(str(model).partition("=")[2] or model)
    found = (folder for folder in (path, path.parent) if (folder / PLACE / DOCUMENTS).is_file())
    return next(found, None)


def kept_out_comparison(models: Sequence[str | Path]) -> tuple[Suite, list[Any]]:
    """What ``sentrep eval RUN`` measures: tasks made of the documents that the runs kept out; and the models
    with the untrained encoder of the first run and BM25 beside them.

    Raises:
        InputError: a run kept other documents out, so that it may have read these.
    """
    from sentrep.evaluation.suite import Suite

    runs = [run for run in map(kept_out_of, models) if run is not None]
    for run in runs[1:]:
        if sha256(_file(run, DOCUMENTS)) != sha256(_file(runs[0], DOCUMENTS)):
            raise InputError(
                f"{run} and {runs[0]} kept different documents out of their training; give text that neither "
                f"has read with {opt('heldout')}",
                setting="heldout",
            )
    start = measured(untrained(runs[0]), f"{runs[0]}, untrained")
    others = [name for name in ("bm25",) if name not in models]
    return Suite(kept_out_tasks(runs[0]), []), [*models, start, *others]


def kept_out_tasks(run: Path) -> list[Task]:
    """Retrieval tasks without labels, made of the documents that the run kept out.

    Raises:
        InputError: the run kept nothing out, or too little to make tasks of.
    """
    from sentrep.data.config import CorpusConfig
    from sentrep.data.store.store import read_documents
    from sentrep.evaluation.tasks.label_free import label_free

    file = _file(run, DOCUMENTS)
    corpus = CorpusConfig((str(file),), offline=True)
    return [*label_free(read_documents(corpus), "kept out")]


def untrained(run: Path) -> Encoder:
    """The encoder of a run as it would be without any training: random weights with the weights of tokens, or
    the model that training began with.

    Raises:
        InputError: the run kept nothing out, or run.json is damaged.
    """
    import numpy as np

    from sentrep.encoders import serialization as folder
    from sentrep.encoders.config import EncoderConfig
    from sentrep.encoders.factory import build
    from sentrep.encoders.token_table import inner_tokenizer
    from sentrep.training.job import seeded
    from sentrep.training.run_file import read_run

    record = read_run(run)
    config: Any = route(record["encoder"], {"encoder": EncoderConfig})["encoder"]
    if not config.scratch:
        return folder.load(config.encoder, offline=True)
    counts = np.load(_file(run, COUNTS), allow_pickle=False)
    tokenizer = inner_tokenizer(folder.load(run / "model"))
    with seeded(int(record["training"]["seed"])):
        return build(config, tokenizer, counts, int(record["tokenizer"]["max_tokens"]))


def _file(run: Path, name: str) -> Path:
    file = run / PLACE / name
    if not file.is_file():
        raise InputError(
            f"{run} kept no text out of training; give {opt('heldout')}, or train with {opt('keep_out')}",
            setting="heldout",
        )
    return file
