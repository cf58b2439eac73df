"""The verbs as Python functions, from raw text to a verdict, on a corpus with topics to learn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sentrep
from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.encoders.batching import encode
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.serialization import content_hash
from sentrep.methods.infomax import config as infomax_config
from sentrep.training.config import TrainingConfig
from sentrep.training.job import Trained
from sentrep.training.run_folder import RunFolder
from sentrep.utils.errors import InputError
from tests import toy
from tests.errors import refuses

TRAINING = TrainingConfig(
    steps=60,
    batch_size=256,
    segment_length=4,
    device="cpu",
    tracker="none",
    log_every=5,
    validation=0.1,
    keep_out=0.0,
    seed=3,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("api")
    toy.write_corpus(made / "corpus.jsonl", 400)
    toy.write_corpus(made / "heldout.jsonl", 60, seed=9)
    return made


def train(place: Path, out: str, **options: Any) -> Trained:
    given: dict[str, Any] = {
        "corpus": place / "corpus.jsonl",
        "out": place / out,
        "encoder": EncoderConfig("bag", width=64),
        "tokenizer": TokenizerConfig("word"),
        "training": TRAINING,
        "cache": place / "cache",
    }
    return api.train("quick-thought", **given | options)


@pytest.fixture(scope="module")
def trained(place: Path) -> Trained:
    return train(place, "run")


def test_importing_sentrep_costs_nothing() -> None:
    code = (
        "import sys, sentrep; assert sentrep.__version__; assert 'train' in dir(sentrep); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout.split()
    assert not {"torch", "transformers", "sentence_transformers", "numpy", "faiss", "tyro"} & set(loaded)


@pytest.mark.parametrize(
    ("given", "waits"),
    [
        ({}, ["passive", "1000"]),
        ({"OMP_WAIT_POLICY": "active"}, ["active", "unset"]),
        ({"GOMP_SPINCOUNT": "7"}, ["unset", "7"]),
    ],
)
def test_threads_wait_as_the_environment_says(given: dict[str, str], waits: list[str]) -> None:
    names = ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"]
    kept = {name: value for name, value in os.environ.items() if name not in names}
    code = f"import os, sentrep; print(*(os.environ.get(name, 'unset') for name in {names}))"
    said = subprocess.run(
        [sys.executable, "-c", code], env=kept | given, capture_output=True, text=True, timeout=60, check=True
    )
    assert said.stdout.split() == waits


def test_the_face_of_the_package() -> None:
    for name in sentrep.__all__:
        assert getattr(sentrep, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = sentrep.trian


def test_a_method_without_neighbours_reads_documents_of_one_sentence(place: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "titles.jsonl"
    lines = [f"a title of {word} and {word}s" for word in ("sea", "fish", "stone", "rain", "tree") * 20]
    corpus.write_text("\n".join(json.dumps({"text": line}) for line in lines))
    few: dict[str, Any] = {
        "corpus": corpus,
        "tokenizer": TokenizerConfig("word", vocab=16),
        "cache": tmp_path / "cache",
    }
    training = TrainingConfig(steps=3, batch_size=20, device="cpu", tracker="none")
    small = infomax_config.InfoMaxConfig(feature_width=8, discriminator_token_width=8)
    done = api.train(
        "infomax",
        out=tmp_path / "run",
        encoder=EncoderConfig("bag", width=16),
        settings=small,
        training=training,
        **few,
    )
    assert done.outcome.steps == 3
    with refuses(setting="split"):
        api.train("quick-thought", out=tmp_path / "refused", training=training, **few)


def test_a_trained_model_is_in_the_run_folder(trained: Trained) -> None:
    assert trained.outcome.ended == "finished"
    assert trained.model == trained.run.path / "model"
    assert {"run.json", "checkpoints", "logs", "model"} <= {path.name for path in trained.run.path.iterdir()}
    told = json.loads((trained.run.path / "run.json").read_text())["run"]
    assert told["training"]["lr"] is not None
    assert told["fingerprint"] == trained.store.fingerprint


def test_the_best_weights_of_the_log_are_the_ones_exported(trained: Trained) -> None:
    history = [line for line in RunFolder(trained.run.path).history() if "valid_neighbour_mrr" in line]
    best = max(history, key=lambda line: line["valid_neighbour_mrr"])
    assert len(history) == 10
    assert trained.outcome.best_step == best["step"]
    weights = trained.run.load_best()
    assert weights is not None
    rows = weights["f.0.embedding.weight"] * weights["f.0.token_weight"]
    assert np.allclose(api.load(trained.model)[0].embedding.weight.detach(), rows, atol=1e-6)


def test_training_has_taught_the_topics(place: Path, trained: Trained) -> None:
    before = api.evaluate("bm25", heldout=place / "heldout.jsonl")
    after = api.evaluate(trained.model, heldout=place / "heldout.jsonl")
    scores = [{(r.task, r.metric): r.value for r in done.results} for done in (before, after)]
    assert scores[0].keys() == scores[1].keys()
    assert not after.failed
    same = next(key for key in scores[0] if "same" in key[0].lower())
    assert scores[1][same] > scores[0][same]


def test_the_same_call_again_trains_nothing_and_says_so(
    place: Path, trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content_hash(api.load(trained.model))
    again = train(place, "run")
    assert again.outcome.steps == trained.outcome.steps
    assert again.store.reused
    assert "ended already" in capsys.readouterr().err
    assert content_hash(api.load(again.model)) == before


def test_another_run_in_the_folder_is_refused_and_the_difference_named(place: Path, trained: Trained) -> None:
    with pytest.raises(InputError) as error:
        train(place, "run", encoder=EncoderConfig("bag", width=32))
    assert error.value.setting == "out"
    assert trained.model.is_dir()


@pytest.mark.slow
def test_the_seed_decides(place: Path, trained: Trained) -> None:
    same = train(place, "same")
    other = train(place, "other", training=TrainingConfig(**{**vars(TRAINING), "seed": 4}))
    hashes = [content_hash(api.load(run.model)) for run in (trained, same, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_vectors_of_a_list(trained: Trained) -> None:
    texts = ["common1 topic3word2", "topic3word2 common1", "topic5word5"]
    by_path, by_encoder = api.embed(trained.run.path, texts), api.embed(api.load(trained.model), texts)
    assert by_path.dtype == np.float32
    assert by_path.shape == (3, 64)
    assert np.array_equal(by_path, by_encoder)
    assert np.allclose(by_path[0], by_path[1], atol=1e-6)
    assert np.array_equal(api.embed(trained.encoder, texts[0]), by_path[0])


def test_an_index_finds_what_it_holds(place: Path, trained: Trained) -> None:
    texts = [" ".join(sentence) for document in toy.documents(50, seed=5) for sentence in document]
    search = api.build_index(trained.model, texts, place / "index", ids=[f"s{i}" for i in range(len(texts))])
    hits = search(texts[7], 3)
    assert (hits[0].id, hits[0].text, hits[0].rank) == ("s7", texts[7], 1)
    assert hits[0].score == pytest.approx(1.0, abs=1e-5)
    reopened = api.open_index(place / "index")
    assert [hit.id for hit in reopened(texts[7], 3)] == [hit.id for hit in hits]
    assert [len(found) for found in search.many([" ?", texts[7]], 3)] == [0, 3]
    with pytest.raises(InputError) as error:
        api.build_index(trained.model, texts, place / "index2", kind="flta")
    assert error.value.setting == "kind"


def test_an_index_refuses_another_model_and_asks_for_one_that_moved(
    place: Path, trained: Trained, tmp_path: Path
) -> None:
    other = train(
        place,
        "narrow",
        encoder=EncoderConfig("bag", width=32),
        training=TrainingConfig(**{**vars(TRAINING), "steps": 2}),
    )
    api.build_index(other.model, ["common1", "common2"], tmp_path / "index")
    with refuses(setting="model", place="index"):
        api.open_index(tmp_path / "index", trained.model)
    moved = other.run.path.rename(tmp_path / "moved")
    with refuses(setting="model", place="index"):
        api.open_index(tmp_path / "index")
    assert api.open_index(tmp_path / "index", moved)("common1", 1)[0].text == "common1"
    api.build_index(api.load(moved), ["common1", "common2"], tmp_path / "unnamed")
    with refuses(setting="model", place="unnamed"):
        api.open_index(tmp_path / "unnamed")


def test_a_corpus_is_embedded_to_a_folder_and_indexed_from_there(place: Path, trained: Trained) -> None:
    embedded = api.embed_corpus(trained.model, place / "heldout.jsonl", place / "vectors", shard=50)
    pairs = list(api.sentences(place / "heldout.jsonl"))
    assert len(embedded) == len(pairs) == sum(len(document) for document in toy.documents(60, seed=9))
    assert len({name for name, _ in pairs}) == len(pairs)
    index = api.index_embedded(place / "vectors", place / "index of vectors")
    search = api.Search(index, api.load(trained.model))
    name, sentence = pairs[11]
    assert (name, sentence) in [(hit.id, hit.text) for hit in search(sentence, 3)]
    several = [text for _, text in pairs[:5]]
    assert search.many(several, 3) == [search(text, 3) for text in several]
    assert search.many([]) == []


def test_smaller_forms_in_memory(place: Path, trained: Trained) -> None:
    texts = ["common1 topic3word2", "topic5word5"]
    whole = api.embed(trained.model, texts)
    cut = api.embed(trained.model, texts, dimensions=16)
    assert np.allclose(cut, whole[:, :16] / np.linalg.norm(whole[:, :16], axis=1, keepdims=True), atol=1e-6)
    assert api.embed(trained.model, texts, dtype="float16").dtype == np.float16
    bits = api.embed(trained.model, texts, dtype="binary")
    assert np.array_equal(np.unpackbits(bits, axis=1), whole > 0)
    with pytest.raises(InputError) as caught:
        api.embed(trained.model, texts, dtype="int8")
    assert caught.value.setting == "dtype"


def test_parts_of_a_corpus_are_merged(place: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, settings = place / "heldout.jsonl", {"shard": 50, "dtype": "int8"}
    for part in range(2):
        api.embed_corpus(trained.model, corpus, place / "parts", shard_index=part, shards=2, **settings)  # type: ignore[arg-type]
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    by_rank = api.embed_corpus(trained.model, corpus, place / "ranks", **settings)  # type: ignore[arg-type]
    assert by_rank.info.numbers[0] == 1
    monkeypatch.delenv("LOCAL_RANK")
    whole = api.embed_corpus(trained.model, corpus, place / "whole", **settings)  # type: ignore[arg-type]
    merged = api.merge_embedded(place / "parts")
    assert list(merged.items()) == list(whole.items())
    assert np.array_equal(merged.array(), whole.array())
    with refuses(setting="shards"):
        api.embed_corpus(trained.model, corpus, place / "one", shard_index=0)
    with refuses(setting="shard_index"):
        api.embed_corpus(trained.model, corpus, place / "one", shards=2)


def test_two_models_side_by_side(place: Path, trained: Trained) -> None:
    other = train(
        place,
        "gru",
        encoder=EncoderConfig("gru", width=32, token_width=16),
        training=TrainingConfig(**{**vars(TRAINING), "steps": 2}),
    )
    whole = api.combine([trained.model, other.model], place / "both")
    texts = ["common1 topic3word2", "topic5word5"]
    parts = [encode(api.load(run.model), texts) for run in (trained, other)]
    expected = (
        np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts], axis=1)
        / 2**0.5
    )
    assert np.allclose(api.embed(place / "both", texts), expected, atol=1e-5)
    assert whole.get_embedding_dimension() == 96
    with pytest.raises(InputError) as error:
        api.combine([trained.model], place / "one")
    assert error.value.setting == "models"
    with refuses(place=place):
        api.combine([trained.model, other.model], place)
    with refuses(setting="encoder"):
        train(place, "further", encoder=EncoderConfig(str(place / "both")))
    assert (place / "corpus.jsonl").exists()


@pytest.mark.parametrize("kind", ["bag", "lstm", "gru", "conv", "transformer"])
def test_a_saved_model_is_trained_further_with_its_own_tokenizer(place: Path, kind: str) -> None:
    few = TrainingConfig(**{**vars(TRAINING), "steps": 2, "batch_size": 32})
    small = EncoderConfig(kind, width=64, token_width=16, layers=0 if kind == "bag" else 1)
    first = train(place, f"first {kind}", encoder=small, training=few)
    further = train(
        place, f"further {kind}", encoder=EncoderConfig(str(first.model)), tokenizer="bpe", training=few
    )
    texts = ["common1 topic3word2", "topic5word5"]
    before, after = api.embed(first.model, texts), api.embed(further.model, texts)
    assert before.shape == after.shape
    assert not np.allclose(before, after, atol=1e-7)
    assert np.allclose(before, after, atol=0.05)  # two steps at the gentle rate for existing models
    assert json.loads((further.run.path / "run.json").read_text())["run"]["training"]["lr"] == 2e-5


def test_comparing_names_the_models_that_are_significantly_worse(
    place: Path, trained: Trained, tmp_path: Path
) -> None:
    results = tmp_path / "results.jsonl"
    for model, name in (("bm25", None), ("random", None), (str(trained.model), "trained")):
        api.evaluate(model, heldout=place / "heldout.jsonl", results=results, name=name)
    compared = api.compare(results)
    assert compared.rows == ("bm25", "random", "trained")
    columns = [column for column in compared.columns if column[2] == "nDCG@10"]
    assert columns
    for column in columns:
        assert "random" in compared.beats("bm25", column)
        assert compared.beats("random", column) == []
    assert all(row in compared.table("text") for row in compared.rows)


def test_nothing_to_measure_by_is_said(trained: Trained) -> None:
    with refuses(setting="tasks"):
        api.evaluate(trained.model)


def test_arguments_that_cannot_be_right(place: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'quick-thought'"):
        api.train("quick-thoughts", corpus=place, out=place / "x")
    with refuses(setting="settings"):
        train(place, "x", settings=CorpusConfig(("x",)))
    with refuses(place="nowhere.jsonl"):
        train(place, "x", corpus=place / "nowhere.jsonl")
    with refuses(setting="tokenizer", place="nowhere.json"):
        api.train("quick-thought", corpus=place / "corpus.jsonl", out=place / "x", tokenizer="nowhere.json")
    assert not (place / "x").exists()


def test_of_one_sentence_nothing_can_be_held_out(place: Path, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("A single sentence stands here.\n")
    with refuses(setting="validation") as refused:
        api.train(
            "infomax",
            corpus=tmp_path / "one.txt",
            out=place / "one",
            cache=place / "cache",
            tokenizer=TokenizerConfig("word"),
        )
    assert "sentences or more" not in str(refused.value)


def test_a_corpus_too_small_to_hold_out_from_says_what_to_do(place: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.jsonl").write_text(
        "\n".join(json.dumps({"text": [f"word{i} is here.", f"word{i} is there."]}) for i in range(3))
    )
    tiny = train(
        place,
        "tiny",
        corpus=tmp_path / "tiny.jsonl",
        training=TrainingConfig(steps=2, device="cpu", tracker="none"),
    )
    assert tiny.outcome.ended == "finished"
    (tmp_path / "singles.jsonl").write_text(
        "\n".join(json.dumps({"text": [f"word{i} is here."]}) for i in range(50))
    )
    with refuses(setting="split"):
        train(place, "singles", corpus=tmp_path / "singles.jsonl")
    with (tmp_path / "singles.jsonl").open("a") as file:
        file.write("\n" + json.dumps({"text": ["One is here.", "Two is there."]}))
    with refuses(setting="split"):
        train(place, "pair", corpus=tmp_path / "singles.jsonl")
