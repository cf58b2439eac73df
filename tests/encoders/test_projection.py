"""The linear map at the end of an encoder, and the encoder without it."""

from __future__ import annotations

import pytest
import torch

from sentrep.encoders.batching import encode_tokens
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.encoders.projection import apply_projection, before_projection, project
from sentrep.encoders.serialization import Encoder
from tests import toy


def bag() -> Encoder:
    return build(EncoderConfig("bag", width=16), toy.tokenizer(), toy.counts(), 32)


def test_the_two_parts_make_the_vectors_of_the_whole() -> None:
    made, batch = project(bag(), 8).eval(), toy.batches().batch(0, 0)
    before = encode_tokens(before_projection(made), batch.ids, batch.offsets)
    assert before.shape[1] == 16
    whole = encode_tokens(made, batch.ids, batch.offsets)
    torch.testing.assert_close(apply_projection(made, before), whole)


def test_an_encoder_that_has_the_projection_is_not_changed() -> None:
    made = project(bag(), 8)
    count = len(made)
    assert len(project(made, 8)) == count
    assert len(project(made, 4)) == count + 2


def test_modules_stay_on_their_device(monkeypatch: pytest.MonkeyPatch) -> None:
    made = project(bag(), 8)
    monkeypatch.setattr("sentence_transformers.base.model.get_device_name", lambda: "meta")
    before = before_projection(made)
    apply_projection(made, torch.zeros(2, 16))
    assert {each.device.type for each in (*made.parameters(), *before.parameters())} == {"cpu"}
