"""The league, small: a toy corpus, a second a row, one task; end to end, interrupted, and taken up again."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from sentrep.api import corpus_config
from sentrep.data.config import TokenizerConfig
from sentrep.data.store.store import prepare
from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.encoders.config import EncoderConfig
from sentrep.evaluation.result import Result, Score
from sentrep.evaluation.result_store import ResultStore, read_results
from sentrep.methods.registry import CORPUS_ONLY, METHODS
from tests import toy
from tests.paths import SCRIPTS

ROWS = ["bag/untrained", "bag/quick-thought", "bag/simcse", "words/hashing", "words/random"]


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)


def write_data(place: Path) -> Path:
    """A corpus to train on, pairs that are alike where their topic is one, and a suite."""
    toy.write_corpus(place / "corpus.jsonl")
    texts = [[" ".join(sentence) for sentence in document] for document in toy.documents(60, seed=2)]
    pairs = [(5, text[0], text[1]) for text in texts] + [
        (0, text[0], texts[number - 1][0]) for number, text in enumerate(texts)
    ]
    lines = ["score\tsentence1\tsentence2", *("\t".join(map(str, pair)) for pair in pairs)]
    (place / "pairs.tsv").write_text("\n".join(lines) + "\n")
    (place / "tiny.toml").write_text('[[task]]\npath = "pairs.tsv"\nkind = "similarity"\n')
    return place


def arguments(place: Path, *more: str) -> list[str]:
    return [
        "--data",
        str(place),
        "--corpus",
        str(place / "corpus.jsonl"),
        "--cache",
        str(place / "cache"),
        "--suites",
        str(place / "tiny.toml"),
        "--width",
        "32",
        "--threads",
        "1",
        "--out",
        str(place / "league"),
        *more,
    ]


def run(place: Path, *more: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["league", *arguments(place, *more)])
        status: int = importlib.import_module("league").main()
    return status


def records(place: Path) -> dict[str, Any]:
    found = [json.loads(file.read_text()) for file in (place / "league" / "rows").rglob("row.json")]
    return {f"{record['row']} {record['seed']}": record for record in found}


@pytest.mark.slow
def test_the_league_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, report = write_data(tmp_path), tmp_path / "report.md"
    assert run(place, "--minutes", "0.01", "--rows", *ROWS, "--report", str(report)) == 0
    found = records(place)
    assert set(found) == {f"{row} 0" for row in ROWS}
    for row in ("bag/quick-thought 0", "bag/simcse 0"):
        assert 0.6 <= found[row]["seconds"] < 4
        assert found[row]["sentences"] > 1000
    assert len({record["model_hash"] for record in found.values()}) == len(ROWS)
    scores = {result.model: result.value for result in read_results(place / "league" / "results.jsonl")}
    assert set(scores) == set(ROWS)
    assert scores["bag/quick-thought"] > scores["bag/untrained"] > scores["words/random"]
    page = report.read_text()
    assert page == (place / "league" / "league.md").read_text()
    assert page.strip() in capsys.readouterr().out
    assert all(f"\n| {row} | {scores[row]:.1f}" in page for row in ROWS)

    # Once more, with a second seed of one row: only that is trained, and the others stay in the table.
    before = {
        file: file.stat().st_mtime_ns for file in (place / "league" / "rows").rglob("*") if file.is_file()
    }
    assert run(place, "--minutes", "0.01", "--rows", "bag/quick-thought", "--seeds", "0", "1") == 0
    assert capsys.readouterr().err.count(" of training left") == 1
    assert all(file.stat().st_mtime_ns == time_of for file, time_of in before.items())
    assert set(records(place)) == {*found, "bag/quick-thought 1"}
    page = (place / "league" / "league.md").read_text()
    assert "| bag/simcse |" in page
    seeds = [
        result.value
        for result in read_results(place / "league" / "results.jsonl")
        if result.model == "bag/quick-thought"
    ]
    assert f"| bag/quick-thought | {np.mean(seeds):.1f} ± {np.std(seeds, ddof=1):.1f} |" in page

    # Results that are lost are measured again, from the models on disk; what was never on disk cannot be.
    (place / "league" / "results.jsonl").unlink()
    assert run(place, "--minutes", "0.01", "--rows", "words/*andom") == 1
    again = {
        result.model: result.value
        for result in read_results(place / "league" / "results.jsonl")
        if not result.seed
    }
    assert again == {model: value for model, value in scores.items() if model != "words/random"}
    assert "the model lived in memory only; remove" in (place / "league" / "league.md").read_text()

    # What was trained otherwise than it would be now is not taken for the same; and one folder holds one
    # league.
    file = place / "league" / "rows" / "bag" / "simcse" / "0" / "row.json"
    file.write_text(file.read_text().replace('"lr": ', '"lr": 1'))
    assert run(place, "--minutes", "0.01", "--rows", "bag/simcse") == 2
    assert "trained with other settings (lr is 1" in capsys.readouterr().err
    assert run(place, "--minutes", "1") == 2
    assert "minutes is 0.01 there, 1.0 here" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_ends_it_and_the_same_command_goes_on(tmp_path: Path) -> None:
    place = write_data(tmp_path)
    same = ["--minutes", "0.06", "--rows", "bag/quick-thought"]
    command, environment = (
        [str(SCRIPTS / "league"), *arguments(place, *same)],
        {**os.environ, "PYTHON": sys.executable},
    )
    logged = place / "league" / "rows" / "bag" / "quick-thought" / "0" / "run" / "logs" / "metrics.jsonl"
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            deadline = time.monotonic() + 120
            while not (logged.exists() and logged.read_text().strip()) and time.monotonic() < deadline:
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            said = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    assert process.returncode == 130, said
    assert "the same command" in said
    assert records(place) == {}
    first = logged.read_text().splitlines()[0]
    assert run(place, *same) == 0
    assert logged.read_text().splitlines()[0] == first
    assert 3.6 <= records(place)["bag/quick-thought 0"]["seconds"] < 7


@pytest.mark.slow
def test_a_row_that_fails_costs_the_others_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = write_data(tmp_path)
    taken = place / "league" / "rows" / "bag" / "untrained" / "0" / "model"
    taken.mkdir(parents=True)
    (taken / "letter.txt").write_text("no model, and not to be written over")
    assert run(place, "--minutes", "0.01", "--rows", "bag/untrained", "words/random") == 1
    assert set(records(place)) == {"words/random 0"}
    page = (place / "league" / "league.md").read_text()
    assert "bag/untrained, seed 0: ended with status 1" in page
    assert "| words/random |" in page


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--rows", "bog/*"], "--rows bog/*"),
        (["--suites", "nowhere"], "nowhere"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], named: str
) -> None:
    assert run(write_data(tmp_path), *more) == 2
    assert named in capsys.readouterr().err
    assert not (tmp_path / "league").exists()


def test_every_method_and_every_peer_has_a_row_of_each_kind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(tmp_path, "--list") == 0
    listed = capsys.readouterr().out.split("\n")
    for kind in ("bag", "transformer"):
        assert {f"{kind}/untrained", f"{kind}/simcse", f"{kind}/contrastive-tension"} <= set(listed)
        assert {f"{kind}/{method}" for method in CORPUS_ONLY} <= set(listed)
    assert {"transformer/tsdae", "words/bm25", "words/sif", "words/doc2vec"} <= set(listed)
    peers = importlib.import_module("league_peers").RECIPES
    assert {f"{kind}/{name}" for name, kinds in peers.items() for kind in kinds} <= set(listed)


def test_settings_are_of_methods_that_there_are() -> None:
    rows = importlib.import_module("league_rows")
    for place, variants in rows.SETTINGS.items():
        method = place.split("/")[1]
        for settings in variants.values():
            METHODS[method].config(**settings.method)
            rows.TrainingConfig(**settings.training)


def test_held_out_text_is_not_trained_on(tmp_path: Path) -> None:
    league = importlib.import_module("league")
    for name in (
        "corpus-novels/train-00.jsonl.gz",
        "corpus-novels/heldout.jsonl.gz",
        "corpus-openstax/train.jsonl.gz",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [Path(file).name for file in league.default_corpus(tmp_path)] == [
        "train-00.jsonl.gz",
        "train.jsonl.gz",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("simcse", "bag"),
        ("simcse", "transformer"),
        ("contrastive-tension", "bag"),
        ("contrastive-tension", "transformer"),
        ("tsdae", "transformer"),
    ],
)
def test_every_recipe_trains_an_encoder_that_opens_anywhere(tmp_path: Path, name: str, kind: str) -> None:
    peers = importlib.import_module("league_peers")
    store = prepare(
        corpus_config(toy.write_corpus(tmp_path / "corpus.jsonl", 40)), TokenizerConfig(), tmp_path
    )
    config, recipe = (
        EncoderConfig(kind, width=32, layers=1 if kind == "transformer" else None),
        peers.RECIPES[name][kind],
    )
    trained = peers.train(recipe, config, store, 0.3, seed=0)
    assert trained.seconds >= 0.3
    assert trained.sentences > 0
    untrained = peers.train(replace(recipe, lr=1e-30), config, store, 0.01, seed=0).model
    texts = [store.sentence(number) for number in range(20)]
    folder.save(trained.model, tmp_path / "model")
    vectors = SentenceTransformer(str(tmp_path / "model"), device="cpu").encode(texts)
    assert vectors.shape == (20, 32)
    assert np.isfinite(vectors).all()
    assert np.abs(vectors - encode(untrained, texts)).max() > 1e-4


def test_word_dropout_leaves_every_sentence_something() -> None:
    peers = importlib.import_module("league_peers")
    lengths = torch.tensor([1, 400, 2, 3000, 1])
    ids = torch.arange(int(lengths.sum()))
    torch.manual_seed(0)
    some, kept = peers.thinned(ids, lengths, 0.6)
    assert kept.min() >= 1
    assert int(kept.sum()) == len(some)
    assert (some.diff() > 0).all()
    assert abs(kept[3] / 3000 - 0.4) < 0.05
    owner = torch.bucketize(some, lengths.cumsum(0), right=True)
    assert torch.bincount(owner).tolist() == kept.tolist()
    assert torch.equal(peers.thinned(ids, lengths, 0.0)[0], ids)


def test_the_learning_rate_follows_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    peers = importlib.import_module("league_peers")
    now = [100.0]
    monkeypatch.setattr(peers.time, "monotonic", lambda: now[0])
    clock, optimizer = peers.Clock(10.0, 2.0), torch.optim.SGD([torch.zeros(1)], lr=2.0)
    control = type("Control", (), {"should_training_stop": False})()
    clock.on_train_begin()
    rates = []
    for second in range(11):
        now[0] = 100.0 + second
        clock.on_step_begin(optimizer=optimizer)
        rates.append(optimizer.param_groups[0]["lr"])
        clock.on_step_end(None, None, control)
        assert control.should_training_stop == (second == 10)
    assert rates[0] < 0.1
    assert rates[5] == pytest.approx(2.0 * 0.5 / 0.95)
    assert rates[10] == 0
    assert clock.steps == 11


def test_the_page_adds_up(tmp_path: Path) -> None:
    """Two tasks of equal items: the interval of their mean is that of one, divided by the root of two."""
    table = importlib.import_module("league_table")
    items = np.random.default_rng(0).random(200)
    store = ResultStore(tmp_path / "results.jsonl")

    def entry(row: str, seed: int, shift: float) -> Any:
        blank = Result(
            task="a",
            split="test",
            metric="nDCG@10",
            value=float(items.mean() + shift),
            low=0.4 + shift,
            high=0.6 + shift,
            higher_is_better=True,
            count=200,
            aggregate="mean",
            items="",
            model=row,
            model_hash=f"{row}{seed}",
            method=row,
            seed=seed,
            data="d",
            protocol="p",
            versions={},
            seconds=1.0,
            embedding_seconds=0.0,
            alarm="",
            examples="",
            key=f"{row.replace('/', '-')}{seed}",
            siblings=1,
        )
        results = [
            store.add([replace(blank, task=task, key=blank.key + task)], [Score("nDCG@10", items + shift)])[0]
            for task in ("a", "b")
        ]
        record = {
            "sentences": 100,
            "seconds": 4.0,
            "peak_megabytes": 10.0,
            "embedding_rate": None,
            "settings": {},
        }
        return table.Entry(row, seed, record, {"both": results})

    base, better = entry("bag/untrained", 0, 0.0), entry("bag/method", 0, 0.1)
    assert table.against([better], [base]) == "2 : 0 of 2"
    assert table.against([base], [base]) == "–"
    assert table.against([replace(base, row="bag/other")], [better]) == "0 : 2 of 2"
    mean, half = 100 * items.mean(), 2**-0.5
    shown = [mean, mean - (mean - 40) * half, mean + (60 - mean) * half]
    assert table.mean_of_suite([base], "both", 2) == "{:.1f} [{:.1f}, {:.1f}]".format(*shown)
    assert table.mean_of_suite([base], "both", 3) == "–"
    second = entry("bag/untrained", 1, 0.02)
    assert table.mean_of_suite([base, second], "both", 2) == f"{mean + 1:.1f} ± {2 * half:.1f}"
    page = table.page([base, better], {"both": 2}, ["how"], ["broken"])
    assert f"| bag/method | {mean + 10:.1f} [" in page
    assert f"| bag/method | {mean + 10:.1f} | {mean + 10:.1f} |" in page
    assert "| 100 | 25 | 4 | – | 10 |" in page
    assert "- broken" in page
