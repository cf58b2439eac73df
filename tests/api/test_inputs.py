"""Inputs of a notebook, names of models, flat keywords, and what is told about reading."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sentence_transformers import SentenceTransformer

import sentrep
from sentrep.api.configurations import configurations
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import corpus_config
from sentrep.data.corpus import sentences as read_sentences
from sentrep.inference.runs import RunRecord
from sentrep.methods.registry import METHODS
from sentrep.utils.errors import InputError, ReadWarning
from tests import toy

TEXTS = ["common1 topic3word2 here", "topic5word5 common2 there"]
SMALL: dict[str, Any] = {
    "width": 32, "steps": 2, "batch_size": 64, "tracker": "none", "device": "cpu",
    "tokenizer": "word", "validation": 0.1,
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("inputs")
    toy.write_corpus(made / "corpus.jsonl", 120)
    return made


@pytest.fixture(autouse=True)
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("SENTREP_CACHE", str(home / "cache"))


@pytest.fixture(scope="module")
def run(home: Path) -> Path:
    trained = sentrep.train(
        corpus=home / "corpus.jsonl", out=home / "runs" / "qt", cache=home / "cache",
        window=2, lr=1e-3, **SMALL
    )  # fmt: skip
    assert trained.encoder.get_embedding_dimension() == 32
    return home / "runs" / "qt"


def test_every_public_name_is_there_and_no_module_hides_a_verb() -> None:
    import sentrep.search.index

    for name in sentrep.__all__:
        assert getattr(sentrep, name).__name__ == name
    assert {entry.config.__name__ for entry in METHODS.values()} <= set(sentrep.__all__)


def test_flat_keywords_reach_their_configuration(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())["run"]
    assert record["settings"]["window"] == 2
    assert record["training"]["lr"] == 1e-3
    assert record["encoder"]["width"] == 32


@pytest.mark.parametrize("kind", ["bpe", "unigram", "word", "spaces"])
def test_the_kind_of_tokenizer_that_is_given_is_trained(kind: str) -> None:
    found, _ = configurations(
        "quick-thought", "texts", "bag", kind, settings=None, training=None, preset=None, options={}
    )
    assert found["tokenizer"].tokenizer == kind


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"windwo": 2}, "windwo"),
        ({"window": "two"}, "window"),
        ({"window": 0}, "window"),
        ({"lr": [1]}, "lr"),
        ({"epochs": True}, "epochs"),
        ({"encoder": "lsmt"}, "encoder"),
        ({"tokenizer": 3}, "tokenizer"),
        ({"tokenizer": "bep"}, "tokenizer"),
        ({"split": "line"}, "split"),
        ({"out": None}, "out"),
    ],
)
def test_a_wrong_setting_is_named(options: dict[str, Any], setting: str) -> None:
    with pytest.raises(InputError) as refused:
        sentrep.train(**{"corpus": "corpus.jsonl", "out": "no", **options})
    assert refused.value.setting == setting
    assert not Path("no").exists()


@pytest.mark.parametrize(
    "make",
    [
        tuple, iter, lambda texts: (text for text in texts), np.array,
        lambda texts: np.array(texts, dtype=object),
        pd.Series, pl.Series, lambda texts: pd.DataFrame({"a": texts})["a"],
        pd.Index, lambda texts: pd.Series(texts, dtype="category"),
        pa.array, lambda texts: pa.chunked_array([texts[:1], texts[1:]]),
        lambda texts: pa.table({"a": texts})["a"],
    ],
)  # fmt: skip
def test_ordered_collections_of_texts_are_embedded(run: Path, make: Callable[[list[str]], Any]) -> None:
    expected = sentrep.embed(run, TEXTS)
    assert np.array_equal(sentrep.embed(run, make(TEXTS)), expected)
    assert np.array_equal(sentrep.embed(run, TEXTS[1]), expected[1])


@pytest.mark.parametrize(
    "texts",
    [
        None, 3, {"a": "b"}, {"a"}, ["a", None], ["a", float("nan")], b"bytes", np.zeros((2, 2)),
        pd.DataFrame({"text": TEXTS}), pl.DataFrame({"text": TEXTS}), pa.table({"text": TEXTS}),
        pa.array(["a", None]), pd.Series(["a", pd.NA], dtype="string"), Path("corpus.jsonl"), str, ...,
    ],
)  # fmt: skip
def test_what_holds_no_texts_is_refused_by_name(run: Path, texts: Any) -> None:
    with pytest.raises(InputError) as refused:
        sentrep.embed(run, texts)
    assert refused.value.setting == "texts"


@pytest.mark.parametrize("model", [None, 3, ["minilm"], "", str, SentenceTransformer])
def test_what_is_no_model_is_refused(model: Any) -> None:
    with pytest.raises(InputError) as refused:
        sentrep.embed(model, TEXTS)
    assert refused.value.setting == "model"


@pytest.mark.parametrize(
    "corpus",
    [
        [" ".join(sentence) + "." for document in toy.documents(40) for sentence in document],
        [[" ".join(sentence) for sentence in document] for document in toy.documents(40)],
        [{"body": [" ".join(sentence) for sentence in document]} for document in toy.documents(40)],
        pd.DataFrame({"body": ["One is here. Two is there.", None, "Three is. Four is not."]}),
        pl.DataFrame({"body": ["One is here. Two is there.", "Three is. Four is not."]}),
    ],
)
def test_a_corpus_in_memory_is_a_file_of_its_content(corpus: Any) -> None:
    first, second = (corpus_config(corpus, text_field="body") for _ in range(2))
    assert first == second
    lines = [json.loads(line) for line in Path(first.corpus[0]).read_text().splitlines()]
    assert len(lines) == len(corpus)
    assert set(lines[0]) == {"body"}


def test_a_table_without_the_column_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        corpus_config(pd.DataFrame({"a": TEXTS}))
    assert refused.value.setting == "text_field"


def test_paths_and_texts_are_told_apart() -> None:
    assert corpus_config(["corpus.jsonl"]) == CorpusConfig(("corpus.jsonl",))
    for mixed in (["corpus.jsonl", "a text"], ["corpsu.jsonl"], ["missing"], []):
        with pytest.raises(InputError) as refused:
            corpus_config(mixed)
        assert refused.value.setting == "corpus"


@pytest.mark.parametrize("name", ["bm52", "lsmt", "runs/abd", "text"])
def test_a_wrong_name_is_refused_before_torch_and_never_sent(run: Path, name: str) -> None:
    code = (
        "import sys, socket, sentrep\n"
        "def refuse(*a, **k): raise SystemExit('network')\n"
        "socket.create_connection = socket.getaddrinfo = refuse\n"
        f"for verb in (lambda: sentrep.load({name!r}), lambda: sentrep.embed({name!r}, ['a']),"
        f" lambda: sentrep.open_index({name!r})):\n"
        "    try: verb()\n"
        "    except sentrep.InputError: pass\n"
        "    else: raise SystemExit('opened')\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_model_has_a_name_in_tables(run: Path) -> None:
    from sentrep.inference.eval_adapter import measured

    assert measured(f"mine={run}").name == "mine"
    assert np.array_equal(sentrep.embed(f"mine={run}", TEXTS), sentrep.embed(run, TEXTS))


def test_what_was_skipped_is_warned_of_and_refused_where_strict(run: Path) -> None:
    Path("broken.jsonl").write_text('{"text": "One is here. Two is there."}\n{"text"\n{"text": 42}\n')
    with pytest.warns(ReadWarning, match=r"broken\.jsonl:2"):
        embedded = sentrep.embed_corpus(run, "broken.jsonl", "vectors")
    assert embedded.report is not None
    assert embedded.report.problems["wrong JSON line"] == 1
    with pytest.raises(InputError) as refused:
        sentrep.embed_corpus(run, "broken.jsonl", "strict", strict=True)
    assert refused.value.setting == "strict"


@pytest.mark.slow
def test_scores_as_data_frames(run: Path) -> None:
    done = sentrep.evaluate("random", heldout="corpus.jsonl", results="results.jsonl")
    assert len(done.to_pandas()) == len(done.results) > 0
    sentrep.evaluate("bm25", heldout="corpus.jsonl", results="results.jsonl")
    assert set(sentrep.compare("results.jsonl").to_pandas()["model"]) == {"random", "bm25"}


def test_one_path_is_not_a_list_of_letters() -> None:
    with pytest.raises(InputError) as refused:
        sentrep.report("nothing.jsonl")
    assert refused.value.setting == "results"


@pytest.mark.parametrize("value", [None, [], {}, "x", -1, 1.5, {"a": 1}, [None], True])
@pytest.mark.parametrize(
    "key",
    [
        "method",
        "settings",
        "tokenizer",
        "training",
        "settings.window",
        "tokenizer.max_tokens",
        "training.seed",
    ],
)
def test_an_altered_run_json_is_an_input_error(run: Path, tmp_path: Path, key: str, value: Any) -> None:
    content = json.loads((run / "run.json").read_text())
    place, _, name = f"run.{key}".rpartition(".")
    table = content
    for part in place.split("."):
        table = table[part]
    table[name] = value
    (tmp_path / "run.json").write_text(json.dumps(content))
    valid = (key, value) in [("training.seed", -1), ("settings", {})]
    if valid:
        RunRecord.read(tmp_path)
    else:
        with pytest.raises(InputError):
            RunRecord.read(tmp_path)


def test_cells_that_are_arrays_or_bytes_are_texts() -> None:
    """As pandas reads them from Parquet files with columns of lists or of bytes."""
    cells = pd.DataFrame({"text": [np.array(["A cat sat.", "It slept."], object), b"A dog ran."]})
    found = [text for _, text in read_sentences(cells)]
    assert found == ["A cat sat.", "It slept.", "A dog ran."]
