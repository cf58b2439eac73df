"""The league: all methods and peers on the same corpus, with the same kind of encoder, the same wall-clock
time and the same cores, measured by the same suites.

    scripts/league --data BENCHMARKS --report eval/league.md
    scripts/league --data BENCHMARKS --rows 'bag/*' --minutes 1 --split dev --out runs/league-dev

Rows run one after the other, each in its own process. A finished row is not repeated. After Ctrl-C the same
command continues: our runs from their checkpoint, other rows from the start. How far a row gets in its time
depends on the machine, so rows can be compared only with rows of the same league. Choose settings with
``--split dev``, never by the results of the table.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from league_process import INTERRUPTED, in_a_process, measure, opened
from league_rows import IN_MEMORY, Row, rows
from league_setup import MAX_TOKENS, Setup
from league_table import Entry, page
from numpy.typing import NDArray

from sentrep import api
from sentrep.data.config import TokenizerConfig
from sentrep.data.store.store import prepare
from sentrep.evaluation.suite import read_suite
from sentrep.evaluation.task import Model, Task, TaskNote
from sentrep.training.resumable import described, differences
from sentrep.training.run_file import machine, read_json, versions, write_json
from sentrep.utils.cpu import cores
from sentrep.utils.errors import InputError

SUITES = ("sts", "transfer", "retrieval", "label-free")


def main() -> int:
    arguments = options()
    chosen = [row for row in rows() if any(fnmatch(row.name, pattern) for pattern in arguments.rows)]
    if arguments.list:
        print("\n".join(row.name for row in chosen))
        return 0
    try:
        return league(arguments, chosen)
    except InputError as error:
        print(f"league: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("league: interrupted; give the same command again to go on", file=sys.stderr)
        return INTERRUPTED


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data"),
        help="folder of the benchmarks and of the default corpus",
    )
    parser.add_argument(
        "--corpus", nargs="+", help="files to train on; default: corpus-novels and corpus-openstax in --data"
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="training time of each row")
    parser.add_argument(
        "--rows",
        nargs="+",
        default=["*"],
        metavar="PATTERN",
        help="rows to run, such as 'bag/*'; default: all",
    )
    parser.add_argument("--list", action="store_true", help="print the names of the rows and exit")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0], help="results of several seeds are averaged"
    )
    parser.add_argument(
        "--suites", nargs="+", default=list(SUITES), help="names or .toml files; one column each"
    )
    parser.add_argument("--without", nargs="*", default=["*zh*"], metavar="PATTERN",
                        help="tasks to leave out; default: Chinese ones")  # fmt: skip
    parser.add_argument("--split", help="split of the benchmarks; default: test where there is one")
    parser.add_argument("--width", type=int, default=512, help="width of all vectors")
    parser.add_argument("--layers", type=int, default=2, help="layers of transformers")
    parser.add_argument(
        "--threads",
        type=int,
        default=cores(),
        help="threads per row; default: all cores",
    )
    parser.add_argument("--cache", type=Path, help="folder of prepared corpora; default: that of sentrep")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/league"), help="folder of models, results and checkpoints"
    )
    parser.add_argument(
        "--report", type=Path, help="Markdown file to write in addition to league.md in --out"
    )
    return parser.parse_args()


def league(arguments: argparse.Namespace, chosen: Sequence[Row]) -> int:
    """Train and measure what is missing, write the page; returns the exit status."""
    if not chosen:
        raise InputError(f"--rows {' '.join(arguments.rows)}: no such row; --list prints the names")
    suites, left = measures(arguments)  # malformed data is refused before any work
    setup, facts = prepared(arguments)
    facts += [f"left out: {name} ({reason})" for name, reason in left]
    league = League(arguments.out, arguments.report, suites, facts)
    work = [
        (row, seed) for seed in arguments.seeds for row in chosen if row.seeded or seed == arguments.seeds[0]
    ]
    waiting = [(row, seed) for row, seed in work if not league.finished(row, seed)]
    for number, (row, seed) in enumerate(waiting):
        still = (len(waiting) - number) * setup.minutes / 60
        say(
            f"{row.name}, seed {seed}: {number + 1} of {len(waiting)}, {setup.minutes:g} min each; "
            f"{still:.1f} h of training left"
        )
        if status := in_a_process(row, setup, seed, league.place(row, seed), suites, league.results):
            how = signal.Signals(-status).name if status < 0 else f"status {status}"
            league.failures.append(f"{row.name}, seed {seed}: ended with {how}")
            say(f"  {league.failures[-1]}")
        else:
            league.publish()
    print(league.publish())
    return int(bool(league.failures or any(entry.failed for entry in league.entries.values())))


def measures(arguments: argparse.Namespace) -> tuple[dict[str, list[Task]], list[TaskNote]]:
    """The tasks of each suite, and those left out."""
    suites, left = dict[str, list[Task]](), list[TaskNote]()
    for name in arguments.suites:
        suite = read_suite(name, arguments.data, arguments.split)
        unwanted = [
            task for task in suite.tasks if any(fnmatch(task.name, pattern) for pattern in arguments.without)
        ]
        suites[Path(name).stem] = [task for task in suite.tasks if task not in unwanted]
        left += [*suite.skipped, *(TaskNote(task.name, "--without") for task in unwanted)]
    return suites, left


def prepared(arguments: argparse.Namespace) -> tuple[Setup, list[str]]:
    """The prepared corpus, and the conditions of the league as text. A folder holds one league; other
    conditions are refused."""
    corpus = arguments.corpus or default_corpus(arguments.data)
    if not corpus:
        raise InputError(
            f"{arguments.data}: it has no corpus-novels and no corpus-openstax; use --data or --corpus"
        )
    cache = arguments.cache or api.cache_folder()
    store = prepare(api.corpus_config(corpus), TokenizerConfig(), cache)
    setup = Setup(
        tuple(corpus),
        str(cache),
        str(store.path),
        arguments.minutes,
        arguments.threads,
        arguments.width,
        arguments.layers,
    )
    same = {name: getattr(setup, name) for name in ("minutes", "threads", "width", "layers")} | {
        "corpus": store.fingerprint
    }
    file = arguments.out / "league.json"
    if file.exists() and (differing := differences(read_json(file), same)):
        raise InputError(
            f"{arguments.out} holds a league of another kind ({'; '.join(described(differing))}); "
            "give another --out"
        )
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_json(file, same)
    return setup, [
        f"`scripts/league {shlex.join(sys.argv[1:])}`",
        f"{setup.minutes:g} minutes of training per row with {some(setup.threads, 'thread')} on "
        f"{hardware()}; one row at a time",
        f"corpus: {', '.join('/'.join(Path(name).parts[-2:]) for name in corpus)}",
        f"{store.sentences:,} sentences, {store.tokens:,} tokens, a vocabulary of "
        f"{store.tokenizer.vocab_size:,}, for all rows except bm25",
        f"vectors of width {setup.width}; transformers of {setup.layers} layers; "
        f"texts are cut after {MAX_TOKENS} tokens",
        ", ".join(f"{package} {version}" for package, version in versions().items()),
    ]


def default_corpus(data: Path) -> list[str]:
    """Training parts of novels and textbooks."""
    return [
        str(file)
        for name in ("corpus-novels", "corpus-openstax")
        for file in sorted((data / name).glob("train*.jsonl.gz"))
    ]


@dataclass
class League:
    """The rows on disk, the ones measured in this call, and their page."""

    out: Path
    report: Path | None
    suites: Mapping[str, Sequence[Task]]
    facts: Sequence[str]
    entries: dict[Path, Entry] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def results(self) -> Path:
        """File with all results of all rows and seeds."""
        return self.out / "results.jsonl"

    def place(self, row: Row, seed: int) -> Path:
        """Folder of a row with its model and row.json."""
        return self.out / "rows" / row.name / str(seed)

    def finished(self, row: Row, seed: int) -> bool:
        """Whether the row is trained; refused if it was trained with other settings."""
        file = self.place(row, seed) / "row.json"
        if not file.exists():
            return False
        if differing := differences(read_json(file)["settings"], json.loads(json.dumps(row.settings))):
            raise InputError(
                f"{file.parent}: trained with other settings ({'; '.join(described(differing))}); "
                "remove it to retrain"
            )
        return True

    def publish(self) -> str:
        """Measure all finished rows and seeds, also those of other calls, and write the page."""
        for row in rows():
            for file in sorted((self.out / "rows" / row.name).glob("*/row.json")):
                if file not in self.entries:
                    self.entries[file] = self.measured(row, file)
        order = {row.name: number for number, row in enumerate(rows())}
        entries = sorted(self.entries.values(), key=lambda entry: (order[entry.row], entry.seed))
        text = page(
            entries, {suite: len(tasks) for suite, tasks in self.suites.items()}, self.facts, self.failures
        )
        for place in filter(None, (self.out / "league.md", self.report)):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        return text

    def measured(self, row: Row, file: Path) -> Entry:
        """A finished row, after measuring it on the tasks that are missing."""
        record = read_json(file)
        seed = int(record["seed"])
        here = file.parent / record["model"]
        implementation = Late(here) if record["embedding_rate"] else opened(here).implementation
        model = Model(row.name, record["model_hash"], implementation, row.name, seed if row.seeded else None)
        return Entry(row.name, seed, record, *measure(model, self.suites, self.results))


class Late:
    """A model that is opened when it is first used. A row with complete results is never opened."""

    def __init__(self, place: Path) -> None:
        self.place = place

    @cached_property
    def implementation(self) -> Any:
        if self.place.name == IN_MEMORY:
            raise InputError(f"the model lived in memory only; remove {self.place.parent} to train it anew")
        return opened(self.place).implementation

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(text, width)."""
        vectors: NDArray[np.float32] = self.implementation.encode(texts)
        return vectors


def hardware() -> str:
    """Name of the processor, if the system gives it, and memory."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    name = next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        machine()["processor"],
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{some(machine()['cores'], 'core')} of {name}, {memory:.0f} GiB"


def some(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
