"""Characters and pairs of scripts without spaces, against a second implementation in Python."""

from __future__ import annotations

import random
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import normalizers

from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.normalization import marks, normalize
from sentrep.data.tokenization.character_pairs import SEPARATOR, has_paired, paired_characters
from sentrep.data.tokenization.charsmap import charsmap
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.methods.registry import METHODS
from sentrep.training.config import TrainingConfig
from sentrep.training.job_settings import Job, resolved_job

TEXTS = [
    "狗在叫。a 叫",
    "人々は東京へ行った。",
    "สวัสดีครับ กิน ขึ้น",
    "ភាសាខ្មែរ និង",
    "မြန်မာဘာသာ",
    "ພາສາລາວ",
    "GN和染料 2 a",
    "The cat sat on the mat.",
]


def tokens(text: str, tokenizer: Tokenizer) -> list[str]:
    return list(tokenizer.inner.encode(text).tokens)


def trained(**settings: object) -> Tokenizer:
    return Tokenizer.train(TEXTS, TokenizerConfig("word", vocab=2000, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("狗在叫", "狗 狗在 在 在叫 叫"),
        ("狗", "狗"),
        ("狗 叫", "狗 叫"),
        ("GN和染料 2", "gn 和 和染 染 染料 料 2"),
        ("กิน", "ก กิน น"),
        ("ดี", "ด ดี"),
        ("「狗」叫", "「 狗 」 叫"),
        (f"狗{SEPARATOR}在", "狗 在"),
        ("狗\u0300在", "狗 狗在 在"),
        ("the cat", "the cat"),
    ],
)
def test_tokens_by_hand(text: str, expected: str) -> None:
    tokenizer = Tokenizer.train([*TEXTS, text], TokenizerConfig("word"))
    assert tokens(text, tokenizer) == expected.split()


def naive(text: str) -> list[str]:
    """Runs of paired characters with their marks; then characters, pairs, and the last one with its marks."""
    letters = re.escape(paired_characters())
    found: list[str] = []
    for run in re.findall(rf"(?:[{letters}][{marks()}]*)+", normalize(text)):
        units = re.findall(rf"[{letters}][{marks()}]*", run)
        found += [unit[0] for unit in units] + [first + second[0] for first, second in pairwise(units)]
        found += [units[-1]] if len(units[-1]) > 1 else []
    return sorted(found)


def test_random_text_has_the_tokens_of_a_second_implementation() -> None:
    draw = random.Random(0)
    alphabet = "狗在叫人々は東京กขีน้ນລາမြန်ခ្ម a1,.「」"
    texts = ["".join(draw.choices(alphabet, k=draw.randint(0, 12))) for _ in range(2000)]
    tokenizer = Tokenizer.train(texts, TokenizerConfig("word", vocab=50_000))
    for text in texts:
        found = [token for token in tokens(text, tokenizer) if has_paired([token])]
        assert sorted(found) == naive(text), text


def test_cached_words_have_the_ids_of_the_library() -> None:
    tokenizer = Tokenizer.from_json(trained().to_json())
    texts = [*TEXTS, "狗“在”叫…", "x狗y 在", "", "a\u3000狗在"] * 2
    assert tokenizer._words is not None
    rows = tokenizer.ragged(texts)
    assert rows.ids.tolist() == [number for text in texts for number in tokenizer.inner.encode(text).ids]


def test_other_scripts_keep_their_tokenizer() -> None:
    texts = ["The cat sat.", "Кошка сидит.", "किताब और"]
    with_pairs, without = (
        Tokenizer.train(texts, TokenizerConfig("word", pairs=pairs)) for pairs in (True, False)
    )
    assert with_pairs.to_json() == without.to_json()
    assert tokens("狗在", trained(pairs=False)) == ["狗", "在"]


def test_a_character_map_replaces_every_character_and_no_other() -> None:
    draw = random.Random(1)
    points = [point for point in range(1, 0x20000, 37) if not 0xD800 <= point < 0xE000]
    replaced = {chr(point): chr(point) * draw.randint(0, 3) + "x" for point in draw.sample(points, 1500)}
    step = normalizers.Precompiled(charsmap(replaced))
    for point in points:
        assert step.normalize_str(f"a {chr(point)}") == f"a {replaced.get(chr(point), chr(point))}"


def test_plain_sentence_transformers_reads_pairs(tmp_path: Path) -> None:
    tokenizer = trained()
    torch.manual_seed(0)
    counts = np.bincount(tokenizer.encode_batch(TEXTS).ids, minlength=tokenizer.vocab_size)
    bag = build(EncoderConfig("bag", width=32), tokenizer.inner, counts, 128)
    folder.save(bag, tmp_path / "model")
    plain = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    texts = ["狗在叫", "叫在狗", "กิน"]
    vectors = np.asarray(plain.encode(texts, show_progress_bar=False))
    np.testing.assert_allclose(vectors, encode(folder.load(tmp_path / "model"), texts), atol=1e-6)
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3, "pairs tell the order of characters"


@pytest.mark.parametrize(
    ("method", "encoder", "pairs"),
    [("quick-thought", "bag", True), ("quick-thought", "gru", False), ("vae", "bag", False)]
    + [(method, "bag", False) for method in ("urnng", "seq2seq2seq", "skip-thought")],
)
def test_only_bags_of_methods_without_decoders_read_pairs(method: str, encoder: str, pairs: bool) -> None:
    entry = METHODS[method]
    training = TrainingConfig(device="cpu")
    parts = CorpusConfig(("x",)), TokenizerConfig("word"), EncoderConfig(encoder), training
    job = resolved_job(Job(method, entry.config(), *parts), entry.load(), entry.defaults)
    assert job.tokenizer.pairs is pairs
