"""Encoders on disk: who opens what, what is refused, and what the content hash tells apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, models

from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.encoders.concat import Concatenation, concatenate
from sentrep.encoders.serialization import content_hash
from sentrep.utils.errors import InputError
from sentrep.utils.formats import MODEL
from tests import toy
from tests.encoders.test_batching import made
from tests.errors import refuses

TEXTS = ["common1 topic2word3 common4 common5", "", "topic1word1", "never seen", "common1 " * 40]
PLAIN: dict[str, dict[str, Any]] = {
    "bag": {"kind": "bag"},
    "bag with layers": {"kind": "bag", "layers": 2, "dropout": 0.1},
    "lstm mean": {"kind": "lstm", "layers": 2, "dropout": 0.1},
    "lstm max": {"kind": "lstm", "pooling": "max"},
    "lstm one way": {"kind": "lstm", "bidirectional": False},
    "transformer": {"kind": "transformer"},
}
"""What opens with plain sentence-transformers, as the README promises."""
OURS: dict[str, dict[str, Any]] = {
    "gru": {"kind": "gru", "layers": 2},
    "gru last": {"kind": "gru", "pooling": "last"},
    "lstm last": {"kind": "lstm", "pooling": "last"},
    "conv": {"kind": "conv", "layers": 2, "pooling": "max"},
    "gru max one way": {"kind": "gru", "pooling": "max", "bidirectional": False},
}
READER = """
import sys, json
import numpy as np
from sentence_transformers import SentenceTransformer
folders, texts, out = json.loads(sys.argv[1])
models = [SentenceTransformer(folder, device="cpu") for folder in folders]
vectors = [model.encode(texts, show_progress_bar=False) for model in models]
assert not any(name.startswith("sentrep") for name in sys.modules)
np.save(out, np.stack(vectors))
"""


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale is not kept by [f; g], nor does anything depend on it."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, np.ndarray]]:
    """Every kind of encoder, saved, with the vectors it gave before."""
    place = tmp_path_factory.mktemp("models")
    found = {}
    for number, (name, options) in enumerate({**PLAIN, **OURS}.items()):
        encoder = made(**options)
        folder.save(encoder, place / str(number))
        assert folder.is_stock(encoder) == (name in PLAIN)
        found[name] = (place / str(number), encode(encoder, TEXTS))
    return found


@pytest.mark.slow
def test_stock_models_open_in_a_fresh_interpreter_without_us(
    saved: dict[str, tuple[Path, np.ndarray]], tmp_path: Path
) -> None:
    texts = [text for text in TEXTS if text]  # a stock transformer cannot pool over nothing
    arguments = json.dumps([[str(saved[name][0]) for name in PLAIN], texts, str(tmp_path / "vectors.npy")])
    environment = {**os.environ, "PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}
    reader = subprocess.run(
        [sys.executable, "-c", READER, arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert reader.returncode == 0, reader.stderr
    places = [place for place, text in enumerate(TEXTS) if text]
    for name, vectors in zip(PLAIN, np.load(tmp_path / "vectors.npy"), strict=True):
        assert np.allclose(vectors, saved[name][1][places], atol=2e-5), name


@pytest.mark.parametrize("name", [*PLAIN, *OURS])
def test_load_gives_the_same_vectors_in_fp32(saved: dict[str, tuple[Path, np.ndarray]], name: str) -> None:
    path, before = saved[name]
    opened = folder.load(path)
    assert all(weight.dtype == torch.float32 for weight in opened.parameters())
    assert np.allclose(encode(opened, TEXTS), before, atol=2e-5)


def test_weights_saved_in_bf16_are_opened_in_fp32(tmp_path: Path) -> None:
    encoder = made("transformer")
    encoder[0].auto_model.bfloat16()
    folder.save(encoder, tmp_path / "model")
    assert all(weight.dtype == torch.float32 for weight in folder.load(tmp_path / "model").parameters())


@pytest.mark.parametrize("name", list(OURS))
def test_what_is_not_stock_is_refused_by_plain_sentence_transformers(
    saved: dict[str, tuple[Path, np.ndarray]], name: str
) -> None:
    with pytest.raises(ValueError, match="trust_remote_code"):
        SentenceTransformer(str(saved[name][0]))


def test_a_loaded_model_saves_again_as_it_was(
    saved: dict[str, tuple[Path, np.ndarray]], tmp_path: Path
) -> None:
    for name in ("bag with layers", "lstm max", "gru", "transformer"):
        folder.save(folder.load(saved[name][0]), tmp_path / "again")
        again = folder.load(tmp_path / "again")
        assert content_hash(again) == content_hash(folder.load(saved[name][0])), name
        assert np.allclose(encode(again, TEXTS), saved[name][1], atol=2e-5)


def test_a_run_folder_stands_for_its_model(saved: dict[str, tuple[Path, np.ndarray]], tmp_path: Path) -> None:
    folder.save(folder.load(saved["bag"][0]), tmp_path / "run" / "model")
    assert content_hash(folder.load(tmp_path / "run")) == content_hash(folder.load(saved["bag"][0]))


def bag(rows: torch.Tensor | None = None, tokenizer: Tokenizer | None = None) -> SentenceTransformer:
    torch.manual_seed(3)
    rows = torch.randn(len(toy.WORDS), 8) if rows is None else rows
    return SentenceTransformer(
        modules=[StaticEmbedding(tokenizer or toy.tokenizer(), embedding_weights=rows), Dense(8, 8)]
    )


def test_the_hash_sees_everything_that_makes_a_vector(tmp_path: Path) -> None:
    first = bag()
    assert content_hash(first) == content_hash(bag())
    changed = bag()
    changed[1].linear.bias.data[3] += 1e-6
    other_tokenizer = Tokenizer(
        models.WordLevel({word: (place + 1) % len(toy.WORDS) for place, word in enumerate(toy.WORDS)})
    )
    normalised = SentenceTransformer(modules=[*bag(), Normalize()])
    activated = SentenceTransformer(modules=[bag()[0], Dense(8, 8, activation_function=torch.nn.Identity())])
    activated[1].load_state_dict(bag()[1].state_dict())
    half = bag().half()
    prompted = SentenceTransformer(
        modules=list(bag()), prompts={"query": "common1 "}, default_prompt_name="query"
    )
    others = [changed, bag(tokenizer=other_tokenizer), normalised, activated, half, prompted]
    hashes = [content_hash(encoder) for encoder in (first, *others)]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("kind", ["gru", "lstm", "conv", "transformer"])
def test_the_hash_sees_pooling_length_and_each_weight(kind: str) -> None:
    base = content_hash(made(kind))
    assert content_hash(made(kind)) == base
    assert content_hash(made(kind, pooling="max")) != base
    encoder = made(kind)
    for weight in encoder.parameters():
        before = weight.data.clone()
        weight.data.view(-1)[-1] += 0.5
        assert content_hash(encoder) != base
        weight.data.copy_(before)
    assert content_hash(encoder) == base


def test_the_hash_sees_the_number_of_heads() -> None:
    """One head or two: the weights have the same shapes, the vectors differ."""
    two, one = made("transformer", width=128), made("transformer", width=128)
    one[0].auto_model.config.n_heads = 1
    assert content_hash(one) != content_hash(two)


@pytest.mark.parametrize("name", [*PLAIN, *OURS])
def test_the_hash_is_the_same_wherever_the_folder_lies(
    saved: dict[str, tuple[Path, np.ndarray]], name: str, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere"
    moved.symlink_to(saved[name][0], target_is_directory=True)
    assert content_hash(folder.load(moved)) == content_hash(folder.load(saved[name][0]))


def test_side_by_side_is_each_ones_unit_vectors_together(tmp_path: Path) -> None:
    parts = [made("bag"), made("gru", width=32), made("lstm", pooling="last")]
    whole = SentenceTransformer(modules=[Concatenation(parts)])
    expected = np.concatenate([unit(encode(part, TEXTS)) for part in parts], axis=1) / np.sqrt(3)
    assert np.allclose(encode(whole, TEXTS), expected, atol=1e-6)
    assert np.allclose(whole.encode(TEXTS, show_progress_bar=False), expected, atol=1e-5)
    assert whole.get_embedding_dimension() == 64 + 32 + 64
    folder.save(whole, tmp_path / "three")
    opened = folder.load(tmp_path / "three")
    assert np.allclose(encode(opened, TEXTS), expected, atol=1e-5)
    folder.save(opened, tmp_path / "again")
    assert content_hash(folder.load(tmp_path / "again")) == content_hash(opened)
    assert encode(opened, []).shape == (0, 160)


def test_more_than_ten_side_by_side_keep_their_order(tmp_path: Path) -> None:
    parts = [
        bag(torch.randn(len(toy.WORDS), 8, generator=torch.Generator().manual_seed(seed)))
        for seed in range(12)
    ]
    whole = SentenceTransformer(modules=[Concatenation(parts)])
    folder.save(whole, tmp_path / "twelve")
    assert np.allclose(
        encode(folder.load(tmp_path / "twelve"), TEXTS[:1]), encode(whole, TEXTS[:1]), atol=1e-6
    )


def test_unit_rows_stay_unit_rows_and_zero_rows_zero() -> None:
    rows = concatenate([torch.tensor([[3.0, 4.0], [0.0, 0.0]]), torch.tensor([[2.0], [0.0]])])
    assert torch.allclose(rows[0], torch.tensor([0.6, 0.8, 1.0]) / 2**0.5)
    assert (rows[1] == 0).all()


# --- What is refused
# --------------------------------------------------------------------------------------------------


def edited(saved: dict[str, tuple[Path, np.ndarray]], name: str, to: Path) -> Path:
    folder.save(folder.load(saved[name][0]), to)
    return to


def rewrite_modules(model: Path, **changes: Any) -> None:
    modules = json.loads((model / "modules.json").read_text())
    modules[-1] |= changes
    (model / "modules.json").write_text(json.dumps(modules))


@pytest.mark.parametrize(
    "kind", ["os.system", "evil.Module", "sentence_transformersx.Evil", "sentrep.api.train", ""]
)
@pytest.mark.parametrize("name", ["bag", "gru"])
def test_foreign_modules_are_refused(
    saved: dict[str, tuple[Path, np.ndarray]], name: str, kind: str, tmp_path: Path
) -> None:
    path = edited(saved, name, tmp_path / "model")
    (path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Module: pass\n")
    rewrite_modules(path, type=kind)
    with refuses(place="modules.json"):
        folder.load(path)
    assert not (tmp_path / "ran").exists()


OLD_CLASSES = (
    "sentrep.encoders.side_by_side.SideBySide",
    "sentrep.encoders.reader.Reader",
    "sentrep.encoders.recurrent.Recurrent",
    "sentrep.parts.tree_encoder.TreeEncoder",
)
"""Module classes in models of the first format."""


@pytest.mark.parametrize("kind", OLD_CLASSES)
def test_a_model_of_the_first_format_is_refused(
    saved: dict[str, tuple[Path, np.ndarray]], kind: str, tmp_path: Path
) -> None:
    path = edited(saved, "gru", tmp_path / "model")
    rewrite_modules(path, type=kind)
    (path / folder.FORMAT).unlink()
    with refuses(place="modules.json") as error:
        folder.load(path)
    assert str(path) in str(error.value)


def test_a_model_in_a_run_of_the_first_format_is_refused_with_the_command_of_its_run(
    saved: dict[str, tuple[Path, np.ndarray]], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    path = edited(saved, "gru", run / "model")
    (path / folder.FORMAT).unlink()
    record = {"method": "quick-thought", "corpus": {"corpus": ["books"]}}
    (run / "run.json").write_text(json.dumps({"run": record}))
    for place in (run, path):
        with pytest.raises(InputError) as error:
            folder.load(place)
        assert f"sentrep train quick-thought --corpus books --out {run} --overwrite" in str(error.value)


@pytest.mark.parametrize("version", [1, MODEL.format_version + 1, str(MODEL.format_version), None, True])
@pytest.mark.parametrize("name", ["bag", "gru"])
def test_a_model_of_another_format_is_refused(
    saved: dict[str, tuple[Path, np.ndarray]], name: str, version: Any, tmp_path: Path
) -> None:
    path = edited(saved, name, tmp_path / "model")
    (path / folder.FORMAT).write_text(json.dumps({"format_version": version}))
    with refuses(place="sentrep.json"):
        folder.load(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "3", "null", "\xff", "[" * 100_000])
def test_a_damaged_format_file_is_refused(
    saved: dict[str, tuple[Path, np.ndarray]], content: str, tmp_path: Path
) -> None:
    path = edited(saved, "bag", tmp_path / "model")
    (path / folder.FORMAT).write_bytes(content.encode("latin-1"))
    with refuses(place="sentrep.json"):
        folder.load(path)


def test_a_model_says_its_format_and_opens_with_sentence_transformers(
    saved: dict[str, tuple[Path, np.ndarray]], tmp_path: Path
) -> None:
    path = edited(saved, "bag", tmp_path / "model")
    written = json.loads((path / folder.FORMAT).read_text())
    assert written["format_version"] == MODEL.format_version
    assert isinstance(written["sentrep"], str)
    plain = SentenceTransformer(str(path), device="cpu")
    assert content_hash(plain) == content_hash(folder.load(path))


def test_a_model_of_sentence_transformers_has_no_format_of_ours(tmp_path: Path) -> None:
    bag().save(str(tmp_path / "plain"), create_model_card=False)
    assert content_hash(folder.load(tmp_path / "plain")) == content_hash(bag())


@pytest.mark.parametrize(
    "kind",
    [
        "sentrep.encoders.serialization.save",
        "sentrep.encoders.nothing.Here",
        "sentrep.encoders.recurrent.json",
    ],
)
def test_what_is_no_module_of_ours_is_refused(
    saved: dict[str, tuple[Path, np.ndarray]], kind: str, tmp_path: Path
) -> None:
    path = edited(saved, "gru", tmp_path / "model")
    rewrite_modules(path, type=kind)
    with refuses(setting="module"):
        folder.load(path)


@pytest.mark.parametrize(
    "content",
    ["{", "{}", "[]", "[1]", '[{"path": ""}]', '[{"type": 3, "path": ""}]', "null", '"x"', "\xff\xfe"],
)
def test_broken_modules_are_refused(
    saved: dict[str, tuple[Path, np.ndarray]], content: str, tmp_path: Path
) -> None:
    path = edited(saved, "bag", tmp_path / "model")
    (path / "modules.json").write_bytes(content.encode("latin-1"))
    with refuses(place="modules.json"):
        folder.load(path)


def test_a_module_path_may_not_leave_the_folder(
    saved: dict[str, tuple[Path, np.ndarray]], tmp_path: Path
) -> None:
    edited(saved, "gru", tmp_path / "other")
    path = edited(saved, "gru", tmp_path / "model")
    rewrite_modules(path, path="../other")
    with refuses(place="modules.json"):
        folder.load(path)


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".ckpt"])
def test_pickled_weights_are_refused(
    saved: dict[str, tuple[Path, np.ndarray]], suffix: str, tmp_path: Path
) -> None:
    path = edited(saved, "bag", tmp_path / "all")
    for file in list(path.rglob("*.safetensors")):
        file.rename(file.with_name(f"pytorch_model{suffix}"))
    with refuses(place=f"pytorch_model{suffix}"):
        folder.load(path)


def test_one_module_with_pickled_weights_is_enough_to_refuse(
    saved: dict[str, tuple[Path, np.ndarray]], tmp_path: Path
) -> None:
    path = edited(saved, "bag with layers", tmp_path / "some")
    file = max(path.rglob("*.safetensors"))
    assert list(path.rglob("*.safetensors")) != [file]
    file.rename(file.with_name("pytorch_model.bin"))
    with refuses(place="pytorch_model.bin"):
        folder.load(path)


@pytest.mark.parametrize("name", ["bag", "gru", "lstm max", "transformer"])
def test_damaged_weights_are_named(
    saved: dict[str, tuple[Path, np.ndarray]], name: str, tmp_path: Path
) -> None:
    path = edited(saved, name, tmp_path / "model")
    file = max(path.rglob("*.safetensors"), key=lambda file: file.stat().st_size)
    file.write_bytes(file.read_bytes()[:1000])
    with refuses(place="model"):
        folder.load(path)


def test_a_folder_with_files_missing_is_named(
    saved: dict[str, tuple[Path, np.ndarray]], tmp_path: Path
) -> None:
    path = edited(saved, "gru", tmp_path / "model")
    next(path.rglob("recurrent_config.json")).unlink()
    with refuses(place="model"):
        folder.load(path)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with refuses(place=tmp_path):
        folder.load(tmp_path)
    (tmp_path / "file").write_text("x")
    with refuses(place="file"):
        folder.load(tmp_path / "file")
    for missing in (tmp_path / "nowhere", "./nowhere", "~/nowhere", "a/b/c"):
        with refuses(place=missing):
            folder.load(missing)


def test_a_name_while_offline_is_an_error_and_a_quick_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    began = time.monotonic()
    with refuses(place="no-such-model"):
        folder.load("nobody/no-such-model")
    with refuses(place="no-such-model-at-all"):
        folder.load("no-such-model-at-all", offline=True)
    assert time.monotonic() - began < 10


def test_saving_replaces_a_model_and_nothing_else(tmp_path: Path) -> None:
    folder.save(bag(), tmp_path / "model")
    folder.save(made("bag"), tmp_path / "model")
    assert content_hash(folder.load(tmp_path / "model")) == content_hash(folder.stock(made("bag")))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "love.txt").write_text("dear")
    with refuses(place="letters"):
        folder.save(bag(), tmp_path / "letters")
    assert (tmp_path / "letters" / "love.txt").read_text() == "dear"


def test_prompts_are_kept(tmp_path: Path) -> None:
    encoder = SentenceTransformer(
        modules=list(bag()), prompts={"query": "common1 "}, default_prompt_name="query"
    )
    folder.save(encoder, tmp_path / "model")
    opened = folder.load(tmp_path / "model")
    assert np.allclose(encode(opened, TEXTS), encode(bag(), [f"common1 {text}" for text in TEXTS]), atol=1e-6)


def test_pooling_of_nothing_is_finite_everywhere() -> None:
    for name in ("bag", "gru", "lstm", "conv", "transformer"):
        for pooling in ("mean", "max"):
            assert np.isfinite(encode(made(name, pooling=pooling), ["", "common1"])).all(), (name, pooling)


def test_a_model_of_own_modules_leaves_no_link_of_an_earlier_one(tmp_path: Path) -> None:
    for name, linked in (("bag", True), ("gru", False)):
        settings = {**PLAIN, **OURS}[name]
        folder.save(made(**settings), tmp_path / "model")
        assert folder.link(tmp_path / "model", tmp_path) is linked
        assert (tmp_path / "modules.json").exists() is linked
