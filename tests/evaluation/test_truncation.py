"""Documents longer than an encoder reads are counted in the results, the comparison and the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.evaluation import Retrieval, compare, evaluate
from sentrep.evaluation.datasets.beir import read_beir
from sentrep.evaluation.report.league import _warnings
from sentrep.evaluation.result_store import ResultStore
from sentrep.inference.eval_adapter import measured
from tests import toy
from tests.encoders.test_batching import made
from tests.paths import SHARED

CASE = SHARED / "cases" / "longbeir"
LONG, SHORT = "common1 " * 60, "common2 common3"


@pytest.mark.parametrize("kind", ["gru", "lstm", "conv", "transformer"])
def test_cut_documents_are_counted(kind: str, tmp_path: Path) -> None:
    config = EncoderConfig(kind, width=64, token_width=24, layers=1)
    encoder = build(config, toy.tokenizer(), toy.counts(), max_tokens=16)
    task = Retrieval("long", [SHORT], [LONG, LONG + "common4", SHORT], [{0: 1.0}])
    store = ResultStore(tmp_path / "results.jsonl")
    wanted = "2 of 3 documents cut at 16 tokens, 72 % of the tokens unread"
    for _ in range(2):  # measured, then found again on disk
        done = evaluate(measured(encoder, name=kind), [task], store)
        assert [result.truncation for result in done.results] == [wanted] * len(done.results)
        assert [left.reason for left in done.truncations] == [wanted]
    other = evaluate(measured(made("bag"), name="bag"), [task], store)
    assert other.truncations == []
    assert compare(store.read()).truncations() == [f"{kind}: long: {wanted}"]
    assert wanted in _warnings(done.results)


@pytest.mark.skipif(not CASE.exists(), reason="the shared cases are not beside this checkout")
@pytest.mark.parametrize("kind", ["gru", "transformer"])
def test_the_shared_case_of_documents_longer_than_the_encoder_reads(kind: str, tmp_path: Path) -> None:
    """Three documents that differ in their last sentence only, which an encoder of 128 tokens never reads."""
    task = read_beir(CASE)
    tokenizer = Tokenizer.train(task.documents, TokenizerConfig("bpe", vocab=100))
    lengths = [len(tokenizer.encode(text)) for text in task.documents]
    assert min(lengths) > 128
    assert round(100 * (sum(lengths) - 3 * 128) / sum(lengths)) == 54
    counts = np.bincount(tokenizer.encode_batch(task.documents).ids, minlength=tokenizer.vocab_size)
    encoder = build(EncoderConfig(kind, width=64, token_width=24, layers=1), tokenizer.inner, counts, 128)
    done = evaluate(measured(encoder, name=kind), [task], ResultStore(tmp_path / "results.jsonl"))
    wanted = "3 of 3 documents cut at 128 tokens, 54 % of the tokens unread"
    assert {result.truncation for result in done.results} == {wanted}
    assert [left.reason for left in done.truncations] == [wanted]
