"""Terms that a trained vocabulary holds whole: reading them from a file, and adding them to a unigram
model."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import sha256

if TYPE_CHECKING:
    import tokenizers

MARGIN = 1e-3
"""By how much the score of a term exceeds that of its parts together, so that it is not cut."""


def read_terms(path: str | Path) -> dict[str, int]:
    """Terms and their counts, in the order of the file; a term of several words stands for its words.

    Args:
        path: .jsonl, .csv, .tsv or .parquet with a field ``term`` and, if there is one, ``count``; in any
            other file each line is a term. `sentrep terms` writes such files.

    Raises:
        InputError: the file cannot be read, or has no such field.
    """
    path = Path(path)
    found: dict[str, int] = {}
    for number, row in enumerate(_rows(path), start=1):
        term = row.get("term")
        if not isinstance(term, str) or not term.strip():
            raise InputError(f"{opt('terms')} {at(path, number)}: no text in the field 'term'")
        for word in term.split():
            found[word] = max(found.get(word, 0), _count(row.get("count")))
    return found


def terms_fingerprint(path: str) -> str:
    """SHA-256 of a file of terms.

    Raises:
        InputError: there is no such file.
    """
    try:
        return sha256(Path(path))
    except OSError as error:
        raise InputError(f"{opt('terms')} {at(path)}: cannot be read ({error.strerror})") from error


def with_terms(
    vocabulary: Sequence[tuple[str, float]], terms: Mapping[str, int], total: int
) -> list[tuple[str, float]]:
    """A unigram vocabulary with terms as tokens.

    Args:
        vocabulary: tokens with their log-probabilities; special tokens first.
        terms: tokens to add, with their counts.
        total: characters in the training text; decides the log-probability of a count.

    >>> with_terms([("[UNK]", 0.0), ("a", -1.0), ("b", -1.0)], {"ab": 1}, 100)[-1]
    ('ab', -1.999)
    """
    import tokenizers
    from tokenizers import models

    known = dict(vocabulary)
    model: Any = models.Unigram([*vocabulary], unk_id=0)
    shell = tokenizers.Tokenizer(model)
    added = list(vocabulary)
    for term, count in terms.items():
        if term in known:
            continue
        parts = sum(known.get(token, 0.0) for token in shell.encode(term).tokens)
        added.append((term, round(max(math.log(max(count, 1) / max(total, 1)), parts + MARGIN), 6)))
    return added


def marked(terms: Iterable[tuple[str, int]], shell: tokenizers.Tokenizer) -> dict[str, int]:
    """Terms as the pipeline of a tokenizer writes them; those that it cuts are left out."""
    found: dict[str, int] = {}
    for term, count in terms:
        pieces = shell.pre_tokenizer.pre_tokenize_str(shell.normalizer.normalize_str(term))
        if len(pieces) == 1:
            found[pieces[0][0]] = count
    return found


def _count(value: object) -> int:
    try:
        return max(1, int(float(str(value))))
    except ValueError:
        return 1


def _rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        if path.suffix == ".parquet":
            from pyarrow import parquet

            return list(parquet.read_table(path).to_pylist())
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".jsonl":
            # Not splitlines: JSON may hold U+2028 and other signs that end a line there.
            return [_record(line, path, at) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{opt('terms')} {at(path)}: cannot be read ({error})") from error
    if path.suffix in (".csv", ".tsv"):
        return list(csv.DictReader(io.StringIO(text), delimiter="\t" if path.suffix == ".tsv" else ","))
    return [{"term": line.strip()} for line in text.split("\n") if line.strip()]


def _record(line: str, path: Path, number: int) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(f"{opt('terms')} {at(path, number)}: no JSON ({error})") from error
    if not isinstance(record, dict):
        raise InputError(f"{opt('terms')} {at(path, number)}: no object")
    return record
