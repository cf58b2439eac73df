"""Where an encoder keeps the rows of its tokens: what is written there is what it reads."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, WordEmbeddings
from sentence_transformers.sentence_transformer.modules.tokenizer import WhitespaceTokenizer

from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.encoders.concat import Concatenation
from sentrep.encoders.token_table import inner_tokenizer, token_table
from tests import toy
from tests.encoders.test_batching import made
from tests.errors import refuses


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize(
    ("kind", "width"), [("bag", 64), ("gru", 24), ("lstm", 24), ("conv", 24), ("transformer", 64)]
)
def test_the_row_of_a_token_is_the_one_that_is_read(kind: str, width: int, saved: bool) -> None:
    encoder = folder.stock(made(kind)) if saved else made(kind)
    assert token_table(encoder).weight.shape == (len(toy.WORDS), width)
    place = inner_tokenizer(encoder).token_to_id("topic3word5")
    assert place == toy.WORDS.index("topic3word5")
    texts = ["common1 topic3word5", "common1 topic3word6"]
    before = encode(encoder, texts)
    with torch.no_grad():
        token_table(encoder).weight[place] += torch.linspace(-1, 1, width)
    after = encode(encoder, texts)
    assert np.abs(after[0] - before[0]).max() > 1e-3
    assert np.array_equal(after[1], before[1])


def test_several_tables_are_none_and_other_tokenizers_are_not_ours() -> None:
    both = SentenceTransformer(modules=[Concatenation([made("bag"), made("gru")])], device="cpu")
    with refuses(setting="encoder"):
        token_table(both)
    words = WordEmbeddings(WhitespaceTokenizer(["one", "two"]), torch.randn(2, 3))
    averaged = SentenceTransformer(modules=[words, Pooling(3, "mean")], device="cpu")
    assert token_table(averaged).weight.shape == (2, 3)
    with refuses(setting="encoder"):
        inner_tokenizer(averaged)
