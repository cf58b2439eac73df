"""Reader of treebanks for the parsing task."""

from __future__ import annotations

from pathlib import Path

from sentrep.data.trees.brackets import PUNCTUATION_TAGS, read_trees
from sentrep.evaluation.datasets.tsv import called, of_one_split, of_split
from sentrep.evaluation.task import Task
from sentrep.evaluation.tasks.parsing import Parsing
from sentrep.utils.errors import InputError, at


def is_parsing(path: Path) -> bool:
    """Whether a path is a file of trees, or a folder that holds one."""
    return bool(_files(path))


def read_parsing(
    path: str | Path, *, name: str = "", split: str | None = None, punctuation: str = ""
) -> list[Task]:
    """Parsing tasks of a .trees or .trees.gz file with one bracketed tree per line, or of a folder of them.

    Files named test.trees or NAME.test.trees belong to the test split; dev and train likewise; all others
    belong to "all". Each chosen file is a task.

    Args:
        path: file or folder.
        name: of the task in tables; the name of the folder if empty.
        split: test if None, or all files where there is no test split.
        punctuation: recognised by "tags" or "words"; if empty, by tags where the trees have them.

    Raises:
        InputError: a line is not a tree, or no sentence has two words; names file and line.
        MissingSplit: there is no such split.
    """
    path = Path(path)
    files = _files(path)
    if not files:
        raise InputError(
            f"{at(path)}: no trees; expected .trees or .trees.gz with one bracketed tree on each line"
        )
    if punctuation not in ("", "tags", "words"):
        raise InputError(f"{at(path)}: punctuation is {punctuation!r}; expected 'tags' or 'words'")
    splits = {file: of_split(_named(file)) for file in files}
    chosen = of_one_split(path, splits, split)
    name = name or called(_named(path))
    names = [f"{name}: {_named(file).name}" if len(chosen) > 1 else name for file in chosen]
    return [_task(full, file, splits[file], punctuation) for full, file in zip(names, chosen, strict=True)]


def _task(name: str, file: Path, split: str, punctuation: str) -> Parsing:
    trees = read_trees(file)
    tagged = any(not PUNCTUATION_TAGS.isdisjoint(tree.tags) for tree in trees)
    try:
        return Parsing(name, trees, split=split, punctuation=punctuation or ("tags" if tagged else "words"))
    except ValueError as error:
        raise InputError(f"{at(file)}: {error}") from error


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*")) if path.is_dir() else [path]
    return [file for file in files if file.name.endswith((".trees", ".trees.gz")) and file.is_file()]


def _named(path: Path) -> Path:
    """A path without the suffixes of the format."""
    return path.with_name(path.name.removesuffix(".gz").removesuffix(".trees")) if path.name else path
