"""Semantic hashing against a second implementation, and its codes in an index."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

import sentrep
from sentrep.data.batch import SentenceBatch
from sentrep.encoders import serialization
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.methods.semantic_hashing.config import SemanticHashingConfig
from sentrep.methods.semantic_hashing.method import SemanticHashing
from sentrep.methods.semantic_hashing.words import WordTargets
from sentrep.training.monitors import alarms
from sentrep.utils.errors import InputError
from tests import toy, toy_run


def method(**settings: Any) -> SemanticHashing:
    made: SemanticHashing = toy_run.make("semantic-hashing", {"bits": 16, "hidden_width": 8} | settings)
    return made.eval()


def batch() -> SentenceBatch:
    return toy.batch([[7, 8, 8], [20, 21], [], [8, 30]], [0, 0, 1, 1])


def test_targets_are_tf_idf_that_sums_to_one() -> None:
    targets = WordTargets(40).train()
    rows = targets(batch().ids, batch().offsets)
    one, two = math.log(5 / 2), math.log(5 / 3)  # 4 sentences; token 8 stands in two of them
    assert rows[0, 7].item() == pytest.approx(one / (one + 2 * two))
    assert rows[0, 8].item() == pytest.approx(2 * two / (one + 2 * two))
    assert rows.sum(1).tolist() == pytest.approx([1, 1, 0, 1])
    torch.testing.assert_close(targets.eval()(batch().ids, batch().offsets), rows)


def test_the_objective_written_as_loops() -> None:
    made = method()
    made.train()(batch(), "train")  # counts document frequencies
    made.eval()
    step = made(batch(), "train")
    with torch.no_grad():
        vectors = made.embed(batch())
        targets = made.targets(batch().ids, batch().offsets)
        code = made.bottleneck(vectors, 1.0)
        losses = []
        for row in (0, 1, 3):  # the empty sentence has nothing to predict
            bits = (vectors[row] > 0).float()
            log_prob = (made.decoder.weight @ bits + made.decoder.bias).log_softmax(0)
            nll = -sum(targets[row, word] * log_prob[word] for word in range(len(log_prob)))
            losses.append(nll + code.penalty[row])
    torch.testing.assert_close(step.loss, torch.stack(losses).mean())


@pytest.mark.parametrize("trained", [False, True])
def test_the_encoder_is_trained_only_where_asked(trained: bool) -> None:
    made = method(train_encoder=trained)
    assert made.encoder()[0].embedding.weight.requires_grad is trained


@pytest.mark.parametrize("trained", [False, True])
def test_a_frozen_encoder_drops_nothing_out(trained: bool) -> None:
    config = EncoderConfig("gru", width=16, token_width=8, layers=2, dropout=0.5)
    encoder = build(config, toy.tokenizer(), toy.counts(), 32)
    made = SemanticHashing(SemanticHashingConfig(16, 8, train_encoder=trained), lambda: encoder).train()
    assert torch.equal(made.embed(batch()), made.embed(batch())) is not trained
    assert made.eval().training is False


@pytest.mark.parametrize("trained", [False, True])
def test_the_layers_of_a_run_are_trained_further(trained: bool) -> None:
    first = method(train_encoder=trained).encoder()
    again = SemanticHashing(SemanticHashingConfig(16, 8, train_encoder=trained), lambda: first)
    assert again.encoder() is first
    *before, first_layer, last_layer = first
    assert all(each.requires_grad is trained for module in before for each in module.parameters())
    assert all(each.requires_grad for module in (first_layer, last_layer) for each in module.parameters())
    longer = SemanticHashing(SemanticHashingConfig(24, 8), lambda: first)
    assert len(longer.encoder()) == len(first) + 2


def test_the_signs_of_the_exported_vectors_are_the_code(tmp_path: Path) -> None:
    made = method()
    serialization.save(made.encoder(), tmp_path / "model")
    texts = [" ".join(words) for document in toy.documents(5) for words in document]
    plain = SentenceTransformer(str(tmp_path / "model")).encode(texts)
    given = toy.batch([[toy.WORDS.index(word) for word in text.split()] for text in texts], [0] * len(texts))
    with torch.no_grad():
        expected = made.bottleneck.mode(made.embed(given)).numpy()
    np.testing.assert_array_equal(plain > 0, expected > 0)


def test_codes_are_searched_in_a_binary_index(tmp_path: Path) -> None:
    serialization.save(method().encoder(), tmp_path / "model")
    texts = [" ".join(words) for document in toy.documents(10) for words in document]
    search = sentrep.build_index(tmp_path / "model", texts, out=tmp_path / "index", kind="binary")
    assert search(texts[3], k=1)[0].text == texts[3]


def test_bits_that_do_not_vary_raise_an_alarm() -> None:
    made = method()
    with torch.no_grad():
        made.encoder()[-1].linear.weight.zero_()
        made.encoder()[-1].linear.bias.fill_(1)
    metrics = {name: float(value) for name, value in made(batch(), "train").metrics.items()}
    assert "bit_entropy" in {alarm.name for alarm in alarms(metrics, made.monitors())}


@pytest.mark.parametrize(
    ("setting", "value"), [("bits", 12), ("bits", 0), ("hidden_width", 0), ("code_noise", -1.0)]
)
def test_settings_out_of_range(setting: str, value: float) -> None:
    with pytest.raises(InputError) as refused:
        SemanticHashingConfig(**{setting: value})  # type: ignore[arg-type]
    assert refused.value.setting == setting
