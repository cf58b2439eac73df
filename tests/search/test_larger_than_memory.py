"""An index whose vectors take more than a process may have for itself is opened and answers."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sentrep.search import Index, ModelStamp
from tests.toy_run import start

COUNT, WIDTH, CHUNK = 150_000, 256, 10_000
OWN = 80 << 20
"""Bytes that the process may take beside its libraries: half of those of the vectors."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the limit counts private memory on Linux alone"),
]


def chunks() -> Iterator[NDArray[np.float32]]:
    """Vectors around 600 centres."""
    draw = np.random.default_rng(0)
    centres = draw.standard_normal((600, WIDTH), dtype=np.float32)
    for first in range(0, COUNT, CHUNK):
        near = centres[np.arange(first, first + CHUNK) % 600]
        yield near + 0.5 * draw.standard_normal((CHUNK, WIDTH), dtype=np.float32)


def private_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmData:")))


def answer_within_the_limit(path: Path) -> None:
    """Look vectors of the index up in a process with little memory of its own."""
    import faiss

    faiss.omp_set_num_threads(1)
    most = private_bytes() + OWN
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    index = Index.open(path)
    assert index.vectors.nbytes > 1.8 * OWN
    rows = np.arange(0, COUNT, COUNT // 5)
    hits = index.search(index.take(rows), 3)
    assert [row[0].id for row in hits] == [str(row) for row in rows]
    with pytest.raises(MemoryError):
        np.zeros(2 * OWN, np.uint8).fill(1)  # the limit holds


@pytest.mark.parametrize("kind", ["flat", "binary"])
def test_an_index_larger_than_memory_answers(kind: str, tmp_path: Path) -> None:
    index = Index.build(chunks(), out=tmp_path / "index", model=ModelStamp("toy", "0"), kind=kind)  # type: ignore[arg-type]
    assert len(index) == COUNT
    process = start(answer_within_the_limit, tmp_path / "index")
    process.join(120)
    assert process.exitcode == 0
