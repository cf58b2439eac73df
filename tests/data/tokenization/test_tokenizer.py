"""Vocabularies: trained, opened, saved; the same ids by the quick way and by the library's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import models, normalizers, pre_tokenizers, processors

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization import vocabulary
from sentrep.data.tokenization.tokenizer import SPECIAL, Tokenizer
from sentrep.utils.errors import InputError
from tests.errors import refuses

SENTENCES = [
    f"{start} the {noun} of the {place} {verb} {tail}"
    for start in ("“Yes,” said", "Though", "Meanwhile — in", "(Perhaps")
    for noun in ("unhappiness", "kindness", "happy king’s horse", "darkness", "reader")
    for place in ("village", "townhouse", "seaside", "宫殿")
    for verb in ("wandered", "was wondering", "overturned")
    for tail in ("slowly.", "for 1,250 days!", "再见了，朋友。", "e-mail)")
]
KINDS = ("bpe", "unigram", "word")


def trained(kind: str, vocab: int = 300, lowercase: bool = True) -> Tokenizer:
    return Tokenizer.train(SENTENCES, TokenizerConfig(kind, vocab=vocab, lowercase=lowercase))


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return trained(request.param)


def bert() -> Tokenizer:
    """A pretrained tokenizer of the usual kind, with special tokens around each sentence."""
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "the",
        "king",
        "##s",
        "'",
        ",",
        ".",
        "horse",
        "中",
        "e",
        "##mail",
        "-",
    ]
    inner = tokenizers.Tokenizer(
        models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]")
    )
    inner.normalizer = normalizers.BertNormalizer()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    inner.add_special_tokens(list(SPECIAL))
    inner.enable_truncation(4)
    inner.enable_padding(length=9)
    return Tokenizer(inner)


def test_between_spaces_stands_a_word() -> None:
    text = ["He did n't say -LRB- `` N.V. '' -RRB-", "The U.S. did n't"]
    tokenizer = Tokenizer.train(text, TokenizerConfig("spaces", vocab=100))
    assert tokenizer.inner.encode("DID N'T -LRB- `` else").tokens == ["did", "n't", "-lrb-", "``", "[UNK]"]
    assert tokenizer.decode(tokenizer.encode(text[0])) == text[0].lower()
    assert tokenizer.encode_batch(text).ids.tolist() == [
        token for line in text for token in tokenizer.encode(line)
    ]
    cased = Tokenizer.train(text, TokenizerConfig("spaces", vocab=100, lowercase=False))
    assert cased.decode(cased.encode(text[0])) == text[0]


def test_special_tokens_come_first_and_are_not_added(tokenizer: Tokenizer) -> None:
    assert [tokenizer.inner.token_to_id(token) for token in SPECIAL] == [0, 1, 2, 3, 4]
    assert min(tokenizer.encode("the kindness of the reader")) > 4
    assert tokenizer.vocab_size <= 300
    assert len(tokenizer.inner.get_vocab()) == tokenizer.vocab_size


def test_a_word_is_one_token_wherever_it_stands(tokenizer: Tokenizer) -> None:
    the = tokenizer.encode("the")
    assert len(the) < 3
    for before, text, behind in (
        ("", "The", ""),
        ("“", "the", ""),
        ("‘", "THE", "’"),
        ("—", "the", ")"),
        ("", "ｔｈｅ", ""),
    ):
        ids = tokenizer.encode(before + text + behind)
        assert ids[len(before) : len(ids) - len(behind)] == the, text
    assert tokenizer.encode("king’s") == tokenizer.encode("king's")
    quotes = {tuple(tokenizer.encode(quote)) for quote in '“”"„'}
    assert len(quotes) == 1


def test_chinese_needs_no_spaces() -> None:
    text = ["天黑了，路上没有人。", "他说天黑了。", "路上也没有灯，天黑了。", "没有人知道天黑了没有。"] * 20
    tokens = (
        Tokenizer.train(text, TokenizerConfig("bpe", vocab=40)).inner.encode("他说天黑了，没有人。").tokens
    )
    assert "".join(tokens) == "他说天黑了,没有人。"
    assert len(tokens) < 8
    words = (
        Tokenizer.train(text, TokenizerConfig("word", vocab=60, pairs=False)).inner.encode("天黑了").tokens
    )
    assert words == ["天", "黑", "了"]


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_decoding_gives_the_spaces_back(kind: str) -> None:
    tokenizer = trained(kind)
    assert tokenizer.decode(tokenizer.encode("Though the Unhappiness of the reader wandered.")) == (
        "though the unhappiness of the reader wandered."
    )


def test_case_is_kept_if_asked() -> None:
    tokenizer = trained("word", lowercase=False)
    assert tokenizer.encode("Though") != tokenizer.encode("though")


def test_what_was_never_seen_is_unknown_not_lost(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("☃") == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_corpus_gives_the_same_file(kind: str, tmp_path: Path) -> None:
    """In other processes, with several threads: the library's hash tables are seeded anew in each."""
    program = (
        "import json, sys; from pathlib import Path; from sentrep.data.tokenization.tokenizer "
        "import Tokenizer, TokenizerConfig\n"
        "Tokenizer.train(json.load(sys.stdin), TokenizerConfig(sys.argv[1], "
        "vocab=250)).save(Path(sys.argv[2]))"
    )
    files = [tmp_path / f"{i}.json" for i in range(3)]
    for i, file in enumerate(files):
        environment = os.environ | {
            "PYTHONHASHSEED": str(i),
            "TOKENIZERS_PARALLELISM": "true",
            "RAYON_NUM_THREADS": str(1 + i),
        }
        command = [sys.executable, "-c", program, kind, str(file)]
        subprocess.run(command, input=json.dumps(SENTENCES).encode(), env=environment, check=True)
    assert len({file.read_bytes() for file in files}) == 1


def test_saving_and_opening_change_nothing(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path / "tokenizer.json")
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        again = Tokenizer.open(path)
        assert again.fingerprint == tokenizer.fingerprint
        assert again.encode(SENTENCES[0]) == tokenizer.encode(SENTENCES[0])
    nested = tmp_path / "model" / "0_StaticEmbedding"
    nested.mkdir(parents=True)
    tokenizer.save(nested / "tokenizer.json")
    assert Tokenizer.open(tmp_path / "model").fingerprint == tokenizer.fingerprint


def test_wrong_paths_and_files_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        Tokenizer.open(tmp_path / "bqe")
    assert error.value.setting == "tokenizer"
    with refuses(setting="tokenizer", place=tmp_path) as error:
        Tokenizer.open(tmp_path)
    assert error.value.setting == "tokenizer"
    (tmp_path / "tokenizer.json").write_text("{}")
    with refuses(place="tokenizer.json"):
        Tokenizer.open(tmp_path)
    with refuses(setting="corpus"):
        Tokenizer.train([], TokenizerConfig())


def by_library(tokenizer: Tokenizer, sentences: list[str]) -> list[list[int]]:
    return [row.ids for row in tokenizer.inner.encode_batch(sentences)]


def rows(tokenizer: Tokenizer, sentences: list[str], max_tokens: int | None = None) -> list[list[int]]:
    encoded = tokenizer.encode_batch(sentences, max_tokens)
    assert encoded.ids.dtype == np.uint32
    return [row.tolist() for row in np.split(encoded.ids, np.cumsum(encoded.lengths)[:-1])]


def test_the_quick_way_gives_the_ids_of_the_library(tokenizer: Tokenizer) -> None:
    assert tokenizer._words
    assert rows(tokenizer, SENTENCES) == by_library(tokenizer, SENTENCES)
    assert rows(bert(), SENTENCES) == by_library(bert(), SENTENCES)
    assert bert()._words


ODD = list("aBéΣß’“.,-—–!([]{<|_@ \u3000\u00a0\u0301\u0338\u200b\u200d\x1c\x85…½ﬁ中あ，。「：😀\t\n")
TROUBLE = st.text(alphabet=st.sampled_from(ODD) | st.characters(codec="utf-8"))


@pytest.mark.parametrize("kind", [*KINDS, "spaces", "bert", "cased bert", "spaced bert"])
@given(
    st.lists(TROUBLE | st.sampled_from(["[MASK] a", "x[CLS]y", "[ PAD ]", "a-[SEP]"]), min_size=1, max_size=4)
)
def test_the_word_cache_gives_the_ids_of_the_library_on_any_text(kind: str, texts: list[str]) -> None:
    one = CACHED[kind]
    assert one._words
    assert rows(one, texts) == by_library(one, texts)


def cased_bert(pre_tokenizer: object) -> Tokenizer:
    tokenizer = bert()
    tokenizer.inner.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.inner.pre_tokenizer = pre_tokenizer
    return tokenizer


CACHED = {kind: trained(kind, lowercase=kind != "word") for kind in (*KINDS, "spaces")} | {
    "bert": bert(),
    "cased bert": cased_bert(pre_tokenizers.BertPreTokenizer()),
    "spaced bert": cased_bert(pre_tokenizers.Whitespace()),
}


def test_a_pipeline_that_joins_words_goes_through_the_library() -> None:
    inner = tokenizers.Tokenizer.from_str(trained("bpe").inner.to_str())
    inner.normalizer = normalizers.Replace(" of ", "-")
    assert not Tokenizer(inner)._words
    assert rows(Tokenizer(inner), SENTENCES[:9]) == by_library(Tokenizer(inner), SENTENCES[:9])


def test_long_sentences_lose_their_end_but_no_special_token() -> None:
    tokenizer = bert()
    long = "the king the horse the king"
    assert rows(tokenizer, [long, "the", ""], 5) == [[2, 5, 6, 5, 3], [2, 5, 3], [2, 3]]
    encoded = tokenizer.encode_batch([long, "the", ""], 5)
    assert (encoded.truncated, encoded.lengths.tolist()) == (1, [5, 3, 2])
    assert tokenizer.encode_batch([], 5).ids.tolist() == []


def test_memory_of_words_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentrep.data.tokenization.word_cache.REMEMBERED", 10)
    tokenizer = trained("word")
    for i in range(50):
        text = f"word{i} and word{i + 1} and 然后他就走了再也没有回来了吗是不是这样的一个故事啊你们说呢"
        assert rows(tokenizer, [text, ""]) == by_library(tokenizer, [text, ""])
        assert tokenizer._words is not None
        assert tokenizer._words.size <= 14


@pytest.mark.parametrize("content", ["a-b", "a b", "<|end. of|>"])
def test_an_added_token_that_is_more_than_a_word_goes_through_the_library(content: str) -> None:
    tokenizer = bert()
    tokenizer.inner.add_tokens([content])
    assert Tokenizer(tokenizer.inner)._words is None
    text = [f"the {content} king{content}"]
    assert rows(Tokenizer(tokenizer.inner), text) == by_library(tokenizer, text)


def test_an_interruption_leaves_no_word_without_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = trained("bpe")
    words, seen = tokenizer._words, tokenizer._by_library
    assert words is not None

    def interrupted(new: list[str]) -> list[list[int]]:
        raise KeyboardInterrupt

    monkeypatch.setattr(words, "_tokenize", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tokenizer.encode_batch(SENTENCES[:2])
    monkeypatch.setattr(words, "_tokenize", seen)
    assert rows(tokenizer, SENTENCES[:4]) == by_library(tokenizer, SENTENCES[:4])


def test_of_too_many_words_the_frequent_and_an_even_choice_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Counter({f"{i:04}": 1 for i in range(2_000)}) + Counter({f"f{i:03}": 9 for i in range(100)})
    monkeypatch.setattr(vocabulary, "LARGEST", 2_000)
    kept = vocabulary._thinned(words)
    assert kept[:100] == [f"f{i:03}" for i in range(100)]
    rare = [int(word) for word in kept if word.isdigit()]
    assert 200 <= len(kept) <= 600
    assert rare[-1] > 1_800
    assert rare == sorted(rare)
    monkeypatch.undo()
    assert sorted(vocabulary._thinned(words)) == sorted(words)
