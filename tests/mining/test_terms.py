"""Terms: counts against a naive count, keyness, merging, and words of Chinese."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import sentrep
from sentrep.cli.main import main
from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.mining import ngrams
from sentrep.mining.keyness import log_likelihood_ratio
from sentrep.mining.ngrams import count_grams, gram_counts
from sentrep.mining.segmentation import segment
from sentrep.mining.settings import TermSettings
from sentrep.mining.terms import find_terms
from sentrep.mining.units import read_units, units_of
from sentrep.utils.errors import InputError
from tests.errors import refuses

WORDS = ["red", "blue", "green", "dog", "cat", "runs"]


def sentences(count: int, seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(1, 9))) + "." for _ in range(count)]


@pytest.mark.parametrize("chunk", [1 << 22, 37])
def test_counts_and_entropies_equal_a_naive_count(
    tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ngrams, "CHUNK", chunk)
    texts = sentences(200)
    sequence = read_units(texts, tmp_path)
    counted = count_grams(sequence, 3, 2, tmp_path)
    assert len(counted) == 3
    for length, grams in enumerate(counted, start=1):
        counts, documents = Counter[str](), Counter[str]()
        after: dict[str, Counter[object]] = {}
        for number, text in enumerate(texts):
            units = text.rstrip(".").split()
            here = [" ".join(units[at : at + length]) for at in range(len(units) - length + 1)]
            counts.update(here)
            documents.update(set(here))
            for at, gram in enumerate(here):
                following = units[at + length] if at + length < len(units) else (number, at)
                after.setdefault(gram, Counter())[following] += 1
        names = [sequence.text(units) for units in grams.units]
        assert dict(zip(names, grams.counts.tolist(), strict=True)) == {
            gram: count for gram, count in counts.items() if count >= 2
        }
        assert grams.documents.tolist() == [documents[name] for name in names]
        for name, entropy in zip(names, grams.right, strict=True):
            total = after[name].total()
            expected = -sum(each / total * math.log(each / total) for each in after[name].values())
            assert entropy == pytest.approx(expected)


def test_counts_in_another_corpus_equal_a_count_of_its_own(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    sequence = read_units(sentences(100), tmp_path / "one")
    grams = count_grams(sequence, 3, 2, tmp_path / "one")
    texts = [*sentences(80, seed=1), "words that nobody knows"]
    other = read_units(texts, tmp_path / "other")
    own = count_grams(other, 3, 1, tmp_path / "other")
    for mine, theirs, found in zip(
        grams, own, gram_counts(other, grams, list(sequence.vocabulary)), strict=True
    ):
        known = {
            other.text(units): int(count) for units, count in zip(theirs.units, theirs.counts, strict=True)
        }
        assert found.tolist() == [known.get(sequence.text(units), 0) for units in mine.units]


def test_the_ratio_has_the_sign_of_the_difference() -> None:
    ratio = log_likelihood_ratio(np.array([30, 1, 0]), np.array([10, 40, 5]), 1000, 1000)
    assert ratio[0] > 0 > ratio[1]
    assert ratio[2] < 0


def test_terms_of_a_corpus_are_rare_in_the_background() -> None:
    corpus = [f"The neural network number {n} learns. A neural network has layers." for n in range(20)]
    background = [f"The dog number {n} has a red hat." for n in range(20)]
    found = [term.term for term in find_terms(corpus, background, TermSettings(k=3, language="english"))]
    assert "neural network" in found
    assert not {"neural", "network", "number", "the"} & set(found)


def test_chinese_words_are_found_without_a_dictionary(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    lexicon = ["北京", "上海", "老师", "学生", "我们", "喜欢", "音乐", "电影", "大", "去", "看"]
    lines = [list(random.choice(lexicon, 8)) for _ in range(400)]
    sequence = read_units(["".join(line) for line in lines], tmp_path)
    grams = count_grams(sequence, 4, 2, tmp_path)
    found = {(begin, begin + size) for begin, size in segment(sequence, grams)}
    gold, at = set(), 0
    for line, start in zip(lines, sequence.starts, strict=False):
        at = int(start)
        for word in line:
            gold.add((at, at + len(word)))
            at += len(word)
    assert 2 * len(found & gold) / (len(found) + len(gold)) > 0.9
    terms = find_terms(["".join(line) for line in lines], settings=TermSettings(k=8))
    assert {term.term for term in terms} == {word for word in lexicon if len(word) == 2}


@pytest.mark.parametrize(
    "texts", [[], [""], ["..."], ["one"], ["the same"] * 50, ["same words here"] * 10_000]
)
def test_texts_without_terms_are_no_error(texts: list[str]) -> None:
    found = find_terms(texts, texts, TermSettings(language=""))
    assert all(term.count >= 2 for term in found)


def test_units_keep_hyphens_and_break_at_punctuation() -> None:
    assert units_of("X-rays, Newton’s") == ["x-rays", "", "newton's"]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "tsv", "parquet"])
def test_the_vocabulary_holds_the_terms_whole(
    tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["北京大学很大，人工智能很好。", "人工智能在北京大学，很好。"] * 20
    corpus, out = tmp_path / "corpus.txt", tmp_path / f"terms.{ending}"
    corpus.write_text("\n".join(lines), encoding="utf-8")
    assert main(["terms", "--corpus", str(corpus), "--out", str(out), "--language", "zh"]) == 0
    assert "人工智能" in (shown := capsys.readouterr().out)
    assert all(len(line) <= 100 for line in shown.splitlines())
    config = TokenizerConfig("unigram", vocab=60, terms=str(out))
    tokenizer = Tokenizer.train(lines, config)
    assert "人工智能" in tokenizer.inner.encode("我爱人工智能").tokens


def test_terms_need_a_unigram_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        TokenizerConfig("bpe", terms="terms.csv")
    assert error.value.setting == "terms"
    file = tmp_path / "terms.jsonl"
    file.write_text('{"term": "a"}\n{"word": "b"}\n', encoding="utf-8")
    with refuses(setting="terms", place="terms.jsonl:2") as error:
        Tokenizer.train(["a b"], TokenizerConfig("unigram", terms=str(file)))


def test_a_store_depends_on_the_terms(tmp_path: Path) -> None:
    from sentrep.data.config import CorpusConfig
    from sentrep.data.store.recipe import Recipe

    file = tmp_path / "terms.txt"
    options = []
    for words in ("one\n", "two\n"):
        file.write_text(words)
        recipe = Recipe.of(CorpusConfig(("x",)), TokenizerConfig("unigram", terms=str(file)), 128)
        options.append(json.dumps(recipe.options()))
    assert options[0] != options[1]


def test_the_python_verb_takes_files_and_refuses_an_unknown_format(tmp_path: Path) -> None:
    corpus = tmp_path / "notes.jsonl"
    corpus.write_text('{"body": "Dark matter."}\n' * 3, encoding="utf-8")
    found = sentrep.terms([str(corpus)], text_field="body", language="en")
    assert [term.term for term in found] == ["dark matter"]
    with pytest.raises(InputError) as error:
        sentrep.terms(["a b"], out=tmp_path / "terms.xml")
    assert error.value.setting == "out"
