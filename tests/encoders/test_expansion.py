"""Vocabulary expansion: a known map is recovered, known text stays as it was, and what cannot be expanded
says why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import models
from torch import Tensor

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders import serialization as folder
from sentrep.encoders.bag import Bag, frequency_weights
from sentrep.encoders.batching import encode
from sentrep.encoders.concat import Concatenation
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.expansion import LinearMap, expand, words_in
from sentrep.encoders.factory import build
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.utils.errors import InputError
from tests import toy
from tests.encoders.test_batching import made
from tests.errors import refuses

WIDTH = 10
KNOWN = [word for word in toy.WORDS if word not in toy.SPECIAL]
NEW = [f"unheard{number}" for number in range(30)]
TEXTS = ["common1 topic2word3 common4 common5", "", "topic1word1 never seen", "common1 " * 40]
KINDS: dict[str, dict[str, Any]] = {
    "bag": {"kind": "bag"},
    "bag with layers": {"kind": "bag", "layers": 1},
    "saturated bag": {"kind": "bag", "saturation": 0.4},
    "gru": {"kind": "gru", "layers": 2},
    "lstm": {"kind": "lstm"},
    "lstm last": {"kind": "lstm", "pooling": "last"},
}


def vectors_of(words: Sequence[str], width: int = WIDTH) -> np.ndarray:
    """(word, width): the same word always has the same vector."""
    return np.stack([np.random.default_rng(list(word.encode())).normal(size=width) for word in words]).astype(
        np.float32
    )


def written(path: Path, words: Sequence[str], vectors: np.ndarray | None = None) -> Path:
    """word2vec's binary format, which loses nothing."""
    table = vectors_of(words) if vectors is None else vectors.astype("<f4")
    entries = [word.encode() + b" " + row.tobytes() for word, row in zip(words, table, strict=True)]
    path.write_bytes(b"%d %d\n" % table.shape + b"".join(entries))
    return path


def a_map(width: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(WIDTH, width, generator=generator), torch.randn(width, generator=generator)


def on_a_map(**options: Any) -> SentenceTransformer:
    """An encoder whose rows, as they are saved, are A v + b."""
    encoder = made(**options)
    table = token_table(encoder).weight
    matrix, intercept = a_map(table.shape[1])
    rows = torch.from_numpy(vectors_of(toy.WORDS)) @ matrix + intercept
    if isinstance(encoder[0], Bag):
        weights = encoder[0].token_weight.data
        rows = torch.where(weights > 0, rows / weights, 0.0)
    table.data = rows
    return encoder


@pytest.mark.parametrize("name", KINDS)
def test_a_known_linear_map_is_recovered_exactly(name: str, tmp_path: Path) -> None:
    encoder = on_a_map(**KINDS[name])
    expanded = expand(encoder, written(tmp_path / "v.bin", [*NEW[:9], *KNOWN, *NEW[9:]]))
    rows = token_table(expanded.encoder).weight.detach()
    matrix, intercept = a_map(rows.shape[1])
    right = torch.from_numpy(vectors_of(NEW)) @ matrix + intercept
    places = [inner_tokenizer(expanded.encoder).token_to_id(word) for word in NEW]
    assert places == list(range(len(toy.WORDS), len(toy.WORDS) + len(NEW)))
    assert torch.allclose(rows[places], right, atol=1e-4)
    (fit,) = expanded.fits
    assert (fit.shared, fit.added) == (len(KNOWN), len(NEW))
    assert fit.r2 == pytest.approx(1)
    assert fit.doubt is None


@pytest.mark.parametrize("name", KINDS)
def test_what_was_known_stays_to_the_bit_and_what_is_new_is_read(name: str, tmp_path: Path) -> None:
    encoder = on_a_map(**KINDS[name])
    before = folder.content_hash(encoder)
    encoder.train()
    expanded = expand(encoder, written(tmp_path / "v.bin", KNOWN + NEW)).encoder
    assert all(module.training for module in encoder)
    stock = folder.stock(encoder)
    assert torch.equal(token_table(expanded).weight[: len(toy.WORDS)], token_table(stock).weight)
    assert np.array_equal(encode(expanded, TEXTS), encode(stock, TEXTS))
    old, new = inner_tokenizer(stock), inner_tokenizer(expanded)
    assert [old.encode(text).ids for text in TEXTS] == [new.encode(text).ids for text in TEXTS]
    assert new.encode("unheard3 common1 unheard33").ids == [len(toy.WORDS) + 3, len(toy.SPECIAL) + 1, 1]
    said, unsaid = encode(expanded, ["common1 unheard3", "common1 zzz"])
    assert np.abs(said - unsaid).max() > 1e-3
    assert folder.content_hash(encoder) == before


@pytest.mark.parametrize("name", KINDS)
def test_saved_and_opened_it_is_the_same(name: str, tmp_path: Path) -> None:
    expanded = expand(on_a_map(**KINDS[name]), written(tmp_path / "v.bin", KNOWN + NEW)).encoder
    texts = [*TEXTS, "unheard0 common3 unheard29", "unheard7"]
    vectors = encode(expanded, texts)
    folder.save(expanded, tmp_path / "model")
    again = folder.load(tmp_path / "model")
    assert folder.content_hash(again) == folder.content_hash(folder.load(tmp_path / "model"))
    assert np.allclose(encode(again, texts), vectors, atol=1e-6)
    if folder.is_stock(expanded):
        full = [
            place for place, text in enumerate(texts) if text
        ]  # stock modules read a token for an empty text
        plain = SentenceTransformer(str(tmp_path / "model"), device="cpu").encode(
            [texts[place] for place in full], show_progress_bar=False
        )
        assert np.allclose(plain, vectors[full], atol=2e-5)
    assert folder.is_stock(expanded) == (name not in ("gru", "lstm last"))
    twice = expand(again, written(tmp_path / "more.bin", [*KNOWN, "later"])).encoder
    assert inner_tokenizer(twice).encode("unheard7 later").ids == [
        len(toy.WORDS) + 7,
        len(toy.WORDS) + len(NEW),
    ]


def test_encoders_side_by_side_are_expanded_one_by_one(tmp_path: Path) -> None:
    parts = [on_a_map(**KINDS[name]) for name in ("bag", "gru")]
    both = SentenceTransformer(modules=[Concatenation(parts)], device="cpu")
    file = written(tmp_path / "v.bin", KNOWN + NEW)
    expanded = expand(both, file)
    assert [fit.added for fit in expanded.fits] == [len(NEW)] * 2
    text = ["unheard1 common2 unheard2"]
    halves = [encode(expand(part, file).encoder, text)[0] for part in parts]
    together = encode(expanded.encoder, text)[0]
    expected = np.concatenate([half / np.linalg.norm(half) for half in halves]) / 2**0.5
    assert np.allclose(together, expected, atol=1e-6)
    assert words_in(both, text) == {"unheard1", "unheard2", "common2"}


def test_the_map_is_that_of_the_normal_equations() -> None:
    random = np.random.default_rng(0)
    inputs, outputs = (
        random.normal(size=(50, 4)).astype(np.float32),
        random.normal(size=(50, 3)).astype(np.float32),
    )
    fitted = LinearMap.fitted(inputs, outputs)
    columns = np.hstack([inputs, np.ones((50, 1))])
    for place in range(3):
        solution = np.linalg.solve(columns.T @ columns, columns.T @ outputs[:, place])
        assert np.allclose(fitted.matrix[:, place], solution[:4], atol=1e-6)
        assert np.isclose(fitted.intercept[place], solution[4], atol=1e-6)
    assert np.allclose(fitted(inputs[:1])[0], inputs[0] @ fitted.matrix + fitted.intercept)


@pytest.mark.parametrize(("noise", "least", "most"), [(0.0, 0.999, 1.0), (1.0, 0.4, 0.6), (3.0, -0.1, 0.15)])
def test_r2_says_how_much_of_unseen_rows_the_map_explains(
    noise: float, least: float, most: float, tmp_path: Path
) -> None:
    """Of noise as strong as the signal half is explained, less what a fit to 480 words loses."""
    words = toy.WORDS
    random = np.random.default_rng(5)
    signal = vectors_of(words) @ random.normal(size=(WIDTH, 40)) / WIDTH**0.5
    rows = torch.from_numpy(signal + noise * random.normal(size=signal.shape)).float()
    encoder = SentenceTransformer(modules=[StaticEmbedding(toy.tokenizer(), rows)], device="cpu")
    (fit,) = expand(encoder, written(tmp_path / "v.bin", words)).fits
    assert fit.r2 is not None
    assert least <= fit.r2 <= most
    assert fit.added == 0


def test_a_new_word_weighs_as_much_as_the_rare_ones(tmp_path: Path) -> None:
    """A bag's weights are folded into its rows before the map is fitted: what comes out must not be a
    frequent word's share."""
    words = [f"w{number}" for number in range(4000)]
    counts = torch.tensor([1e6 / (rank + 1) for rank in range(len(words))])
    weights = frequency_weights(counts, 1e-3)
    matrix, intercept = a_map(30)
    rows = torch.from_numpy(vectors_of(words)) @ matrix + intercept
    tokenizer = Tokenizer.train([" ".join(words)], TokenizerConfig("word", vocab=5000)).inner
    places = torch.tensor([tokenizer.token_to_id(word) for word in words])
    table, weight = torch.zeros(tokenizer.get_vocab_size(), 30), torch.ones(tokenizer.get_vocab_size())
    table[places], weight[places] = rows, weights
    bag = SentenceTransformer(modules=[Bag(tokenizer, table, weight)], device="cpu")
    expanded = expand(bag, written(tmp_path / "v.bin", words + NEW)).encoder
    full = torch.from_numpy(vectors_of(NEW)) @ matrix + intercept
    share = (token_table(expanded).weight.detach()[-len(NEW) :] * full).sum(1) / full.square().sum(1)
    assert 0.9 < share.mean() < 1
    assert share.min() > weights[:300].mean()


def trained(kind: str, lowercase: bool = True) -> tuple[SentenceTransformer, list[str]]:
    """A bag over a vocabulary of ours, and the text that it was learnt from."""
    sentences = [
        f"“The {noun},” said the {who} — 再见 don't"
        for noun in ("cat", "dogs", "café")
        for who in ("king", "man", "reader")
    ]
    tokenizer = Tokenizer.train(sentences, TokenizerConfig(kind, vocab=80, lowercase=lowercase)).inner
    counts = np.ones(tokenizer.get_vocab_size(), np.int64)
    torch.manual_seed(0)
    return build(EncoderConfig(width=8), tokenizer, counts, 32), sentences


def test_only_words_that_text_could_hold_are_added(tmp_path: Path) -> None:
    encoder, _ = trained("word")
    shared = ["the", "cat", "dogs", "said", "king", "man", "再"]
    offered = [
        "New_York",
        "new_york",
        "London",
        "london",
        "can't",
        "co-op",
        "re",
        "中国",
        "中",
        "3rd",
        "ﬁne",
        "",
        "the",
        "[PAD]",
    ]
    expanded = expand(
        encoder, written(tmp_path / "v.bin", shared + offered, vectors_of(shared + offered, 3))
    ).encoder
    old, new = inner_tokenizer(encoder), inner_tokenizer(expanded)
    assert new.get_vocab().keys() - old.get_vocab().keys() == {"london", "re", "中", "3rd"}
    assert new.encode("London’s 3rd 中国 'relondon'").tokens == [
        "london",
        "'",
        "[UNK]",
        "3rd",
        "中",
        "[UNK]",  # the pair
        "[UNK]",
        "'",
        "[UNK]",
        "'",
    ]
    cased, _ = trained("word", lowercase=False)
    expanded = expand(
        cased, written(tmp_path / "v.bin", shared + offered, vectors_of(shared + offered, 3))
    ).encoder
    assert {"London", "london"} <= inner_tokenizer(expanded).get_vocab().keys()


def test_a_mark_stays_a_mark(tmp_path: Path) -> None:
    encoder = on_a_map(kind="bag")
    inner_tokenizer(encoder).add_special_tokens(toy.SPECIAL)
    expanded = expand(encoder, written(tmp_path / "v.bin", [*KNOWN, "[PAD]", "[UNK]", "new"]))
    assert (expanded.fits[0].shared, expanded.fits[0].added) == (len(KNOWN), 1)
    assert inner_tokenizer(expanded.encoder).encode("[PAD] zzz new").ids == [0, 1, len(toy.WORDS)]


def test_the_quick_way_of_tokenising_still_gives_the_librarys_ids(tmp_path: Path) -> None:
    encoder, sentences = trained("word")
    words = ["the", "said", "king", "man", "cat", "london", "re", "é"]
    expanded = expand(encoder, written(tmp_path / "v.bin", words, vectors_of(words, 3))).encoder
    quick, before = Tokenizer(inner_tokenizer(expanded)), Tokenizer(inner_tokenizer(encoder))
    texts = [*sentences, "London, re: the king’s «café» londons."]
    assert quick._words
    encoded = quick.encode_batch(texts)
    assert encoded.ids.tolist() == [token for text in texts for token in quick.inner.encode(text).ids]
    assert len(words_in(encoder, texts) & {"london", "re", "londons", "king", "s"}) == 5
    known = len(before.encode_batch(sentences).ids)
    assert encoded.ids[:known].tolist() == before.encode_batch(sentences).ids.tolist()


def test_the_limit_takes_the_first_and_words_take_their_own(tmp_path: Path) -> None:
    encoder = on_a_map(kind="bag")
    file = written(tmp_path / "v.bin", [*NEW[:5], *KNOWN, *NEW[5:], *NEW[:2]])
    old = inner_tokenizer(encoder).get_vocab().keys()

    def added(**options: Any) -> set[str]:
        expanded = expand(encoder, file, **options)
        found = set(inner_tokenizer(expanded.encoder).get_vocab().keys() - old)
        assert expanded.fits[0] == expand(encoder, file, **options).fits[0]
        assert (expanded.fits[0].added, expanded.fits[0].shared) == (len(found), len(KNOWN))
        return found

    assert added() == set(NEW)
    assert added(limit=7) == set(NEW[:7])
    assert added(words={"unheard9", "unheard4", "common1", "nowhere"}) == {"unheard9", "unheard4"}
    assert added(words=set(NEW[3:]), limit=2) == {"unheard3", "unheard4"}
    assert added(words=set()) == set()


def test_on_the_fly_texts_get_the_vectors_that_the_whole_expansion_gives(tmp_path: Path) -> None:
    texts = ["common1 unheard3 unheard28", "unheard5", "nothing known", ""]
    for name in ("bag", "gru"):
        encoder, file = on_a_map(**KINDS[name]), written(tmp_path / "v.bin", KNOWN + NEW)
        whole, little = expand(encoder, file), expand(encoder, file, words_in(encoder, texts))
        assert little.fits[0].added == 3
        assert np.allclose(encode(little.encoder, texts), encode(whole.encoder, texts), atol=1e-6)


def test_the_table_of_another_model_is_as_good_as_a_file(tmp_path: Path) -> None:
    rows = torch.from_numpy(vectors_of([*NEW, *KNOWN]))
    tokenizer = toy.tokenizer()
    vocab = {word: place for place, word in enumerate([*NEW, *KNOWN])}
    other = Tokenizer.from_json(tokenizer.to_str()).inner
    other.model = models.WordLevel(vocab, unk_token="common1")
    folder.save(SentenceTransformer(modules=[StaticEmbedding(other, rows)], device="cpu"), tmp_path / "other")
    encoder = on_a_map(kind="gru")
    by_model = expand(encoder, tmp_path / "other")
    by_file = expand(encoder, written(tmp_path / "v.bin", NEW + KNOWN))
    assert by_model.fits[0].added == len(NEW)
    assert torch.allclose(
        token_table(by_model.encoder).weight, token_table(by_file.encoder).weight, atol=1e-5
    )


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_a_vocabulary_of_pieces_is_refused_since_it_reads_every_word(kind: str, tmp_path: Path) -> None:
    encoder, _ = trained(kind)
    with pytest.raises(InputError) as error:
        expand(encoder, written(tmp_path / "v.bin", KNOWN))
    assert error.value.setting == "tokenizer"
    with pytest.raises(InputError) as error:
        words_in(encoder, KNOWN)
    assert error.value.setting == "tokenizer"


@pytest.mark.parametrize(
    ("words", "options", "names"),
    [
        pytest.param(KNOWN[:WIDTH] + NEW, {}, {"place": "v.bin"}, id="too few words of the model"),
        pytest.param(NEW, {}, {"place": "v.bin"}, id="no word of the model"),
        pytest.param(KNOWN, {"limit": 0}, {"setting": "limit"}, id="nothing to add"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    words: list[str], options: dict[str, Any], names: dict[str, str], tmp_path: Path
) -> None:
    with refuses(**names):
        expand(on_a_map(kind="gru"), written(tmp_path / "v.bin", words), **options)


def test_few_words_give_a_map_but_no_measure_of_it(tmp_path: Path) -> None:
    (fit,) = expand(on_a_map(kind="gru"), written(tmp_path / "v.bin", KNOWN[: WIDTH + 1] + NEW)).fits
    assert fit.r2 is None
    assert fit.doubt is not None
    assert "too few" in fit.doubt


def test_a_transformer_is_refused(tmp_path: Path) -> None:
    with refuses(setting="model"):
        expand(made("transformer"), written(tmp_path / "v.bin", KNOWN + NEW))
