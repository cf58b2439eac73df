"""Reader of the data of classification tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sentrep.evaluation.datasets.labelled_parts import Instance, read_parts
from sentrep.evaluation.datasets.tsv import MissingSplit, called
from sentrep.evaluation.tasks.classification import Classification
from sentrep.utils.errors import InputError, at


def read_classification(
    path: str | Path,
    *,
    name: str = "",
    split: str | None = None,
    train: str = "train",
    variant: str = "",
    positive: str = "",
    with_sentences: bool = False,
    folds: int = 10,
    classes: int = 5,
    phrases: bool = False,
) -> list[Classification]:
    """Classification tasks from a file or folder. Tables are .tsv files with a header and without quoting.

    * Columns label and text, or label, sentence1 and sentence2, in train.tsv, dev.tsv and test.tsv: the
      classifier is trained on train, its strength chosen on dev (by cross-validation within train if there is
      no dev), and it is tested on test.
    * The same columns in all.tsv or in any single file: nested cross-validation; the split is "all".
    * Columns split (tr, va, te, or train, dev, test), label and text (probing): one task per file.
    * train.trees, dev.trees and test.trees, with a bracketed tree with sentiments from 0 to 4 on each line:
      the sentence and the label of its root.

    Args:
        path: file or folder.
        name: of the task in tables; the name of the folder if empty.
        split: part to be tested; if None, test, else dev, else all. With "dev", the strength is chosen within
            train.
        train: part to train on: "train" or "dev".
        variant: read NAME.VARIANT.tsv instead of NAME.tsv, for example "fine" for train.fine.tsv.
        positive: label whose F1 is reported too; "1" for pairs labelled 0 and 1.
        with_sentences: for pairs, u and v are features as well, as SentEval does for SNLI.
        folds: of cross-validation.
        classes: of trees: 5, or 2 for below and above neutral (label 2), which is left out.
        phrases: of trees: train on the phrases of the training sentences too, as SentEval does for SST.

    Raises:
        InputError: something cannot be read, or a setting does not fit the data; names file and line.
        MissingSplit: there is no such split, or nothing to train on.
    """
    path = Path(path)
    found = read_parts(path, variant, classes, phrases)
    name = name or called(path)
    tasks = []
    for each, parts in found.items():
        full, tested = f"{name}: {each}" if len(found) > 1 else name, _split(path, parts, split, train)
        try:
            task = Classification(
                full,
                parts,
                split=tested,
                train=train,
                positive=positive,
                with_sentences=with_sentences,
                folds=folds,
            )
        except InputError as error:
            raise InputError(f"{at(path)}: {error}") from error
        tasks.append(task)
    return tasks


def _split(path: Path, parts: Mapping[str, Sequence[Instance]], split: str | None, train: str) -> str:
    """The part to be tested, checked together with the part to train on."""
    chosen = split or next(
        (part for part in ("test", "dev", "all") if part in parts and part != train), "test"
    )
    there = f"there are: {', '.join(parts)}"
    if chosen not in parts:
        raise MissingSplit(f"{at(path)}: nothing of split {chosen!r}; {there}")
    if chosen != "all" and train not in parts:
        raise MissingSplit(
            f"{at(path)}: nothing to train on, no {train!r}; {there} (train = NAME takes another part)"
        )
    if chosen == train:
        raise InputError(
            f"{at(path)}: split and train are both {train!r}; what is tested must not be trained on"
        )
    return chosen
