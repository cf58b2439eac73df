"""What the four verbs on a corpus share: formats of their outputs, embedded sentences as their input, and
going on after an interruption."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

import sentrep
from sentrep.api import mining_vectors
from sentrep.embedding import embed_to_folder
from sentrep.inference.loading import Encoding
from sentrep.mining.items import Item
from sentrep.utils.errors import InputError
from tests.mining.test_anomalies import CITY, FARM, WordVectors, texts
from tests.pages import saved, word_encoder

TEXTS = [*texts(FARM, 60, 0), *texts(CITY, 60, 1)]
TEXTS += TEXTS[:5]

VERBS: dict[str, Callable[..., Any]] = {
    "terms": lambda corpus, **options: sentrep.terms(corpus, language="en", **options),
    "duplicates": sentrep.duplicates,
    "anomalies": lambda corpus, **options: sentrep.anomalies(corpus, corpus, score="neighbours", **options),
    "clusters": lambda corpus, **options: sentrep.clusters(corpus, k=2, **options),
}


def rows_of(file: Path) -> list[dict[str, str]]:
    """The rows of a table in any format, each value as a text."""
    if file.suffix == ".parquet":
        rows = parquet.read_table(file).to_pylist()
    elif file.suffix == ".jsonl":
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    else:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t" if file.suffix == ".tsv" else ","))
    return [{name: str(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("verb", VERBS)
def test_all_formats_hold_the_same(verb: str, tmp_path: Path) -> None:
    files = [tmp_path / f"found{ending}" for ending in (".jsonl", ".csv", ".tsv", ".parquet")]
    for file in files:
        VERBS[verb](TEXTS, out=file)
    first, *others = map(rows_of, files)
    assert len(first) > 2
    assert all(other == first for other in others)


@pytest.fixture(scope="module", params=["npy", "parquet", "parquet-list"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The texts, embedded, in two shards of each format."""
    place = tmp_path_factory.mktemp("embedded") / "vectors"
    embed_all(place, format=request.param)
    return place


def embed_all(place: Path, **options: Any) -> None:
    pairs = [(f"t{number}", text) for number, text in enumerate(TEXTS)]
    stamp = {"model": "m", "source": "s"}
    embed_to_folder(WordVectors().encode, pairs, place, stamp=stamp, shard=70, **options)


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_of_embedded_sentences_is_an_input(verb: str, folder: Path, tmp_path: Path) -> None:
    found = VERBS[verb](str(folder), out=tmp_path / "found.jsonl")
    rows = rows_of(tmp_path / "found.jsonl")
    if verb == "terms":
        assert found == sentrep.terms(TEXTS, language="en")
    else:
        assert {row["id"] for row in rows} <= {f"t{number}" for number in range(len(TEXTS))}
        assert len(rows) == len(TEXTS) or verb == "duplicates"
    if verb == "clusters":  # of the vectors of the folder, whose topics are apart
        assert {found.labels[0]} == set(found.labels[:60]) != set(found.labels[60:120])
    if verb == "duplicates":  # the same words in another order
        assert found.count("semantic") > 0


@pytest.mark.parametrize("verb", ["duplicates", "anomalies", "clusters"])
def test_an_interrupted_verb_goes_on_where_it_was(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = saved(word_encoder(), tmp_path / "model")
    monkeypatch.setattr(mining_vectors, "LITTLE", 50)
    monkeypatch.setattr(mining_vectors, "SHARD", 32)
    encode, embedded = Encoding.__call__, list[str]()

    def breaking(self: Encoding, given: Any) -> Any:
        if limit is not None and len(embedded) >= limit:
            raise KeyboardInterrupt
        embedded.extend(given)
        return encode(self, given)

    monkeypatch.setattr(Encoding, "__call__", breaking)
    results = []
    for name, limit in (("whole", None), ("broken", 60), ("broken", None)):
        monkeypatch.setenv("SENTREP_CACHE", str(tmp_path / name))
        embedded.clear()
        out = tmp_path / f"{name}.jsonl"
        if limit is None:
            VERBS[verb](TEXTS, model=model, out=out)
            results.append((out.read_bytes(), len(embedded)))
        else:
            with pytest.raises(KeyboardInterrupt):
                VERBS[verb](TEXTS, model=model, out=out)
            assert not out.exists()
    (whole, all_texts), (resumed, rest) = results
    assert resumed == whole
    assert all_texts >= len(TEXTS) > rest


def test_vectors_in_the_cache_belong_to_texts_and_not_to_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = saved(word_encoder(), tmp_path / "model")
    monkeypatch.setattr(mining_vectors, "LITTLE", 50)
    monkeypatch.setenv("SENTREP_CACHE", str(tmp_path / "cache"))
    encode, encoded, found = Encoding.__call__, list[str](), []

    def counted(self: Encoding, given: Any) -> Any:
        encoded.extend(given)
        return encode(self, given)

    monkeypatch.setattr(Encoding, "__call__", counted)
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
        items = [Item(f"{name}:{number}", text) for number, text in enumerate(TEXTS)]
        found.append(mining_vectors.embedded(items, model))
        assert sentrep.duplicates(str(tmp_path / name), model=model).count("semantic") >= 0
        assert len(encoded) == len(TEXTS)
    np.testing.assert_array_equal(found[0].vectors, found[1].vectors)
    monkeypatch.setattr(Encoding, "precision", "another")
    mining_vectors.embedded(items, model)
    assert len(encoded) == 2 * len(TEXTS)


def test_texts_without_words_and_equal_texts_pass_all_verbs() -> None:
    for given in ([], [""], ["one text"], ["", "", "?"], ["the same text"] * 200):
        for verb in ("terms", "duplicates", "clusters"):
            VERBS[verb](given)
        assert len(sentrep.anomalies(TEXTS, given).texts) == len(given)


def test_vectors_of_float16_shards_are_read(tmp_path: Path) -> None:
    embed_all(tmp_path / "half", dtype="float16")
    found = sentrep.clusters(str(tmp_path / "half"), k=2)
    assert np.bincount(found.labels).sum() == len(TEXTS)


def test_parts_that_are_not_merged_are_no_corpus(tmp_path: Path) -> None:
    for part in (0, 1):
        embed_all(tmp_path / "parts", part=part, parts=2)
    with pytest.raises(InputError, match="parts of the work"):
        sentrep.duplicates(str(tmp_path / "parts"))
