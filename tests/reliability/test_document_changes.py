"""An index of documents whose changes are killed at random moments: it has the old state or the new one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.reliability import changes
from tests.reliability.kills import killed, run
from tests.reliability.work import draws, repetitions

pytestmark = pytest.mark.slow
KILLS = repetitions(2, 25)
"""Of each change."""


@pytest.mark.parametrize("change", changes.CHANGES)
def test_a_killed_change_loses_nothing(
    change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes.before(tmp_path / "before")
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    seconds = run(changes.do, change, tmp_path / "after")
    old, new = changes.content(tmp_path / "before"), changes.content(tmp_path / "after")
    assert old != new
    moments = draws(change)
    kills = hits = kept = 0
    while hits < KILLS:
        place = tmp_path / f"killed-{kills}"
        shutil.copytree(tmp_path / "before", place)
        hit = killed(changes.do, change, place, seconds, moments)
        hits, kills = hits + hit, kills + 1
        found = changes.content(place)
        assert found in (old, new), f"kill {kills} of {change}"
        kept += found == old and hit
        seconds = run(
            changes.do, change, place
        )  # the first run was slower: it read its libraries from the disk
        assert changes.content(place) == new
        assert changes.litter(place) == set()
        shutil.rmtree(place)
        assert kills < 20 * KILLS, "the change ends before it can be killed"
    with capsys.disabled():
        print(f"\n{change}: {hits} kills, {kept} times the old state, {hits - kept} times the new one")
