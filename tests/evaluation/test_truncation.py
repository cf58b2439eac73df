"""Documents longer than an encoder reads are counted in the results, the comparison and the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.evaluation import Retrieval, compare, evaluate
from sentrep.evaluation.report.league import _warnings
from sentrep.evaluation.result_store import ResultStore
from sentrep.inference.eval_adapter import measured
from tests import toy
from tests.encoders.test_batching import made

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
