"""Every script in examples/ runs on toy data, and stays short."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

import pytest
import torch

from sentrep.methods.registry import METHODS
from tests import toy
from tests.paths import ROOT

EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.py"))}
NEEDS = {"langchain_search": "langchain_core", "haystack_search": "haystack"}
"""Packages of examples that sentrep itself does not need."""
PREPARED = "train"
"""The example that makes the run which others read."""
ARGUMENTS = {
    "train": ("corpus.jsonl", "first"),
    "embed": ("first", "corpus.jsonl", "vectors"),
    "search": ("first", "corpus.jsonl", "index", "topic1word1 common3"),
    "langchain_search": ("first", "corpus.jsonl", "langchain.index", "topic1word1 common3"),
    "haystack_search": ("first", "corpus.jsonl", "haystack.index", "topic1word1 common3"),
    "reduce": ("first", "corpus.jsonl", "small"),
    "evaluate": ("first", "corpus.jsonl", "evaluated.jsonl"),
    "compare_with_public_model": ("corpus.jsonl", "corpus.jsonl", "compared", "public"),
    "continue_pretrained": ("public", "corpus.jsonl", "continued"),
    "quick_thought": ("corpus.jsonl", "qt"),
    "skip_thought": ("corpus.jsonl", "st"),
    "cpc": ("corpus.jsonl", "cpc"),
    "infomax": ("sentences.txt", "im"),
    "flow": ("first", "corpus.jsonl", "flow"),
    "semantic_hashing": ("sentences.txt", "codes", "codes.index"),
    "seq2seq2seq": ("sentences.txt", "titles.txt", "sum"),
    "urnng": ("sentences.txt", "urnng"),
    "compound_pcfg": ("sentences.txt", "pcfg"),
    "struct_vae": ("sentences.txt", "toy.trees", "vae"),
    "autoencoder": ("sentences.txt", "ae"),
    "vae": ("sentences.txt", "variational"),
    "vq_vae": ("sentences.txt", "vq"),
    "disentangle": ("corpus.jsonl", "dis", "sentences.txt"),
    "latent_gan": ("sentences.txt", "gan"),
    "o_gan": ("sentences.txt", "ogan"),
    "bigan": ("sentences.txt", "bigan"),
}
PRINTS = {
    "train": "vectors of shape (2, 512)",
    "embed": "vectors of width 512",
    "search": "topic",
    "langchain_search": "topic",
    "haystack_search": "topic",
    "reduce": "256 of 512 axes",
    "evaluate": "bm25",
    "compare_with_public_model": "untrained",
    "continue_pretrained": "cosine",
    "quick_thought": "[",
    "skip_thought": "He opened the door.",
    "cpc": "context vectors of width 512",
    "infomax": "model in im/model",
    "flow": "nats  He opened the door.",
    "semantic_hashing": "topic",
    "seq2seq2seq": "->",
    "urnng": "(X ",
    "compound_pcfg": "(X ",
    "struct_vae": "(X ",
    "autoencoder": "He opened the door.",
    "vae": "-",
    "vq_vae": "bytes of text in",
    "disentangle": "content vectors of shape (2, 128)",
    "latent_gan": "seed 1: ",
    "o_gan": "distance 1: ",
    "bigan": "cosine ",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy data, a small transformer in place of a public model, and the run of `PREPARED`."""
    from sentrep.encoders import serialization
    from sentrep.encoders.config import EncoderConfig
    from sentrep.encoders.factory import build

    place = tmp_path_factory.mktemp("examples")
    toy.write_corpus(place / "corpus.jsonl", 120)
    lines = [" ".join(words) for document in toy.documents(40, seed=3) for words in document]
    (place / "sentences.txt").write_text("\n".join(lines) + "\n")
    (place / "titles.txt").write_text(Path(toy.summaries()).read_text())
    (place / "toy.trees").write_text(Path(toy.treebank()).read_text())
    torch.manual_seed(0)
    small = build(EncoderConfig("transformer", width=64, layers=1), toy.tokenizer(), toy.counts(), 64)
    serialization.save(small, place / "public")
    return place


@pytest.fixture(autouse=True)
def _inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SENTREP_CACHE", str(folder / "cache"))


def test_there_is_an_example_for_each_method_and_use() -> None:
    assert {name.replace("-", "_") for name in METHODS} <= set(EXAMPLES)
    assert set(EXAMPLES) == set(ARGUMENTS) == set(PRINTS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_short_and_say_how_to_run_them(name: str) -> None:
    text = EXAMPLES[name].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 50
    documentation = ast.get_docstring(ast.parse(text)) or ""
    [command] = [line for line in documentation.splitlines() if line.startswith("    python ")]
    assert command.split()[1] == f"examples/{name}.py"
    assert len(command.split('"')[0].split()) - 2 in (len(ARGUMENTS[name]), len(ARGUMENTS[name]) - 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXAMPLES, key=lambda name: name != PREPARED))
def test_the_example_runs(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    if "first" in ARGUMENTS[name] and name != PREPARED and not (folder / "first").exists():
        monkeypatch.setattr(sys, "argv", [PREPARED, *ARGUMENTS[PREPARED]])
        runpy.run_path(str(EXAMPLES[PREPARED]), run_name="__main__")
    monkeypatch.setattr(sys, "argv", [name, *ARGUMENTS[name]])
    runpy.run_path(str(EXAMPLES[name]), run_name="__main__")
    assert PRINTS[name] in capsys.readouterr().out
