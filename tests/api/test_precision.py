"""Precision of vectors as a setting of the verbs, and what the fast path imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize
from sentence_transformers.sentence_transformer.modules import StaticEmbedding

from sentrep import api
from sentrep.encoders.fast.precision import resolve
from sentrep.utils.errors import InputError
from tests import toy
from tests.encoders.fast.models import made

TEXTS = ["the fox", "a fox, a b", "b", "the the a"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("model")
    made(place, "bert", behind=(Normalize(),))
    return place / "model"


def test_vectors_of_either_precision(model: Path) -> None:
    exact = api.embed(model, TEXTS, precision="fp32")
    rounded = api.embed(model, TEXTS, precision="bf16")
    assert np.abs(exact - SentenceTransformer(str(model)).encode(TEXTS)).max() < 1e-5
    assert not np.array_equal(exact, rounded)
    assert (exact * rounded).sum(1).min() > 0.999
    chosen = exact if resolve("auto") == "fp32" else rounded
    assert np.array_equal(api.embed(model, TEXTS), chosen)
    with pytest.raises(InputError) as error:
        api.embed(model, TEXTS, precision="fp8")
    assert error.value.setting == "precision"


def test_precision_is_recorded_and_work_of_another_one_is_refused(model: Path, tmp_path: Path) -> None:
    made_here = api.embed_corpus(model, [TEXTS], tmp_path / "vectors", precision="bf16")
    assert made_here.stamp["precision"] == "bf16"
    assert api.embed_corpus(model, [TEXTS], tmp_path / "vectors", precision="bf16").stamp == made_here.stamp
    with pytest.raises(InputError):
        api.embed_corpus(model, [TEXTS], tmp_path / "vectors", precision="fp32")


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_queries_have_the_precision_that_an_index_is_opened_with(
    model: Path, tmp_path: Path, precision: str
) -> None:
    api.build_index(model, TEXTS, tmp_path / "index", precision="fp32")
    in_memory = SentenceTransformer(str(model), device="cpu")
    places = (model, in_memory)
    one, other = (api.open_index(tmp_path / "index", place, precision=precision) for place in places)
    assert one.many(TEXTS, 2) == other.many(TEXTS, 2)


def test_an_index_takes_queries_of_its_model_in_either_precision(model: Path, tmp_path: Path) -> None:
    api.build_index(model, TEXTS, tmp_path / "index", precision="bf16")
    for precision in ("bf16", "fp32"):
        found = api.open_index(tmp_path / "index", precision=precision)
        assert [found(text, 1)[0].text for text in TEXTS] == TEXTS
    in_memory = SentenceTransformer(str(model), device="cpu")
    assert api.open_index(tmp_path / "index", in_memory)(TEXTS[1], 1)[0].text == TEXTS[1]
    in_memory[0].auto_model.embeddings.word_embeddings.weight.data[5, 0] += 0.01
    with pytest.raises(InputError):
        api.open_index(tmp_path / "index", in_memory)


SCRIPT = """
import json, sys
import sentrep
model, place = sys.argv[1:]
vectors = sentrep.embed(model, ["the fox", "a"])
sentrep.embed_corpus(model, [["the fox", "a"]], place + "/vectors")
sentrep.build_index(model, ["the fox", "a"], place + "/index")
found = sentrep.search(place + "/index", "the fox", 1)
loaded = [name for name in ("sentence_transformers", "transformers") if name in sys.modules]
print(json.dumps([list(vectors.shape), found[0].text, loaded]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bag", "transformer"])
def test_a_cold_start_imports_neither_transformers_library(kind: str, model: Path, tmp_path: Path) -> None:
    if kind == "bag":
        torch.manual_seed(0)
        table = StaticEmbedding(toy.tokenizer(), embedding_weights=torch.randn(len(toy.WORDS), 32))
        model = tmp_path / "bag"
        SentenceTransformer(modules=[table, Normalize()]).save(str(model), create_model_card=False)
    command = [sys.executable, "-c", SCRIPT, str(model), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == [[2, 32], "the fox", []]
