"""The kinds of work that the reliability tests interrupt, each small and with a result that is known."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import toy, toy_run

COUNT = 2_000
KINDS = ("train", "embed", "embed-int8", "embed-binary", "embed-parquet", "index", "store")
KILLED = (*KINDS, "mine")
"""Work that is killed. What mines a corpus does not lock its outputs."""

CORPUS, OUT, TEMPORARY = "corpus.jsonl", "out", "temporary"


def repetitions(default: int, full: int) -> int:
    """How often an attack is repeated: by SENTREP_RELIABILITY=full `full` times, by SENTREP_RELIABILITY=2/5
    the second of five parts of that."""
    part, parts = part_of_full()
    return -(-full // parts) if part else default


def part_of_full() -> tuple[int, int]:
    """Which part of the full counts is run, and of how many; (0, 1) where only the default counts are."""
    setting = os.environ.get("SENTREP_RELIABILITY", "0/1")
    part, _, parts = "1/1".partition("/") if setting == "full" else setting.partition("/")
    return int(part), int(parts)


def draws(name: str) -> random.Random:
    """Random draws of a test; each part of the full counts has its own."""
    part, _ = part_of_full()
    return random.Random(name if part <= 1 else f"{name} {part}")


def lay_out(place: Path) -> Path:
    """A folder with what the work reads."""
    (place / TEMPORARY).mkdir(parents=True)
    toy.write_corpus(place / CORPUS, 400)
    return place


def do(kind: str, place: Path, seed: int = 1, wait: bool = False) -> None:
    """Do one kind of work below `place`; in a process of its own, a known error ends up in a file."""
    from sentrep.utils.errors import InputError

    tempfile.tempdir = str(place / TEMPORARY)
    works: dict[str, Callable[[Path, int, bool], Any]] = {
        "train": train,
        "embed": embed,
        "embed-int8": partial(embed, dtype="int8"),
        "embed-binary": partial(embed, dtype="binary"),
        "embed-parquet": partial(embed, format="parquet"),
        "index": index,
        "store": store,
        "mine": mine,
    }
    try:
        works[kind](place, seed, wait)
    except InputError as error:
        (place / f"error-{os.getpid()}").write_text(str(error))
        raise SystemExit(3) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def train(place: Path, seed: int, wait: bool) -> None:
    from sentrep.data.config import CorpusConfig, TokenizerConfig
    from sentrep.encoders.config import EncoderConfig
    from sentrep.methods.registry import METHODS
    from sentrep.training.config import TrainingConfig
    from sentrep.training.job import run_job
    from sentrep.training.job_settings import Job

    entry = METHODS["quick-thought"]
    training = TrainingConfig(
        steps=12, checkpoint_every=2, threads=1, tracker="none", batch_size=64, validate_every=5,
        precision="fp32", device="cpu", choose_by="last", seed=seed,
    )  # fmt: skip
    job = Job(
        "quick-thought",
        entry.config(),
        CorpusConfig((str(place / CORPUS),)),
        TokenizerConfig("word", vocab=500),
        EncoderConfig("bag", width=32),
        training,
    )
    run_job(job, entry.load(), entry.defaults, place / OUT, place / "cache", wait=wait)


def embed(place: Path, seed: int, wait: bool, dtype: str = "float32", format: str = "npy") -> None:
    from sentrep.embedding import embed_to_folder

    def encode(texts: list[str]) -> NDArray[np.float32]:
        return np.stack([vector(hash_of(text) + seed) for text in texts])

    stamp = {"model": str(seed), "source": "numbers"}
    embed_to_folder(
        encode, pairs(), place / OUT, stamp=stamp, shard=100, wait=wait, dtype=dtype, format=format
    )


def index(place: Path, seed: int, wait: bool) -> None:
    from sentrep.search import Index, ModelStamp

    vectors, texts = vectors_of(seed), [text for _, text in pairs()]
    stamp = ModelStamp("toy", str(seed))
    Index.build(vectors, texts=texts, out=place / OUT, model=stamp, kind="ivf", overwrite=True, wait=wait)


def store(place: Path, seed: int, wait: bool) -> None:
    from sentrep.data.config import CorpusConfig, TokenizerConfig
    from sentrep.data.store.store import prepare

    tokenizer = TokenizerConfig("bpe", vocab=300 + seed)
    prepare(CorpusConfig((str(place / CORPUS),)), tokenizer, place / OUT, wait=wait)


def mine(place: Path, seed: int, wait: bool) -> None:
    """All four verbs on a corpus."""
    import sentrep

    corpus, out = place / CORPUS, place / OUT
    sentrep.duplicates(corpus, unit="sentence", out=out / "duplicates.jsonl", drop=out / "kept.csv")
    sentrep.anomalies(corpus, corpus, score="words", out=out / "anomalies.parquet")
    sentrep.clusters(corpus, k=3, save=out / "clusters", out=out / "clusters.tsv")
    sentrep.terms(corpus, language="en", out=out / "terms.csv")


def result(kind: str, place: Path) -> dict[str, bytes]:
    """What the finished work left, without what depends on the clock."""
    root = place / OUT / "model" if kind == "train" else place / OUT
    found = {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }
    for name in found:
        if kind == "store" and name.endswith("manifest.json"):
            record = json.loads(found[name])
            del record["checksum"], record["content"]["seconds"]
            found[name] = json.dumps(record).encode()
    return found


def litter(kind: str, place: Path) -> list[str]:
    """Files that no finished work should leave."""
    known = {CORPUS, OUT, TEMPORARY, *(["cache"] if kind == "train" else [])}
    left = [path.name for path in place.iterdir() if path.name not in known]
    if kind != "mine":  # the texts that it reads again are in temporary files
        left += [str(path) for path in (place / TEMPORARY).rglob("*")]
    return left + [str(path) for path in place.rglob("*") if path.name.startswith(".")]


def pairs() -> Iterator[tuple[str, str]]:
    return ((f"id {number}", f"sentence {number}") for number in range(COUNT))


def hash_of(text: str) -> int:
    return int(text.split()[1])


def vector(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(32).astype(np.float32)


def vectors_of(seed: int) -> NDArray[np.float32]:
    centres = np.random.default_rng(seed).standard_normal((40, 32)) * 2
    draw = np.random.default_rng(seed + 1)
    made = centres[draw.integers(0, 40, COUNT)] + draw.standard_normal((COUNT, 32))
    made[::7] = made[0]
    return made.astype(np.float32)


__all__ = [
    "KILLED", "KINDS", "do", "draws", "lay_out", "litter", "part_of_full", "repetitions", "result", "toy_run",
]  # fmt: skip
