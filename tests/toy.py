"""A corpus with something to learn: each document has a topic, shared by its sentences, unknown to a random
bag."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from sentrep.data.batch import SentenceBatch, SentenceBatches

TOPICS, COMMON, OWN = 12, 60, 40
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = (
    SPECIAL
    + [f"common{i}" for i in range(COMMON)]
    + [f"topic{t}word{i}" for t in range(TOPICS) for i in range(OWN)]
)


def documents(count: int = 240, seed: int = 0) -> list[list[list[str]]]:
    """Documents of 3 to 8 sentences of 4 to 10 words: half of them common, half from the 40 words of the
    document's topic."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        topic = random.integers(TOPICS)
        made.append(
            [
                [
                    f"common{random.integers(COMMON)}"
                    if random.random() < 0.5
                    else f"topic{topic}word{random.integers(OWN)}"
                    for _ in range(random.integers(4, 11))
                ]
                for _ in range(random.integers(3, 9))
            ]
        )
    return made


def write_corpus(path: Path, count: int = 240, seed: int = 0) -> Path:
    """The documents as JSON lines, already split into sentences."""
    lines = [
        json.dumps(
            {"id": str(number), "title": "", "text": [" ".join(sentence) + "." for sentence in document]}
        )
        for number, document in enumerate(documents(count, seed))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@cache
def summaries() -> str:
    """Path of a file of short sentences of such words, each with those of one topic."""
    random = np.random.default_rng(1)
    topics = random.integers(TOPICS, size=200)
    lines = [
        " ".join(f"topic{topic}word{word}" for word in random.integers(OWN, size=random.integers(2, 5)))
        for topic in topics
    ]
    path = Path(tempfile.mkdtemp()) / "summaries.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@cache
def treebank() -> str:
    """Path of a file of such sentences with trees that put the first two words together, and the others, from
    the right."""
    lines = [
        f"(S (A (T {sentence[0]}) (T {sentence[1]})) (B {' '.join(f'(T {word})' for word in sentence[2:])}))"
        for document in documents(60, seed=2)
        for sentence in document
    ]
    path = Path(tempfile.mkdtemp()) / "toy.trees"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return made


def arrays(count: int = 240, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ids, offsets and spans, as a store has them."""
    place = {word: number for number, word in enumerate(WORDS)}
    ids, offsets, spans = [], [0], []
    for number, document in enumerate(documents(count, seed)):
        spans.append((len(offsets) - 1, len(offsets) - 1 + len(document), number))
        for sentence in document:
            ids += [place[word] for word in sentence]
            offsets.append(len(ids))
    return np.array(ids, np.uint16), np.array(offsets), np.array(spans)


def batches(size: int = 128, segment_length: int = 4, seed: int = 0, count: int = 240) -> SentenceBatches:
    return SentenceBatches(*arrays(count), size, segment_length, seed)


def counts() -> np.ndarray:
    return np.bincount(arrays()[0], minlength=len(WORDS))


def batch(sentences: list[list[int]], document: list[int], segment: list[int] | None = None) -> SentenceBatch:
    """A batch written out by hand."""
    lengths = torch.tensor([0] + [len(sentence) for sentence in sentences])
    ids = torch.tensor([token for sentence in sentences for token in sentence], dtype=torch.long)
    return SentenceBatch(ids, lengths.cumsum(0), torch.tensor(document), torch.tensor(segment or document))
