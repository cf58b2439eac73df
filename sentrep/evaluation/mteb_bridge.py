"""Bridge to MTEB: our models in its tasks, and its result files in our tables.

MTEB (Muennighoff et al. 2023, "MTEB: Massive Text Embedding Benchmark") files a score under a model's name
and revision and never computes it again. Here the revision is the hash of the model's contents, so a
retrained model in the same folder is another model.

The file is over 250 lines long because both directions share names and revisions.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from sentrep.evaluation.result import Result, fingerprint
from sentrep.evaluation.task import Embeds, Model, MonitoredEncoder
from sentrep.evaluation.vectors import finite
from sentrep.utils.capabilities import Vectors
from sentrep.utils.errors import InputError, at

META = "model_meta.json"
"""File in which MTEB describes the model of its results."""
LAYOUT = "results/<model>/<revision>/<task>.json, as mteb 1.11 and later write it"
OURS = "sentrep/"
"""Organisation name of the models in MTEB."""


def mteb_model(model: Model) -> MtebModel:
    """A model that `mteb.evaluate` takes. It is called sentrep/<its folder>, and its revision is the hash of
    its contents.

    Raises `InputError` if mteb is not installed, or the model ranks without vectors.
    """
    try:
        from mteb.models.model_meta import ModelMeta, ScoringFunction
    except ModuleNotFoundError as error:
        raise InputError(
            f"MTEB cannot be imported ({error}); install it with: pip install 'mteb>=2.26,<3'"
        ) from error
    if not isinstance(model.implementation, Embeds):
        raise InputError(
            f"{model.name} ranks without vectors, and MTEB asks for vectors; it has a BM25 of its own",
            setting="model",
        )
    meta = ModelMeta.create_empty(
        {
            "name": _name(model.name),
            "revision": model.content_hash,
            "embed_dim": model.implementation.encode(["width"]).shape[1],
            "similarity_fn_name": ScoringFunction.COSINE,
            "use_instructions": False,
            # MTEB stores these and does not use them; `read_mteb` finds the seeds of one method by them.
            "loader_kwargs": {"method": model.method, "seed": model.seed},
        }
    )
    return MtebModel(model.implementation, meta)


@dataclass(frozen=True)
class MtebModel:
    """An encoder in MTEB's sense, its `EncoderProtocol`: the same vectors that our own tasks are given."""

    implementation: Embeds
    mteb_model_meta: Any

    def encode(
        self,
        inputs: Iterable[Mapping[str, Any]],
        *,
        task_metadata: Any,
        hf_split: str,
        hf_subset: str,
        prompt_type: Any = None,
        batch_size: int = 32,
        show_progress_bar: bool = True,
        precision: str = "float32",
    ) -> Vectors:
        """(text, width), of all batches in one go, since batches are made by length and not as MTEB cuts
        them.

        What kind of task asks for them makes no difference to our models. Rows that are not numbers become
        the zero vector, as in our own tasks; a collapse is warned of, since MTEB does not look for one."""
        if precision != "float32":
            raise InputError(
                f"precision {precision!r} is not offered; leave it out of encode_kwargs", setting="precision"
            )
        monitored = MonitoredEncoder(self.implementation)
        vectors = finite(monitored, [text for batch in inputs for text in batch["text"]])
        if monitored.alarm:
            warnings.warn(
                f"{self.mteb_model_meta.name} on {task_metadata.name}: {monitored.alarm}", stacklevel=2
            )
        return vectors

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosines of all with all, (first, second)."""
        from mteb.similarity_functions import cos_sim

        return cos_sim(embeddings1, embeddings2)

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosines of pairs, (pair,)."""
        from mteb.similarity_functions import pairwise_cos_sim

        return pairwise_cos_sim(embeddings1, embeddings2)


def read_mteb(path: str | Path) -> list[Result]:
    """The main scores in a file of MTEB's, or in all those below a folder. MTEB itself need not be installed.

    A task of several subsets, such as languages, has a metric for each and their mean. The data are the same
    where MTEB's revision of the data set is; as on MTEB's own leaderboard, its version is recorded and may
    differ. The files have no intervals, no counts and no per-item scores: these are NaN, 0 and missing here,
    so `compare` shows the results without a test.

    Files from before mteb 1.11 have no main score; where there are others beside them, they are left out with
    a warning.

    Raises `InputError`, naming the file, for what is no result of MTEB.
    """
    path = Path(path)
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*.json") if file.name != META)
    records = {file: _parsed(file) for file in files}
    old = [file for file, record in records.items() if "mteb_dataset_name" in record]
    if len(old) == len(files):
        found = f"only files from before mteb 1.11, such as {old[0]}" if old else "no results of MTEB"
        raise InputError(f"{at(path)}: {found}; expected {LAYOUT}")
    if old:
        warnings.warn(
            f"{path}: left out {len(old)} file(s) from before mteb 1.11, the first is {old[0]}", stacklevel=2
        )
    return [
        result
        for file, record in records.items()
        if "mteb_dataset_name" not in record
        for result in _read(file, record)
    ]


class _Subset(NamedTuple):
    """One entry of a split: a score, of what, by which MTEB."""

    name: str
    value: float
    version: str


class _Whose(NamedTuple):
    """The model that a file of results belongs to."""

    name: str
    hash: str
    method: str
    seed: int | None


def _read(file: Path, record: dict[str, Any]) -> Iterator[Result]:
    task, data, splits, seconds = (
        record.get(each) for each in ("task_name", "dataset_revision", "scores", "evaluation_time")
    )
    if not (isinstance(task, str) and isinstance(data, str) and isinstance(splits, dict) and splits):
        raise InputError(
            f'{at(file)}: no result of MTEB, which has "task_name", "dataset_revision" and "scores"; '
            f"expected {LAYOUT}"
        )
    whose = _whose(file)
    for split, entries in splits.items():
        subsets = _subsets(
            entries, str(record.get("mteb_version") or "unknown"), f"{at(file)}: scores of {split!r}"
        )
        metrics = _metrics(subsets)
        key = fingerprint(["mteb", whose.hash, task, split, data])
        for metric, value in metrics.items():
            yield Result(
                task=task,
                split=split,
                metric=metric,
                value=value,
                low=math.nan,
                high=math.nan,
                higher_is_better=True,
                count=0,
                aggregate="mean",
                items="",
                model=whose.name,
                model_hash=whose.hash,
                method=whose.method,
                seed=whose.seed,
                data=data,
                protocol=_protocol(task, metric, subsets),
                versions={"mteb": " ".join(sorted({subset.version for subset in subsets}))},
                seconds=float(seconds) if _is_number(seconds) else 0.0,
                embedding_seconds=0.0,
                alarm="",
                examples="",
                key=key,
                siblings=len(metrics),
            )


def _parsed(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"{at(file, error.lineno)}: not JSON ({error.msg}); expected {LAYOUT}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{at(file)}: cannot be read ({error}); expected {LAYOUT}") from error
    if not isinstance(record, dict):
        raise InputError(f"{at(file)}: holds a {type(record).__name__}, not an object; expected {LAYOUT}")
    return record


def _subsets(entries: Any, version: str, where: str) -> list[_Subset]:
    subsets = []
    for entry in entries if isinstance(entries, list) else [entries]:
        score = entry.get("main_score") if isinstance(entry, dict) else None
        if not _is_number(score):
            raise InputError(
                f'{where}: expected a list of objects with "main_score", a number, and "hf_subset"'
            )
        subsets.append(
            _Subset(
                str(entry.get("hf_subset", "default")), float(score), str(entry.get("mteb_version", version))
            )
        )
    if not subsets:
        raise InputError(f"{where}: empty; the task was not measured to its end")
    return subsets


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _metrics(subsets: list[_Subset]) -> dict[str, float]:
    """Values under the names that tables show; the one subset of a task without subsets is called default."""
    if [subset.name for subset in subsets] == ["default"]:
        return {"main_score": subsets[0].value}
    mean = (
        {"main_score (mean)": sum(subset.value for subset in subsets) / len(subsets)}
        if len(subsets) > 1
        else {}
    )
    return mean | {f"main_score {subset.name}": subset.value for subset in subsets}


def _protocol(task: str, metric: str, subsets: list[_Subset]) -> str:
    """The protocol of a score. It contains the subsets that were run, because means are over these."""
    over = (
        f", mean of {', '.join(sorted(subset.name for subset in subsets))}"
        if metric.endswith("(mean)")
        else ""
    )
    return f"MTEB's {task}, main score{over}"


def _whose(file: Path) -> _Whose:
    """Finds the model of a file by the model_meta.json beside it, or else by the names of the folders around
    it."""
    folder, experiment = file.resolve().parent, ""
    meta = _parsed(folder / META) if (folder / META).is_file() else {}
    if folder.parent.name == "experiments":  # settings that are not the model's own, such as fewer dimensions
        folder, experiment = folder.parents[1], f" ({folder.name})"
    if not meta and "__" not in folder.parent.name and folder.parents[1].name != "results":
        raise InputError(f"{at(file)}: the model has no name; expected {LAYOUT}, or {META} beside it")
    name = str(meta.get("name") or folder.parent.name.replace("__", "/"))
    revision = str(meta.get("revision") or folder.name)
    if not name.startswith(OURS) or experiment:
        # Elsewhere a revision may be a date, a 1, or missing, and is one model's only together with the name.
        return _Whose(name + experiment, f"{revision} {name}{experiment}", "", None)
    made = meta.get("loader_kwargs")
    method, seed = (made.get("method"), made.get("seed")) if isinstance(made, dict) else (None, None)
    return _Whose(
        name, revision, method if isinstance(method, str) else "", seed if isinstance(seed, int) else None
    )


def _name(name: str) -> str:
    """sentrep/<folder>; of a folder that is called model, the name of the run around it."""
    path = Path(name).resolve()
    shown = path.parent.name if path.name == "model" else path.name
    return OURS + (re.sub(r"[^\w.+-]+", "-", shown) or "model")
