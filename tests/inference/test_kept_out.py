"""Documents that a run keeps out of training: never read, the same again, and what `eval` measures by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentrep import api
from sentrep.cli.main import main
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.encoders.batching import encode
from sentrep.encoders.config import EncoderConfig
from sentrep.inference.kept_out import kept_out_of, untrained
from sentrep.training.config import TrainingConfig
from sentrep.training.job import Trained
from sentrep.training.run_file import read_run
from sentrep.utils.errors import InputError
from tests import toy

WORDS = TokenizerConfig("word", vocab=2_000)


def corpus(folder: Path, documents: int = 600) -> Path:
    toy.write_corpus(folder / "corpus.jsonl", documents)
    return folder / "corpus.jsonl"


def store(file: Path, keep_out: float) -> Store:
    return prepare(CorpusConfig((str(file),)), WORDS, file.parent / "cache", keep_out=keep_out)


def kept(found: Store) -> list[list[str]]:
    assert found.kept_out is not None
    return [json.loads(line)["text"] for line in found.kept_out.read_text(encoding="utf-8").splitlines()]


def test_what_is_kept_out_is_no_part_of_the_store(tmp_path: Path) -> None:
    file = corpus(tmp_path)
    whole, part = store(file, 0.0), store(file, 0.1)
    assert whole.kept_out is None
    everything = [tuple(whole.sentences_of(d)) for d in range(len(whole.documents) - 1)]
    read = [tuple(part.sentences_of(d)) for d in range(len(part.documents) - 1)]
    out = [tuple(text) for text in kept(part)]
    assert sorted(read + out) == sorted(everything)
    assert not set(read) & set(out)
    assert 0.05 < len(out) / len(everything) < 0.15
    assert part.token_counts().sum() == len(part.ids) < len(whole.ids)


def test_a_word_that_is_kept_out_is_not_in_the_vocabulary(tmp_path: Path) -> None:
    texts = [{"text": [f"Word w{number} stands alone.", "It is here."]} for number in range(300)]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, texts)))
    found = store(tmp_path / "corpus.jsonl", 0.1)
    words = {text[0].split()[1] for text in kept(found)}
    assert len(words) > 10
    assert not words & set(found.tokenizer.inner.get_vocab())


def test_the_same_documents_are_kept_out_in_another_order(tmp_path: Path) -> None:
    file = corpus(tmp_path)
    first = kept(store(file, 0.1))
    lines = file.read_text().splitlines()
    file.write_text("\n".join(reversed(lines)) + "\n")
    assert sorted(kept(store(file, 0.1))) == sorted(first)


def test_of_one_long_document_stretches_are_kept_out(tmp_path: Path) -> None:
    text = [f"Sentence {number} of the book is about {number % 9}." for number in range(2_000)]
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"title": "A book", "text": text}) + "\n")
    found = store(tmp_path / "corpus.jsonl", 0.05)
    out = [sentence for part in kept(found) for sentence in part]
    assert 60 < len(out) < 160
    numbers = [int(found.sentence(i).split()[1]) for i in range(len(found))]
    for start, stop in zip(found.documents[:-1], found.documents[1:], strict=True):
        assert np.diff(numbers[start:stop]).tolist() == [1] * (stop - start - 1)


def train(folder: Path, out: str = "run", **options: Any) -> Trained:
    training = TrainingConfig(
        **{"steps": 3, "batch_size": 64, "validation": 0.0, "device": "cpu", "tracker": "none"} | options
    )
    return api.train(
        "quick-thought",
        corpus=folder / "corpus.jsonl",
        out=folder / out,
        encoder=EncoderConfig("bag", width=32),
        tokenizer=WORDS,
        training=training,
        cache=folder / "cache",
    )


@pytest.mark.slow
def test_eval_of_a_run_needs_no_further_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus(tmp_path, 900)
    run = train(tmp_path, keep_out=0.1).run.path
    assert read_run(run)["kept_out"]["documents"] > 20
    results = tmp_path / "results.jsonl"
    assert main(["eval", str(run), "--results", str(results)]) == 0
    measured = {json.loads(line)["model"] for line in results.read_text().splitlines()}
    assert measured == {str(run), f"{run}, untrained", "bm25"}
    assert "bm25" in capsys.readouterr().out
    done = api.evaluate(run)
    assert {result.task for result in done.results} == {
        json.loads(line)["task"] for line in results.read_text().splitlines()
    }


def test_the_untrained_encoder_is_that_of_a_run_without_steps(tmp_path: Path) -> None:
    corpus(tmp_path)
    trained, start = train(tmp_path, keep_out=0.1), train(tmp_path, "start", keep_out=0.1, steps=0)
    texts = ["The cat sat.", "A dog barked at the cat."]
    vectors = encode(untrained(trained.run.path), texts)
    assert np.allclose(vectors, encode(start.encoder, texts), atol=1e-6)
    assert not np.allclose(vectors, encode(trained.encoder, texts), atol=1e-6)
    counts = trained.run.path / "kept_out" / "token_counts.npy"
    counts.write_bytes(counts.read_bytes()[:60])
    with pytest.raises(InputError) as error:
        untrained(trained.run.path)
    assert error.value.place == str(counts)


def test_a_run_that_kept_nothing_out_needs_text_to_measure_by(tmp_path: Path) -> None:
    corpus(tmp_path)
    run = train(tmp_path, keep_out=0.0).run.path
    assert kept_out_of(run) is None
    with pytest.raises(InputError):
        api.evaluate(run)
    with pytest.raises(InputError) as error:
        untrained(run)
    assert error.value.setting == "heldout"
    with pytest.raises(InputError) as error:
        TrainingConfig(keep_out=1.0)
    assert error.value.setting == "keep_out"
