"""Tasks from files and folders: known layouts, a `task.toml` beside the files, and suites of many tasks.

Each table of a TOML file makes one or more tasks::

    [[task]]
    path = "sts-b"             # relative to the file; in a suite, to the folder of benchmarks
    kind = "similarity"        # a key of KINDS; optional if the layout is unambiguous
    split = "dev"              # and other options of the reader of that kind

A suite may include others: ``suites = ["sts", "transfer"]``.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sentrep.evaluation.datasets.beir import is_beir, read_retrieval
from sentrep.evaluation.datasets.classification import read_classification
from sentrep.evaluation.datasets.heldout_text import read_label_free
from sentrep.evaluation.datasets.treebanks import is_parsing, read_parsing
from sentrep.evaluation.datasets.tsv import MissingSplit, header
from sentrep.evaluation.task import Task, TaskNote
from sentrep.evaluation.tasks.anomaly import read_anomaly
from sentrep.evaluation.tasks.clustering import read_clustering
from sentrep.evaluation.tasks.pair_classification import read_pair_classification
from sentrep.evaluation.tasks.similarity import is_similarity, read_similarity
from sentrep.evaluation.tasks.summarization import is_summarization, read_summarization
from sentrep.evaluation.tasks.topics import read_topics
from sentrep.utils.errors import InputError, at, nearest, opt

KINDS: dict[str, Callable[..., Sequence[Task]]] = {
    "retrieval": read_retrieval,
    "label-free": read_label_free,
    "similarity": read_similarity,
    "classification": read_classification,
    "pair-classification": read_pair_classification,
    "clustering": read_clustering,
    "topics": read_topics,
    "anomaly": read_anomaly,
    "summarization": read_summarization,
    "parsing": read_parsing,
}
"""Kind -> its reader; the keyword arguments of the reader are the options of the kind."""

TASK_FILE = "task.toml"


class Suite(NamedTuple):
    """Tasks, and the data sets that are missing."""

    tasks: list[Task]
    skipped: list[TaskNote]


def tasks_from(path: str | Path, split: str | None = None) -> list[Task]:
    """The tasks of a file or folder.

    Args:
        path: data of a known layout, or a folder with a `task.toml`.
        split: part of the data; if None, test where there is one.

    Raises:
        InputError: the layout is not known, or the data are malformed.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{at(path)}: no such file or folder")
    if path.is_dir() and (path / TASK_FILE).is_file():
        return [
            task
            for entry in _entries(path / TASK_FILE)
            for task in _made(entry, path, path / TASK_FILE, split)
        ]
    return list(KINDS[_kind(path)](path, split=split))


def read_suite(suite: str | Path, data: str | Path, split: str | None = None) -> Suite:
    """The tasks of a suite.

    Args:
        suite: a name in `suites()`, or the path of a TOML file.
        data: folder of the benchmarks.
        split: part of the data; if None, that of the suite.

    Returns:
        The tasks, and in `skipped` the data sets that are missing or have no such split.

    Raises:
        InputError: no data set exists, or one is malformed.
    """
    file, data = _located(suite), Path(data)
    if not data.is_dir():
        raise InputError(
            f"{data}: no folder of benchmarks; give one ({opt('data')}, or the environment variable "
            "SENTREP_DATA)"
        )
    made = Suite([], [])
    for entry in _entries(file):
        path = entry.get("path", ".")
        if not (data / path).exists():
            made.skipped.append(TaskNote(path, f"not in {data.resolve()}"))
            continue
        try:
            made.tasks.extend(_made(entry, data, file, split))
        except MissingSplit as error:
            made.skipped.append(TaskNote(path, str(error)))
    if not made.tasks:
        raise InputError(
            f"{at(file)}: none of its {len(made.skipped)} data sets can be used; {made.skipped[0].task}: "
            f"{made.skipped[0].reason}; "
            f"give the folder that they lie in ({opt('data')}, or the environment variable SENTREP_DATA)"
        )
    return made


def check_names(tasks: Iterable[Task]) -> None:
    """Check that tasks with different data have different names, under which their results are found.

    Raises:
        InputError: two tasks have the same name and split, but different data.
    """
    known: dict[tuple[str, str], str] = {}
    for task in tasks:
        if known.setdefault((task.name, task.split), task.data) != task.data:
            raise InputError(
                f"two tasks are called {task.name!r} ({task.split}), and their data differ; rename a folder "
                f"or file, or put a {TASK_FILE} with another name into one of the folders: name = ...",
                setting="tasks",
            )


def suites() -> dict[str, Path]:
    """The suites of this package, by name.

    >>> sorted(suites())[:3]
    ['full', 'label-free', 'pairs']
    """
    package = Path(__file__).parents[1]
    folders = (package / "suites", package.parent / "eval" / "suites")  # installed, or a working copy
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.toml"))}


def _made(entry: Mapping[str, Any], folder: Path, file: Path, split: str | None) -> Sequence[Task]:
    """Tasks of one table of a TOML file; `split` replaces the split in the table."""
    options = {name: value for name, value in entry.items() if name not in ("path", "kind")}
    path = folder / entry.get("path", ".")
    where = f"{at(file)}: {entry['path']}" if "path" in entry else at(file)
    if not path.exists():
        raise InputError(f"{where}: no such file or folder in {folder}")
    kind = entry.get("kind") or _kind(path)
    if kind not in KINDS:
        raise InputError(f"{where}: no kind of task is called {kind!r}; {nearest(str(kind), KINDS)}")
    _check_options(kind, options, where)
    if split is not None:
        options["split"] = split
    return KINDS[kind](path, **options)


def _check_options(kind: str, options: Mapping[str, Any], where: str) -> None:
    parameters = inspect.signature(KINDS[kind], eval_str=True).parameters
    types = {name: each.annotation for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY}
    for name, value in options.items():
        if name not in types:
            raise InputError(f"{where}: {kind} has no option {name!r}; {nearest(name, types)}")
        # In Python, bool is a subclass of int.
        if not isinstance(value, types[name]) or (isinstance(value, bool) and types[name] is not bool):
            wanted = getattr(types[name], "__name__", types[name])
            raise InputError(f"{where}: {name} of {kind} is {value!r}; expected {wanted}")


def _entries(file: Path, within: tuple[Path, ...] = ()) -> list[dict[str, Any]]:
    """The tables of a TOML file: each [[task]], or the whole file as one.

    Args:
        file: the TOML file.
        within: suites that include it.
    """
    if file in within:
        raise InputError(f"{at(file)}: the suite includes itself; remove it from its list of suites")
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{at(file)}: cannot be read as TOML ({error})") from error
    entries = content.get("task", [] if "suites" in content else [content])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{at(file)}: 'task' is not a list of tables; write [[task]] above each")
    for entry in entries:
        if not isinstance(entry.get("path", "."), str):
            raise InputError(f"{at(file)}: path is {entry['path']!r}; expected the name of a file or folder")
    others = content.get("suites", [])
    if not isinstance(others, list):
        raise InputError(f"{at(file)}: suites is {others!r}; expected a list of names of suites")
    if not entries and not others:
        raise InputError(f"{at(file)}: contains no task; write [[task]] above the options of each")
    return [
        *(entry for other in others for entry in _entries(_located(str(other)), (*within, file))),
        *entries,
    ]


def _kind(path: Path) -> str:
    """The kind of task of a known layout."""
    if path.is_dir() and is_beir(path):
        return "retrieval"
    if is_similarity(path):
        return "similarity"
    if is_summarization(path):
        return "summarization"
    if is_parsing(path):
        return "parsing"
    tables = sorted(path.glob("*.tsv")) if path.is_dir() else [path] if path.suffix == ".tsv" else []
    headers = {table.name: header(table) for table in tables}
    if any({"label", "text"} <= set(columns) for columns in headers.values()):
        return "classification"
    if any({"label", "sentence1", "sentence2"} <= set(columns) for columns in headers.values()):
        return "pair-classification"
    found = "".join(
        f"; {name} has the columns {', '.join(columns)[:200]!r}"
        for name, columns in list(headers.items())[:3]
    )
    raise InputError(
        f"{at(path)}: unknown layout{found}. Known are: a folder with corpus.jsonl, queries.jsonl "
        "(each also .gz) and "
        "qrels/test.tsv (BEIR); a .tsv file, or a folder of them, with the columns score, sentence1, "
        "sentence2 (similarity), "
        "label, text (classification) or label, sentence1, sentence2 (pairs), tabs between; JSON lines "
        "with article and summary "
        "(summarization); .trees with a bracketed tree on each line (parsing). For another kind put a "
        f'{TASK_FILE} beside the files, for instance kind = "clustering"; kinds are: {", ".join(KINDS)}'
    )


def _located(suite: str | Path) -> Path:
    known = suites()
    if str(suite) in known:
        return known[str(suite)]
    if Path(suite).suffix != ".toml" or not Path(suite).is_file():
        raise InputError(
            f"no suite is called {str(suite)!r} and no .toml file; {nearest(str(suite), known)}",
            setting="suites",
        )
    return Path(suite)
