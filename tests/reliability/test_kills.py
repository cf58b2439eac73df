"""Work that is killed at random moments and begun again ends with the same result, and leaves nothing
else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sentrep.search import Index
from tests.reliability import work
from tests.reliability.kills import killed, run
from tests.toy_run import start

pytestmark = pytest.mark.slow
KILLS = work.repetitions(3, 30)
"""Of each kind of work."""


@pytest.mark.parametrize("kind", work.KILLED)
def test_killed_work_ends_with_the_same_result(
    kind: str, tmp_path: Path, record_property: object, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = work.lay_out(tmp_path / "whole")
    seconds = run(work.do, kind, whole)
    expected = work.result(kind, whole)
    moments = work.draws(kind)
    kills = hits = 0
    while hits < KILLS:
        place = work.lay_out(tmp_path / f"killed-{kills}")
        if kind == "index":  # an older index stands where the new one goes
            run(work.do, kind, place, 9)
        hit = killed(work.do, kind, place, seconds, moments)
        hits, kills = hits + hit, kills + 1
        seconds *= 1 if hit else 0.8  # the first run was slower: it read its libraries from the disk
        if kind == "index":
            assert Index.open(place / work.OUT, verify=True).info.model.content_hash in ("1", "9")
        run(work.do, kind, place)
        assert same(kind, place, expected), f"kill {kills} of {kind}"
        assert work.litter(kind, place) == []
        shutil.rmtree(place)
        assert kills < 10 * KILLS, "the work ends before it can be killed"
    with capsys.disabled():
        print(f"\n{kind}: {hits} kills, {hits} equal results, 0 files left over")


def same(kind: str, place: Path, expected: dict[str, bytes]) -> bool:
    """Whether the result is the expected one. A graph or cells depend on the order of threads: an index is
    compared by what it holds and finds."""
    found = work.result(kind, place)
    if kind != "index":
        return found == expected
    held = {name: content for name, content in found.items() if name.startswith(("ids", "texts", "vectors"))}
    if any(expected[name] != content for name, content in held.items()):
        return False
    hits = Index.open(place / work.OUT, verify=True).search(work.vectors_of(1)[:50], 1)
    return all(hit[0].score > 0.9999 for hit in hits)


@pytest.mark.parametrize("kind", work.KINDS)
def test_two_writers(kind: str, tmp_path: Path) -> None:
    whole = work.lay_out(tmp_path / "whole")
    run(work.do, kind, whole)
    expected = work.result(kind, whole)
    for wait in (False, True):
        place = work.lay_out(tmp_path / f"wait-{wait}")
        both = [start(work.do, kind, place, 1, wait) for _ in range(2)]
        for process in both:
            process.join(120)
        codes = sorted(process.exitcode or 0 for process in both)
        errors = [path.read_text() for path in place.glob("error-*")]
        # The second may also come when the first has ended already.
        assert codes == [0, 0] or (not wait and codes == [0, 3]), errors
        assert (
            all(str(process.pid) in " ".join(errors) for process in both if process.exitcode == 0)
            or not errors
        )
        for path in place.glob("error-*"):
            path.unlink()
        assert same(kind, place, expected)
        assert work.litter(kind, place) == []


def test_a_writer_is_refused_while_another_is_at_it(tmp_path: Path) -> None:
    from sentrep.utils.locks import writer

    for kind in ("train", "embed", "index"):
        place = work.lay_out(tmp_path / kind)
        with writer(place / work.OUT, "test"):
            process = start(work.do, kind, place)
            process.join(60)
        assert process.exitcode == 3
        (error,) = place.glob("error-*")
        assert str(os.getpid()) in error.read_text()
