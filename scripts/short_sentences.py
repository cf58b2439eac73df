"""Writes the short sentences of a corpus as lines: the data of the measurements in eval/autoencoders.md.

python scripts/short_sentences.py CORPUS --out FILE --count 100000
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

from sentrep import api


def main() -> None:
    """Write the first sentences of the given length, each one time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="+", help="files or folders")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--shortest", type=int, default=4, help="words")
    parser.add_argument("--longest", type=int, default=16, help="words")
    arguments = parser.parse_args()
    lengths = range(arguments.shortest, arguments.longest + 1)
    found = (text for _, text in api.sentences(arguments.corpus) if len(text.split()) in lengths)
    lines = dict.fromkeys(islice(found, arguments.count))
    arguments.out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(lines):,} sentences in {arguments.out}")


if __name__ == "__main__":
    main()
