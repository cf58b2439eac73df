"""Whatever bytes a file holds, the reader gives pieces or an InputError, and every problem names its file."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path

import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.source import ReadReport, read
from sentrep.utils.errors import InputError

SUFFIXES = [".txt", ".md", ".jsonl", ".csv", ".tsv", ".parquet"]

jsonish = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "title", "id", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)
contents = st.one_of(
    st.binary(max_size=300),
    st.text(st.characters(), max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text(max_size=200).map(lambda text: text.encode("utf-16")),
    st.lists(jsonish, max_size=6).map(lambda rows: "\n".join(map(json.dumps, rows)).encode()),
    st.text(alphabet='text,\t"\n\r\0ab.', max_size=200).map(lambda text: b"id,text\n" + text.encode()),
    st.text(alphabet="#`~-* ab.\n", max_size=200).map(str.encode),
    st.binary(max_size=100).map(lambda inner: b"PAR1" + inner + b"\x04\0\0\0PAR1"),
)
packings = st.sampled_from(["", ".gz", ".zst"])


@st.composite
def files(draw: st.DrawFn) -> tuple[str, bytes]:
    data, packing = draw(contents), draw(packings)
    if draw(st.integers(0, 4)):  # else: the name promises a compression that is not there
        data = (
            gzip.compress(data)
            if packing == ".gz"
            else zstandard.ZstdCompressor().compress(data)
            if packing == ".zst"
            else data
        )
    data = data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data
    return draw(st.sampled_from(SUFFIXES)) + packing, data + draw(
        st.sampled_from([b"", b"", b"\0\0", b"tail"])
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(files(), min_size=1, max_size=4), st.sampled_from(["auto", "prose", "lines"]), st.booleans())
def test_any_bytes_give_pieces_or_an_input_error(
    corpus: list[tuple[str, bytes]], split: str, by_name: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for i, (suffix, data) in enumerate(corpus):
            names.append(str(Path(folder, f"file{i}{suffix}")))
            Path(names[-1]).write_bytes(data)
        report = ReadReport()
        config = CorpusConfig(tuple(names) if by_name else (folder,), split=split)  # type: ignore[arg-type]
        pieces, failure = [], ""
        try:
            pieces.extend(read(config, report))
        except InputError as error:
            failure = str(error)
        if failure:
            assert any(name in failure for name in (*names, folder))
        else:
            documents = [piece.document for piece in pieces]
            assert documents == sorted(documents)
            assert set(documents) == set(range(report.documents))
            assert report.documents > 0
        for piece in pieces:
            assert piece.text.strip()
            assert "\0" not in piece.text
            assert f"{piece.text}{piece.title}{piece.id}".encode()
        for kind, examples in report.examples.items():
            assert report.problems[kind] >= len(examples) > 0
            assert all(any(example.startswith(f"{name}:") for name in names) for example in examples)
        assert report.summary()
