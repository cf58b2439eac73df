"""Building encoders: word vectors from a file, other people's tokenizers, and settings that contradict each
other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from sentrep.encoders import serialization as folder
from sentrep.encoders.bag import rows_by_prefix, sparse_rows
from sentrep.encoders.batching import encode, encode_tokens, token_ids
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from tests import toy
from tests.encoders.test_batching import LONGEST, made, ragged
from tests.errors import refuses

VECTORS = "common1 1 2 3 4\nunheard 9 9 9 9\ncommon2 -1 0.5 1e-1 0\n"


def written(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_word_vectors_fill_the_rows_of_their_words(tmp_path: Path) -> None:
    file = written(tmp_path / "vectors.txt", VECTORS)
    for kind, options in (("bag", {"width": 4}), ("gru", {"token_width": 4}), ("lstm", {"token_width": 4})):
        encoder = made(kind, vectors=file, **options)
        table = encoder[0].embedding.weight if kind == "bag" else encoder[0].table.weight
        place = {word: number for number, word in enumerate(toy.WORDS)}
        one, two = table[place["common1"]], table[place["common2"]]
        scale = one[0].item()
        assert torch.allclose(one, scale * torch.tensor([1.0, 2, 3, 4]))
        assert torch.allclose(two, scale * torch.tensor([-1.0, 0.5, 0.1, 0]))
        untouched = made(kind, **options)[0]
        before = untouched.embedding.weight if kind == "bag" else untouched.table.weight
        others = [
            number for number in range(len(toy.WORDS)) if number not in (place["common1"], place["common2"])
        ]
        assert torch.equal(table[others], before[others])
        scale_of_others = before[len(toy.SPECIAL) :].norm(dim=1).mean().item()
        assert torch.stack([one, two]).norm(dim=1).mean().item() == pytest.approx(scale_of_others, rel=0.02)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param("common1 1 2 3\n", "vectors.txt", id="other width than the table"),
        pytest.param(VECTORS + "short 1 2 3\n", "vectors.txt:4", id="too few numbers"),
        pytest.param(VECTORS + "long 1 2 3 4 5\n", "vectors.txt:4", id="too many numbers"),
        pytest.param("common1 1 2 x 4\n", "vectors.txt:1", id="no number"),
        pytest.param("common1 1 2 nan 4\n", "vectors.txt:1", id="nan"),
        pytest.param("common1 1 2 inf 4\n", "vectors.txt:1", id="infinite"),
        pytest.param("<html>\n", "vectors.txt:1", id="another format"),
        pytest.param("unheard 1 2 3 4\n", "vectors.txt", id="unknown words"),
        pytest.param("", "vectors.txt", id="empty"),
    ],
)
def test_bad_word_vectors_are_named_by_file_and_line(content: str, place: str, tmp_path: Path) -> None:
    file = written(tmp_path / "vectors.txt", content)
    with refuses(place=place):
        made("bag", width=4, vectors=file)


def test_no_file_of_word_vectors(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with refuses(place=path):
            made("bag", width=4, vectors=path)


@pytest.mark.parametrize(("kind", "options"), [("bag", {"width": 4}), ("gru", {"token_width": 4})])
def test_frozen_vectors_stay_as_the_file_gives_them(
    kind: str, options: dict[str, Any], tmp_path: Path
) -> None:
    file = written(tmp_path / "vectors.txt", VECTORS)
    encoder = made(kind, vectors=file, freeze_vectors=True, **options).train()
    encode_tokens(encoder, *ragged([[6, 7], [8]])).square().sum().backward()
    table = encoder[0].embedding.weight if kind == "bag" else encoder[0].table.weight
    assert not table.requires_grad
    assert table.grad is None
    trained = [name for name, parameter in encoder.named_parameters() if parameter.grad is not None]
    assert trained
    assert all(
        parameter.requires_grad for name, parameter in encoder.named_parameters() if parameter is not table
    )


@pytest.mark.parametrize(
    ("kind", "setting"), [("bag", "width"), ("gru", "token_width"), ("conv", "token_width")]
)
def test_vectors_of_another_width_name_the_width_of_the_token_table(
    kind: str, setting: str, tmp_path: Path
) -> None:
    with refuses(setting=setting, place="vectors.txt"):
        made(kind, vectors=written(tmp_path / "vectors.txt", VECTORS), width=8, token_width=8)


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"encoder": "gru", "width": 63}, "width"),
        ({"encoder": "transformer", "width": 193}, "width"),
        ({"encoder": "transformer", "pooling": "last"}, "pooling"),
        ({"freeze_vectors": True}, "freeze_vectors"),
        ({"encoder": "transformer", "vectors": Path("v")}, "vectors"),
        ({"encoder": "gru", "layers": 0}, "layers"),
        ({"encoder": "transformer", "layers": 0}, "layers"),
    ],
)
def test_settings_that_cannot_be_built_say_so_at_once(options: dict[str, Any], setting: str) -> None:
    with refuses(setting=setting):
        EncoderConfig(**options)


def test_the_same_seed_builds_the_same_encoder() -> None:
    for kind in ("bag", "gru", "lstm", "transformer"):
        first, second = made(kind).state_dict(), made(kind).state_dict()
        assert all(torch.equal(weight, second[name]) for name, weight in first.items())


def foreign_tokenizer() -> Tokenizer:
    """As other people's are: its own names for special tokens, put around every sentence, and ids with a
    gap."""
    words = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "hello": 5, "world": 9}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


@pytest.mark.parametrize("kind", ["bag", "gru", "lstm", "transformer"])
def test_other_peoples_tokenizers_are_taken_as_they_are(kind: str) -> None:
    torch.manual_seed(0)
    config = EncoderConfig(kind, width=64, token_width=8, layers=1 if kind == "transformer" else None)
    encoder = build(config, foreign_tokenizer(), np.ones(10, np.int64), LONGEST).eval()
    texts = ["hello world", "world", "hello " * 30, "nobody"]
    vectors = encode(encoder, texts)
    assert np.isfinite(vectors).all()
    assert np.allclose(encoder.encode(texts, show_progress_bar=False), vectors, atol=1e-5)
    marked = token_ids(encoder[0], ["hello world"])[0]
    assert marked == ([5, 9] if kind == "bag" else [0, 5, 9, 2])


def test_a_saturated_bag_is_stock_when_saved_and_starts_with_kin_near_each_other(tmp_path: Path) -> None:
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "▁compare", "▁compared", "▁mountain", "▁a", "."]
    rows = rows_by_prefix(words, sparse_rows(len(words), 512))
    cosine = rows @ rows.T
    assert torch.allclose(rows.norm(dim=1), torch.ones(len(words)), atol=1e-5)
    assert abs(cosine[2, 3] - 0.85**2) < 0.1
    assert abs(cosine[2, 4]) < 0.2
    assert ((rows != 0).sum(1)[[0, 1, 5, 6]] == 8).all()

    encoder = build(EncoderConfig(width=64, saturation=0.3), toy.tokenizer(), toy.counts(), 32)
    texts = ["common1 topic3word7", "common2 " * 20 + "topic1word1", ""]
    expected = encode(encoder, texts)
    folder.save(encoder, tmp_path / "model")
    assert folder.is_stock(encoder)
    assert np.allclose(SentenceTransformer(str(tmp_path / "model")).encode(texts), expected, atol=1e-6)
    # Said twenty times, common2 weighs less beside topic1word1 than in a plain bag of the same rows.
    plain = SentenceTransformer(modules=[encoder[0], encoder[2]], device="cpu")
    pulled = [float(encode(each, texts[1:2])[0] @ encode(each, ["common2"])[0]) for each in (encoder, plain)]
    assert pulled[0] < pulled[1]


def test_the_gain_is_part_of_what_an_encoder_is_known_by() -> None:
    hashes = set()
    for gain in (0.3, 0.6):
        torch.manual_seed(0)
        hashes.add(
            folder.content_hash(
                build(EncoderConfig(width=64, saturation=gain), toy.tokenizer(), toy.counts(), 32)
            )
        )
    assert len(hashes) == 2
