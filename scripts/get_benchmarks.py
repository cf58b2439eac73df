"""Download the benchmarks whose licence is stated and allows it, in the layout that `sentrep eval` reads.

    scripts/get_benchmarks --list
    scripts/get_benchmarks benchmarks/
    sentrep eval bm25 --suite sts --data benchmarks/

Each data set comes from a fixed commit of a public repository. The number of records is checked, and a folder
is written only when all of its files are complete. Folders that exist are kept. Needs Python and a network
connection, and nothing else. The other data sets of the suites have no licence that allows a script to copy
them: docs/evaluation.md says what they are and how to lay out your own copy.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import re
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

Fetch = Callable[[str], bytes]
"""Address -> contents."""
TITLE = re.compile(r"^ = ([^=].*) = $")
SECTION = re.compile(r"^ = = .* = = $")


class File(NamedTuple):
    """One file of a data set."""

    name: str
    source: str
    """Path in the repository."""
    convert: Callable[[bytes], list[str]]
    """From the contents of the source to lines of the file."""
    records: int
    """How many lines there are, a header not counted."""


class DataSet(NamedTuple):
    """A folder of the benchmarks."""

    repository: str
    commit: str
    licence: str
    files: tuple[File, ...]


class Failed(Exception):
    """A data set could not be fetched, or is not what was expected."""


def main(arguments: Sequence[str] | None = None, fetch: Fetch | None = None) -> int:
    """Returns the exit status: 1 if a data set failed."""
    options = parser().parse_args(arguments)
    if options.list:
        for name, data in SETS.items():
            print(f"{name:30}{data.licence:42}https://github.com/{data.repository}")
        return 0
    failed = False
    for name in options.only or SETS:
        try:
            print(f"{name}: {get(SETS[name], options.out / name, fetch or download)}")
        except Failed as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
    print(
        f"licences: {Path(sys.argv[0]).name} --list; next: sentrep eval bm25 --suite sts --data {options.out}"
    )
    return int(failed)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("out", type=Path, nargs="?", default=Path("benchmarks"), help="folder to write to")
    made.add_argument("--only", nargs="+", choices=SETS, metavar="NAME", help="these data sets; default: all")
    made.add_argument("--list", action="store_true", help="print names, licences and sources, and exit")
    return made


def get(data: DataSet, folder: Path, fetch: Fetch) -> str:
    """Fetch one data set into `folder`; returns what was done.

    Raises:
        Failed: a download failed, or a file does not have the expected number of records.
    """
    if folder.exists():
        return f"kept {folder}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        complete = Path(scratch) / folder.name
        complete.mkdir()
        for file in data.files:
            write(complete / file.name, lines_of(data, file, fetch))
        complete.rename(folder)
    return f"{', '.join(file.name for file in data.files)} in {folder}"


def lines_of(data: DataSet, file: File, fetch: Fetch) -> list[str]:
    address = f"https://raw.githubusercontent.com/{data.repository}/{data.commit}/{file.source}"
    try:
        lines = file.convert(fetch(address))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise Failed(f"{address}: {error}") from error
    found = len(lines) - file.name.endswith(".tsv")
    if found != file.records:
        raise Failed(f"{address}: {found:,} records, but {file.records:,} were expected")
    return lines


def download(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def write(path: Path, lines: Sequence[str]) -> None:
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def similarity(content: bytes) -> list[str]:
    """STS benchmark: CSV of sentence1, sentence2, score -> TSV with a header."""
    rows = csv.reader(io.StringIO(content.decode()))
    return ["score\tsentence1\tsentence2", *(f"{float(score):g}\t{a}\t{b}" for a, b, score in rows)]


def titles(content: bytes) -> list[str]:
    """CSL: a prompt, an abstract and its title, separated by tabs -> JSON lines of article and summary."""
    rows = (line.split("\t") for line in content.decode().split("\n") if line)
    return [
        json.dumps({"article": row[1].strip(), "summary": row[2].strip()}, ensure_ascii=False) for row in rows
    ]


def articles(content: bytes) -> list[str]:
    """WikiText: lines of tokens with headings between equals signs -> JSON lines, one article each."""
    text = re.sub(r" @([-.,])@ ", r"\1", content.decode())
    made: list[tuple[str, list[str]]] = []
    for line in text.split("\n"):
        if heading := TITLE.match(line):
            made.append((heading[1], []))
        elif made and line.strip() and not SECTION.match(line):
            made[-1][1].append(line.strip())
    return [
        json.dumps({"id": str(number), "title": title, "text": "\n\n".join(paragraphs)}, ensure_ascii=False)
        for number, (title, paragraphs) in enumerate(made)
    ]


def trees(first: int, last: int) -> Callable[[bytes], list[str]]:
    """Penn Treebank sample: the trees of wsj_`first` to wsj_`last` in NLTK's archive, one a line."""

    def convert(content: bytes) -> list[str]:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = (f"treebank/combined/wsj_{number:04}.mrg" for number in range(first, last + 1))
            return [tree for name in names for tree in bracketed(archive.read(name).decode())]

    return convert


def bracketed(text: str) -> Iterator[str]:
    """Trees that are spread over lines, each on one line.

    >>> list(bracketed("( (S (NP (N a))\\n (VP (V b))) )\\n( (N c) )"))
    ['( (S (NP (N a)) (VP (V b))) )', '( (N c) )']
    """
    depth, start = 0, 0
    for place in (match.start() for match in re.finditer(r"[()]", text)):
        if text[place] == "(":
            start = place if depth == 0 else start
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                yield " ".join(text[start : place + 1].split())


TREEBANK = "packages/corpora/treebank.zip"
WIKITEXT = "word_language_model/data/wikitext-2"
SETS = {
    "sts-b": DataSet(
        "PhilipMay/stsb-multi-mt",
        "30de0dec4ee199b7f42351d3f1a0b19592955385",
        "CC BY-SA 4.0",
        (
            File("train.tsv", "data/stsb-en-train.csv", similarity, 5749),
            File("dev.tsv", "data/stsb-en-dev.csv", similarity, 1500),
            File("test.tsv", "data/stsb-en-test.csv", similarity, 1379),
        ),
    ),
    "corpus-wikitext2-valid-test": DataSet(
        "pytorch/examples",
        "77f55b912142e11fcfdf5b530231fb9c52f181e8",
        "CC BY-SA 3.0",
        (
            File("valid.jsonl.gz", f"{WIKITEXT}/valid.txt", articles, 60),
            File("test.jsonl.gz", f"{WIKITEXT}/test.txt", articles, 62),
        ),
    ),
    "summ-zh-csl-title": DataSet(
        "ydli-ai/CSL",
        "0f1ac0626d584cd3c72f8be26d329eb4f967cfd0",
        "Apache-2.0",
        (
            File("dev.jsonl.gz", "benchmark/ts/dev.tsv", titles, 1000),
            File("test.jsonl.gz", "benchmark/ts/test.tsv", titles, 1000),
        ),
    ),
    "trees-ptb-sample": DataSet(
        "nltk/nltk_data",
        "5db857e6f7df11eabb5e5665836db9ec8df07e28",
        "(C) LDC 1995, non-commercial use only",
        (
            File("train.trees", TREEBANK, trees(1, 159), 3396),
            File("dev.trees", TREEBANK, trees(160, 179), 273),
            File("test.trees", TREEBANK, trees(180, 199), 245),
        ),
    ),
}
"""Folder -> where it comes from."""


if __name__ == "__main__":
    sys.exit(main())
