"""Reading word vectors: gensim's own files back, every format by hand, damage named by place, memory that
stays small."""

from __future__ import annotations

import gzip
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from sentrep.encoders import serialization as folder
from sentrep.encoders.word_vectors import read_vectors
from tests import toy
from tests.encoders.test_batching import made
from tests.errors import refuses

PAIRS: list[tuple[str, list[float]]] = [
    ("hund", [1.0, 2, 3]),
    ("the", [-1, 0.5, 1e-3]),
    ("猫", [0, 0, 7]),
    ("naïve", [4, 5, 6]),
]


def everything(word: str) -> bool:
    return True


def read(path: Path) -> dict[str, NDArray[np.float32]]:
    return dict(read_vectors(path, everything))


def text(pairs: list[tuple[str, list[float]]] = PAIRS, header: str = "") -> bytes:
    return (header + "".join(f"{word} {' '.join(map(str, vector))}\n" for word, vector in pairs)).encode()


def binary(
    pairs: list[tuple[str, list[float]]] = PAIRS, behind: bytes = b"", promised: int | None = None
) -> bytes:
    entries = [word.encode() + b" " + struct.pack("<3f", *vector) + behind for word, vector in pairs]
    return b"%d 3\n" % (len(pairs) if promised is None else promised) + b"".join(entries)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("glove.txt", text()),
        ("fasttext.vec", text(header="4 3\n")),
        ("ends with a space", text().replace(b"\n", b" \n") + b"\n"),
        ("windows", text(header="4 3\n").replace(b"\n", b"\r\n")),
        ("gensim.bin", binary()),
        ("google.bin", binary(behind=b"\n")),
    ],
    ids=range(6),
)
def test_every_format_gives_the_same_words_in_order(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    for path in (tmp_path / name, tmp_path / f"{name}.gz"):
        found = list(read_vectors(path, everything))
        assert [word for word, _ in found] == [word for word, _ in PAIRS]
        for (_, vector), (_, expected) in zip(found, PAIRS, strict=True):
            assert vector.dtype == np.float32
            assert np.array_equal(vector, np.array(expected, np.float32))
        assert [word for word, _ in read_vectors(path, {"the", "猫"}.__contains__)] == ["the", "猫"]


def test_what_gensim_writes_is_read_back_equal(tmp_path: Path) -> None:
    word2vec = pytest.importorskip("gensim.models", reason="pip install gensim").Word2Vec
    sentences = [sentence for document in toy.documents(40) for sentence in document]
    trained = word2vec(sentences, vector_size=20, min_count=1, workers=1, epochs=1, seed=1).wv
    for name, options in (
        ("v.txt", {}),
        ("v.bin", {"binary": True}),
        ("v.txt.gz", {}),
        ("v.bin.gz", {"binary": True}),
    ):
        trained.save_word2vec_format(str(tmp_path / name), **options)
        found = read(tmp_path / name)
        assert list(found) == trained.index_to_key
        assert np.array_equal(np.stack(list(found.values())), trained.vectors), name


def test_of_a_word_that_stands_twice_the_first_counts(tmp_path: Path) -> None:
    twice = [("a", [1.0, 1, 1]), ("b", [2.0, 2, 2]), ("a", [3.0, 3, 3])]
    for name, content in (("v", text(twice)), ("v.bin", binary(twice))):
        (tmp_path / name).write_bytes(content)
        assert {word: vector[0] for word, vector in read(tmp_path / name).items()} == {"a": 1, "b": 2}


def test_words_with_spaces_are_words(tmp_path: Path) -> None:
    """GloVe 840B, quick-thought's, has words such as '. . .'; one may even come first."""
    (tmp_path / "v").write_bytes(b". . . 1 2 3\ncommon1 4 5 6 \n\nat name@domain.com 7 8 9\n")
    found = {word: vector.tolist() for word, vector in read(tmp_path / "v").items()}
    assert found == {". . .": [1, 2, 3], "common1": [4, 5, 6], "at name@domain.com": [7, 8, 9]}


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (text() + b"short 1 2\n", "v:5"),
        (text() + b"long 1 2 3 4\n", "v:5"),
        (text(header="4 4\n"), "v:2"),
        (text()[:-2], "v:4"),
        (text() + b"word 1 x 3\n", "v:5"),
        (b"word 1 x 3\n", "v:1"),
        (text() + b"word 1 nan 3\n", "v:5"),
        (text() + b"word 1 1e39 3\n", "v:5"),
        (b"<!DOCTYPE html>\n", "v:1"),
        (text(header="5 3\n"), "v"),
        (text(header="3 3\n"), "v"),
    ],
    ids=range(11),
)
def test_a_bad_line_is_named(content: bytes, place: str, tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(content)
    with refuses(place=place):
        read(tmp_path / "v")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (binary()[:-1], "v.bin"),
        (binary(promised=5), "v.bin"),
        (binary(promised=3), "v.bin"),
        (
            binary([("a", [1, float("nan"), 2])]),
            "v.bin",
        ),
        (b"2 3\n" + b"x" * 2000, "v.bin"),
        (b"", "v.bin"),
        (struct.pack("<ii", 793712314, 12), "v.bin"),
        (b"0 3\n", "v.bin"),
    ],
    ids=range(8),
)
def test_damage_in_a_binary_file_is_named_by_word_and_byte(
    content: bytes, place: str, tmp_path: Path
) -> None:
    (tmp_path / "v.bin").write_bytes(content)
    with refuses(place=place):
        read(tmp_path / "v.bin")


def test_a_compressed_file_that_was_cut_off_or_is_none(tmp_path: Path) -> None:
    whole = gzip.compress(text([(f"w{i}", [i, 1, 2]) for i in range(2000)]))
    for content in (whole[: len(whole) // 2], text()):
        (tmp_path / "v.gz").write_bytes(content)
        with refuses(place="v.gz"):
            read(tmp_path / "v.gz")
    with refuses(place="nothing"):
        read(tmp_path / "nothing")


def test_memory_holds_what_is_wanted_and_not_the_file(tmp_path: Path) -> None:
    vector = np.arange(300, dtype="<f4").tobytes()
    (tmp_path / "v.bin").write_bytes(b"3000 300\n" + b"".join(b"word%d " % i + vector for i in range(3000)))
    line = b" ".join(b"%d" % i for i in range(300))
    (tmp_path / "v.txt").write_bytes(b"".join(b"word%d %s\n" % (i, line) for i in range(3000)))
    for name in ("v.bin", "v.txt"):
        tracemalloc.start()
        found = list(read_vectors(tmp_path / name, {"word7", "word2000"}.__contains__))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [word for word, _ in found] == ["word7", "word2000"]
        assert peak < 500_000 < 3_000_000 < (tmp_path / name).stat().st_size


def piecewise() -> tuple[Tokenizer, list[str]]:
    """As WordPiece and as Metaspace mark what begins a word and what goes on."""
    vocab = ["[UNK]", "the", "##ing", "sing", "ing", "[CLS]"]
    pieces = Tokenizer(
        models.WordPiece({token: place for place, token in enumerate(vocab)}, unk_token="[UNK]")
    )
    pieces.pre_tokenizer = pre_tokenizers.Whitespace()
    pieces.decoder = decoders.WordPiece()
    pieces.add_special_tokens(["[UNK]", "[CLS]"])
    return pieces, ["the", "sing", "ing"]


def marked() -> tuple[Tokenizer, list[str]]:
    vocab = [("[UNK]", 0.0), ("▁the", -1.0), ("ing", -1.5), ("▁s", -2.0), ("▁sing", -3.0), ("▁", -4.0)]
    pieces = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=False))
    pieces.pre_tokenizer = pre_tokenizers.Metaspace()
    pieces.decoder = decoders.Metaspace()
    pieces.add_special_tokens(["[UNK]"])
    return pieces, ["the", "s", "sing"]


def bytewise() -> tuple[Tokenizer, list[str]]:
    vocab = {"s": 0, "i": 1, "n": 2, "g": 3, "Ġ": 4, "Ġs": 5, "in": 6, "ing": 7, "Ġsing": 8, "sing": 9}
    merges = [("Ġ", "s"), ("i", "n"), ("in", "g"), ("Ġs", "ing"), ("s", "ing")]
    pieces = Tokenizer(models.BPE(vocab, merges))
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    return pieces, ["s", "sing"]


@pytest.mark.parametrize("kind", [piecewise, marked, bytewise])
def test_of_another_model_whole_words_are_taken(
    kind: Callable[[], tuple[Tokenizer, list[str]]], tmp_path: Path
) -> None:
    tokenizer, words = kind()
    tokenizer.enable_padding(length=16)
    tokenizer.enable_truncation(1)
    rows = torch.randn(tokenizer.get_vocab_size(), 5)
    folder.save(
        SentenceTransformer(modules=[StaticEmbedding(tokenizer, rows)], device="cpu"), tmp_path / "model"
    )
    found = read(tmp_path / "model")
    assert list(found) == words
    places = {"piecewise": [1, 3, 4], "marked": [1, 3, 4], "bytewise": [5, 8]}[kind.__name__]
    assert np.array_equal(np.stack(list(found.values())), rows[places].numpy())


@pytest.mark.parametrize("kind", ["bag", "gru", "lstm", "transformer"])
def test_the_token_table_of_every_kind_of_encoder_is_read(kind: str, tmp_path: Path) -> None:
    encoder = made(kind)
    folder.save(encoder, tmp_path / "model")
    found = read(tmp_path / "model")
    words = [word for word in toy.WORDS if word not in toy.SPECIAL]
    assert [word for word in found if word not in toy.SPECIAL] == words
    first = folder.stock(encoder)[0]
    table = {"bag": "embedding", "gru": "table", "lstm": "emb_layer"}.get(kind)
    rows = first.auto_model.get_input_embeddings().weight if table is None else getattr(first, table).weight
    assert np.allclose(np.stack([found[word] for word in words]), rows[len(toy.SPECIAL) :].detach().numpy())
