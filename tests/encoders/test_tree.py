"""The root of a tree as a vector: against putting it together by hand, and out of its folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.encoders.model_folder import PICKLED
from sentrep.encoders.tree import TreeEncoder
from sentrep.modules.padding import pad_lists
from sentrep.modules.trees.crf import TreeCRF
from sentrep.modules.trees.punctuation import crossing_spans
from tests import toy
from tests.errors import refuses
from tests.nested_trees import Nested, nested

WIDTH = 6
SENTENCES = [
    " ".join(toy.WORDS[5 + (place * 7 + length) % 90] for place in range(length))
    for length in (4, 1, 9, 2, 6)
]


def encoder(**settings: object) -> TreeEncoder:
    torch.manual_seed(0)
    made = TreeEncoder(toy.tokenizer(), len(toy.WORDS), WIDTH, parser_width=5, max_tokens=20, **settings)  # type: ignore[arg-type]
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.6)
    made.eval()
    return made


def composed(made: TreeEncoder, tree: Nested[int]) -> tuple[Tensor, Tensor]:
    """(h, c) of a constituent, from those of its parts."""
    if not isinstance(tree, tuple):
        return made.table.weight[tree], torch.zeros(WIDTH)
    (left_h, left_c), (right_h, right_c) = composed(made, tree[0]), composed(made, tree[1])
    assert made.tree_lstm is not None
    enter, keep_left, keep_right, out, new = made.tree_lstm.join(torch.cat([left_h, right_h])).chunk(5)
    c = keep_left.sigmoid() * left_c + keep_right.sigmoid() * right_c + enter.sigmoid() * new.tanh()
    return out.sigmoid() * c.tanh(), c


def read(made: TreeEncoder, sentences: list[str]) -> tuple[Tensor, Tensor]:
    """Vectors and ids of a batch."""
    features = made.preprocess(sentences)
    with torch.no_grad():
        return made(features)["sentence_embedding"], features["input_ids"]


def test_the_vector_is_the_root_of_the_best_tree() -> None:
    made = encoder()
    vectors, ids = read(made, SENTENCES)
    assert made.parser is not None
    for vector, row, sentence in zip(vectors, ids, SENTENCES, strict=True):
        length = len(sentence.split())
        one = row[:length].unsqueeze(0)
        crf = TreeCRF(made.parser.scorer(made.table(one), torch.ones_like(one) > 0), torch.tensor([length]))
        root, _ = composed(made, nested(crf.viterbi().actions()[0, 0].tolist(), row[:length].tolist()))
        assert torch.allclose(vector, root, atol=1e-5)
    assert vectors.std(0).min() > 0.01


def test_trees_to_one_side_and_none() -> None:
    ids = read(encoder(), SENTENCES[:1])[1][0].tolist()
    a, b, c, d = ids
    right, left, none = (encoder(branching=side) for side in ("right", "left", "none"))
    assert torch.allclose(read(right, SENTENCES)[0][0], composed(right, (a, (b, (c, d))))[0], atol=1e-5)
    assert torch.allclose(read(left, SENTENCES)[0][0], composed(left, (((a, b), c), d))[0], atol=1e-5)
    assert torch.allclose(read(none, SENTENCES)[0][0], none.table.weight[ids].mean(0), atol=1e-6)
    assert all(each is None for each in (right.parser, left.parser, none.parser, none.tree_lstm))


def test_sampled_trees_are_the_same_in_any_company() -> None:
    made = encoder(samples=5)
    together = read(made, SENTENCES)[0]
    alone = torch.cat([read(made, [sentence])[0] for sentence in SENTENCES])
    assert torch.allclose(together, alone, atol=1e-5)
    assert not torch.allclose(together, read(encoder(), SENTENCES)[0], atol=1e-2), "other trees than the best"


def test_an_empty_sentence_is_the_zero_vector() -> None:
    for trees in ("parser", "right", "none"):
        assert (read(encoder(branching=trees), ["", SENTENCES[0]])[0][0] == 0).all()
        assert (read(encoder(branching=trees), [""])[0] == 0).all()


@pytest.mark.parametrize(
    "settings", [{}, {"samples": 3, "dropout": 0.5}, {"branching": "right"}, {"branching": "none"}]
)
def test_it_opens_from_its_folder(settings: dict[str, object], tmp_path: Path) -> None:
    whole = SentenceTransformer(modules=[encoder(**settings)], device="cpu")
    folder.save(whole, tmp_path / "model")
    opened = folder.load(tmp_path / "model")
    assert isinstance(opened[0], TreeEncoder)
    assert np.allclose(encode(opened, SENTENCES), encode(whole, SENTENCES), atol=1e-6)
    assert folder.content_hash(opened) == folder.content_hash(whole)
    assert not [file for file in (tmp_path / "model").rglob("*") if file.suffix in PICKLED]


def test_no_other_class_of_parts_is_opened(tmp_path: Path) -> None:
    folder.save(SentenceTransformer(modules=[encoder()], device="cpu"), tmp_path / "model")
    file = tmp_path / "model" / "modules.json"
    for foreign in ("sentrep.modules.trees.span_scorer.SpanScorer", "sentrep.modules.trees.parser.Parser"):
        modules = json.loads(file.read_text())
        modules[0]["type"] = foreign
        file.write_text(json.dumps(modules))
        with refuses(place="modules.json"):
            folder.load(tmp_path / "model")


def test_constituents_respect_punctuation_where_they_shall(tmp_path: Path) -> None:
    text = "it rains , so we all stay here ; they go ."
    tokenizer = Tokenizer.train([text], TokenizerConfig("spaces", vocab=40))
    torch.manual_seed(0)
    made = TreeEncoder(
        tokenizer.inner, tokenizer.vocab_size, WIDTH, parser_width=5, samples=30, respect_punctuation=True
    )
    texts = pad_lists([tokenizer.encode(text)])
    forbidden, rows = crossing_spans(*texts, made.punctuation), made.table(texts.ids)
    assert made.punctuation.sum() == 3
    assert forbidden.any()
    assert not (made.best_trees(rows, texts, 30).span_mask() & forbidden.unsqueeze(1)).any()
    assert (
        made.posterior(rows, texts, unconstrained=True).sample(200).span_mask() & forbidden.unsqueeze(1)
    ).any()
    folder.save(folder.Encoder(modules=[made]), tmp_path / "model")
    again = folder.load(tmp_path / "model")[0]
    assert isinstance(again, TreeEncoder)
    assert again.respect_punctuation
    assert torch.equal(again.punctuation, made.punctuation)
