"""The jobs that worker processes do for a store: training segmenter and tokenizer, splitting, encoding. Each
stands beside the function that asks for it.

Segmenter and tokenizer are trained in another process because of memory: NLTK and the trainer of a vocabulary
leave hundreds of megabytes behind that a process does not give back before it ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.data.config import TokenizerConfig
from sentrep.data.splitting.segment import Segmenter
from sentrep.data.store.worker_pool import Job, work
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.utils.strings import files_of

TEXT, OFFSETS = files_of("text")
"""Files of the sentences."""

TOGETHER = 8_192
"""Sentences read and encoded at once."""

LITTLE = 1 << 18
"""Bytes of text that are learnt from in this process: starting another would take longer."""

SAMPLE = 1 << 25
"""Bytes of sentences, taken evenly from the whole corpus, that a vocabulary is learnt from."""


class Split(NamedTuple):
    """The sentences of several texts."""

    text: bytes
    """All sentences, UTF-8, one after the other."""
    lengths: NDArray[np.int64]
    """(sentence) bytes of each."""
    counts: NDArray[np.int64]
    """(text) sentences of each."""


class Ids(NamedTuple):
    """Many sentences, encoded."""

    ids: bytes
    """Token ids in the type that was asked for."""
    lengths: NDArray[np.int64]
    """(sentence) tokens of each."""
    truncated: int


def learn_segmenter(texts: Sequence[str]) -> Segmenter:
    """Train a segmenter on raw texts."""
    request = json.dumps(texts, ensure_ascii=False).encode()
    ((learnt,),) = work(f"{__name__}:learning_segmenter", {}, [request], here=len(request) < LITTLE, most=1)
    return Segmenter.from_json(learnt.decode())


def learn_tokenizer(folder: Path, config: TokenizerConfig) -> Tokenizer:
    """Train a tokenizer on the sentences of a store in the making."""
    setup = {"folder": str(folder), "config": asdict(config)}
    here = (folder / TEXT).stat().st_size < LITTLE
    ((learnt,),) = work(f"{__name__}:learning_tokenizer", setup, [b""], here, most=1)
    return Tokenizer.from_json(learnt.decode())


def split_all(batches: Iterable[Sequence[tuple[str, bool]]], segmenter: Segmenter) -> Iterator[Split]:
    """Split batches of (text, whether its lines are sentences) with all cores, in order."""
    requests = (json.dumps(batch, ensure_ascii=False).encode() for batch in batches)
    first = list(islice(requests, 2))
    setup = {"segmenter": segmenter.to_json()}
    for text, lengths, counts in work(
        f"{__name__}:splitting", setup, chain(first, requests), here=len(first) < 2
    ):
        yield Split(text, np.frombuffer(lengths, np.int64), np.frombuffer(counts, np.int64))


def encode_all(folder: Path, max_tokens: int, dtype: str, sentences: int) -> Iterator[Ids]:
    """Encode the sentences of a store in the making with its tokenizer, with all cores, in order."""
    setup = {"folder": str(folder), "max_tokens": max_tokens, "dtype": dtype}
    requests = (json.dumps(start).encode() for start in range(0, sentences, TOGETHER))
    for ids, lengths, truncated in work(f"{__name__}:encoding", setup, requests, here=sentences <= TOGETHER):
        yield Ids(ids, np.frombuffer(lengths, np.int64), int(truncated))


def learning_segmenter() -> Job:
    return lambda request: [Segmenter.train(json.loads(request)).to_json().encode()]


def learning_tokenizer(folder: str, config: dict[str, Any]) -> Job:
    recipe = TokenizerConfig(**config)
    return lambda _: [Tokenizer.train(_sample(Path(folder)), recipe).to_json().encode()]


def splitting(segmenter: str) -> Job:
    splitter = Segmenter.from_json(segmenter)

    def split(request: bytes) -> list[bytes]:
        sentences: list[bytes] = []
        counts: list[int] = []
        for text, lines in json.loads(request):
            before = len(sentences)
            sentences += [sentence.encode() for sentence in splitter.sentences(text, lines)]
            counts.append(len(sentences) - before)
        lengths = np.array([len(sentence) for sentence in sentences], np.int64)
        return [b"".join(sentences), lengths.tobytes(), np.array(counts, np.int64).tobytes()]

    return split


def encoding(folder: str, max_tokens: int, dtype: str) -> Job:
    tokenizer = Tokenizer.open(Path(folder, "tokenizer.json"))
    offsets = np.load(Path(folder, OFFSETS), mmap_mode="r", allow_pickle=False)

    def encode(request: bytes) -> list[bytes]:
        start = json.loads(request)
        sentences = _sentences(Path(folder), offsets[start : start + TOGETHER + 1])
        encoded = tokenizer.encode_batch(sentences, max_tokens)
        return [
            encoded.ids.astype(dtype).tobytes(),
            encoded.lengths.tobytes(),
            str(encoded.truncated).encode(),
        ]

    return encode


def _sample(folder: Path) -> Iterator[str]:
    """Of the sentences of a store in the making an even choice of about `SAMPLE` bytes."""
    offsets = np.load(folder / OFFSETS, mmap_mode="r", allow_pickle=False)
    step = max(1, -(-int(offsets[-1]) // SAMPLE))
    for start in range(0, len(offsets) - 1, TOGETHER * step):
        yield from _sentences(folder, offsets[start : start + TOGETHER * step + 1], step)


def _sentences(folder: Path, offsets: NDArray[np.int64], step: int = 1) -> list[str]:
    """Every `step`-th of the sentences between some offsets, read from the file: what is mapped would count
    as memory."""
    with (folder / TEXT).open("rb") as file:
        file.seek(int(offsets[0]))
        text = file.read(int(offsets[-1] - offsets[0]))
    bounds: list[int] = (offsets - offsets[0]).tolist()
    return [text[bounds[i] : bounds[i + 1]].decode() for i in range(0, len(bounds) - 1, step)]
