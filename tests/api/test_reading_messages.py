"""What is said about texts that were cut and about layouts that were assumed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.api.reading import announce_store
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.reading.report import ReadReport
from sentrep.data.store.store import prepare
from sentrep.utils.errors import ReadWarning
from tests.errors import refuses


def test_sentences_that_were_cut_are_counted_with_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One two three four five.\n\nSix seven.\n\nEight nine ten.\n" * 9)
    corpus = CorpusConfig((str(tmp_path / "a.txt"),))
    store = prepare(corpus, TokenizerConfig("word", vocab=50, max_tokens=3), tmp_path / "cache")
    assert store.truncated > 0
    with pytest.warns(
        ReadWarning, match=f"cut at 3 tokens: {store.truncated} of {len(store)}; sentrep train"
    ):
        announce_store(store)
    with refuses(setting="strict"):
        announce_store(store, strict=True)


def test_the_option_for_layouts_is_not_said_to_change_a_format() -> None:
    report = ReadReport()
    report.assume("plain text, since the name does not say the format", "a.xyz")
    assert report.lines(command_line=True) == [
        "layout assumed: plain text, since the name does not say the format (1: a.xyz); "
        "--split says how lines are read"
    ]
