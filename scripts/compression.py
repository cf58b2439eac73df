"""Measures lossless and lossy compression of sentences, for eval/autoencoders.md.

    python scripts/compression.py sentences CORPUS --out real.txt --count 5000
    python scripts/compression.py random --out random.txt --count 5000
    python scripts/compression.py rival --train novels.txt --input real.txt
    python scripts/compression.py lossless RUN --input real.txt [--first 0] [--count 1000]

`sentences` writes sentences of all lengths, one a line, and `random` lines of random characters of several
planes. `rival` prints what a character 6-gram model with absolute discounting needs. `lossless` compresses a
part of a file, restores it, and compares it byte for byte.
"""

from __future__ import annotations

import argparse
import math
import random
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

from sentrep import api

ORDER, DISCOUNT, CHARACTERS = 6, 0.75, 6_000_000
ALPHABET = 256
"""Characters that the model expects besides those of training, together."""
RANGES = ((32, 127), (160, 0x250), (0x370, 0x3FF), (0x4E00, 0x9FFF), (0x1F300, 0x1F6FF))


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("sentences", "random", "rival", "lossless"))
    parser.add_argument("source", nargs="?", help="corpus, or run")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--input", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    if arguments.what == "sentences":
        found = (text for _, text in api.sentences([arguments.source]) if text.isprintable())
        write(arguments.out, list(islice(found, arguments.first, arguments.first + arguments.count)))
    elif arguments.what == "random":
        write(arguments.out, random_lines(arguments.count))
    else:
        # Not splitlines, which would also cut at characters such as U+0085.
        lines = arguments.input.read_text(encoding="utf-8").split("\n")[:-1]
        lines = lines[arguments.first : arguments.first + arguments.count]
        if arguments.what == "rival":
            rival(arguments.train.read_text(encoding="utf-8")[:CHARACTERS], lines)
        else:
            lossless(arguments.source, lines)


def write(out: Path, lines: list[str]) -> None:
    """Writes a line each."""
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    size = out.stat().st_size / len(lines)
    print(f"{len(lines):,} sentences in {out}, {size:.1f} bytes each with the end of the line")


def random_lines(count: int, seed: int = 0) -> list[str]:
    """Lines of 0 to 60 random characters: words, spaces in odd places, letters of all planes."""
    dice = random.Random(seed)

    def character() -> str:
        return chr(dice.randint(*dice.choice(RANGES))) if dice.random() < 0.7 else dice.choice(" aeT.,\t'")

    return ["".join(character() for _ in range(dice.randint(0, 60))) for _ in range(count)]


def rival(train: str, lines: list[str]) -> None:
    """Print the bytes that a character n-gram model needs for a sentence and its end."""
    model = CharacterModel(f"\n{train}\n")
    bits = sum(model.bits(line) for line in lines)
    characters = sum(len(line) + 1 for line in lines)
    print(
        f"character {ORDER}-gram: {bits / 8 / len(lines):.2f} bytes a sentence, {bits / characters:.3f} bits"
    )


class CharacterModel:
    """A character n-gram model with absolute discounting, interpolated down to equal probabilities."""

    def __init__(self, text: str) -> None:
        self.counts: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.types: Counter[str] = Counter()
        for n in range(1, ORDER + 1):
            counts = Counter(text[place : place + n] for place in range(len(text) - n + 1))
            for gram, count in counts.items():
                self.totals[gram[:-1]] += count
                self.types[gram[:-1]] += 1
            self.counts |= counts

    def bits(self, line: str) -> float:
        """Returns −log₂ p of a sentence and its end, given the end of the one before."""
        text = f"\n{line}\n"
        places = range(1, len(text))
        return -sum(math.log2(self.probability(text[max(0, i - ORDER + 1) : i], text[i])) for i in places)

    def probability(self, context: str, character: str) -> float:
        """Returns p(character | context)."""
        found = 1 / (ALPHABET + len(self.types))
        for start in range(len(context), -1, -1):
            seen = context[start:]
            if total := self.totals[seen]:
                kept = max(self.counts[seen + character] - DISCOUNT, 0)
                found = (kept + DISCOUNT * self.types[seen] * found) / total
        return found


def lossless(run: str, lines: list[str]) -> None:
    """Compress, restore and compare."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lines.sz"
        written = api.compress(run, lines, file)
        found = api.decompress(run, file)
    differ = sum(line != text for line, text in zip(lines, found, strict=True))
    each = written.bytes / len(lines)
    of = f"of {written.text_bytes / len(lines):.1f}"
    print(f"{len(lines):,} sentences: {each:.2f} bytes each, {of}; {differ} differ")


if __name__ == "__main__":
    main()
