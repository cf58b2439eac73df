"""Every script in examples/ runs on toy data by the command in its docstring, and stays short."""

from __future__ import annotations

import ast
import runpy
import shlex
import sys
from pathlib import Path

import pytest
import torch

from tests import toy
from tests.paths import ROOT

EXAMPLES = {path.stem: path for path in sorted((ROOT / "examples").glob("*.py"))}
NEEDS = {"langchain_search": "langchain_core", "haystack_search": "haystack"}
"""Packages of examples that sentrep itself does not need."""
PREPARED = "train"
"""The example that makes the run which others read."""
PUBLIC = "sentence-transformers/all-MiniLM-L6-v2"
QUERIES = {"a quarrel at dinner": "topic1word1 common3"}
"""Words of the examples, and words of the toy corpus in their place."""
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
    "infomax": "model in runs/infomax/model",
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
"""Parts of what examples print; any other example has to print something."""


def command(name: str) -> list[str]:
    """The command in the docstring of an example: how a user starts it, and how it is run here."""
    documentation = ast.get_docstring(ast.parse(EXAMPLES[name].read_text(encoding="utf-8"))) or ""
    [line] = [line for line in documentation.splitlines() if line.startswith("    python ")]
    return shlex.split(line)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy data under the names that the commands of the examples have, and a small transformer in place of a
    public model."""
    from sentrep.encoders import serialization
    from sentrep.encoders.config import EncoderConfig
    from sentrep.encoders.factory import build

    place = tmp_path_factory.mktemp("examples")
    for corpus in ("books/all.jsonl", "heldout/all.jsonl", "texts/all.jsonl", "corpus.jsonl"):
        (place / corpus).parent.mkdir(exist_ok=True)
        toy.write_corpus(place / corpus, 120)
    lines = [" ".join(words) for document in toy.documents(40, seed=3) for words in document]
    for name in ("sentences.txt", "articles.txt", "other.txt"):
        (place / name).write_text("\n".join(lines) + "\n")
    (place / "titles.txt").write_text(Path(toy.summaries()).read_text())
    (place / "some.trees").write_text(Path(toy.treebank()).read_text())
    torch.manual_seed(0)
    small = build(EncoderConfig("transformer", width=64, layers=1), toy.tokenizer(), toy.counts(), 64)
    serialization.save(small, place / PUBLIC)
    return place


@pytest.fixture(autouse=True)
def _inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SENTREP_CACHE", str(folder / "cache"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_short_and_say_how_to_run_them(name: str) -> None:
    assert len(EXAMPLES[name].read_text(encoding="utf-8").splitlines()) <= 50
    assert command(name)[1] == f"examples/{name}.py"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXAMPLES, key=lambda name: name != PREPARED))
def test_the_example_runs(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    first = command(PREPARED)[-1]
    if first in command(name) and name != PREPARED and not (folder / first).exists():
        run(PREPARED, monkeypatch)
    run(name, monkeypatch)
    printed = capsys.readouterr().out
    assert PRINTS.get(name, "") in printed
    assert printed.strip()


def run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run an example by its own command."""
    arguments = [QUERIES.get(word, word) for word in command(name)[2:]]
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(EXAMPLES[name]), run_name="__main__")
